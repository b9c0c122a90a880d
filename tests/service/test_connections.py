"""One address has its share of the connections, probes a reserve, and what is no request is refused in its turn."""

from __future__ import annotations

import asyncio
import re
import socket

import pytest

from service.connections import Connections
from tests.drill import crowd
from tests.service.conftest import _open
from tests.service.processes import answers, read, request, served, wait
from tests.waiting import HANG

LIGHT = "/v1/forecasts?area=el-paso"


class Held:
    """A connection that can be told to give way."""

    def __init__(self):
        self.gone = False

    def give_way(self):
        self.gone = True


def test_one_address_has_its_share_and_the_oldest_of_the_reserve_gives_way():
    bounds = Connections(most=3, each=2, reserve=2, proxies=("10.0.0.0/8",))
    held = [Held() for _ in range(5)]
    assert [bounds.admit("192.0.2.1", one) for one in held] == ["open", "open", "probe", "probe", "probe"]
    assert [one.gone for one in held] == [False, False, True, False, False]
    assert bounds.admit("192.0.2.2", Held()) == "open"
    assert bounds.admit("10.0.0.1", Held()) == "probe"  # three are open, as many as there may be
    bounds.leave("192.0.2.1", held[0], "open")
    assert bounds.admit("192.0.2.1", Held()) == "open"


def test_a_proxy_that_is_trusted_has_no_share_of_its_own():
    bounds = Connections(most=10, each=2, reserve=1, proxies=("10.0.0.0/8", "proxy.example"))
    assert [bounds.admit("10.0.0.1", Held()) for _ in range(5)] == ["open"] * 5
    assert [bounds.admit("::ffff:192.0.2.1", Held()) for _ in range(3)] == ["open", "open", "probe"]


@pytest.mark.slow
def test_connections_of_one_address_leave_others_and_probes_unharmed(office, tmp_path):
    office.publish()
    with served(office.url, tmp_path, address_connections=20, access_log="true", log="json", head_seconds=60) as one:
        wait(lambda: answers(one.client, "/readyz") == 200)
        with crowd.hold(one.port, 100):
            assert asyncio.run(crowd.ask(one.port, "/livez"))[0] == 200
            assert asyncio.run(crowd.ask(one.port, LIGHT))[0] == 503
            for path in ("/livez", LIGHT, "/metrics"):
                assert asyncio.run(crowd.ask(one.port, path, address=crowd.NEIGHBOUR))[0] == 200
            refused = [record for record in one.records() if record.get("event") == "refused"]
            assert {(record["status"], record["path"], record["peer"]) for record in refused} == {
                (503, "too-busy", crowd.CROWD)
            }
        wait(lambda: answers(one.client, LIGHT) == 200)
        figures = one.client.get("/metrics").text
        (line,) = [line for line in figures.splitlines() if line.startswith("encounters_connections_refused_total")]
        assert 'kind="too-busy"' in line
        assert float(line.split()[-1]) >= len(refused) > 0


# What stands around a request


@pytest.fixture(scope="module")
def service(blank, tmp_path_factory):
    folder = tmp_path_factory.mktemp("around")
    for office in _open(blank, folder):
        office.publish()
        with served(office.url, folder, hosts="localhost", access_log="true", log="json") as one:
            wait(lambda: answers(httpx_of(one), "/readyz") == 200)
            yield one


def httpx_of(one):
    """Its client, under the name that is served."""
    one.client.headers["Host"] = "localhost"
    return one.client


def asked(target, host="localhost"):
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "garbage", [b"\x00\xff garbage\r\n\r\n", b"GET /v1 HTTP/9\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"]
)
@pytest.mark.parametrize("questions", [1, 3])
def test_requests_before_garbage_are_answered_and_the_garbage_is_refused(service, garbage, questions):
    for path in (LIGHT, "/v1/observations?area=el-paso", "/nowhere"):
        received = service.raw(asked(path) * questions + garbage)
        *answered, last = re.findall(rb"HTTP/1\.1 (\d{3}) ", received)
        assert (len(answered), last) == (questions, b"400"), received
        assert set(answered) == ({b"404"} if path == "/nowhere" else {b"200"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://localhost/v1/status", "localhost", 200),
        ("http://LOCALHOST:8000/v1/status?", "evil.example", 200),
        ("http://localhost", "localhost", 200),
        ("http://evil.example/v1/status", "localhost", 400),
        ("HTTP://evil.example:80/v1/status", "localhost", 400),
        ("http://user@localhost/v1/status", "localhost", 400),
        ("ftp://localhost/v1/status", "localhost", 400),
        ("http:///v1/status", "localhost", 400),
        ("/v1/status", "evil.example", 400),
    ],
)
def test_a_target_with_a_host_obeys_the_list_of_hosts(service, target, host, status):
    received = service.raw(asked(target, host).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert int(received.split(b" ", 2)[1]) == status, received[:500]


@pytest.mark.slow
def test_a_probe_that_half_closes_is_answered(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=HANG) as connection:
        connection.sendall(request("/livez"))
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 OK" in read(connection)
