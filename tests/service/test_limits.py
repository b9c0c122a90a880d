"""What a request may be, and what it may cost: each limit is told as a problem, with what to do."""

from __future__ import annotations

import asyncio
import threading

import pytest

from service.bounds import Bounds
from service.problem_kinds import KINDS
from service.problems import ProblemDocument, refusal
from tests.service.test_metrics import scrape
from tests.waiting import HANG, until

PATHS = ["/v1/forecasts?area=el-paso", "/livez"]


def problem(answer, code, kind):
    assert answer.status_code == code, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    ProblemDocument.model_validate(document)
    assert (document["status"], document["type"]) == (code, f"/docs#{kind}")
    assert document["remedy"] == KINDS[kind].remedy
    assert document["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    return document


@pytest.fixture
def limited(office):
    """An application with the limits that a test names."""
    office.publish()

    def make(**limits):
        office.settings.update(limits)
        return office.client()

    return make


def test_an_address_longer_than_the_limit_is_414(limited):
    with limited(url_bytes=300) as client:
        fits = "/v1/forecasts?area=" + "x" * (300 - len("/v1/forecasts") - len("area="))
        assert client.get(fits).status_code == 422
        assert problem(client.get(fits + "x"), 414, "address-too-long")["limit"] == 300


def test_headers_longer_than_the_limit_together_are_431(limited):
    with limited(header_bytes=2000) as client:
        assert client.get("/livez", headers={"X-Filler": "x" * 1500}).status_code == 200
        problem(client.get("/livez", headers={f"X-{n}": "x" * 100 for n in range(20)}), 431, "headers-too-long")


@pytest.mark.parametrize("path", PATHS)
def test_a_body_longer_than_the_limit_is_413_and_ends_the_connection(limited, path):
    with limited(body_bytes=100) as client:
        answer = client.post(path, content=b"x" * 101)
        problem(answer, 413, "body-too-long")
        assert answer.headers["connection"] == "close"
        assert client.post(path, content=b"x" * 100).status_code == 405


def test_a_length_of_thousands_of_digits_is_413(limited):
    with limited() as client:
        problem(client.post("/livez", headers={"Content-Length": "9" * 5000}), 413, "body-too-long")


@pytest.mark.parametrize("headers", [{"Content-Length": "-1"}, {"Content-Length": "x"}, {"Content-Length": "1, 1"}])
def test_a_length_that_is_no_number_is_400(limited, headers):
    with limited() as client:
        problem(client.post("/livez", headers=headers), 400, "malformed-request")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_question_with_a_body_is_refused_not_ignored(limited, path, method):
    with limited() as client:
        answer = client.request(method, path, content=b"{}")
        assert (answer.status_code, answer.headers["connection"]) == (400, "close")
        if method == "GET":
            problem(answer, 400, "malformed-request")


def test_areas_coverages_and_months_beyond_the_limit_are_refused_not_cut(limited):
    with limited(areas=2, coverages=2, horizon=2) as client:
        for query, parameter in [
            ("area=el-paso,tucson,blaine", "area"),
            ("area=el-paso&coverage=50,80,95", "coverage"),
            ("area=el-paso&horizon=3&coverage=80", "horizon"),
        ]:
            for path in ("/v1/forecasts", "/v1/forecasts.csv"):
                assert problem(client.get(f"{path}?{query}"), 422, "invalid-parameter")["parameter"] == parameter
        assert problem(client.get("/v1/observations?area=a,b,c"), 422, "invalid-parameter")["parameter"] == "area"
        assert client.get("/v1/forecasts?area=el-paso,tucson&coverage=50,80&horizon=2").status_code == 200


def test_a_limit_of_areas_holds_where_their_number_is_small_enough_for_the_short_way(limited):
    with limited(areas=1) as client:
        assert client.get("/v1/forecasts?area=el-paso").status_code == 200
        problem(client.get("/v1/forecasts?area=el-paso,tucson"), 422, "invalid-parameter")


def _bounds(app, **limits):
    return Bounds(app, **{"most": 10, "seconds": 10, "refuse": refusal, **limits})


async def _ask(app, path="/v1/observations"):
    sent = []

    async def send(message):
        sent.append(message)

    await app({"type": "http", "method": "GET", "path": path}, None, send)
    return sent[0]["status"]


async def _answer(send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_beyond_the_number_worked_on_at_once_a_request_is_503_and_places_become_free_again():
    async def scene():
        go = asyncio.Event()

        async def slow(scope, receive, send):
            if scope["path"] != "/livez":
                await go.wait()
            await _answer(send)

        bounds = _bounds(slow, most=2)
        first = [asyncio.create_task(_ask(bounds)) for _ in range(2)]
        await asyncio.sleep(0)
        refused, alive = await _ask(bounds), await _ask(bounds, "/livez")
        go.set()
        return refused, alive, await asyncio.gather(*first), await _ask(bounds)

    assert asyncio.run(scene()) == (503, 200, [200, 200], 200)


def test_a_request_that_was_given_up_keeps_its_place_until_its_work_has_ended():
    async def scene():
        go = asyncio.Event()

        async def slow(scope, receive, send):
            await go.wait()
            await _answer(send)

        bounds = _bounds(slow, most=1, seconds=0.05)
        given_up, busy = await _ask(bounds), await _ask(bounds)
        go.set()
        while bounds._running:
            await asyncio.sleep(0)
        return given_up, busy, await _ask(bounds)

    assert asyncio.run(scene()) == (504, 503, 200)


def test_a_request_that_takes_too_long_is_504_while_others_are_answered(limited, monkeypatch):
    go, over = threading.Event(), []
    monkeypatch.setattr(
        "forecast.release.read.observations_in_slices", lambda *_, **__: over.append(go.wait(HANG)) or []
    )
    with limited(request_seconds=0.2) as client:
        problem(client.get("/v1/observations?area=el-paso"), 504, "too-slow")
        until(lambda: client.get("/v1/forecasts?area=el-paso").status_code == 200)  # a busy machine may delay one
        assert over == [], "it came while the slow one was at work"
        go.set()


def test_too_busy_says_when_to_come_again(limited, monkeypatch):
    go, begun = threading.Event(), threading.Event()
    monkeypatch.setattr(
        "forecast.release.read.observations_in_slices", lambda *_, **__: begun.set() or (go.wait(HANG) and [])
    )
    with limited(in_flight=1) as client:
        slow = threading.Thread(target=client.get, args=("/v1/observations?area=el-paso",))
        slow.start()
        assert begun.wait(HANG)
        answer = client.get("/v1/status")
        ready = client.get("/v1/forecasts?area=el-paso")
        go.set()
        slow.join()
    problem(answer, 503, "too-busy")
    assert int(answer.headers["retry-after"]) > 0
    assert ready.status_code == 200  # needs no work


def test_a_failure_of_the_front_itself_is_a_problem_too(office, monkeypatch):
    office.publish()
    with office.client(raises=False) as client:
        client.get("/livez")
        layer = client.app.middleware_stack
        monkeypatch.setattr(layer.app, "at_once", lambda *_: 1 / 0)
        problem(client.get("/v1/forecasts?area=el-paso"), 500, "internal")


@pytest.mark.parametrize("given", ["abc", "A.b_c-9", "x" * 64])
def test_a_request_keeps_the_id_that_it_came_with(client, given):
    for path in ("/v1/forecasts?area=el-paso", "/v1/nowhere", "/v1/forecasts?x=1"):
        answer = client.get(path, headers={"X-Request-Id": given})
        assert answer.headers["x-request-id"] == given
        if answer.status_code >= 400:
            assert answer.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "é", '"><script>', "a,b"])
