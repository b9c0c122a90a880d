"""A stop loses no request in flight;
several processes over one store serve the same release soon after it is published.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import closing, contextmanager, suppress

import pytest
from sqlalchemy import text

from forecast.release import store
from forecast.release.migrations import migrate
from tests.release.conftest import postgres  # noqa: F401 (fixture)
from tests.service.conftest import Office
from tests.service.processes import SERVE, answers, request, served
from tests.waiting import HANG, soon, until

pytestmark = pytest.mark.slow
SLOW = "/v1/observations?area=el-paso"


@contextmanager
def standstill(office):
    """Nobody can read the store meanwhile: a question to it waits, as for a slow disk or a busy server."""
    lock = sqlite3.connect(office.url.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        lock.execute("ROLLBACK")
        lock.close()


class Asking(threading.Thread):
    """A question in a thread of its own: status and body, once it was answered."""

    def __init__(self, client, path):
        super().__init__()
        self.client, self.path, self.answer = client, path, None
        self.start()

    def run(self):
        self.answer = self.client.get(self.path)


def _worker(port):
    """The process that answers a new connection; nothing while none does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG)
    with suppress(OSError), closing(connection):
        connection.request("GET", "/metrics")
        return set(re.findall(r'worker="(\d+)"', connection.getresponse().read().decode()))
    return set()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_request_in_flight_is_answered_before_the_service_ends(office, tmp_path, workers):
    office.publish()
    with served(office.url, tmp_path, workers=workers, poll_seconds=60) as one:
        # Of each process: one that starts has the store open too, and nothing to answer yet.
        at_work: set[str] = set()
        until(lambda: at_work.update(_worker(one.port)) or len(at_work) == workers)
        with standstill(office):
            # Four different ones: the same question at one time is asked of the store once.
            asking = [Asking(one.client, f"{SLOW}&to=2024-0{month}") for month in range(6, 10)]
            until(lambda: one.at_the_store(office.url) == 4, process=one.process)
            one.process.send_signal(signal.SIGTERM)
            time.sleep(1.5)  # in which it would end
            assert one.process.poll() is None
            assert all(ask.answer is None for ask in asking)
        for ask in asking:
            ask.join(HANG)
        assert [ask.answer and ask.answer.status_code for ask in asking] == [200] * 4
        assert one.process.wait(HANG) in (0, -signal.SIGTERM)


def test_a_request_that_outlasts_the_wait_does_not_keep_the_service_from_ending(office, tmp_path):
    office.publish()
    with served(office.url, tmp_path, poll_seconds=HANG, stop_seconds=1) as one:
        until(lambda: answers(one.client, "/readyz") == 200)
        with standstill(office):
            connection = threading.Thread(target=one.raw, args=(request(SLOW),))
            connection.start()
            until(lambda: one.at_the_store(office.url) == 1, process=one.process)
            begin = time.monotonic()
            one.process.send_signal(signal.SIGTERM)
            connection.join(HANG)
            assert time.monotonic() - begin < store.BUSY_SECONDS, "it waited until the store gave the request up"


def test_a_stop_is_told_to_whatever_routes_before_it_happens(office, tmp_path):
    office.publish()
    with served(office.url, tmp_path, drain_seconds=HANG) as one:
        one.process.send_signal(signal.SIGTERM)
        until(lambda: one.client.get("/readyz").status_code == 503)
        answer = one.client.get("/readyz")
        assert answer.json()["type"] == "/docs#stopping"
        assert answer.headers["connection"] == "close"
        assert one.client.get("/v1/forecasts?area=el-paso").status_code == 200
        one.process.send_signal(signal.SIGTERM)


def test_a_second_signal_ends_the_waiting(office, tmp_path):
    office.publish()
    with served(office.url, tmp_path, drain_seconds=HANG) as one:
        one.process.send_signal(signal.SIGTERM)
        until(lambda: one.client.get("/readyz").status_code == 503)
        one.process.send_signal(signal.SIGTERM)
        assert one.process.wait(HANG / 2) in (0, -signal.SIGTERM)


def test_a_slow_store_is_504_and_beyond_the_bound_503(office, tmp_path):
    office.publish()
    with served(office.url, tmp_path, poll_seconds=60, request_seconds=1, in_flight=2) as one:
        until(lambda: answers(one.client, "/readyz") == 200)
        with standstill(office):
            asking = [Asking(one.client, f"{SLOW}&to=2024-1{month}") for month in (0, 1)]
            until(lambda: one.at_the_store(office.url) == 2, process=one.process)
            busy = one.client.get(SLOW)
            ready = one.client.get("/v1/forecasts?area=el-paso")
            for ask in asking:
                ask.join(HANG)
        assert [ask.answer.status_code for ask in asking] == [504, 504]
        assert (busy.status_code, ready.status_code) == (503, 200)
        until(lambda: answers(one.client, SLOW) == 200)


def test_processes_over_one_postgresql_serve_a_new_release_within_two_looks(postgres, tmp_path):  # noqa: F811 (the fixture)
    admin = store.connect(postgres)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    admin.dispose()
    engine = store.connect(postgres)
    migrate(engine)
    office, poll = Office(postgres, engine), 1.0
    office.publish(key="a")
    with (
        served(postgres, tmp_path, poll_seconds=poll) as one,
        served(postgres, tmp_path, workers=2, poll_seconds=poll) as two,
    ):
        for _ in range(2):
            until(lambda: {answers(each.client, "/readyz") for each in (one, two)} == {200})
        keys = iter("bcdefghijklmnopqrstuvwxyz")

        def publish():
            identity = office.publish(key=next(keys), factor=2.0)

            def current():
                """Whether both, each worker of them, name the new release."""
                fresh = {"Connection": "close"}
                answered = [each.client.get("/v1/status", headers=fresh).json() for each in (one, *[two] * 24)]
                return {status["panels"]["usbp-sectors"]["release"] for status in answered} == {identity}

            until(current)
            tags = {each.client.get("/v1/forecasts?area=el-paso").headers["etag"] for each in (one, two)}
            assert len(tags) == 1

        for _ in range(2):
            soon(publish, seconds=2 * poll + 0.5)
    engine.dispose()


def test_a_port_that_is_taken_is_one_line_and_nothing_is_said_to_be_served(office, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = {**os.environ, "ENCOUNTERS_HOME": str(tmp_path), "ENCOUNTERS_DATABASE_URL": office.url}
        done = subprocess.run(
            [*SERVE, "--port", str(taken.getsockname()[1])], env=settings, capture_output=True, text=True, timeout=HANG
        )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "Address already in use" in done.stderr
    assert "Serving" not in done.stderr
