"""How often one client may ask: counted per address or key,
told with the time to wait, free where nothing is made or sent.
"""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.identity import address_of
from service.rates import Rates
from service.settings import ServiceSettings
from tests.service.processes import served


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_as_many_as_the_limit_pass_within_a_minute_and_then_again(clock):
    rates = Rates(most=10, clock=clock)
    assert [rates.wait("a", 3) for _ in range(4)] == [0, 0, 0, 60]
    clock.now += 59.5
    assert rates.wait("a", 3) == 1
    clock.now += 0.5
    assert [rates.wait("a", 3) for _ in range(4)] == [0, 0, 0, 60]


def test_clients_are_counted_apart(clock):
    rates = Rates(most=10, clock=clock)
    assert [rates.wait(client, 1) for client in ("a", "b", "a", "b")] == [0, 0, 60, 60]


def test_no_limit_counts_nobody(clock):
    rates = Rates(most=10, clock=clock)
    assert [rates.wait("a", 0) for _ in range(50)] == [0] * 50
    assert len(rates) == 0


def test_what_is_given_back_can_be_asked_again(clock):
    rates = Rates(most=10, clock=clock)
    rates.wait("a", 1)
    rates.give_back("a")
    assert [rates.wait("a", 1), rates.wait("a", 1)] == [0, 60]


def test_what_a_window_that_ended_had_counted_is_not_given_back_to_the_next(clock):
    rates = Rates(most=10, clock=clock)
    rates.wait("a", 1)
    clock.now += 60
    rates.wait("a", 1)
    for _ in range(3):
        rates.give_back("a")
    assert [rates.wait("a", 1), rates.wait("a", 1)] == [0, 60]


def test_of_many_clients_a_bounded_number_is_held_and_the_newest_stay(clock):
    rates = Rates(most=1000, clock=clock)
    for number in range(100_000):
        rates.wait(f"client {number}", 1)
    assert len(rates) == 1000
    assert rates.wait("client 99999", 1) == 60
    assert rates.wait("client 0", 1) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_a_network_of_ipv6_is_one_client(one, other, same):
    assert (address_of(one) == address_of(other)) is same


def test_beyond_the_rate_a_request_is_429_with_the_time_to_wait(office):
    office.publish()
    office.settings["rate"] = 2
    with office.client() as client:
        paths = ["/v1/forecasts?area=el-paso", "/v1/status", "/v1/status"]
        answers = [client.get(path) for path in paths]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json()["type"] == "/docs#too-many-requests"
        assert 1 <= int(answers[2].headers["retry-after"]) <= 60
        assert answers[2].json()["retry_after"] == int(answers[2].headers["retry-after"])
        assert client.get("/livez").status_code == client.get("/readyz").status_code == 200


def test_answers_that_the_client_has_are_free_before_and_beyond_the_limit(office):
    office.publish()
    office.settings["rate"] = 3
    with office.client() as client:
        path = "/v1/forecasts?area=el-paso"
        tag = {"If-None-Match": client.get(path).headers["etag"]}
        assert [client.get(path, headers=tag).status_code for _ in range(20)] == [304] * 20
        assert [client.get(path).status_code for _ in range(3)] == [200, 200, 429]
        assert [client.get(path, headers=tag).status_code for _ in range(5)] == [304] * 5


def test_an_answer_that_had_to_be_made_to_be_known_as_the_clients_is_given_back(office):
    office.publish()
    office.settings["rate"] = 2
    with office.client() as client:
        tag = {"If-None-Match": client.get("/v1/areas").headers["etag"]}
        client.app.middleware_stack.app._kept.clear()
        assert [client.get("/v1/areas", headers=tag).status_code for _ in range(9)] == [304] * 9
        assert [client.get("/v1/areas").status_code for _ in range(2)] == [200, 429]


def test_a_star_for_a_tag_is_free_only_where_the_answer_is_at_hand(office):
    """Nobody need have had an answer before to say so; what it takes to make one counts."""
    office.publish()
    office.settings["rate"] = 3
    star = {"If-None-Match": "*"}
    with office.client() as client:
        paths = [f"/v1/forecasts?area=el-paso&as_of=2999-01-0{day}" for day in (1, 2, 3, 4)]
        assert [client.get(path, headers=star).status_code for path in paths] == [304, 304, 304, 429]


def test_what_is_not_kept_counts_each_time_it_is_made(office):
    office.publish()
    office.settings["rate"] = 3
    with office.client() as client:
        path = "/v1/forecasts?area=el-paso&as_of=2999-01-01"
        tag = {"If-None-Match": client.get(path).headers["etag"]}
        assert [client.get(path, headers=tag).status_code for _ in range(3)] == [304, 304, 429]


def test_a_tag_of_another_coding_is_not_free(office):
    """The bytes are sent, so they count."""
    office.publish()
    office.settings["rate"] = 3
    with office.client() as client:
        plain = client.get("/docs", headers={"Accept-Encoding": "identity"}).headers["etag"]
        asked = {"Accept-Encoding": "gzip", "If-None-Match": plain}
        assert [client.get("/docs", headers=asked).status_code for _ in range(4)] == [200, 200, 429, 429]


@pytest.mark.parametrize(("settings", "expected"), [({}, 200), ({"rate": 1}, 429)])
def test_clients_on_the_same_machine_have_a_limit_only_where_one_is_set(office, settings, expected):
    office.publish()
    app = create_app(ServiceSettings(database_url=office.url, poll_seconds=3600, **settings))
    with TestClient(app, client=("127.0.0.1", 1)) as client:
        assert [client.get("/v1/status").status_code for _ in range(601)][-1] == expected


def test_the_header_of_a_proxy_that_is_not_named_makes_no_other_client(office, tmp_path):
    office.publish()
    with served(office.url, tmp_path, rate=2) as one:
        codes = [
            one.client.get("/v1/status", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(3)
        ]
    assert codes == [200, 200, 429]


def test_behind_a_proxy_that_is_named_each_client_is_counted_by_its_own_address(office, tmp_path):
    office.publish()
    with served(office.url, tmp_path, rate=1, proxies="127.0.0.1") as one:

        def ask(chain, scheme="https"):
            return one.client.get("/v1/status", headers={"X-Forwarded-For": chain, "X-Forwarded-Proto": scheme})

        assert [ask("192.0.2.1").status_code, ask("192.0.2.2").status_code, ask("192.0.2.1").status_code] == [
            200,
            200,
            429,
        ]
        # What a client wrote before the proxy added its address is not believed.
        assert ask("203.0.113.9, 192.0.2.2").status_code == 429
        assert "max-age=" in ask("192.0.2.3").headers["strict-transport-security"]
        assert "strict-transport-security" not in ask("192.0.2.4", "http").headers
