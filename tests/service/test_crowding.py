"""One client cannot hurt another: heavy answers wait for their turn,
identical questions are worked on once.
"""

from __future__ import annotations

import asyncio
import gzip
import sys
import threading
from datetime import date
from types import ModuleType

import pytest

from forecast.core import memory
from service.answers import Answer
from service.heavy import Heavy, TooBusy
from service.packed import PackedAnswer
from service.single_flight import SingleFlight
from tests.catalogue import SECTORS
from tests.drill import crowd
from tests.service.processes import answers, served, wait

MANY = "/v1/observations?area=" + ",".join(sector.slug for sector in SECTORS)
LIGHT = "/v1/forecasts?area=el-paso"


# Heavy answers


def test_two_heavy_works_run_one_waits_and_the_next_is_refused():
    async def crowded():
        go, heavy = threading.Event(), Heavy(most=2, queue=1, seconds=60)
        works = [asyncio.create_task(heavy.run(go.wait)) for _ in range(3)]
        while (heavy.running, heavy.waiting) != (2, 1):
            assert not any(work.done() for work in works)
            await asyncio.sleep(0)
        with pytest.raises(TooBusy, match="2 at a time"):
            await heavy.run(go.wait)
        go.set()
        assert await asyncio.gather(*works) == [True] * 3
        assert (heavy.running, heavy.waiting, heavy.refused) == (0, 0, 1)
        assert await heavy.run(lambda: "the next") == "the next"

    asyncio.run(crowded())


def test_heavy_work_whose_turn_does_not_come_is_refused():
    async def crowded():
        go, heavy = threading.Event(), Heavy(most=1, queue=1, seconds=0.01)
        work = asyncio.create_task(heavy.run(go.wait))
        while not heavy.running:
            await asyncio.sleep(0)
        with pytest.raises(TooBusy, match="no turn came within"):
            await heavy.run(go.wait)
        go.set()
        await work

    asyncio.run(crowded())


def test_heavy_work_that_fails_gives_its_place_back():
    async def failing():
        heavy = Heavy(most=1, queue=0, seconds=1)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await heavy.run(lambda: 1 / 0)
        assert heavy.running == 0

    asyncio.run(failing())


def test_only_heavy_questions_are_refused_while_heavy_ones_are_worked_on(office, monkeypatch):
    go, begun = threading.Event(), threading.Event()
    office.publish()
    office.settings.update(heavy=1, heavy_queue=0)
    monkeypatch.setattr(
        "forecast.release.read.observations_in_slices", lambda *_, **__: begun.set() or (go.wait(20) and [])
    )
    with office.client() as client:
        slow = threading.Thread(target=client.get, args=(MANY,))
        slow.start()
        assert begun.wait(20)
        refused = client.get(f"{MANY}&from=2024-01")
        light = [
            client.get(path).status_code for path in (LIGHT, "/v1/forecasts", f"{LIGHT}&shape=quantiles", "/livez")
        ]
        go.set()
        slow.join()
    assert (refused.status_code, refused.json()["type"]) == (503, "/docs#too-busy")
    assert int(refused.headers["retry-after"]) > 0
    assert light == [200] * 4


def test_a_packed_answer_is_the_same_answer_in_less_memory():
    pieces = [b"%d," % number for number in range(100_000)]
    whole = Answer(b"".join(pieces), "text/csv", cache="no-cache")
    packed = PackedAnswer(pieces, "text/csv", cache="no-cache")
    assert packed.raw_headers == whole.raw_headers
    assert packed.whole() == whole.body
    assert packed.held < len(whole.body) / 2
    assert gzip.decompress(packed.pack().body) == whole.body
    assert packed.pack().raw_headers[0] == whole.pack().raw_headers[0]


