from __future__ import annotations

import asyncio
import gc
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import response_cache
from service.answers import Answer
from service.query import COVERAGES
from service.response_cache import ResponseCache
from service.routes import forecasts

RELEASE = "usbp-sectors-2024-11-" + "a" * 10


def _front(client) -> ResponseCache:
    """The response cache inside the running application."""
    layer = client.app.middleware_stack
    while not isinstance(layer, ResponseCache):
        layer = layer.app
    return layer


def test_an_answer_that_the_client_has_is_not_sent_again(client):
    first = client.get("/v1/forecasts?area=el-paso")
    again = client.get("/v1/forecasts?area=el-paso", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"]
    assert client.get("/v1/forecasts?area=el-paso", headers={"If-None-Match": '"other"'}).status_code == 200


def test_tags_are_strong_and_differ_between_questions_and_formats(client):
    paths = [
        "/v1/forecasts?area=el-paso",
        "/v1/forecasts?area=tucson",
        "/v1/forecasts.csv?area=el-paso",
        "/v1/forecasts?area=el-paso&unit=day",
    ]
    tags = [client.get(path).headers["etag"] for path in paths]
    assert len(set(tags)) == 4
    assert not any(tag.startswith("W/") for tag in tags)


def test_a_tag_changes_with_a_new_release_and_with_staleness(office):
    office.publish(key="a")
    with office.client() as client:
        tags = [client.get("/v1/forecasts?area=el-paso").headers["etag"]]
        office.publish(key="b", factor=2.0)
        client.app.state.context.release_cache.refresh()
        tags.append(client.get("/v1/forecasts?area=el-paso").headers["etag"])
        office.now = datetime(2026, 1, 1, tzinfo=UTC)
        tags.append(client.get("/v1/forecasts?area=el-paso").headers["etag"])
    assert len(set(tags)) == 3


@pytest.mark.parametrize(
    "path",
    ["/v1/forecasts?area=el-paso", "/v1/forecasts.csv", "/v1/status", "/livez", "/", "/docs", "/v1/areas/nowhere"],
)
def test_head_answers_as_get_without_the_body(client, path):
    same = {"X-Request-Id": "one"}
    got, head = client.get(path, headers=same), client.head(path, headers=same)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers == got.headers


def test_a_release_may_be_kept_for_ever_and_the_alias_for_a_minute(client):
    for path in (
        f"/v1/releases/{RELEASE}",
        f"/v1/releases/{RELEASE}/forecasts",
        f"/v1/releases/{RELEASE}/forecasts.csv",
    ):
        assert client.get(path).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/v1/forecasts").headers["cache-control"] == "public, max-age=60"
    assert client.get("/v1/status").headers["cache-control"] == "no-cache"


def test_every_answer_says_that_its_format_depends_on_accept(client):
    assert "Accept" in client.get("/v1/forecasts").headers["vary"].split(", ")


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/forecasts", "/nowhere", "/livez"])
def test_every_answer_has_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"].startswith("default-src 'none'")


def test_a_repeated_question_is_answered_with_the_same_bytes_without_the_routes(office):
    office.publish()
    with office.client() as client:
        first = client.get("/v1/forecasts?area=el-paso")

        async def out_of_order(scope, receive, send):
            raise AssertionError("the routes were asked again")

        _front(client).app = out_of_order
        assert client.get("/v1/forecasts?area=el-paso").content == first.content


def test_kept_answers_stay_within_their_bytes(office):
    office.publish()
    office.settings["kept_bytes"] = 16_000
    with office.client() as client:
        for horizon in (1, 2, 3):
            for area in ("el-paso", "tucson", "blaine", "southwest", "northern", "nation"):
                assert client.get(f"/v1/forecasts?area={area}&horizon={horizon}").status_code == 200
        kept = [ready.body for ready in _front(client)._kept.values()]
    assert 0 < sum(map(len, kept)) <= 16_000


def test_what_an_answer_is_kept_under_counts_too(office):
    office.publish()
    office.settings["kept_bytes"] = 100_000
    with office.client() as client:
        for number in range(60):
            accept = {"Accept": f"application/json, text/x{number}-{'x' * 5000}"}
            assert client.get("/v1/forecasts?area=el-paso&horizon=1", headers=accept).status_code == 200
        kept = list(_front(client)._kept)
    assert 0 < len(kept) < 20
    assert sum(map(len, kept)) <= 100_000


def test_the_number_of_kept_answers_is_bounded_and_the_oldest_goes_first(office, monkeypatch):
    monkeypatch.setattr(response_cache, "_MOST", 3)
    office.publish()
    with office.client() as client:
        for area in ("el-paso", "tucson", "blaine", "el-paso", "nation"):
            client.get(f"/v1/forecasts?area={area}")
        kept = [key.split()[0] for key in _front(client)._kept]
    assert kept == [b"/v1/forecasts?area=blaine", b"/v1/forecasts?area=el-paso", b"/v1/forecasts?area=nation"]


def test_an_address_that_only_reads_like_another_is_another(office):
    office.publish()
    with office.client() as client:
        assert client.get("/v1/forecasts?area=el-paso").status_code == 200
        assert client.get("/v1/forecasts%3Farea=el-paso").status_code == 404
        assert client.get("/v1/forecasts%3farea=el-paso?").status_code == 404


def test_an_answer_that_was_begun_before_a_swap_is_not_kept_after_it():
    stamps = iter([1, 2, 2, 2, 2])
    layer = response_cache.ResponseCache(
        None,
        stamp=lambda: next(stamps),
        kept_bytes=100_000,
        at_once=lambda *_: Answer(b"x", "text/csv", cache="", keep=True),
        gzip_bytes=99,
    )
    scope = {"type": "http", "method": "GET", "path": "/a", "query_string": b"", response_cache.HEADERS: {}}

    async def send(_):
        pass

    asyncio.run(layer(scope, None, send))
    assert len(layer._kept) == 0
    asyncio.run(layer(scope, None, send))
    assert len(layer._kept) == 1


def test_a_kept_answer_is_little_to_look_at_for_a_collection_of_garbage(office):
    office.publish()
    with office.client() as client:
        client.get("/livez")
        gc.collect()
        gc.disable()
        try:
            for area in ("el-paso", "tucson", "nation"):
                for coverage in range(10, 100, 10):
                    for unit in ("month", "day"):
                        client.get(f"/v1/forecasts?area={area}&coverage={coverage}&unit={unit}")
            with_them, kept = len(gc.get_objects(generation=0)), _front(client)._kept
            number = len(kept)
            kept.clear()
            assert number == 54
            # One each, and a few that the last request left.
            assert number <= with_them - len(gc.get_objects(generation=0)) <= 2 * number
        finally:
            gc.enable()


_QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "area": st.lists(
            st.sampled_from(["el-paso", "tucson", "state-tx", "nation", "livermore", "nowhere", ""]),
            min_size=1,
            max_size=3,
        ).map(",".join),
        "panel": st.sampled_from(["usbp-sectors", "cbp-states", "sectors"]),
        "kind": st.sampled_from(["sector", "state", "city"]),
        "coverage": st.lists(st.sampled_from([*COVERAGES, 55, ""]), min_size=1, max_size=4).map(
            lambda ones: ",".join(map(str, ones))
        ),
        "unit": st.sampled_from(["month", "day", "week", ""]),
        "horizon": st.sampled_from(["1", "3", "4", "0", "03", " 2", "2.0", "+2", "-1", "x", ""]),
        "release": st.just("a"),
        "more": st.just("1"),
    },
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    question=_QUESTIONS,
    suffix=st.sampled_from(["", ".csv"]),
    accept=st.sampled_from(["*/*", "text/csv", "image/png"]),
    twice=st.booleans(),
)
def test_the_short_way_answers_as_the_routes_do_or_not_at_all(client, question, suffix, accept, twice):
    address = str(client.build_request("GET", f"/v1/forecasts{suffix}", params=question).url) + (
        "&unit=day" if twice else ""
    )
    path, _, query = address.partition("testserver")[2].partition("?")
    short = forecasts.at_once(client.app.state.context, path, query.encode(), accept.encode())
    if short is not None:
        client.get("/livez")  # builds the layers
        layer = _front(client)
        way, layer.at_once = layer.at_once, lambda *_: None
        layer._kept.clear()
        try:
            long = client.get(address, headers={"Accept": accept, "Accept-Encoding": "identity"})
        finally:
            layer.at_once = way
        assert (long.status_code, long.content) == (200, short.body)
        assert {name.encode(): value.encode() for name, value in long.headers.items()}.items() >= dict(
            short.raw_headers
        ).items()


