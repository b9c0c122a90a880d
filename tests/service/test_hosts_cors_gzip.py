"""Which names are answered to, which sites may read, and answers in gzip."""

from __future__ import annotations

import gzip

import pytest
from fastapi.testclient import TestClient

from service.accept import takes_gzip
from service.answers import Answer

ASK = "/v1/forecasts?area=el-paso"
PREFLIGHT = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}


def _settled(office, **settings):
    office.publish()
    office.settings.update(settings)
    return office.client()


@pytest.mark.parametrize(
    "host", ["a b", "a/b", "a@b", "", "-a", "a:b", "a:1234567", "[::1", "a\x00b", "é", "a,b", "x" * 300, "<script>"]
)
def test_a_host_that_is_no_name_is_refused(client, host):
    answer = client.get("/livez", headers=[("Host", host.encode())])
    assert (answer.status_code, answer.json()["type"]) == (400, "/docs#malformed-request")


@pytest.mark.parametrize(
    "host", ["localhost", "example.org:8000", "127.0.0.1:1", "[::1]:8000", "xn--e1afmkfd.example", "my_service"]
)
def test_by_default_every_name_is_answered_to(client, host):
    assert client.get("/livez", headers={"Host": host}).status_code == 200


def test_where_names_are_set_no_other_is_answered_to(office):
    with _settled(office, hosts="forecasts.example.org, localhost") as client:
        for host in ("forecasts.example.org", "LOCALHOST", "forecasts.example.org:8443"):
            assert client.get("/livez", headers={"Host": host}).status_code == 200
        for host in ("example.org", "evil.example", "forecasts.example.org.evil.example", "localhost.", "127.0.0.1"):
            for _ in range(2):
                answer = client.get("/livez", headers={"Host": host})
                assert (answer.status_code, answer.json()["type"]) == (400, "/docs#unknown-host")


def test_an_answer_never_names_the_host_that_was_asked(client):
    answer = client.get("/docs", headers={"Host": "evil.example"})
    assert b"evil.example" not in answer.content
    assert not any("evil.example" in value for value in answer.headers.values())


def test_hosts_are_remembered_in_a_bounded_number(office):
    with _settled(office) as client:
        for number in range(400):
            assert client.get("/livez", headers={"Host": f"h{number}.example"}).status_code == 200
        assert len(client.app.middleware_stack._hosts) <= 256


@pytest.mark.parametrize("path", [ASK, "/v1/status", "/v1/nowhere", "/v1/forecasts?x=1"])
def test_by_default_pages_of_every_site_may_read_problems_too(client, path):
    for headers in ({}, {"Origin": "https://example.org"}):
        answer = client.get(path, headers=headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert {"ETag", "X-Request-Id"} <= set(answer.headers["access-control-expose-headers"].split(", "))
        assert "access-control-allow-credentials" not in answer.headers


def test_a_browsers_question_before_a_request_is_answered(client):
    answer = client.options(ASK, headers=PREFLIGHT)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    assert "X-Api-Key" in answer.headers["access-control-allow-headers"]


def test_a_browser_may_ask_before_it_sends_a_key(office):
    with _settled(office, keys="required") as client:
        assert client.options(ASK, headers=PREFLIGHT).status_code == 204


def test_where_sites_are_set_only_their_pages_may_read_and_caches_know_it(office):
    with _settled(office, origins="https://example.org,https://example.net") as client:
        for origin, allowed in [
            ("https://example.org", True),
            ("https://evil.example", False),
            ("null", False),
            (None, False),
        ]:
            answer = client.get(ASK, headers={"Origin": origin} if origin else {})
            assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
            assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-methods" in client.options(ASK, headers=PREFLIGHT).headers
        refused = client.options(ASK, headers={**PREFLIGHT, "Origin": "https://evil.example"})
        assert "access-control-allow-methods" not in refused.headers


def test_where_no_site_is_set_no_page_may_read(office):
    with _settled(office, origins="") as client:
        assert "access-control-allow-origin" not in client.get(ASK, headers={"Origin": "https://example.org"}).headers


def test_strict_transport_is_asked_for_only_over_https(office):
    with _settled(office) as client:
        assert "strict-transport-security" not in client.get("/livez").headers
        safe = TestClient(client.app, base_url="https://testserver")
        assert safe.get("/livez").headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_are_kept_apart_from_other_sites_and_use_no_device(client, path):
    headers = client.get(path).headers
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "geolocation=()" in headers["permissions-policy"]


@pytest.mark.parametrize(
    "path", [ASK, "/v1/forecasts", "/v1/forecasts.csv", "/docs", "/", "/openapi.json", "/v1/observations?area=el-paso"]
)
def test_gzip_gives_the_same_bytes_under_a_tag_of_its_own(client, path):
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    short = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert short.content == plain.content
    assert "Accept-Encoding" in short.headers["vary"]
    assert "Accept-Encoding" in plain.headers["vary"]
    if len(plain.content) >= 1024:
        assert short.headers["content-encoding"] == "gzip"
        assert short.headers["etag"] != plain.headers["etag"]
        assert int(short.headers["content-length"]) < len(plain.content)
    else:
        assert "content-encoding" not in short.headers
        assert short.headers["etag"] == plain.headers["etag"]
    for accepted, answer in (("identity", plain), ("gzip", short)):
        headers = {"Accept-Encoding": accepted, "If-None-Match": answer.headers["etag"]}
        again = client.get(path, headers=headers)
        assert (again.status_code, again.headers["etag"]) == (304, answer.headers["etag"])


def test_a_tag_of_one_coding_does_not_stand_for_the_other(client):
    tag = client.get("/docs", headers={"Accept-Encoding": "gzip"}).headers["etag"]
    assert client.get("/docs", headers={"Accept-Encoding": "identity", "If-None-Match": tag}).status_code == 200


def test_a_ready_answer_is_packed_once(office, monkeypatch):
    made, pack = [], Answer.in_gzip
    monkeypatch.setattr(Answer, "in_gzip", lambda answer: made.append(1) or pack(answer))
    with _settled(office) as client:
        for _ in range(5):
            assert client.get("/docs", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert len(made) == 1


def test_packed_answers_count_in_the_memory_for_answers(office):
    with _settled(office, kept_bytes=20_000) as client:
        for area in ("el-paso", "tucson", "blaine", "southwest", "northern", "nation"):
            for horizon in (1, 2, 3):
                client.get(
                    f"/v1/forecasts?area={area}&horizon={horizon}&coverage=50,60,70,80",
                    headers={"Accept-Encoding": "gzip"},
                )
        cache = client.app.middleware_stack.app
        held = [len(one.body) + (len(one.packed.body) if one.packed else 0) for one in cache._kept.values()]
        assert 0 < sum(held) <= 20_000
        assert any(one.packed for one in cache._kept.values())
        assert sum(held) < cache._bytes <= 20_000


def test_head_says_of_gzip_what_get_says(client):
    headers = {"Accept-Encoding": "gzip", "X-Request-Id": "one"}
    got, head = client.get("/docs", headers=headers), client.head("/docs", headers=headers)
    assert head.headers == got.headers
    assert head.content == b""


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("GZIP", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=x", False),
        ("br", False),
    ],
)
def test_gzip_is_sent_to_whoever_takes_it(header, taken):
    assert takes_gzip(header.encode()) is taken


def test_packing_gives_the_same_bytes_every_time():
    answer = Answer(b"border " * 500, "text/csv", cache="no-cache")
    assert answer.in_gzip() == answer.in_gzip()
    assert gzip.decompress(answer.in_gzip()) == answer.body
