"""Chances of thresholds, worked out by hand: draw k of 200 has n (5 k + 100 h) encounters in month h."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest

from service.routes import exceedance
from tests.service.conftest import ISSUED

RELEASE = "usbp-sectors-2024-11-" + "a" * 10
ASK = "/v1/exceedance?area=el-paso&"


def _entry(client, query):
    answer = client.get(f"{ASK}{query}")
    assert answer.status_code == 200, answer.text
    (entry,) = answer.json()["exceedance"]
    return entry


def _chance(entry):
    return entry["probability"], entry["bound"]


def test_months_first_any_and_never_are_counted_in_the_draws(client):
    entry = _entry(client, "threshold=600")
    assert (entry["release"], entry["origin"], entry["draws"]) == (RELEASE, "2024-11", 200)
    (one,) = entry["thresholds"]
    assert [(month["month"], month["horizon"], month["lead"]) for month in one["months"]] == [
        ("2024-12", 1, -1), ("2025-01", 2, 0), ("2025-02", 3, 1)]  # fmt: skip
    # More than 600: 5 k > 500, 400, 300, so that k is from 101, 81 and 61 on.
    assert [_chance(month) for month in one["months"]] == [(99 / 200, None), (119 / 200, None), (139 / 200, None)]
    assert [_chance(month["first"]) for month in one["months"]] == [(99 / 200, None), (0.1, None), (0.1, None)]
    assert (_chance(one["any"]), _chance(one["never"])) == ((139 / 200, None), (61 / 200, None))


def test_above_is_strict_and_falls_with_the_threshold(client):
    entry = _entry(client, "threshold=599.999,600,600.001,604.9,605&horizon=1")
    assert [one["threshold"] for one in entry["thresholds"]] == [599.999, 600, 600.001, 604.9, 605]
    assert [one["any"]["probability"] for one in entry["thresholds"]] == [100 / 200, *[99 / 200] * 3, 98 / 200]


def test_ends_that_too_few_draws_reach_are_bounds(client):
    # In the first month draws go from 100 to 1095: five are above 1070, four above 1075.
    entry = _entry(client, "threshold=0,120,124,1070,1075,999999999999&horizon=1")
    assert [_chance(one["any"]) for one in entry["thresholds"]] == [
        (None, "over 39 in 40"), (0.975, None), (0.975, None), (0.025, None),
        (None, "under 1 in 40"), (None, "under 1 in 40"),
    ]  # fmt: skip
    assert _chance(entry["thresholds"][0]["never"]) == (None, "under 1 in 40")


def test_a_threshold_per_day_is_about_the_mean_of_each_month(client):
    document = client.get(f"{ASK}threshold=20,20.01&unit=day").json()
    assert document["unit"] == "encounters per day"
    assert "month's mean per day" in document["note"]
    # 20 a day are 620, 620 and 560 in the month: k from 105, 85 and 53 on. With 20.01 (620.31, 560.28) the same draws.
    for one in document["exceedance"][0]["thresholds"]:
        assert [month["probability"] for month in one["months"]] == [95 / 200, 115 / 200, 147 / 200]
    assert client.get(f"{ASK}threshold=620&horizon=1").json()["note"] is None


def test_changes_are_against_the_last_observed_month_as_it_was_public(office):
    office.publish()
    office.observe("el-paso", "2024-11", date(2024, 12, 19), 600)
    office.observe("el-paso", "2024-11", date(2025, 3, 1), 900)  # after the release was made
    with office.client() as client:
        change = _entry(client, "threshold=1&change=-50,25,%2B100,-99")["change"]
        assert (change["since"], change["count"], change["months"]) == (
            "2024-11",
            600,
            ["2024-12", "2025-01", "2025-02"],
        )
        # Below 300 in a month: in the first, 5 k < 200. Above 750 or 1200: in the third, 5 k > 450 or 900.
        assert [(one["percent"], one["probability"]) for one in change["chances"]] == [
            (-50, 40 / 200), (25, 109 / 200), (100, 19 / 200), (-99, None)]  # fmt: skip
        # Means per day: 600 in 30 days are 20 a day; 25 a day are 775, 775 and 700 in the month.
        daily = _entry(client, "threshold=1&change=25&unit=day&horizon=1")["change"]
        assert daily["chances"][0]["probability"] == 119 / 200
        assert [one["percent"] for one in _entry(client, "threshold=1")["change"]["chances"]] == [-50, -25, 25, 50]


@pytest.mark.parametrize("count", [None, 0])
def test_there_is_no_change_against_a_month_without_encounters(office, count):
    office.publish()
    if count is not None:
        office.observe("el-paso", "2024-11", date(2024, 12, 19), count)
    with office.client() as client:
        assert _entry(client, "threshold=1")["change"] is None


def test_the_table_has_the_chances_of_the_document(client):
    query = "area=nation,state-tx-southwest&threshold=600,2000"
    document = client.get(f"/v1/exceedance?{query}").json()
    answer = client.get(f"/v1/exceedance.csv?{query}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert tuple(rows[0]) == exceedance.exceeding.COLUMNS
    assert len(rows) == 2 * 2 * (3 * 2 + 2)
    for entry in document["exceedance"]:
        own = [row for row in rows if row["area"] == entry["area"]]
        assert {row["draws"] for row in own} == {"200"}
        for one in entry["thresholds"]:
            written = {
                (row["question"], row["month"]): (row["probability"], row["bound"])
                for row in own
                if row["threshold"] == str(one["threshold"])
            }
            expected = {("above", month["month"]): _chance(month) for month in one["months"]}
            expected |= {("first", month["month"]): _chance(month["first"]) for month in one["months"]}
            expected |= {("any", ""): _chance(one["any"]), ("never", ""): _chance(one["never"])}
            assert written == {
                key: tuple("" if value is None else str(value) for value in pair) for key, pair in expected.items()
            }
    assert client.get(f"/v1/exceedance?{query}", headers={"Accept": "text/csv"}).content == answer.content


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("threshold=10,500", "These are 2 thresholds. If one was meant, write it without commas: 10500."),
        ("threshold=1,500,250", "These are 3 thresholds. If one was meant, write it without commas: 1500250."),
        (
            "threshold=10,500&unit=day",
            f"{exceedance.exceeding._PER_DAY} These are 2 thresholds. If one was meant, write",
        ),
        ("threshold=10&unit=day", exceedance.exceeding._PER_DAY),
        *((f"threshold={listed}", None) for listed in ("10", "500,10", "100,200", "10.5,500", "10,5000", "0,500")),
    ],
)
def test_the_note_on_thresholds_is_in_the_document_and_in_every_row(client, query, note):
    document = client.get(f"{ASK}{query}").json()
    rows = list(csv.DictReader(io.StringIO(client.get(f"/v1/exceedance.csv?area=el-paso&{query}").text)))
    assert {row["note"] for row in rows} == {document["note"] or ""}
    assert document["note"] == note or (note and document["note"].startswith(note))


def test_areas_of_two_panels_are_each_of_their_own_release(client):
    document = client.get("/v1/exceedance?area=Texas,el-paso&threshold=100").json()
    assert [one["area"] for one in document["exceedance"]] == ["state-tx", "el-paso"]
    assert [one["release"] for one in document["exceedance"]] == [
        document["releases"][panel]["id"] for panel in ("cbp-states", "usbp-sectors")
    ]
    assert len(client.get("/v1/exceedance?threshold=100&kind=sector").json()["exceedance"]) == 3
    assert len(client.get("/v1/exceedance?threshold=100&panel=cbp-states").json()["exceedance"]) == 8


def test_a_long_answer_has_the_bytes_of_a_short_one(office, monkeypatch):
    office.publish()
    with office.client() as client:
        short = client.get("/v1/exceedance?threshold=100,200")
    monkeypatch.setattr(exceedance, "_HEAVY", 0)
    with office.client() as client:
        long = client.get("/v1/exceedance?threshold=100,200")
        assert (long.content, long.headers["etag"]) == (short.content, short.headers["etag"])


def test_an_answer_that_is_known_is_not_sent_again(client):
    first = client.get(f"{ASK}threshold=600")
    assert first.headers["cache-control"] == "public, max-age=60"
    again = client.get(f"{ASK}threshold=600", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_past_releases_answer_by_day_and_by_id(office):
    old = office.publish(key="a", issued_at=ISSUED)
    office.publish(key="b", issued_at=datetime(2025, 2, 20, 6, tzinfo=UTC), factor=2.0)
    with office.client() as client:
        for chosen in (f"release={old}", "as_of=2025-02-19"):
            entry = _entry(client, f"threshold=1000&{chosen}")
            assert (entry["release"], entry["thresholds"][0]["any"]["probability"]) == (old, 59 / 200)
        assert _entry(client, "threshold=1000")["thresholds"][0]["any"]["probability"] == 159 / 200
        assert client.get(f"{ASK}threshold=1&as_of=2024-01-01").status_code == 404


@pytest.mark.parametrize(
    ("query", "parameter", "says"),
    [
        ("area=el-paso", "threshold", "name at least one"),
        ("area=el-paso&threshold=", "threshold", "'' is not a threshold"),
        ("area=el-paso&threshold=-1", "threshold", "Use numbers of 0 or more"),
        ("area=el-paso&threshold=1e3", "threshold", "'1e3' is not a threshold"),
        ("area=el-paso&threshold=nan", "threshold", "'nan' is not a threshold"),
        ("area=el-paso&threshold=inf", "threshold", "'inf' is not a threshold"),
        ("area=el-paso&threshold=5,000", "threshold", "'000' is not a threshold. Use numbers of 0 or more without"),
        ("area=el-paso&threshold=1_000", "threshold", "'1_000' is not a threshold"),
        ("area=el-paso&threshold=١٢", "threshold", "is not a threshold"),
        ("area=el-paso&threshold=1,1.0", "threshold", "named twice"),
        ("area=el-paso&threshold=" + ",".join(map(str, range(21))), "threshold", "21 are named; at most 20"),
        ("area=el-paso&threshold=" + "9" * 400, "threshold", "is not a threshold"),
        ("area=el-paso&threshold=1&change=0", "change", "above -100 other than 0"),
        ("area=el-paso&threshold=1&change=-100", "change", "above -100 other than 0"),
        ("area=el-paso&threshold=1&change=x", "change", "'x' is not a change"),
        ("area=el-paso&threshold=1&unit=week", "unit", "month"),
        ("area=el-paso&threshold=1&horizon=4", "horizon", "more than the 3 months"),
        ("area=el-pasoo&threshold=1", "area", "Did you mean el-paso?"),
        ("area=el-paso&threshold=1&panel=cbp-states", "panel", "belongs to usbp-sectors"),
        (f"area=el-paso&threshold=1&release={RELEASE}&as_of=2025-02-01", "as_of", "exclude each other"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_a_question_that_cannot_be_answered_is_a_problem(client, query, parameter, says, suffix):
    answer = client.get(f"/v1/exceedance{suffix}?{query}")
    document = answer.json()
    assert (answer.status_code, document["type"], document["parameter"]) == (422, "/docs#invalid-parameter", parameter)
    assert says in document["detail"]


def test_a_format_that_it_does_not_have_is_told(client):
    assert client.get("/v1/exceedance.parquet?area=el-paso&threshold=1").status_code == 404
    wrong = client.get(f"{ASK}threshold=1", headers={"Accept": "application/vnd.apache.parquet"})
    assert wrong.status_code == 406
