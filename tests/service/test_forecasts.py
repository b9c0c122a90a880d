from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest

from service.schemas.forecasts import ForecastsAnswer


def _only(answer):
    assert answer.status_code == 200, answer.text
    (entry,) = answer.json()["forecasts"]
    return entry


def test_a_forecast_has_the_shape_of_the_contract(client):
    document = client.get("/v1/forecasts?area=el-paso&coverage=50,80&horizon=1").json()
    release = "usbp-sectors-2024-11-" + "a" * 10
    assert document == {
        "releases": {
            "usbp-sectors": {
                "id": release,
                "panel": "usbp-sectors",
                "issued_at": "2025-01-20T06:00:00Z",
                "as_of": "2025-01-20",
                "data_through": "2024-11",
                "stale_after": "2025-02-28",
                "model": "recipe",
                "recipe": "pool",
                "run_id": "run-1",
                "hindcast": False,
                "notes": ["These months are <past>."],
                "confidence": [],
                "stale": False,
                "corrections": [],
            }
        },
        "unit": "encounters per month",
        "forecasts": [
            {
                "area": "el-paso",
                "name": "El Paso, TX",
                "kind": "sector",
                "panel": "usbp-sectors",
                "release": release,
                "origin": "2024-11",
                "fallback": None,
                "months": [
                    {
                        "month": "2024-12",
                        "horizon": 1,
                        "lead": -1,
                        "median": 600,
                        "mean": 620,
                        "intervals": [
                            {"coverage": 50, "lower": 350, "upper": 850},
                            {"coverage": 80, "lower": 200, "upper": 1000},
                        ],
                    }
                ],
            }
        ],
    }


def test_the_default_is_three_intervals_of_every_month_per_month(client):
    months = _only(client.get("/v1/forecasts?area=el-paso"))["months"]
    assert [month["lead"] for month in months] == [-1, 0, 1]
    assert [[one["coverage"] for one in month["intervals"]] for month in months] == [[50, 80, 95]] * 3


def test_every_area_of_every_panel_is_served_where_none_is_named(client):
    document = client.get("/v1/forecasts").json()
    assert set(document["releases"]) == {"usbp-sectors", "cbp-states"}
    assert [one["area"] for one in document["forecasts"]] == [
        *("nation", "southwest", "northern", "el-paso", "tucson", "blaine"),
        *("states-nation", "states-southwest", "states-other", "state-nm", "state-tx"),
        *("state-nm-southwest", "state-tx-southwest", "state-tx-other"),
    ]


def test_panel_and_kind_choose_areas(client):
    entries = client.get("/v1/forecasts?panel=cbp-states&kind=region").json()["forecasts"]
    assert {one["area"] for one in entries} == {"states-southwest", "states-other"}


def test_areas_come_in_the_order_asked_for_over_panels(client):
    document = client.get("/v1/forecasts?area=tucson,state-tx,el-paso").json()
    assert [one["area"] for one in document["forecasts"]] == ["tucson", "state-tx", "el-paso"]
    assert set(document["releases"]) == {"usbp-sectors", "cbp-states"}


def test_per_day_figures_are_the_mean_of_the_month_with_one_decimal(client):
    document = client.get("/v1/forecasts?area=el-paso&unit=day&coverage=80").json()
    first = document["forecasts"][0]["months"][0]
    assert document["unit"] == "encounters per day"
    # 600, 620, 200 and 1000 encounters over the 31 days of December.
    assert (first["median"], first["mean"]) == (19.4, 20.0)
    assert first["intervals"] == [{"coverage": 80, "lower": 6.5, "upper": 32.3}]


@pytest.mark.parametrize(
    ("coverage", "lower", "upper"), [(10, 550, 650), (90, 150, 1050), (95, 125, 1075), (98, 110, 1090)]
)
def test_intervals_end_at_stored_quantiles(client, coverage, lower, upper):
    month = _only(client.get(f"/v1/forecasts?area=el-paso&horizon=1&coverage={coverage}"))["months"][0]
    assert month["intervals"] == [{"coverage": coverage, "lower": lower, "upper": upper}]


@pytest.mark.parametrize("unit", ["month", "day"])
def test_rounding_keeps_quantiles_in_order_and_months_whole(office, unit):
    office.publish(factor=0.0037)
    with office.client() as client:
        entries = client.get(f"/v1/forecasts?coverage=10,20,30,40,50,60,70,80,90,95,98&unit={unit}").json()["forecasts"]
    for month in (month for entry in entries for month in entry["months"]):
        lowers = [one["lower"] for one in month["intervals"]]
        uppers = [one["upper"] for one in month["intervals"]]
        ends = [*reversed(lowers), month["median"], *uppers]
        assert ends == sorted(ends)
        assert all(isinstance(end, int) for end in ends) or unit == "day"
        assert all(round(end, 1) == end for end in ends)


def test_a_fallback_is_named_where_it_stands_in(office):
    office.publish(fallbacks={"tucson": "ets: no answer within 60 s"})
    with office.client() as client:
        entries = client.get("/v1/forecasts?area=tucson,el-paso").json()["forecasts"]
    assert [one["fallback"] for one in entries] == ["ets: no answer within 60 s", None]


def test_staleness_is_judged_by_the_day(office):
    office.publish()
    with office.client() as client:
        stale = []
        for moment in (datetime(2025, 2, 28, 23, 59, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)):
            office.now = moment
            stale.append(client.get("/v1/forecasts?area=el-paso").json()["releases"]["usbp-sectors"]["stale"])
    assert stale == [False, True]


