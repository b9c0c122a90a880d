from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from forecast.core.months import Month
from forecast.core.provenance import Provenance
from service.schemas.forecasts import ReleaseAnswer, ReleaseForecastsAnswer, ReleasesAnswer
from service.schemas.resources import AreasAnswer, ObservationsAnswer, StatusAnswer

RELEASE = "usbp-sectors-2024-11-" + "a" * 10


def test_status_says_how_fresh_each_panel_is(office):
    office.publish()
    office.now = datetime(2025, 3, 1, tzinfo=UTC)
    with office.client() as client:
        document = client.get("/v1/status").json()
    StatusAnswer.model_validate(document)
    assert document["store"] == "ok"
    assert document["panels"]["usbp-sectors"] == {
        "release": RELEASE,
        "issued_at": "2025-01-20T06:00:00Z",
        "data_through": "2024-11",
        "next_data_month": "2024-12",
        "first_lead": -1,
        "stale_after": "2025-02-28",
        "stale": True,
        "areas": 6,
        "horizon": 3,
        "code_version": "0.1.0",
        "sources": [],
        "alarms": [],
        "notes": ["These months are <past>."],
    }


def test_status_says_whose_counts_a_release_rests_on(office):
    official = Provenance("OHSS", "khsm.xlsx", date(2025, 1, 16), Month.of(1999, 10), Month.of(2024, 9))
    carried = Provenance(
        "CBP", "table.csv", date(2025, 1, 18), Month.of(2024, 10), Month.of(2024, 11), tabulated_by="some<body>"
    )
    office.publish(sources=(official, carried))
    with office.client() as client:
        document = client.get("/v1/status").json()
        page = client.get("/").text
    StatusAnswer.model_validate(document)
    assert document["panels"]["usbp-sectors"]["sources"] == [
        {
            "source": "OHSS",
            "file": "khsm.xlsx",
            "published": "2025-01-16",
            "first": "1999-10",
            "last": "2024-09",
            "tabulated_by": None,
        },
        {
            "source": "CBP",
            "file": "table.csv",
            "published": "2025-01-18",
            "first": "2024-10",
            "last": "2024-11",
            "tabulated_by": "some<body>",
        },
    ]
    assert (
        "Counts: 1999-10 to 2024-09: OHSS (published 2025-01-16);"
        " 2024-10 to 2024-11: CBP, tabulated by some&lt;body&gt; (published 2025-01-18)." in page
    )


def test_status_of_a_panel_without_a_release_is_null_with_the_reason(office):
    office.publish()
    with office.client() as client:
        panel = client.get("/v1/status").json()["panels"]["cbp-states"]
    assert panel.pop("notes") == ["Nothing has been published yet. Run `encounters retrain --panel cbp-states`."]
    assert panel.pop("alarms") == []
    assert panel.pop("sources") == []
    assert set(panel.values()) == {None}


def test_areas_are_listed_from_the_nation_down_with_closed_ones_marked(client):
    document = client.get("/v1/areas?panel=usbp-sectors").json()
    AreasAnswer.model_validate(document)
    slugs = [one["slug"] for one in document["areas"]]
    assert slugs[:4] == ["nation", "southwest", "coastal", "northern"]
    assert len(slugs) == 21 + 4
    livermore = next(one for one in document["areas"] if one["slug"] == "livermore")
    assert (livermore["closed"], livermore["forecast"]) == ("2004-10", False)


def test_areas_can_be_chosen_by_kind(client):
    assert [one["slug"] for one in client.get("/v1/areas?kind=state").json()["areas"]] == ["state-nm", "state-tx"]


def test_sectors_are_listed_before_anything_is_published(office):
    with office.client() as client:
        areas = client.get("/v1/areas").json()["areas"]
    assert {one["panel"] for one in areas} == {"usbp-sectors"}
    assert not any(one["forecast"] for one in areas)


def test_one_area_is_shown(client):
    document = client.get("/v1/areas/el-paso").json()
    assert document == {
        "slug": "el-paso",
        "name": "El Paso, TX",
        "kind": "sector",
        "panel": "usbp-sectors",
        "series": "El Paso, TX",
        "parents": ["southwest"],
        "closed": None,
        "forecast": True,
    }


def test_an_unknown_area_is_not_found_and_the_nearest_is_named(client):
    answer = client.get("/v1/areas/tuscon")
    assert (answer.status_code, answer.json()["type"]) == (404, "/docs#unknown-area")
    assert "Did you mean tucson?" in answer.json()["detail"]


def test_releases_are_listed_newest_first_and_the_served_one_is_marked(office):
    office.publish(key="a")
    office.publish(key="b", issued_at=datetime(2025, 2, 20, tzinfo=UTC))
    office.publish(key="c", issued_at=datetime(2025, 2, 25, tzinfo=UTC), hindcast=True)
    with office.client() as client:
        document = client.get("/v1/releases?panel=usbp-sectors").json()
        other = client.get("/v1/releases?panel=cbp-states").json()
    ReleasesAnswer.model_validate(document)
    assert [(one["id"][-10:], one["hindcast"], one["current"]) for one in document["releases"]] == [
        ("c" * 10, True, False),
        ("b" * 10, False, True),
        ("a" * 10, False, False),
    ]
    assert other == {"releases": []}


