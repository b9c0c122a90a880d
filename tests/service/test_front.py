from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.front import Front

RELEASE = "usbp-sectors-2024-11-" + "a" * 10


def _front(client) -> Front:
    """The front inside the running application."""
    layer = client.app.middleware_stack
    while not isinstance(layer, Front):
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
        client.app.state.context.shelf.refresh()
        tags.append(client.get("/v1/forecasts?area=el-paso").headers["etag"])
        office.now = datetime(2026, 1, 1, tzinfo=UTC)
        tags.append(client.get("/v1/forecasts?area=el-paso").headers["etag"])
    assert len(set(tags)) == 3


@pytest.mark.parametrize(
    "path", ["/v1/forecasts?area=el-paso", "/v1/forecasts.csv", "/v1/status", "/livez", "/", "/docs", "/v1/areas/nowhere"]
)
def test_head_answers_as_get_without_the_body(client, path):
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers == got.headers


def test_a_release_may_be_kept_for_ever_and_the_alias_for_a_minute(client):
    for path in (f"/v1/releases/{RELEASE}", f"/v1/releases/{RELEASE}/forecasts", f"/v1/releases/{RELEASE}/forecasts.csv"):
        assert client.get(path).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/v1/forecasts").headers["cache-control"] == "public, max-age=60"
    assert client.get("/v1/status").headers["cache-control"] == "no-cache"


def test_every_answer_says_that_its_format_depends_on_accept(client):
    assert client.get("/v1/forecasts").headers["vary"] == "Accept"


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


def test_problems_are_not_kept(office):
    with office.client() as client:
        assert client.get("/v1/forecasts?area=el-paso").status_code == 503
        office.publish()
        client.app.state.context.shelf.refresh()
        client.get("/v1/forecasts?area=nowhere")
        assert len(_front(client)._kept) == 0
