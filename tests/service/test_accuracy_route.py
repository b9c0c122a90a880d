"""`/v1/accuracy`, and alarms in `/v1/status`: what past releases said beside later counts."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from forecast.client import Client
from forecast.core.months import Month
from forecast.core.scorecard import Finding, Scored
from forecast.release import alarms, issued_scores
from forecast.release.store import connect
from service.schemas.accuracy import AccuracyAnswer, AccuracyDecisionsAnswer, AccuracyReplayedAnswer
from service.schemas.resources import StatusAnswer
from tests.samples import SCORE
from tests.service.conftest import ISSUED

JAN = Month.of(2025, 1)
DAY = date(2025, 3, 20)


def score(office, release: str, area: str = "el-paso", lead: int = 0, **more: Any) -> None:
    """A sWIS of 3 where the floor has 6; held by the 80 and 95 % intervals."""
    panel = "cbp-states" if area.startswith("state") else "usbp-sectors"
    issued_scores.record(office.engine, panel, [Scored(release, area, JAN + lead, DAY, lead, **{**SCORE, **more})])


@pytest.fixture
def scored(office):
    """Two issued releases and a hindcast of the sectors, one release of the states."""
    first, second = office.publish(key="a"), office.publish(key="b")
    hindcast = office.publish(key="c", hindcast=True)
    states = office.publish("cbp-states", key="d")
    score(office, first)
    score(office, second, wis=10.0, inside_50=True)  # 1
    score(office, first, lead=1, wis=80.0, inside_80=False, inside_95=False)  # 8
    score(office, first, "tucson", wis=0.0)
    score(office, first, "nation", wis=90.0)  # 9, and no leaf
    score(office, hindcast, wis=60.0)
    score(office, states, "state-tx-southwest")
    with office.client() as running:
        yield running


def get(client, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/accuracy?{query}")
    assert answer.status_code == 200
    document = answer.json()
    AccuracyAnswer.model_validate(document)
    return document


def test_one_row_per_area_and_lead_beside_the_naive_floor(scored):
    document = get(scored, "area=el-paso")
    assert document["hindcasts"] is False
    assert document["note"] is None
    now, next_month = document["accuracy"]
    assert now == {
        "panel": "usbp-sectors",
        "area": "el-paso",
        "name": "El Paso, TX",
        "kind": "sector",
        "lead": 0,
        "n": 2,
        "releases": 2,
        "months": 1,
        "through": "2025-01",
        "sWIS": 2.0,
        "floor_sWIS": 6.0,
        "ratio": 0.3333,
        "coverage_50": 0.5,
        "coverage_80": 1.0,
        "coverage_95": 1.0,
    }
    assert (next_month["lead"], next_month["sWIS"], next_month["coverage_80"]) == (1, 8.0, 0.0)


def test_overall_is_over_leaves_because_sums_would_count_twice(scored):
    sectors, states = sorted(get(scored)["overall"], key=lambda one: one["panel"], reverse=True)
    assert (sectors["n"], sectors["sWIS"], sectors["months"]) == (4, 3.0, 2)  # 3, 1, 8 and 0
    assert (states["panel"], states["n"]) == ("cbp-states", 1)


def test_rows_go_from_the_nation_down_and_in_the_order_asked_for(scored):
    assert [one["area"] for one in get(scored)["accuracy"]] == [
        "nation",
        "el-paso",
        "el-paso",
        "tucson",
        "state-tx-southwest",
    ]
    assert [one["area"] for one in get(scored, "area=tucson,nation&lead=0")["accuracy"]] == ["tucson", "nation"]


def test_overall_of_named_areas_and_leads_is_over_those(scored):
    (overall,) = get(scored, "area=nation,el-paso&lead=0")["overall"]
    assert (overall["n"], overall["sWIS"]) == (3, pytest.approx(13 / 3, abs=1e-4))


def test_a_panel_is_shown_alone(scored):
    assert {one["panel"] for one in get(scored, "panel=cbp-states")["accuracy"]} == {"cbp-states"}


def test_hindcasts_are_shown_apart(scored):
    document = get(scored, "hindcasts=true")
    assert document["hindcasts"] is True
    assert [(one["area"], one["n"], one["sWIS"]) for one in document["accuracy"]] == [("el-paso", 1, 6.0)]


def test_a_score_that_comes_while_the_service_runs_is_shown(office, scored):
    release = scored.get("/v1/releases?panel=cbp-states").json()["releases"][0]["id"]
    score(office, release, "state-nm-southwest")
    assert len(get(scored, "panel=cbp-states")["accuracy"]) == 2


def test_csv_holds_the_same_figures_with_the_rows_over_all_first(scored):
    answer = scored.get("/v1/accuracy.csv?panel=usbp-sectors")
    frame = pd.read_csv(io.BytesIO(answer.content))
    document = get(scored, "panel=usbp-sectors")
    assert frame["area"].isna().tolist() == [True, False, False, False, False]
    assert frame["sWIS"].tolist() == [one["sWIS"] for one in (*document["overall"], *document["accuracy"])]
    assert list(frame.columns) == list(document["accuracy"][0])
    by_header = scored.get("/v1/accuracy?panel=usbp-sectors", headers={"Accept": "text/csv"})
    assert by_header.content == answer.content


def test_nothing_scored_is_an_empty_list_that_says_why(office):
    office.publish()
    with office.client() as client:
        document = get(client)
        assert client.get("/v1/accuracy.csv").content.count(b"\r\n") == 1
    assert (document["accuracy"], document["overall"]) == ([], [])
    assert document["note"].startswith("No issued release has seen a later count yet.")


def test_a_question_that_no_score_answers_is_told_from_an_empty_store(scored):
    assert get(scored, "area=yuma")["note"].startswith("No issued release has a score for these areas and leads.")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("lead=soon", "lead"),
        ("lead=0,37", "lead"),
        ("lead=", "lead"),
        ("lead=0,1,0", "lead"),
        ("area=nowhere", "area"),
        ("area=el-paso&panel=cbp-states", "panel"),
        ("panel=sectors", "panel"),
        ("hindcasts=perhaps", "hindcasts"),
        ("hindcasts=yes", "hindcasts"),
        ("hindcasts=1", "hindcasts"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_that_names_the_parameter(scored, query, parameter):
    answer = scored.get(f"/v1/accuracy?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (answer.json()["type"], answer.json()["parameter"]) == ("/docs#invalid-parameter", parameter)


def test_unknown_parameters_are_refused(scored):
    answer = scored.get("/v1/accuracy?leads=0")
    assert (answer.status_code, answer.json()["type"]) == (422, "/docs#unknown-parameter")
    assert "Did you mean lead?" in answer.json()["detail"]


def raise_alarm(office, detail: str = "worse", raised: bool = True, after: int = 0) -> None:
    alarms.record(office.engine, "usbp-sectors", [Finding("drift", raised, detail)], now=ISSUED + timedelta(days=after))


def test_status_tells_open_alarms_of_their_panel(office):
    office.publish()
    raise_alarm(office)
    with office.client() as client:
        document = client.get("/v1/status").json()
    StatusAnswer.model_validate(document)
    assert document["panels"]["usbp-sectors"]["alarms"] == [
        {"kind": "drift", "since": "2025-01-20T06:00:00Z", "detail": "worse"}
    ]
    assert document["panels"]["cbp-states"]["alarms"] == []


def test_alarms_follow_the_store_at_the_next_look_and_make_kept_answers_old(office):
    office.publish()
    with office.client() as client:
        release_cache = client.app.state.context.release_cache
        generation = release_cache.generation
        raise_alarm(office)
        assert client.get("/v1/status").json()["panels"]["usbp-sectors"]["alarms"] == []
        release_cache.refresh()
        assert [one["kind"] for one in client.get("/v1/status").json()["panels"]["usbp-sectors"]["alarms"]] == ["drift"]
        assert release_cache.generation == generation + 1
        release_cache.refresh()
        assert release_cache.generation == generation + 1
        raise_alarm(office, "as good", raised=False, after=1)
        release_cache.refresh()
        assert client.get("/v1/status").json()["panels"]["usbp-sectors"]["alarms"] == []


def test_a_store_that_is_down_leaves_the_last_known_alarms(office, tmp_path):
    office.publish()
    raise_alarm(office)
    with office.client() as client:
        release_cache = client.app.state.context.release_cache
        release_cache.engine = connect(f"sqlite:///{tmp_path}/elsewhere.db")
        release_cache.refresh()
        document = client.get("/v1/status").json()
    assert document["store"] != "ok"
    assert [one["detail"] for one in document["panels"]["usbp-sectors"]["alarms"]] == ["worse"]


def test_decisions_are_priced_on_the_same_cells_where_they_are_asked_for(scored):
    """130 came, over a scale of 10; the median said 100, and 80 % of El Paso 1,000 (and 1,100 a month later)."""
    document = scored.get("/v1/accuracy?include=decisions").json()
    AccuracyDecisionsAnswer.model_validate(document)
    plain = get(scored)
    for name in ("overall", "accuracy"):
        assert [{**row, "decisions": None} for row in document[name]] == [
            {**row, "decisions": None} for row in plain[name]
        ]
    rows = {(row["area"], row["lead"]): row["decisions"] for row in document["accuracy"]}
    assert rows["el-paso", 0][0] == {"ratio": 4, "level": 0.8, "cost": 87.0, "median_cost": 12.0, "saved": -6.25}
    assert [one["cost"] for one in rows["el-paso", 1]] == [97.0, 107.0, 112.0]
    (sectors,) = (row for row in document["overall"] if row["panel"] == "usbp-sectors")
    assert (
        sectors["decisions"][0]["cost"] == (87 + 87 + 97 + 187) / 4
    )  # Tucson says twice as many, the nation is no leaf


def test_priced_decisions_as_csv_are_columns_behind_the_others(scored):
    plain = scored.get("/v1/accuracy.csv?area=el-paso").text.splitlines()
    priced = scored.get("/v1/accuracy.csv?area=el-paso&include=decisions").text.splitlines()
    assert all(line.startswith(before) for line, before in zip(priced, plain, strict=True))
    table = pd.read_csv(io.StringIO("\n".join(priced)))
    assert table.columns[-9:].tolist() == [
        f"{name}_{ratio}" for ratio in (4, 9, 19) for name in ("cost", "median_cost", "saved")
    ]
    assert table.loc[1, "cost_4"] == 87.0
    hindcasts = scored.get("/v1/accuracy?hindcasts=true&include=decisions&lead=0&panel=usbp-sectors").json()
    assert [row["decisions"][0]["cost"] for row in hindcasts["accuracy"]] == [87.0]
    assert scored.get("/v1/accuracy?include=costs").status_code == 422


def test_the_client_has_what_decisions_cost_as_columns(scored):
    client = Client(str(scored.base_url))
    client._service._http = scored  # the application itself, without a socket
    table = client.accuracy("el-paso", decisions=True)
    assert table["cost_4"].tolist() == [87.0, 97.0]
    assert "cost_4" not in client.accuracy("el-paso")


@pytest.fixture
def replaying(office):
    """A new home: the release of the sectors has replays of one and three months before, that of the states none."""
    office.publish(replays={1: None, 3: None})
    office.publish("cbp-states", key="d")
    for month, count in (("2024-09", 600), ("2024-10", 1100), ("2024-11", 950), ("2024-12", 9)):
        office.observe("el-paso", month, date(2025, 1, 10), count)
    with office.client() as running:
        yield running


def test_a_new_home_says_what_its_method_would_have_held(replaying):
    document = replaying.get("/v1/accuracy?include=replayed&area=el-paso").json()
    AccuracyReplayedAnswer.model_validate(document)
    assert (document["overall"], document["accuracy"]) == ([], [])
    assert "No issued release has seen a later count yet" in document["note"]
    (row,) = document["replayed"]
    assert (row["area"], row["replayed"], row["n"]) == ("el-paso", True, 3)
    # 50 %: 350 to 850; 80 %: 200 to 1,000; 95 %: 125 to 1,075.
    assert (row["coverage_50"], row["coverage_80"], row["coverage_95"]) == (0.3333, 0.6667, 0.6667)
    everything = replaying.get("/v1/accuracy?include=replayed").json()["replayed"]
    assert [(one["area"], one["n"]) for one in everything] == [
        ("nation", 0), ("southwest", 0), ("northern", 0), ("el-paso", 3), ("tucson", 0), ("blaine", 0),
    ]  # fmt: skip
    assert everything[0]["coverage_80"] is None
    assert replaying.get("/v1/accuracy?include=replayed&panel=cbp-states").json()["replayed"] == []
    assert "replayed" not in replaying.get("/v1/accuracy").json()


def test_many_areas_are_read_slice_by_slice_with_the_same_record(replaying, monkeypatch):
    whole = replaying.get("/v1/accuracy.csv?include=replayed&lead=0").text
    monkeypatch.setattr("service.replay_record._SLICE", 2)
    assert replaying.get("/v1/accuracy.csv?include=replayed&lead=1").text == whole
    assert whole.count("\r\n") == 7


def test_what_replays_held_is_a_table_of_its_own(replaying):
    table = pd.read_csv(io.StringIO(replaying.get("/v1/accuracy.csv?include=replayed&area=el-paso").text))
    assert table[["area", "replayed", "n", "coverage_80"]].to_numpy().tolist() == [["el-paso", True, 3, 0.6667]]
    client = Client(str(replaying.base_url))
    client._service._http = replaying  # the application itself, without a socket
    assert client.accuracy("el-paso", replayed=True)["coverage_80"].tolist() == [0.6667]
    (none, some) = (client.accuracy(area, replayed=True) for area in ("state-tx", "el-paso"))
    assert none.empty
    assert (none.dtypes == some.dtypes).all()
    with pytest.raises(ValueError, match="Ask for decisions or for replayed"):
        client.accuracy("el-paso", decisions=True, replayed=True)