def test_one_release_shows_where_it_comes_from(client):
    document = client.get(f"/v1/releases/{RELEASE}").json()
    ReleaseAnswer.model_validate(document)
    assert document["data_digest"] == "d" * 64
    assert len(document["levels"]) == 23
    assert document["horizon"] == 3
    assert sorted(document["areas"]) == ["blaine", "el-paso", "nation", "northern", "southwest", "tucson"]


def test_a_release_serves_its_own_figures_for_ever_whatever_is_newest(office):
    office.publish(key="a")
    with office.client() as client:
        before = client.get(f"/v1/releases/{RELEASE}/forecasts?area=el-paso")
        office.publish(key="b", factor=2.0)
        office.now = datetime(2026, 1, 1, tzinfo=UTC)
        client.app.state.context.release_cache.refresh()
        after = client.get(f"/v1/releases/{RELEASE}/forecasts?area=el-paso")
        newest = client.get("/v1/forecasts?area=el-paso")
    ReleaseForecastsAnswer.model_validate(before.json())
    assert after.content == before.content
    assert "stale" not in before.json()["releases"]["usbp-sectors"]
    assert newest.json()["forecasts"][0]["months"][0]["median"] == 1200


def test_a_release_is_served_as_csv_without_the_column_that_changes(client):
    by_suffix = client.get(f"/v1/releases/{RELEASE}/forecasts.csv?area=el-paso")
    by_header = client.get(f"/v1/releases/{RELEASE}/forecasts?area=el-paso", headers={"Accept": "text/csv"})
    assert by_suffix.content == by_header.content
    columns = pd.read_csv(io.BytesIO(by_suffix.content)).columns
    assert "stale" not in columns
    assert "stale_after" in columns


def test_a_hindcast_is_served_by_its_id_and_says_so(office):
    identity = office.publish(key="c", hindcast=True)
    with office.client() as client:
        document = client.get(f"/v1/releases/{identity}/forecasts?area=el-paso").json()
        assert client.get("/v1/forecasts?area=el-paso").status_code == 503
    assert document["releases"]["usbp-sectors"]["hindcast"] is True


@pytest.fixture
def observed(office):
    office.publish()
    office.observe("el-paso", "2024-10", date(2024, 11, 20), 1000, 10)
    office.observe("el-paso", "2024-10", date(2024, 12, 20), 1004)
    office.observe("el-paso", "2024-11", date(2024, 12, 20), 900)
    office.observe("tucson", "2024-11", date(2024, 12, 20), 0)
    with office.client() as running:
        yield running


def test_observations_are_the_newest_figures(observed):
    document = observed.get("/v1/observations?area=tucson,el-paso").json()
    ObservationsAnswer.model_validate(document)
    assert document["as_of"] is None
    assert document["unit"] == "encounters per month"
    assert [(one["area"], one["months"]) for one in document["observations"]] == [
        ("tucson", [{"month": "2024-11", "count": 0, "precision": 1, "published": "2024-12-20"}]),
        (
            "el-paso",
            [
                {"month": "2024-10", "count": 1004, "precision": 1, "published": "2024-12-20"},
                {"month": "2024-11", "count": 900, "precision": 1, "published": "2024-12-20"},
            ],
        ),
    ]


def test_observations_as_of_a_day_hide_what_was_published_after_it(observed):
    (series,) = observed.get("/v1/observations?area=el-paso&as_of=2024-12-19").json()["observations"]
    assert series["months"] == [{"month": "2024-10", "count": 1000, "precision": 10, "published": "2024-11-20"}]


def test_observations_of_a_window_include_both_ends(observed):
    (series,) = observed.get("/v1/observations?area=el-paso&from=2024-11&to=2024-11").json()["observations"]
    assert [one["month"] for one in series["months"]] == ["2024-11"]


def test_observations_read_from_csv_are_those_of_json(observed):
    frame = pd.read_csv(io.BytesIO(observed.get("/v1/observations.csv?area=el-paso").content))
    assert list(frame.itertuples(index=False, name=None)) == [
        ("el-paso", "El Paso, TX", "2024-10", 1004, 1, "2024-12-20"),
        ("el-paso", "El Paso, TX", "2024-11", 900, 1, "2024-12-20"),
    ]
    by_header = observed.get("/v1/observations?area=el-paso", headers={"Accept": "text/csv"})
    assert by_header.content == observed.get("/v1/observations.csv?area=el-paso").content


@pytest.mark.parametrize(
    "query",
    ["", "area=nowhere", "area=el-paso&from=2024-13", "area=el-paso&from=2024-12&to=2024-11", "area=el-paso&to=x"],
)
def test_observations_refuse_what_they_cannot_answer(observed, query):
    answer = observed.get(f"/v1/observations?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "/docs#invalid-parameter")
