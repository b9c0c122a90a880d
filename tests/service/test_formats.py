"""Parquet and the long shapes over HTTP: the same figures as CSV and JSON have, and as `encounters export` writes."""

from __future__ import annotations

import io
import sys
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from forecast.release import read, shapes
from service.query import MEDIA
from service.routes import forecasts
from service.schemas.forecasts import ForecastRowsAnswer, ReleaseForecastRowsAnswer

PARQUET = MEDIA["parquet"]
RELEASE = "usbp-sectors-2024-11-" + "a" * 10


def _parquet(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == PARQUET
    return pd.read_parquet(io.BytesIO(answer.content))


def _csv(answer, **columns):
    assert answer.status_code == 200, answer.text
    return pd.read_csv(io.BytesIO(answer.content), **columns)


@pytest.mark.parametrize(
    "address",
    [
        "/v1/forecasts{}?area=tucson,el-paso&coverage=10,98&unit=day&horizon=2",
        "/v1/forecasts{}",
        f"/v1/releases/{RELEASE}/forecasts{{}}",
        "/v1/forecasts{}?shape=hubverse&area=el-paso",
        "/v1/forecasts{}?shape=samples&area=tucson,el-paso&horizon=2",
        f"/v1/releases/{RELEASE}/forecasts{{}}?shape=quantiles&horizon=1",
    ],
)
def test_parquet_has_the_figures_of_the_csv_with_their_types(client, address):
    table, text = _parquet(client.get(address.format(".parquet"))), _csv(client.get(address.format(".csv")))
    assert list(table) == list(text)
    assert len(table) == len(text) > 0
    for name in table:
        if table[name].dtype.kind == "M":
            assert list(table[name]) == list(pd.to_datetime(text[name]))
        elif table[name].dtype.kind in "fib":
            assert list(table[name]) == list(text[name])
        else:
            assert list(table[name].astype(str).replace("None", "nan")) == list(text[name].astype(str))
    assert {"month", "target_month", "target_end_date"} & set(table)


def test_parquet_is_given_by_suffix_and_by_header_with_one_tag_and_the_lifetime_of_its_address(client):
    by_suffix = client.get(f"/v1/releases/{RELEASE}/forecasts.parquet?area=el-paso")
    by_header = client.get(f"/v1/releases/{RELEASE}/forecasts?area=el-paso", headers={"Accept": PARQUET})
    assert by_suffix.content == by_header.content
    assert by_suffix.headers["etag"] == by_header.headers["etag"]
    assert by_suffix.headers["cache-control"].endswith("immutable")
    assert client.get("/v1/forecasts.parquet?area=el-paso").headers["cache-control"] == "public, max-age=60"
    known = client.get(
        f"/v1/releases/{RELEASE}/forecasts.parquet?area=el-paso", headers={"If-None-Match": by_suffix.headers["etag"]}
    )
    assert (known.status_code, known.content) == (304, b"")
    head = client.head(
        f"/v1/releases/{RELEASE}/forecasts.parquet?area=el-paso", headers={"Accept-Encoding": "identity"}
    )
    assert (head.status_code, head.content, int(head.headers["content-length"])) == (200, b"", len(by_suffix.content))


def test_parquet_of_many_areas_and_its_library_wait_for_another_thread(client, monkeypatch):
    here, asked = client.app.state.context, "/v1/forecasts.parquet"
    first = client.get(f"{asked}?area=el-paso")
    made = forecasts.at_once(here, asked, b"area=el-paso", b"")
    assert made.body == first.content
    assert forecasts.at_once(here, "/v1/forecasts", b"area=el-paso", PARQUET.encode()).body == first.content
    monkeypatch.setattr(forecasts, "_HEAVY", 1)
    assert forecasts.at_once(here, asked, b"area=el-paso,tucson", b"") is None
    monkeypatch.delitem(sys.modules, "pyarrow.parquet")
    assert forecasts.at_once(here, asked, b"area=el-paso", b"") is None
    assert forecasts.at_once(here, "/v1/forecasts.csv", b"area=el-paso,tucson", b"") is not None


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (PARQUET, PARQUET),
        (f"{PARQUET}, text/csv;q=0.5", PARQUET),
        (f"text/csv, {PARQUET}", "text/csv; charset=utf-8"),
        ("application/*", "application/json"),
        (f"application/*;q=0.2, {PARQUET};q=0.1, text/*;q=0.3", "text/csv; charset=utf-8"),
        (f"*/*, {PARQUET};q=0", "application/json"),
        (f"{PARQUET};q=nan, text/csv;q=0.1", "text/csv; charset=utf-8"),
    ],
)
def test_the_format_is_what_the_header_likes_best(client, accept, given):
    assert client.get("/v1/forecasts?area=el-paso", headers={"Accept": accept}).headers["content-type"] == given


@pytest.mark.parametrize("path", ["/v1/accuracy", "/v1/models"])
def test_where_there_is_no_parquet_it_is_refused_with_the_formats_that_there_are(client, path):
    answer = client.get(path, headers={"Accept": PARQUET})
    assert (answer.status_code, answer.json()["type"]) == (406, "/docs#not-acceptable")
    assert "application/json, text/csv" in answer.json()["detail"]
    assert client.get(f"{path}.parquet").status_code == 404


