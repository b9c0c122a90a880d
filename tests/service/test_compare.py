"""Forecasts beside what came: `/v1/compare`, `include=observed`, the feed of releases, and tables as files."""

import io
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pandas as pd
import pytest

from forecast.client import Client
from service.schemas.compare import CompareAnswer
from service.schemas.forecasts import ForecastsAndCountsAnswer
from tests.catalogue import USBP

LATER = datetime(2025, 2, 20, 6, tzinfo=UTC)
MANY = list(USBP.areas)[:13]
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def compared(office):
    """Two releases, a hindcast, and the first of the months that both foretold."""
    office.publish()
    office.publish(key="b", origin="2024-12", issued_at=LATER, published=LATER)
    office.publish(key="c", origin="2023-11", hindcast=True, published=LATER)
    office.observe("el-paso", "2024-11", date(2024, 12, 20), 500)
    office.observe("el-paso", "2025-01", date(2025, 2, 20), 775)
    office.now = LATER
    with office.client() as running:
        yield running


def test_every_release_s_forecast_of_a_month_stands_beside_its_count(compared):
    document = compared.get("/v1/compare?area=El Paso, TX&month=2025-01&coverage=80").json()
    CompareAnswer.model_validate(document)
    (row,) = document["compare"]
    assert (row["area"], row["month"], row["observed"], row["published"]) == ("el-paso", "2025-01", 775, "2025-02-20")
    assert [(one["release"][-10:], one["horizon"], one["lead"], one["median"]) for one in row["releases"]] == [
        ("b" * 10, 1, -1, 600),
        ("a" * 10, 2, 0, 700),
    ]
    assert row["releases"][1]["intervals"] == [{"coverage": 80, "lower": 300, "upper": 1100}]


def test_months_without_a_count_have_none_and_days_are_means(compared):
    rows = compared.get("/v1/compare?area=el-paso&from=2025-01&to=2025-02&unit=day").json()
    assert rows["unit"] == "encounters per day"
    january, february = rows["compare"]
    assert (january["observed"], february["observed"], february["published"]) == (25.0, None, None)
    assert [one["median"] for one in february["releases"]] == [25.0, 28.6]


@pytest.fixture
def replaying(office):
    """A new home: one release, with replays of one and three months before."""
    office.publish(replays={1: date(2024, 11, 20), 3: None})
    office.observe("el-paso", "2024-11", date(2024, 12, 20), 650)
    office.observe("el-paso", "2024-10", date(2024, 12, 20), 5000)
    with office.client() as running:
        yield running


def test_replays_stand_beside_what_was_issued_where_they_are_asked_for(replaying):
    query = "/v1/compare?area=el-paso&month=2024-11&coverage=60,80"
    assert replaying.get(query).json()["compare"] == []
    document = replaying.get(f"{query}&include=replayed").json()
    CompareAnswer.model_validate(document)
    (row,) = document["compare"]
    assert (row["observed"], row["releases"]) == (650, [])
    (newest, older) = row["replayed"]
    assert newest == {
        "release": newest["release"],
        "data_through": "2024-10",
        "as_of": "2024-11-20",
        "horizon": 1,
        "replayed": True,
        "median": 600,
        "intervals": [{"coverage": 80, "lower": 200, "upper": 1000}],
    }
    assert (older["data_through"], older["as_of"], older["horizon"]) == ("2024-08", None, 3)
    both = replaying.get("/v1/compare?area=tucson,el-paso&from=2025-01&unit=day&include=replayed").json()["compare"]
    assert [(one["area"], one["month"]) for one in both[:2]] == [("tucson", "2025-01"), ("tucson", "2025-02")]
    assert [len(one["releases"]) for one in both[:2]] == [1, 1]
    assert both[0]["replayed"][0]["median"] == 38.7


