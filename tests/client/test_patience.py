"""The Python client against servers that are busy, silent, lost or something else."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from forecast.client import Client, NoAnswer, ProblemError
from tests.waiting import soon


@contextmanager
def answering(*answers, last=(200, {}, b'{"panels":{}}')):
    """A server that gives these answers (status, headers, body) in turn, then `last` for ever;
    None hangs up. Yields address, times.
    """
    waiting, times = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            times.append(time.monotonic())
            answer = waiting.pop(0) if waiting else last
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, headers, body = answer
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", times
        finally:
            server.shutdown()
            thread.join()


def problem(status, **more):
    document = {
        "type": f"/docs#p{status}",
        "title": "Not now",
        "status": status,
        "detail": "Busy.",
        "remedy": "Wait.",
        **more,
    }
    return json.dumps(document).encode()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_when_it_says_and_not_before(status):
    def asked_again():
        with answering((status, {"Retry-After": "1"}, problem(status))) as (url, times), Client(url) as client:
            assert client.status() == {"panels": {}}
        assert len(times) == 2
        assert times[1] - times[0] >= 1.0

    soon(asked_again, seconds=3)


def test_a_date_to_come_back_at_is_counted_from_the_answers_own_date():
    head = {"Date": "Fri, 28 Feb 2031 23:59:59 GMT", "Retry-After": "Sat, 01 Mar 2031 00:00:00 GMT"}

    def asked_again():
        with answering((503, head, problem(503))) as (url, times), Client(url) as client:
            assert client.status() == {"panels": {}}
        assert times[1] - times[0] >= 1.0

    soon(asked_again, seconds=3)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (503, {}),
        (503, {"Retry-After": "soon"}),
        (500, {"Retry-After": "0"}),
        (404, {"Retry-After": "0"}),
        (403, {}),
        (307, {"Location": "/"}),
    ],
)
def test_other_refusals_are_not_tried_again(status, headers):
    with (
        answering((status, headers, problem(status))) as (url, times),
        Client(url) as client,
        pytest.raises(ProblemError) as caught,
    ):
        client.status()
    assert (caught.value.status, caught.value.detail, len(times)) == (status, "Busy.", 1)


def test_a_service_that_stays_busy_is_given_up_after_some_tries():
    busy = (503, {"Retry-After": "0"}, problem(503))
    with (
        answering(last=busy) as (url, times),
        Client(url, tries=3) as client,
        pytest.raises(ProblemError, match="Busy"),
    ):
        client.status()
    assert len(times) == 3


def test_a_wait_longer_than_the_patience_is_not_begun():
    with answering(last=(503, {"Retry-After": "30"}, problem(503))) as (url, times), Client(url, patience=5) as client:

        def refused():
            times.clear()
            with pytest.raises(ProblemError):
                client.status()
            assert len(times) == 1

        soon(refused, seconds=2)


def test_a_connection_that_is_lost_is_made_again():
    with answering(None, None) as (url, times), Client(url) as client:
        assert client.status() == {"panels": {}}
    assert len(times) == 3


def test_a_service_that_is_not_there_is_one_line():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with Client(url, tries=3) as client, pytest.raises(NoAnswer, match=f"No answer from {url}") as caught:
            client.status()
    assert "\n" not in str(caught.value)


def test_a_silent_service_ends_the_question_after_the_timeout_once():
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Client(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.5) as client,
    ):

        def ended():
            started = time.monotonic()
            with pytest.raises(NoAnswer, match="timed out"):
                client.status()
            assert time.monotonic() - started >= 0.5
            silent.settimeout(0.1)
            silent.accept()[0].close()
            with pytest.raises(TimeoutError):
                silent.accept()

        soon(ended, seconds=3)


def test_an_address_that_belongs_to_something_else_is_told():
    page = (200, {"Content-Type": "text/html"}, b"<html>Welcome</html>")
    with answering(page, (502, {}, b"<html>Bad gateway</html>")) as (url, _), Client(url) as client:
        with pytest.raises(NoAnswer, match="not a JSON object"):
            client.status()
        with pytest.raises(ProblemError, match=r"^502 Bad Gateway: "):
            client.status()