def test_an_id_that_is_no_plain_word_is_replaced(client, given):
    answer = client.get("/livez", headers=[("X-Request-Id", given.encode())])
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 21


def test_every_answer_has_an_id_of_its_own_kept_ones_too(client):
    ids = {client.get("/v1/forecasts?area=el-paso").headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


def test_requests_are_counted_by_the_template_of_their_route(office):
    office.publish()
    with office.client() as client:
        for path in (
            "/v1/areas/el-paso",
            "/v1/areas/tucson",
            "/v1/forecasts?area=el-paso",
            "/v1/forecasts?area=el-paso",
            "/nowhere",
        ):
            client.get(path)
        client.get("/v1/areas/el-paso", headers={"Host": "a b"})
        client.delete("/v1/areas/el-paso")
        client.get("/v1/areas/nowhere")
        client.get("/")
        samples = scrape(client)["encounters_requests_total"]
    counts = {(labels["route"], labels["status"]): value for labels, value in samples}
    assert counts == {
        ("/v1/areas/{slug}", "200"): 2,
        ("/v1/areas/{slug}", "404"): 1,
        ("/v1/areas/{slug}", "405"): 1,
        ("/v1/forecasts", "200"): 2,
        ("/", "200"): 1,
        ("none", "404"): 1,
        ("refused", "400"): 1,
    }