@pytest.mark.parametrize(
    "query", ["area=el-paso", "area=el-paso%2Ctucson&unit=day", "coverage=10,98&area=state-tx&horizon=2&kind=state"]
)
def test_plain_questions_take_the_short_way(client, query):
    context = client.app.state.context
    assert forecasts.at_once(context, "/v1/forecasts", query.encode(), b"") is not None
    assert forecasts.at_once(context, "/v1/forecasts.csv", query.encode(), b"") is not None


def test_others_are_answered_while_a_long_answer_is_written(client, monkeypatch):
    monkeypatch.setattr(forecasts, "_SLICE", 1)
    client.get("/livez")
    _front(client)._kept.clear()
    ended = []

    async def ask(query: bytes) -> None:
        async def send(message):
            if message["type"] == "http.response.body":
                ended.append(query)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/v1/forecasts",
            "query_string": query,
            "headers": [],
            "root_path": "",
        }
        await client.app(scope, None, send)

    async def both() -> None:
        await asyncio.gather(ask(b""), ask(b"area=tucson"))

    asyncio.run(both())
    assert ended == [b"area=tucson", b""]


def test_problems_are_not_kept(office):
    with office.client() as client:
        assert client.get("/v1/forecasts?area=el-paso").status_code == 503
        office.publish()
        client.app.state.context.release_cache.refresh()
        client.get("/v1/forecasts?area=nowhere")
        assert len(_front(client)._kept) == 0