@pytest.mark.parametrize("unit", ["month", "day"])
def test_csv_reads_as_the_same_figures_as_json(client, unit):
    query = f"area=el-paso,state-tx&coverage=50,95&unit={unit}"
    frame = pd.read_csv(io.BytesIO(client.get(f"/v1/forecasts.csv?{query}").content))
    document = client.get(f"/v1/forecasts?{query}").json()
    assert list(frame.columns) == [
        *(
            "panel",
            "release",
            "data_through",
            "stale_after",
            "stale",
            "area",
            "name",
            "kind",
            "month",
            "horizon",
            "lead",
            "unit",
        ),
        *("median", "mean", "lower_50", "upper_50", "lower_95", "upper_95", "fallback"),
    ]
    expected = [
        (
            *(entry["area"], entry["name"], month["month"], month["lead"], month["median"], month["mean"]),
            *(end for one in month["intervals"] for end in (one["lower"], one["upper"])),
        )
        for entry in document["forecasts"]
        for month in entry["months"]
    ]
    columns = ["area", "name", "month", "lead", "median", "mean", "lower_50", "upper_50", "lower_95", "upper_95"]
    assert list(frame[columns].itertuples(index=False, name=None)) == expected
    assert frame["stale"].tolist() == [False] * 6


def test_csv_is_served_by_suffix_and_by_accept_header_alike(client):
    by_suffix = client.get("/v1/forecasts.csv?area=el-paso")
    by_header = client.get("/v1/forecasts?area=el-paso", headers={"Accept": "text/csv"})
    assert by_suffix.content == by_header.content
    assert by_header.headers["content-type"] == "text/csv; charset=utf-8"
    assert client.get("/v1/forecasts?area=el-paso").headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("text/csv;q=0, */*", "application/json"),
    ],
)
def test_the_format_follows_the_accept_header(client, accept, kind):
    assert client.get("/v1/forecasts?area=el-paso", headers={"Accept": accept}).headers["content-type"] == kind


def test_text_that_a_spreadsheet_would_run_is_neutralised_and_numbers_are_not(office):
    office.publish(fallbacks={"el-paso": "=HYPERLINK(1)"})
    with office.client() as client:
        row = client.get("/v1/forecasts.csv?area=el-paso&horizon=1&coverage=80").text.splitlines()[1]
    assert row.endswith(",-1,encounters per month,600,620,200,1000,'=HYPERLINK(1)")


def test_a_percent_sign_and_quotes_in_a_text_stay_as_they_are(office):
    reason = 'ets: 100 % of "paths", %s failed'
    office.publish(fallbacks={"tucson": reason})
    with office.client() as client:
        assert _only(client.get("/v1/forecasts?area=tucson"))["fallback"] == reason
        assert set(pd.read_csv(io.BytesIO(client.get("/v1/forecasts.csv?area=tucson").content))["fallback"]) == {reason}


@pytest.mark.parametrize(
    ("path", "unit"), [("/v1/forecasts", "month"), ("/v1/forecasts", "day"), ("/v1/forecasts.csv", "month")]
)
def test_a_figure_that_is_no_number_is_a_fault_and_never_sent(office, path, unit):
    office.publish()
    with office.client(raises=False) as client:
        release_cache = client.app.state.context.release_cache
        release = release_cache.newest["usbp-sectors"]
        one = release.by_slug["el-paso"]
        damaged = replace(one, means=(float("nan"), *one.means[1:]))
        release_cache.newest = {
            "usbp-sectors": replace(release, areas=tuple(damaged if area is one else area for area in release.areas))
        }
        answer = client.get(f"{path}?area=el-paso&unit={unit}")
        assert (answer.status_code, answer.json()["type"]) == (500, "/docs#internal")
        assert client.get(f"{path}?area=tucson&unit={unit}").status_code == 200


def test_a_release_can_be_asked_for_by_its_id(office):
    old = office.publish(key="a")
    office.publish(key="b", factor=2.0)
    with office.client() as client:
        assert _only(client.get(f"/v1/forecasts?area=el-paso&release={old}"))["months"][0]["median"] == 600
        assert _only(client.get("/v1/forecasts?area=el-paso"))["months"][0]["median"] == 1200


def test_as_of_gives_what_was_the_newest_on_that_day(office):
    old = office.publish(key="a", issued_at=datetime(2025, 1, 20, 6, tzinfo=UTC))
    new = office.publish(key="b", issued_at=datetime(2025, 2, 20, 6, tzinfo=UTC))
    office.publish(key="c", issued_at=datetime(2025, 2, 25, 6, tzinfo=UTC), hindcast=True)
    with office.client() as client:
        seen = {
            day: _only(client.get(f"/v1/forecasts?area=el-paso&as_of={day}"))["release"]
            for day in ("2025-02-19", "2025-02-20", "2025-03-01")
        }
    assert seen == {"2025-02-19": old, "2025-02-20": new, "2025-03-01": new}


def test_answers_validate_against_the_declared_model(client):
    ForecastsAnswer.model_validate_json(client.get("/v1/forecasts").content)


def test_confidence_is_said_by_lead_as_the_release_measured_it(office):
    said = [{"lead": "0-2", "label": "low: coverage of the last 12 months was 0.55", "coverage_80": 0.55}]
    office.publish(scores={"confidence": said})
    with office.client() as client:
        assert client.get("/v1/forecasts?area=el-paso").json()["releases"]["usbp-sectors"]["confidence"] == said
        assert "months 0-2 ahead: low: coverage of the last 12 months was 0.55" in client.get("/").text