def test_memory_is_given_back_while_another_thread_loads_the_library_of_parquet(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", ModuleType("pyarrow"))
    memory.give_back()


@pytest.mark.parametrize(
    "path", ["/v1/forecasts?shape=quantiles", "/v1/forecasts.csv?shape=quantiles", MANY, MANY.replace("?", ".csv?")]
)
def test_a_heavy_answer_has_the_bytes_of_light_ones(office, monkeypatch, path):
    office.publish()
    office.publish("cbp-states", key="b")
    with office.client() as client:
        heavy = client.get(path, headers={"Accept-Encoding": "identity"})
    monkeypatch.setattr("service.routes.forecasts._HEAVY", 1000)
    monkeypatch.setattr("service.routes.observations.MANY_COUNTED", 1000)
    monkeypatch.setattr("service.routes.observations._SLICE", 1000)
    with office.client() as client:
        light = client.get(path, headers={"Accept-Encoding": "identity"})
        assert client.get(path).content == light.content
    assert heavy.content == light.content
    assert heavy.headers["etag"] == light.headers["etag"]
    assert int(heavy.headers["content-length"]) == len(light.content)


# Identical questions


def test_identical_work_at_one_time_is_done_once_and_later_work_anew():
    async def flights():
        calls, go, shared = [], asyncio.Event(), SingleFlight()

        async def work():
            calls.append(None)
            await go.wait()
            return len(calls)

        waiting = [asyncio.create_task(shared.run("a", work)) for _ in range(200)]
        other = asyncio.create_task(shared.run("b", work))
        while len(calls) < 2:
            await asyncio.sleep(0)
        go.set()
        assert await asyncio.gather(*waiting) == [2] * 200
        assert await other == 2
        assert len(shared) == 0
        assert await shared.run("a", work) == 3

    asyncio.run(flights())


def test_what_work_raises_reaches_all_that_wait_and_a_cancelled_one_is_taken_over():
    async def flights():
        shared, go = SingleFlight(), asyncio.Event()

        async def fail():
            await go.wait()
            raise ValueError("no")

        async def never():
            await asyncio.Event().wait()

        async def give():
            return "given"

        failing = [asyncio.create_task(shared.run("a", fail)) for _ in range(3)]
        cancelled = asyncio.create_task(shared.run("b", never))
        await asyncio.sleep(0)
        heir = asyncio.create_task(shared.run("b", give))
        await asyncio.sleep(0)
        go.set()
        cancelled.cancel()
        assert [type(one) for one in await asyncio.gather(*failing, return_exceptions=True)] == [ValueError] * 3
        assert await heir == "given"

    asyncio.run(flights())


@pytest.mark.slow
def test_the_same_cold_question_on_many_connections_is_never_a_5xx(office, tmp_path):
    office.publish()
    office.publish("cbp-states", key="b")
    with served(office.url, tmp_path, in_flight=4, heavy_queue=0) as one:
        wait(lambda: answers(one.client, "/readyz") == 200)
        for path, expected in (
            *(
                (path, 200)
                for path in (
                    "/",
                    "/metrics",
                    "/v1/status",
                    "/v1/forecasts",
                    "/v1/forecasts.parquet",
                    "/v1/releases",
                    MANY,
                )
            ),
            *(
                ("/v1/forecasts?shape=quantiles", 200),
                ("/v1/accuracy", 200),
                ("/v1/forecasts?as_of=2001-01-01", 404),
                ("/nowhere", 404),
            ),
        ):
            assert crowd.cold(one.port, path, 150) == {expected: 150}, path


def test_a_refusal_that_is_shared_names_each_request(office, monkeypatch):
    go, begun = threading.Event(), threading.Event()
    office.publish()
    monkeypatch.setattr(
        "forecast.release.read.observations_in_slices", lambda *_, **__: begun.set() or (go.wait(20) and 1 / 0)
    )
    by_name = {}
    with office.client(raises=False) as client:
        flights = client.app.middleware_stack.app._asking
        joined = threading.Event()
        running = flights.run

        async def run(key, work):
            if len(flights):
                joined.set()
            return await running(key, work)

        monkeypatch.setattr(flights, "run", run)

        def ask(name):
            by_name[name] = client.get("/v1/observations?area=el-paso", headers={"X-Request-Id": name})

        threads = [threading.Thread(target=ask, args=(name,)) for name in ("first", "second")]
        threads[0].start()
        assert begun.wait(20)
        threads[1].start()
        assert joined.wait(20)
        go.set()
        for thread in threads:
            thread.join()
    for name, answer in by_name.items():
        assert (answer.status_code, answer.json()["request_id"], answer.headers["x-request-id"]) == (500, name, name)


def test_a_request_beyond_the_bound_waits_a_while_for_a_place(office, monkeypatch):
    go, begun, statuses = threading.Event(), threading.Event(), []
    office.publish()
    office.settings.update(in_flight=1)
    monkeypatch.setattr(
        "forecast.release.read.observations_in_slices", lambda *_, **__: begun.set() or (go.wait(20) and [])
    )
    with office.client() as client:
        bounds = client.app.middleware_stack.app.app
        threads = [
            threading.Thread(target=lambda path=path: statuses.append(client.get(path).status_code))
            for path in ("/v1/observations?area=el-paso", "/v1/status")
        ]
        threads[0].start()
        assert begun.wait(20)
        threads[1].start()
        while not bounds._waiting:
            pass
        go.set()
        for thread in threads:
            thread.join()
    assert statuses == [200, 200]


# Repeated questions about what stands in the store


@pytest.mark.parametrize("path", ["/v1/observations?area=el-paso", "/v1/accuracy", "/v1/releases"])
def test_a_repeated_answer_does_not_ask_the_store_until_it_changed(office, monkeypatch, path):
    office.publish()
    office.observe("el-paso", "2024-10", date(2024, 11, 15), 7000)
    with office.client() as client:
        first = client.get(path)
        monkeypatch.setattr("forecast.release.read.observations_in_slices", lambda *_, **__: 1 / 0)
        monkeypatch.setattr("forecast.release.issued_scores.scored_areas", lambda *_, **__: 1 / 0)
        monkeypatch.setattr("forecast.release.read.releases", lambda *_, **__: 1 / 0)
        client.app.state.context.release_cache.refresh()
        assert client.get(path).content == first.content


def test_a_count_that_was_added_is_answered_after_the_next_look(office):
    office.publish()
    office.observe("el-paso", "2024-10", date(2024, 11, 15), 7000)
    with office.client() as client:
        counts = []
        for published, count in ((date(2024, 12, 15), 7001), (date(2025, 1, 15), 6990), (date(2025, 1, 16), 7002)):
            months = client.get("/v1/observations?area=el-paso").json()["observations"][0]["months"]
            counts.append((months[0]["count"], months[0]["published"]))
            office.observe("el-paso", "2024-10", published, count)
            client.app.state.context.release_cache.refresh()
    assert counts == [(7000, "2024-11-15"), (7001, "2024-12-15"), (6990, "2025-01-15")]


def test_every_figure_names_its_worker(client):
    lines = [line for line in client.get("/metrics").text.splitlines() if line and not line.startswith("#")]
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)
    assert [line for line in lines if 'worker="' not in line] == []