def test_replays_as_csv_are_rows_that_say_so(replaying):
    table = pd.read_csv(
        io.BytesIO(replaying.get("/v1/compare.csv?area=el-paso&coverage=60,80&include=replayed").content)
    )
    assert table["replayed"].sum() == 24
    december = table[table["month"] == "2024-12"]
    assert december["replayed"].tolist() == [False, True, True]
    assert december["data_through"].tolist() == ["2024-11", "2024-10", "2024-08"]
    assert december["lower_80"].tolist() == [200, 200, 200]
    assert december["lower_60"].isna().tolist() == [False, True, True]
    assert "replayed" not in pd.read_csv(io.BytesIO(replaying.get("/v1/compare.csv?area=el-paso").content))


def test_the_client_marks_replays(replaying):
    client = Client(str(replaying.base_url))
    client._service._http = replaying  # the application itself, without a socket
    table = client.compare("el-paso", "2024-12", "2024-12", replayed=True)
    assert table["replayed"].tolist() == [False, True, True]
    assert table["issued_at"].isna().tolist() == [False, True, True]
    assert table["as_of"].tolist() == [pd.NaT, pd.Timestamp(2024, 11, 20), pd.NaT]
    assert table["hindcast"].tolist() == [False, False, False]
    assert table["lead"].isna().tolist() == [False, True, True]
    plain = client.compare("el-paso")
    assert not {"replayed", "as_of"} & set(plain)
    assert plain["lead"].dtype == "int64"


def test_a_table_with_replays_has_the_same_columns_and_types_where_there_is_none(replaying):
    client = Client(str(replaying.base_url))
    client._service._http = replaying  # the application itself, without a socket
    types = client.compare("el-paso", replayed=True).dtypes
    assert types[["hindcast", "replayed", "horizon", "lead"]].astype(str).tolist() == ["bool", "bool", "int64", "Int64"]
    empty = client.compare("state-tx", replayed=True)
    assert empty.empty
    assert empty.columns.tolist() == types.index.tolist()
    assert (empty.dtypes[["hindcast", "replayed", "lead"]] == types[["hindcast", "replayed", "lead"]]).all()
    assert pd.api.types.is_datetime64_any_dtype(empty["as_of"])


def test_hindcasts_are_compared_when_they_are_asked_for(compared):
    (row,) = compared.get("/v1/compare?area=el-paso&month=2023-12&hindcasts=true").json()["compare"]
    assert [one["hindcast"] for one in row["releases"]] == [True]
    assert compared.get("/v1/compare?area=el-paso&month=2023-12").json()["compare"] == []


def test_the_comparison_as_csv_has_a_line_per_release(compared):
    table = pd.read_csv(io.BytesIO(compared.get("/v1/compare.csv?area=el-paso&month=2025-01&coverage=80").content))
    assert table["median"].tolist() == [600, 700]
    assert table["observed"].tolist() == [775, 775]
    assert table[["lower_80", "upper_80"]].to_numpy().tolist() == [[200, 1000], [300, 1100]]
    assert table["hindcast"].tolist() == [False, False]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "area: Field required"),
        ("area=el-paso&month=2024-13", "is not a month"),
        ("area=el-paso&month=2024-12&to=2025-01", "excludes from and to"),
        ("area=el-paso&from=2025-02&to=2025-01", "comes after"),
        (f"area={','.join(MANY)}", "13 are named; at most 12"),
        ("area=nowhere", "nowhere"),
    ],
)
def test_what_cannot_be_compared_is_refused(compared, query, says):
    answer = compared.get(f"/v1/compare?{query}")
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_counts_go_beside_the_forecast_when_they_are_asked_for(compared):
    document = compared.get("/v1/forecasts?area=el-paso&include=observed&from=2024-11&to=2025-02").json()
    ForecastsAndCountsAnswer.model_validate(document)
    (area,) = document["forecasts"]
    assert area["observed"] == [{"month": "2024-11", "count": 500}, {"month": "2025-01", "count": 775}]
    assert [month["month"] for month in area["months"]] == ["2025-01", "2025-02"]
    assert "observed" not in compared.get("/v1/forecasts?area=el-paso").json()["forecasts"][0]


