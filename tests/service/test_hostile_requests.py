"""What nobody sends who means well, byte by byte to a real service:
a problem of the 400s or a closed connection, and flat memory.
"""

from __future__ import annotations

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.service.conftest import _open
from tests.service.processes import read, request, served
from tests.waiting import HANG, soon, until

pytestmark = pytest.mark.slow
ASK = "/v1/forecasts?area=el-paso"
HEAD_SECONDS = 1.0
DEEP = b"[" * 200_000


@pytest.fixture(scope="module")
def service(blank, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    for office in _open(blank, folder):
        office.publish()
        with served(
            office.url, folder, head_seconds=HEAD_SECONDS, connections=200, access_log="true", log="json"
        ) as one:
            one.client.get(ASK)
            yield one


def post(body, *headers, path="/v1/forecasts"):
    return request(path, f"Content-Length: {len(body)}", *headers, method="POST") + body


def question(body):
    return post(body, "Content-Type: application/json", path="/v1/scenarios")


def change(factor):
    return b'{"areas": ["el-paso"], "events": [{"kind": "change", "month": "2024-12", "multiplier": ' + factor + b"}]}"


def raw(line, *headers):
    return b"\r\n".join([line, b"Connection: close", *headers]) + b"\r\n\r\n"


# Each with the statuses that may come; 0: closed without a word.
HOSTILE = {
    "a million coverages": (request("/v1/forecasts?coverage=" + "50," * 1_000_000), {414}),
    "a few thousand coverages": (request("/v1/forecasts?coverage=" + "50," * 2_000), {422}),
    "an address of 100,000": (request("/" + "a" * 100_000), {414}),
    "an address of ten million": (request("/" + "a" * 10_000_000), {414, 431}),
    "ten thousand parameters": (request("/v1/forecasts?" + "&".join(f"a{n}=1" for n in range(10_000))), {414}),
    "a thousand parameters": (request("/v1/forecasts?" + "&".join(f"a{n}=" for n in range(1_000))), {422}),
    "ten thousand ranges": (request(ASK, "Range: bytes=" + ",".join(f"{n}-{n}" for n in range(10_000))), {431}),
    "a header without an end": (raw(b"GET / HTTP/1.1", b"Host: a", b"X: " + b"x" * 10_000_000), {431}),
    "fifty thousand headers": (raw(b"GET / HTTP/1.1", b"Host: a", *[b"X%d: 1" % n for n in range(50_000)]), {431}),
    "thousands of digits as a length": (request(ASK, "Content-Length: " + "9" * 6_000, method="POST"), {400, 413}),
    "a length below nought": (request(ASK, "Content-Length: -1", method="POST"), {400}),
    "two lengths": (request(ASK, "Content-Length: 1", "Content-Length: 2", method="POST"), {400}),
    "a length and pieces": (
        request(ASK, "Content-Length: 4", "Transfer-Encoding: chunked", method="POST") + b"0\r\n\r\n",
        {400, 405},
    ),
    "pieces of no size": (request(ASK, "Transfer-Encoding: chunked", method="POST") + b"zz\r\n", {0, 400, 405}),
    "deep JSON to an address without a body": (post(DEEP, "Content-Type: application/json"), {413}),
    "deep JSON within the limit": (post(b"[" * 60_000, "Content-Type: application/json"), {405}),
    "deep JSON as a question": (question(b"[" * 60_000), {400}),
    "deep JSON within a question": (question(b'{"areas": ' + b'{"a":' * 12_000), {400}),
    "a question without an end": (question(DEEP), {413}),
    "a question of a million events": (question(b'{"areas":["el-paso"],"events":[' + b"{}," * 10**6), {413}),
    "a number of thousands of digits": (question(b'{"areas": ["el-paso"], "seed": ' + b"9" * 50_000 + b"}"), {400}),
    "a number beyond all": (question(change(b"1e999")), {422}),
    "not a number": (question(change(b"NaN")), {400}),
    "half a surrogate as an area": (question(b'{"areas": ["\\ud800"], "events": []}'), {422}),
    "nought in an area of a question": (question(b'{"areas": ["a\\u0000b"], "events": []}'), {422}),
    "markup as a kind of event": (question(b'{"areas": ["el-paso"], "events": [{"kind": "<script>"}]}'), {422}),
    "another type of question": (post(b"<a/>", "Content-Type: text/xml", path="/v1/scenarios"), {415}),
    "a question in pieces of no size": (
        request("/v1/scenarios", "Transfer-Encoding: chunked", "Content-Type: application/json", method="POST")
        + b"zz\r\n",
        {0, 400, 408},
    ),
    "a question that does not come": (
        request("/v1/scenarios", "Content-Length: 1000", "Content-Type: application/json", method="POST") + b"{",
        {408},
    ),
    "a question in latin letters": (question(b'{"areas": ["\xe9"], "events": []}'), {400}),
    "a name of a scenario of 50,000": (question(b'{"name": "' + b"A" * 50_000 + b'"}'), {404}),
    "a name with a pattern": (question(b'{"name": "A-2026-11-2%"}'), {404}),
    "a name that is a list": (question(b'{"name": [["A"]]}'), {422}),
    "a frozen scenario up the tree": (request("/v1/scenarios/..%2f..%2fetc"), {404}),
    "nought in a frozen scenario": (request("/v1/scenarios/A-2026-11-27%00"), {404}),
    "a model beyond belief": (request("/v1/forecasts?model=" + "9" * 5_000), {422}),
    "nought in a model": (request("/v1/forecasts?area=el-paso&model=%00"), {422}),
    "markup as what to include": (request("/v1/accuracy.csv?include=%3Cscript%3E"), {422}),
    "nought in what to include": (request("/v1/accuracy?include=decisions%00"), {422}),
    "markup as a model": (request("/v1/forecasts.csv?model=%3Cscript%3E%0d%0aX:1"), {422}),
    "JSON with a question": (request(ASK, "Content-Length: 2") + b"{}", {400}),
    "a host of two words": (request(ASK, host="a b"), {400}),
    "a host with a path": (request(ASK, host="a/../b"), {400}),
    "a host with markup": (request(ASK, host="<script>"), {400}),
    "two hosts": (request(ASK, "Host: evil.example"), {400}),
    "no host": (raw(b"GET / HTTP/1.1"), {400}),
    "a host of 10,000": (request(ASK, host="a" * 10_000), {400}),
    "line ends in an address": (request("/v1/areas/x%0d%0aSet-Cookie:%20a=b"), {404}),
    "line ends in a value": (request("/v1/forecasts?area=a%0d%0aX:1"), {422}),
    "line ends in an id": (request(ASK, "X-Request-Id: a%0d%0ab", "X-Nothing: b"), {200}),
    "a bare line end in a header": (raw(b"GET / HTTP/1.1", b"Host: a", b"X: a\rb"), {400}),
    "a folded header": (raw(b"GET / HTTP/1.1", b"Host: a", b"X: a", b" b"), {400, 200}),
    "nought in an address": (request("/v1/areas/a%00b"), {404}),
    "nought itself in an address": (raw(b"GET /a\x00b HTTP/1.1", b"Host: a"), {400}),
    "nought in a value": (request("/v1/forecasts?area=%00"), {422}),
    "nought in an area of observations": (request("/v1/observations?area=%00"), {422}),
    "nought in a header": (raw(b"GET / HTTP/1.1", b"Host: a", b"X: a\x00b"), {400}),
    "overlong UTF-8 in an address": (request("/v1/areas/%c0%ae%c0%ae%c0%af"), {404}),
    "overlong UTF-8 in a value": (request("/v1/forecasts?area=%c0%af"), {422}),
    "half a surrogate in a value": (request("/v1/forecasts?area=%ed%a0%80"), {422}),
    "bytes that are no ASCII in an address": (raw(b"GET /\xff\xfe HTTP/1.1", b"Host: a"), {400, 404}),
    "a climb out of the tree": (request("/v1/../../etc/passwd"), {404}),
    "a climb in escapes": (request("/v1/releases/..%2f..%2fetc%2fpasswd"), {404}),
    "an address of another place": (raw(b"GET http://evil.example/ HTTP/1.1", b"Host: a"), {200, 400, 404}),
    "no path": (raw(b"GET * HTTP/1.1", b"Host: a"), {400, 404}),
    "an invented method": (raw(b"HACK / HTTP/1.1", b"Host: a"), {400, 405}),
    "a tunnel": (raw(b"CONNECT a:1 HTTP/1.1", b"Host: a"), {400, 404, 405}),
    "a trace": (request("/", method="TRACE"), {405}),
    "HTTP of another age": (raw(b"GET / HTTP/9.9", b"Host: a"), {400}),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, {400}),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
    "a websocket": (request("/", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"), {200, 400}),
    "an unbelievable weight": (request(ASK, "Accept: application/json;q=" + "9" * 400), {200, 406}),
    "a thousand codings": (request(ASK, "Accept-Encoding: " + "gzip;q=x," * 1_000), {200}),
    "a thousand tags": (request(ASK, "If-None-Match: " + '"a",' * 3_000), {200}),
    "numbers beyond belief": (request("/v1/forecasts?horizon=" + "9" * 5_000), {422}),
    "a year beyond belief": (request("/v1/forecasts?as_of=99999-01-01"), {422}),
    "digits of another script": (request("/v1/forecasts?area=el-paso&horizon=%D9%A3"), {422}),
    "a million thresholds": (request("/v1/exceedance?area=el-paso&threshold=" + "1," * 1_000_000), {414}),
    "a few thousand thresholds": (request("/v1/exceedance?area=el-paso&threshold=" + "1," * 2_000), {422}),
    "a threshold beyond belief": (request("/v1/exceedance?area=el-paso&threshold=" + "9" * 5_000), {422}),
    "a threshold of another script": (request("/v1/exceedance?area=el-paso&threshold=%D9%A3"), {422}),
    "a threshold that is no number": (request("/v1/exceedance?area=el-paso&threshold=nan,inf,-0,1e999"), {422}),
    "nought in a threshold": (request("/v1/exceedance?area=el-paso&threshold=1%00"), {422}),
    "line ends in a change": (request("/v1/exceedance?area=el-paso&threshold=1&change=25%0d%0aX:1"), {422}),
    "every draw of everything": (request("/v1/forecasts.csv?shape=samples"), {200, 422}),
    "an attempt at SQL": (request("/v1/observations?area=el-paso'%20OR%201=1--"), {422}),
    "an attempt at a format": (request("/v1/areas/%25s%25n{0.__class__}"), {404}),
}


def answered(received):
    """Status, head and body of an answer; status 0 where there was none."""
    if not received:
        return 0, b"", b""
    head, _, body = received.partition(b"\r\n\r\n")
    return int(re.match(rb"HTTP/1\.1 (\d{3})", head)[1]), head, body


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_request_is_refused_as_a_problem(service, name):
    sent, expected = HOSTILE[name]
    code, head, body = answered(service.raw(sent))
    assert code in expected, (code, body[:300])
    if code >= 400:
        assert b"content-type: application/problem+json" in head
        document = json.loads(body)
        assert document["status"] == code
        assert document["request_id"].encode() in head
        assert document["remedy"]
    assert b"set-cookie" not in head.lower()
    # By a connection of its own: one that idled just as long as a slow body took is being ended now, too.
    assert answered(service.raw(request("/livez")))[0] == 200


def test_nothing_that_was_sent_forged_a_line_or_an_error_in_the_log(service):
    for sent in (
        HOSTILE[name][0] for name in ("line ends in an address", "line ends in a value", "nought in an address")
    ):
        service.raw(sent)
    records = service.records()
    assert {"request", "refused"} >= {record["event"] for record in records if record["logger"] == "service.access"}
    assert not [record for record in records if record["level"] in ("ERROR", "CRITICAL")]
    assert not any(record.get("status", 0) >= 500 for record in records)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET / HTTP/1.1\r\n", *[b"X-%d: a\r\n" % number for number in range(100)]],
        [bytes([one]) for one in request(ASK)[:-2] * 3],
        [],
    ],
    ids=["a header at a time", "a byte at a time", "not a byte"],
)
def test_a_head_that_does_not_come_to_an_end_is_ended_in_twice_the_time(service, pieces):
    def drip():
        code, _, body = answered(service.raw(*pieces, pause=0.1))
        assert code in (0, 400, 408)
        if code == 408:
            assert json.loads(body)["type"] == "/docs#head-too-slow"

    soon(drip, seconds=5)