@pytest.mark.parametrize(
    "address", ["/v1/forecasts.parquet?area=el-paso&horizon=1", "/v1/observations.parquet?area=el-paso"]
)
def test_without_the_library_of_parquet_it_is_refused_and_all_else_is_served(office, monkeypatch, address):
    office.publish()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with office.client() as client:
        answer = client.get(address)
        assert (answer.status_code, answer.json()["type"]) == (406, "/docs#not-acceptable")
        assert "encounter-forecast[parquet]" in answer.json()["detail"]
        assert client.get(address.replace(".parquet", ".csv")).status_code == 200


def test_text_that_a_spreadsheet_would_run_is_as_it_is_in_parquet_and_guarded_in_csv(office):
    office.publish(fallbacks={"tucson": "=FIT()"})
    with office.client() as client:
        assert set(_parquet(client.get("/v1/forecasts.parquet?area=tucson"))["fallback"]) == {"=FIT()"}
        assert set(_csv(client.get("/v1/forecasts.csv?area=tucson"))["fallback"]) == {"'=FIT()"}


def test_observations_in_parquet_are_those_of_the_csv(office):
    office.publish()
    office.observe("el-paso", "2024-10", date(2024, 11, 20), 1000, 10)
    office.observe("el-paso", "2024-11", date(2024, 12, 20), 0)
    with office.client() as client:
        table = _parquet(client.get("/v1/observations.parquet?area=el-paso"))
        empty = _parquet(client.get("/v1/observations?area=tucson", headers={"Accept": PARQUET}))
    assert table.to_dict("list") == {
        "area": ["el-paso"] * 2,
        "name": ["El Paso, TX"] * 2,
        "month": [pd.Timestamp("2024-10-01"), pd.Timestamp("2024-11-01")],
        "count": [1000, 0],
        "precision": [10, 1],
        "published": [date(2024, 11, 20), date(2024, 12, 20)],
    }
    assert (len(empty), list(empty.dtypes)) == (0, list(table.dtypes))


@pytest.mark.parametrize("shape", ["hubverse", "quantiles"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_long_shapes_of_a_release_are_the_files_that_export_writes(office, shape, form):
    identity = office.publish()
    chosen, long = shapes.choose(read.load(office.engine, identity)), shapes.LONG[shape]
    written = b"".join(long(chosen).csv())
    with office.client() as client:
        served = client.get(f"/v1/releases/{identity}/forecasts.{form}?shape={shape}").content
    assert served == (written if form == "csv" else long(chosen).parquet())
    assert written.count(b"\r\n") == 1 + 6 * 3 * 23


def test_the_long_shapes_in_json_are_rows_with_the_names_of_the_columns(client):
    document = client.get("/v1/forecasts?area=el-paso,state-tx&horizon=1&shape=hubverse").json()
    ForecastRowsAnswer.model_validate(document)
    assert set(document["releases"]) == {"usbp-sectors", "cbp-states"}
    assert document["releases"]["usbp-sectors"]["stale"] is False
    assert document["unit"] == "encounters per month"
    assert len(document["rows"]) == 2 * 23
    assert document["rows"][11] == {
        "origin_date": "2024-11-30",
        "target": "monthly USBP encounters",
        "horizon": 1,
        "location": "el-paso",
        "target_end_date": "2024-12-31",
        "output_type": "quantile",
        "output_type_id": 0.5,
        "value": 600.0,
    }
    of_release = client.get(f"/v1/releases/{RELEASE}/forecasts?shape=quantiles&area=el-paso&horizon=2").json()
    ReleaseForecastRowsAnswer.model_validate(of_release)
    assert "stale" not in of_release["releases"]["usbp-sectors"]
    assert [row["value"] for row in of_release["rows"] if row["level"] == 0.5] == [600.0, 700.0]
    assert {row["target_month"] for row in of_release["rows"]} == {"2024-12-01", "2025-01-01"}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("shape=hubverse&coverage=50", "coverage"),
        ("shape=quantiles&unit=day", "unit"),
        ("shape=hubverse&horizon=4", "horizon"),
        ("shape=samples&coverage=50", "coverage"),
        ("shape=samples&unit=day", "unit"),
        ("shape=wide", "shape"),
        ("shape=", "shape"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".csv", ".parquet"])
def test_what_a_shape_does_not_have_is_refused_and_never_ignored(client, query, parameter, suffix):
    answer = client.get(f"/v1/forecasts{suffix}?area=el-paso&{query}")
    assert (answer.status_code, answer.json()["type"], answer.json()["parameter"]) == (
        422,
        "/docs#invalid-parameter",
        parameter,
    )


def test_too_many_areas_are_refused_in_the_long_shapes_and_not_cut(office, monkeypatch):
    office.publish()
    monkeypatch.setattr(forecasts, "_LONG", 5)
    with office.client() as client:
        answer = client.get("/v1/forecasts.csv?shape=hubverse")
        assert (answer.status_code, answer.json()["parameter"]) == (422, "shape")
        assert "6 areas" in answer.json()["detail"]
        assert client.get("/v1/forecasts.csv?shape=hubverse&kind=sector").status_code == 200
        assert client.get("/v1/forecasts.csv").status_code == 200


def test_the_long_shapes_follow_as_of_and_release(office):
    old = office.publish(key="a", issued_at=datetime(2025, 1, 20, 6, tzinfo=UTC))
    office.publish(key="b", issued_at=datetime(2025, 2, 20, 6, tzinfo=UTC), factor=2.0)
    with office.client() as client:
        for chosen in (f"release={old}", "as_of=2025-02-19"):
            table = _csv(client.get(f"/v1/forecasts.csv?area=el-paso&shape=quantiles&horizon=1&{chosen}"))
            assert set(table["release"]) == {old}
            assert list(table.loc[table["level"] == 0.5, "value"]) == [600.0]
