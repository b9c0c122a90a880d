"""API keys over HTTP: in a header only, off, optional or required;
a revoked one stops working with the next look at the store.
"""

from __future__ import annotations

import hashlib
from itertools import count

import pytest
from sqlalchemy import text

from forecast.release import keys, store
from forecast.release.migrations import migrate
from service.identity import holder, key_of
from tests.release.conftest import postgres, url  # noqa: F401 (fixtures)
from tests.service.conftest import ISSUED
from tests.service.processes import served
from tests.waiting import soon, until

ASK = "/v1/forecasts?area=el-paso"


@pytest.fixture
def keyed(office):
    """A store with a release and one key, and a function that starts the application over it."""
    office.publish()
    office.key = keys.add(office.engine, "city", now=ISSUED)

    def start(policy, **more):
        office.settings.update(keys=policy, **more)
        return office.client()

    office.start = start
    return office


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def test_by_default_nobody_needs_a_key_and_none_is_looked_at(keyed):
    with keyed.start("off") as client:
        assert client.get(ASK).status_code == client.get(ASK, headers=bearer("wrong")).status_code == 200
        assert client.app.state.context.release_cache.keys is None


@pytest.mark.parametrize("path", [ASK, "/v1/status", "/metrics", "/v1/nowhere"])
def test_where_a_key_is_required_nothing_is_told_without_one(keyed, path):
    with keyed.start("required") as client:
        answer = client.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["type"] == "/docs#key-needed"
        assert client.get(path, headers=bearer(keyed.key)).status_code in (200, 404)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/livez", "/readyz"])
def test_probes_and_documentation_need_no_key(keyed, path):
    with keyed.start("required") as client:
        assert client.get(path).status_code == 200
        assert client.get(path, headers=bearer("wrong")).status_code == 200


def test_a_key_may_come_in_either_header(keyed):
    with keyed.start("required") as client:
        for headers in (bearer(keyed.key), {"X-Api-Key": keyed.key}, {"Authorization": f"bearer  {keyed.key}"}):
            assert client.get(ASK, headers=headers).status_code == 200


@pytest.mark.parametrize("policy", ["optional", "required"])
@pytest.mark.parametrize(
    "headers",
    [
        bearer("wrong"),
        bearer(""),
        {"X-Api-Key": ""},
        {"X-Api-Key": "enc_" + "x" * 43},
        {"Authorization": "Basic Y2l0eTp4"},
        {"Authorization": "Bearer \u00e9".encode()},
        {"Authorization": "Bearer a", "X-Api-Key": "a"},
    ],
)
def test_a_key_that_does_not_work_is_refused_never_ignored(keyed, policy, headers):
    with keyed.start(policy) as client:
        answer = client.get(ASK, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("name", ["key", "api_key", "access_token"])
def test_a_key_in_the_address_is_an_unknown_parameter(keyed, name):
    with keyed.start("optional") as client:
        answer = client.get(f"{ASK}&{name}={keyed.key}")
        assert (answer.status_code, answer.json()["type"]) == (422, "/docs#unknown-parameter")
        assert keyed.key not in answer.text


def test_a_key_raises_the_rate(keyed):
    with keyed.start("optional", rate=1, key_rate=3) as client:
        assert [client.get("/v1/status").status_code for _ in range(2)] == [200, 429]
        assert [client.get("/v1/status", headers=bearer(keyed.key)).status_code for _ in range(4)] == [
            200,
            200,
            200,
            429,
        ]


def test_a_revoked_key_is_refused_after_the_next_look_and_a_new_one_works(keyed):
    with keyed.start("required") as client:
        release_cache = client.app.state.context.release_cache
        keys.revoke(keyed.engine, "city", now=ISSUED)
        new = keys.add(keyed.engine, "county", now=ISSUED)
        release_cache.refresh()
        assert client.get(ASK, headers=bearer(keyed.key)).status_code == 401
        assert client.get(ASK, headers=bearer(new)).status_code == 200


def test_a_request_never_asks_the_store_for_its_key(keyed, monkeypatch):
    with keyed.start("required") as client:
        monkeypatch.setattr("forecast.release.keys.reading", lambda _: 1 / 0)
        assert client.get(ASK, headers=bearer(keyed.key)).status_code == 200


def test_keys_that_were_never_read_are_503_and_not_401(keyed, tmp_path):
    keyed.url = f"sqlite:///{tmp_path}/new/encounters.db"
    with keyed.start("required") as client:
        answer = client.get(ASK, headers=bearer(keyed.key))
        assert (answer.status_code, answer.json()["type"]) == (503, "/docs#store-unreachable")


def test_where_the_store_is_down_known_keys_work_on(keyed, tmp_path):
    with keyed.start("required") as client:
        release_cache = client.app.state.context.release_cache
        release_cache.engine = store.connect(f"sqlite:///{tmp_path}/elsewhere.db")
        release_cache.refresh()
        assert release_cache.failure
        assert client.get(ASK, headers=bearer(keyed.key)).status_code == 200


def test_every_digest_is_compared_whichever_matches(monkeypatch):
    seen = []
    monkeypatch.setattr("service.identity.compare_digest", lambda one, other: seen.append(one) or one == other)
    digests = [hashlib.sha256(word).hexdigest() for word in (b"a", b"b", b"c")]
    in_force = dict(zip(digests, ("one", "two", "three"), strict=True))
    assert [holder(in_force, word) for word in (b"a", b"c", b"x")] == ["one", "three", None]
    assert seen == digests * 3


@pytest.mark.parametrize(
    ("authorization", "other", "key"),
    [
        (None, None, None),
        (b"Bearer abc", None, b"abc"),
        (None, b"abc", b"abc"),
        (b"Bearer a b", None, b""),
        (b"Bearer", None, b""),
    ],
)
def test_a_header_is_read_as_a_key_or_as_none(authorization, other, key):
    assert key_of(authorization, other) == key


@pytest.fixture
def engine(url):  # noqa: F811 (the fixture)
    engine = store.connect(url)
    migrate(engine)
    yield engine
    engine.dispose()


def test_the_store_holds_the_digest_and_never_the_key(engine):
    key = keys.add(engine, "city", now=ISSUED)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text("SELECT name, sha256 FROM api_key"))]
    assert rows == [("city", hashlib.sha256(key.encode()).hexdigest())]
    assert len(key) == len("enc_") + 43  # 256 bits
    assert keys.add(engine, "county", now=ISSUED) != key


