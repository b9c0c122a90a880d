"""`GET /v1/scenarios`, `/v1/scenarios/{name}` and a frozen what-if by its name: what was said, and what came."""

from __future__ import annotations

import shutil
from datetime import date

import pytest
from fastapi.testclient import TestClient

from forecast.client import Client
from forecast.core.panels import bundled
from forecast.release import frozen, read
from forecast.release.publish import record_observations
from forecast.release.read import Observation
from forecast.release.store import connect
from service.app import create_app
from service.schemas.frozen import FrozenScenariosAnswer, NamedScenariosAnswer
from service.schemas.planning import ScenarioDrawsAnswer
from service.settings import ServiceSettings
from tests.service.test_planning import BODY, FIRST, NOW, ask
from tests.waiting import until

NAME = "B-2026-01-20"
MORE = {"areas": ["state-nm"], "events": [{"kind": "change", "month": str(FIRST), "multiplier": 3}]}


@pytest.fixture(scope="module")
def store(trained, tmp_path_factory):
    """A store with one what-if, and two that were frozen together, one of whose months is out."""
    folder = tmp_path_factory.mktemp("frozen")
    shutil.copy(trained.home / "encounters.db", folder)
    engine = connect(f"sqlite:///{folder}/encounters.db")
    frozen.freeze(engine, BODY, title="alone", now=NOW)
    frozen.freeze_together(engine, [("three times", MORE), ("as ever", {**MORE, "events": []})], title="NM", now=NOW)
    leaves = [slug for slug in read.load(engine, trained.release).by_slug if slug.startswith("state-nm-")]
    rows = [Observation(leaf, FIRST, date(2026, 2, 20), 700, 1, "test", "e" * 64) for leaf in leaves]
    record_observations(engine, bundled()["cbp-states"], rows)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def service(store):
    settings = ServiceSettings(database_url=str(store.url), poll_seconds=0.05)
    with TestClient(create_app(settings, clock=lambda: NOW)) as client:
        yield client


def test_what_was_frozen_is_listed_with_what_was_asked(service, trained):
    document = service.get("/v1/scenarios").json()
    FrozenScenariosAnswer.model_validate(document)
    rows = document["scenarios"]
    assert [(one["id"], one["together"]) for one in rows] == [
        ("A-2026-01-20", "A-2026-01-20"),
        (f"{NAME}.1", NAME),
        (f"{NAME}.2", NAME),
    ]
    assert (rows[0]["title"], rows[1]["title"], rows[0]["release"]) == ("alone", "NM: three times", trained.release)
    assert (rows[0]["question"], rows[0]["frozen_at"]) == (BODY, "2026-01-20T06:00:00Z")


def test_a_name_is_answered_as_what_was_frozen_under_it(service):
    answer = ask(service, {"name": "A-2026-01-20"})
    assert answer.status_code == 200, answer.text
    assert answer.content == ask(service, BODY).content
    worlds = ask(service, {"name": f"{NAME}.1"}, "/v1/scenarios?include=draws").json()
    ScenarioDrawsAnswer.model_validate(worlds)


def test_at_its_own_address_it_has_its_answer_and_its_scores(service, store):
    document = service.get(f"/v1/scenarios/{NAME}").json()
    NamedScenariosAnswer.model_validate(document)
    first, second = document["scenarios"]
    assert first["answer"] == ask(service, {"name": f"{NAME}.1"}).json()
    (score,) = first["scores"]
    (own,) = frozen.scores(store, frozen.called(store, f"{NAME}.1")[0])
    assert (score["area"], score["month"], score["count"]) == ("state-nm", str(FIRST), own.count)
    assert score["scenario_crps"] == round(own.scenario_crps, 1)
    assert second["scores"][0]["scenario_crps"] == second["scores"][0]["baseline_crps"]  # it had no event
    assert service.get("/v1/scenarios/A-2026-01-20").json()["scenarios"][0]["scores"] == []
    one = service.get(f"/v1/scenarios/{NAME}.2").json()["scenarios"]
    assert one == [second]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"name": "C-2026-01-20"}, 404, "No frozen scenario has the id"),
        ({"name": "nowhere"}, 404, "No frozen scenario has the id"),
        ({"name": NAME}, 422, f"Name one: {NAME}.1, {NAME}.2."),
        ({"name": "A-2026-01-20", "seed": 2}, 422, "Leave out seed, or the name."),
        ({"name": "A-2026-01-20", "\n\0": 1}, 422, r"Leave out \n\x00, or the name."),
        ({"areas": ["state-nm"], "\n\0": 1}, 422, r"\n\x00: there is no such member."),
        ({"name": 3}, 422, "Write the id in quotes"),
    ],
)
def test_a_name_that_is_not_one_is_one_problem(service, body, status, says):
    answer = ask(service, body)
    assert (answer.status_code, "\n" in answer.json()["detail"]) == (status, False)
    assert says in answer.json()["detail"]


def test_an_unknown_name_and_another_method_are_problems(service):
    assert service.get("/v1/scenarios/Z-2026-01-20").json()["type"] == "/docs#unknown-scenario"
    refused = service.put("/v1/scenarios", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")
    assert service.post(f"/v1/scenarios/{NAME}", json={}).status_code == 405
    assert service.get(f"/v1/scenarios/{NAME}", headers={"Accept": "text/csv"}).status_code == 406


def test_one_that_is_frozen_now_is_listed_at_the_next_look(service, store):
    before = len(service.get("/v1/scenarios").json()["scenarios"])
    frozen.freeze(store, MORE, title="new", now=NOW)
    until(lambda: len(service.get("/v1/scenarios").json()["scenarios"]) == before + 1)


def test_the_client_has_them_as_tables(service):
    client = Client(str(service.base_url))
    client._service._http = service  # the application itself, without a socket
    listed = client.frozen_scenarios()
    assert listed["id"].tolist()[:3] == ["A-2026-01-20", f"{NAME}.1", f"{NAME}.2"]
    table = client.frozen_scenario(NAME)
    assert table["id"].unique().tolist() == [f"{NAME}.1", f"{NAME}.2"]
    assert (table.loc[table["id"] == f"{NAME}.2", "difference_median"] == 0).all()
    assert [len(rows) for rows in table.attrs["scores"].values()] == [1, 1]