@pytest.mark.parametrize(
    ("asked", "code", "more"),
    [
        (b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", 200, b"\r\n"),
        (b"POST /v1/forecasts HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", 405, b"x"),
        (b"POST /v1/forecasts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 405, b"5"),
    ],
    ids=["an end of line", "of a body", "of a piece"],
)
def test_a_byte_after_an_answer_does_not_hold_the_connection_for_ever(service, asked, code, more):
    with socket.create_connection(("127.0.0.1", service.port), timeout=HANG) as connection:
        connection.sendall(asked)
        assert connection.recv(12) == b"HTTP/1.1 %d" % code
        connection.sendall(more)
        read(connection)


def test_a_connection_that_asks_again_in_time_stays(service):
    def stays():
        """Whether it did; None where this test itself came too late, on a busy machine."""
        with (
            socket.create_connection(("127.0.0.1", service.port), timeout=HANG) as connection,
            suppress(ConnectionError),
        ):
            last = time.monotonic()
            for _ in range(5):
                connection.sendall(b"HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n")
                answer = connection.recv(4096)
                now = time.monotonic()
                if now - last > HEAD_SECONDS:
                    return None
                if not answer.startswith(b"HTTP/1.1 200"):
                    return False
                last = now
                time.sleep(0.6 * HEAD_SECONDS)
        return True

    assert until(lambda: (stayed := stays()) is not None and [stayed]) == [True]


def test_a_body_that_comes_after_its_answer_is_read_and_the_next_question_answered(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=HANG) as connection:
        connection.sendall(b"POST /v1/forecasts HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 405")
        for _ in range(60):
            connection.sendall(b"x" * 1000)
        connection.sendall(request("/livez"))
        assert b"HTTP/1.1 200" in read(connection)


def test_a_path_that_ends_with_a_line_is_no_path(service):
    for path in ("/v1/forecasts%0A", "/v1/forecasts.csv%0A", "/livez%0D%0A", "/v1/releases%00"):
        code, _, body = answered(service.raw(request(path)))
        assert (code, json.loads(body)["type"]) == (404, "/docs#not-found")


def test_a_body_that_does_not_come_is_not_waited_for(service):
    code, _, _ = answered(service.raw(request("/v1/forecasts", "Content-Length: 1000", method="POST") + b"x"))
    assert code == 405


def test_connections_beyond_the_bound_are_told_and_the_others_served(service):
    def crowd():
        """The statuses beyond the bound, of all but the newest,
        any of which may be a probe's and is waited for a while.

        None where the first connections were let go meanwhile, on a busy machine.
        """
        begin = time.monotonic()
        held = [socket.create_connection(("127.0.0.1", service.port), timeout=HANG) for _ in range(230)]
        statuses = {answered(read(connection))[0] for connection in held[202:212]}
        in_time = time.monotonic() - begin < HEAD_SECONDS
        for connection in held:
            connection.close()
        until(lambda: service.client.get("/livez").status_code == 200)
        return in_time and statuses

    assert until(crowd) == {503}


def test_a_client_that_does_not_read_is_let_go(service):
    """Answers to thousands of pipelined questions, none of which is read."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=HANG) as lazy:
        port = lazy.getsockname()[1]
        until(lambda: port in service.clients())
        with suppress(OSError):  # the service stopped reading, or is gone
            for _ in range(400):
                lazy.sendall(b"GET /docs HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        until(lambda: port not in service.clients())


def test_memory_stays_flat_under_all_of_it(service):
    def once():
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda sent: service.raw(sent), [sent for sent, _ in HOSTILE.values()]))

    once()
    before = service.memory()
    for _ in range(6):
        once()
    assert service.memory() - before < 20
    assert service.client.get(ASK).status_code == 200