def test_keys_that_are_added_and_revoked_come_back_as_they_are(engine):
    keys.add(engine, "city", now=ISSUED)
    key = keys.add(engine, "county", now=ISSUED)
    keys.revoke(engine, "city", now=ISSUED)
    assert keys.in_force(engine) == {keys.digest(key.encode()): "county"}
    assert [(one.name, one.created, one.revoked) for one in keys.listed(engine)] == [
        ("city", ISSUED, ISSUED),
        ("county", ISSUED, None),
    ]


@pytest.mark.slow
def test_a_revoked_key_stops_working_in_every_worker_within_two_looks(engine, tmp_path, url):  # noqa: F811 (the fixture)
    names = (f"city-{number}" for number in count())
    with served(url, tmp_path, workers=2, keys="required", poll_seconds=0.3, wrong_keys=0) as one:

        def come_and_go():
            key = keys.add(engine, name := next(names), now=ISSUED)

            def statuses():
                return {
                    one.client.get("/v1/areas", headers={**bearer(key), "Connection": "close"}).status_code
                    for _ in range(12)
                }

            until(lambda: statuses() == {200})
            keys.revoke(engine, name, now=ISSUED)
            until(lambda: statuses() == {401})

        soon(come_and_go, seconds=5)


def test_where_a_key_is_required_the_page_of_forecasts_needs_one_and_a_browser_can_give_it(keyed):
    with keyed.start("required") as client:
        refused = client.get("/")
        assert (refused.status_code, refused.headers["www-authenticate"].split()[0]) == (401, "Basic")
        assert client.get("/", auth=("anybody", "wrong")).status_code == 401
        assert client.get("/", auth=("anybody", keyed.key)).status_code == 200
        assert client.get(ASK, auth=("", keyed.key)).status_code == 200


def test_where_a_key_is_required_no_shared_cache_keeps_an_answer(keyed):
    with keyed.start("required") as client:
        identity = client.get("/v1/releases", headers=bearer(keyed.key)).json()["releases"][0]["id"]
        for path in (
            "/",
            ASK,
            ASK,
            "/v1/status",
            "/v1/observations?area=el-paso",
            f"/v1/releases/{identity}",
            "/v1/nowhere",
            "/metrics",
        ):
            assert "public" not in client.get(path, headers=bearer(keyed.key)).headers["cache-control"], path
        assert client.get(ASK, headers=bearer(keyed.key)).headers["cache-control"] == "private, max-age=60"
        assert "public" not in client.get(ASK).headers["cache-control"]
    with keyed.start("optional") as client:
        assert client.get(ASK, headers=bearer(keyed.key)).headers["cache-control"] == "public, max-age=60"


def test_wrong_keys_are_limited_by_address_and_right_ones_are_not(keyed):
    with keyed.start("required", wrong_keys=3) as client:
        statuses = [client.get(ASK, headers=bearer(f"wrong-{number}")).status_code for number in range(4)]
        assert statuses == [401, 401, 401, 429]
        refused = client.get("/")
        assert (refused.status_code, 0 < int(refused.headers["retry-after"]) <= 60) == (429, True)
        assert client.get(ASK, headers=bearer(keyed.key)).status_code == 200