def test_an_area_s_counts_depend_on_no_area_beside_it(office):
    office.publish()
    office.publish("cbp-states", key="b", origin="2024-02")
    for month in ("2022-06", "2022-11", "2022-12"):
        office.observe("el-paso", month, date(2024, 12, 20), 5)
    with office.client() as client:
        alone, among = (
            client.get(f"/v1/forecasts?area={areas}&include=observed").json()["forecasts"][0]["observed"]
            for areas in ("el-paso", "el-paso,state-tx")
        )
    assert [one["month"] for one in alone] == ["2022-12"]
    assert among == alone


def test_counts_beside_a_forecast_are_those_of_the_day_that_is_asked_for(compared):
    document = compared.get("/v1/forecasts?area=el-paso&include=observed&as_of=2025-02-19").json()
    assert document["forecasts"][0]["observed"] == [{"month": "2024-11", "count": 500}]


def test_months_bound_tables_too(compared):
    table = pd.read_csv(io.BytesIO(compared.get("/v1/forecasts.csv?area=el-paso&from=2025-02&to=2025-02").content))
    assert table["month"].tolist() == ["2025-02"]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("forecasts.csv?area=el-paso&include=observed", "/v1/observations.csv"),
        ("forecasts?area=el-paso&shape=quantiles&include=observed", "Leave include out"),
        ("forecasts?area=el-paso&shape=hubverse&from=2025-01", "Leave from out"),
        ("forecasts?area=el-paso&from=2025-02&to=2025-01", "comes after"),
        ("forecasts?area=el-paso&first=2025-02", "'first' is not a parameter"),
        ("forecasts?area=el-paso&include=everything", "include"),
    ],
)
def test_what_has_no_counts_beside_it_says_so(compared, address, says):
    answer = compared.get(f"/v1/{address}")
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_the_latest_release_has_a_name(compared):
    assert (
        compared.get("/v1/forecasts?area=el-paso&release=latest").content
        == compared.get("/v1/forecasts?area=el-paso").content
    )


def test_releases_are_a_feed_that_names_what_was_issued(compared):
    answer = compared.get("/v1/releases.atom?panel=usbp-sectors", headers={"Accept": "application/atom+xml"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml")
    feed = ElementTree.fromstring(answer.content)  # noqa: S314 (our own)
    assert feed.findtext(f"{ATOM}updated") == "2025-02-20T06:00:00Z"
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}updated") for entry in entries] == ["2025-02-20T06:00:00Z", "2025-01-20T06:00:00Z"]
    assert "These months are <past>." in entries[0].findtext(f"{ATOM}summary")
    (own,) = (link.get("href") for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self")
    assert compared.get(f"/v1/{own}").content == answer.content
    for link in (link.get("href") for entry in entries for link in entry.findall(f"{ATOM}link")):
        assert compared.get(f"/v1/{link}").status_code == 200


def test_areas_and_releases_are_tables_too(compared):
    areas = pd.read_csv(io.BytesIO(compared.get("/v1/areas.csv?kind=sector").content))
    assert areas.set_index("slug").loc["el-paso", ["name", "parents", "forecast"]].tolist() == [
        "El Paso, TX",
        "southwest",
        True,
    ]
    releases = pd.read_csv(io.BytesIO(compared.get("/v1/releases", headers={"Accept": "text/csv"}).content))
    assert releases[["data_through", "hindcast", "current"]].to_numpy().tolist() == [
        ["2024-12", False, True],
        ["2023-11", True, False],
        ["2024-11", False, False],
    ]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("forecasts.csv?area=el-paso", "forecasts-el-paso.csv"),
        ("forecasts.csv?area=El%20Paso,%20TX&horizon=1", "forecasts-el-paso-tx.csv"),
        ("areas.csv", "areas.csv"),
        ("observations.parquet?area=el-paso", "observations-el-paso.parquet"),
        ("compare.csv?area=el-paso&month=2025-01", "compare-el-paso.csv"),
    ],
)
def test_a_table_is_saved_under_a_name_that_says_what_it_is(compared, address, name):
    for _ in range(2):  # kept answers have it too
        answer = compared.get(f"/v1/{address}")
        assert answer.headers.get_list("content-disposition") == [f'attachment; filename="{name}"']
    assert "content-disposition" not in compared.get("/v1/forecasts?area=el-paso").headers
