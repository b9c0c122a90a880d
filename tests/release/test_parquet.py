"""Tables as Parquet: types, order, and text as it is."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from forecast.core.months import Month
from forecast.core.tables import LEVELS
from forecast.release import shapes
from forecast.release.intervals import Wanted
from tests.release.shaped import office, sectors

__all__ = ["office", "sectors"]


def test_parquet_keeps_types_and_every_level_as_stored(sectors):
    made = shapes.quantiles(shapes.choose(sectors)).parquet()
    assert made == shapes.quantiles(shapes.choose(sectors)).parquet()
    table = pq.read_table(io.BytesIO(made))
    assert {field.name: field.type for field in table.schema} == {
        **dict.fromkeys(("panel", "release", "area", "model", "series"), pa.string()),
        **dict.fromkeys(("origin", "target_month"), pa.timestamp("us")),
        "horizon": pa.int64(),
        **dict.fromkeys(("level", "value"), pa.float64()),
    }
    rows = [row for row in table.to_pylist() if row["area"] == "tucson" and row["horizon"] == 2]
    assert rows[0]["series"] == "Tucson, AZ"
    assert [str(rows[0][name]) for name in ("origin", "target_month")] == [
        "2024-11-01 00:00:00",
        "2025-01-01 00:00:00",
    ]
    assert [(row["level"], row["value"]) for row in rows] == list(
        zip(LEVELS, sectors.by_slug["tucson"].quantiles[1], strict=True)
    )


def test_parquet_of_a_long_table_has_every_row_in_its_order():
    rows, said = 100_000, "several\nlines of\ntext"
    pieces = ([range(start, start + 1000), said] for start in range(0, rows, 1000))
    made = pq.ParquetFile(io.BytesIO(shapes.Table({"at": "int64", "x": "string"}, pieces).parquet()))
    table = made.read()
    assert table["at"].to_pylist() == list(range(rows))
    assert set(table["x"].to_pylist()) == {said}
    assert 1 < made.num_row_groups < 10


def test_parquet_of_nothing_still_has_its_columns():
    table = pq.read_table(io.BytesIO(shapes.hubverse([]).parquet()))
    assert (tuple(table.column_names), table.num_rows) == (tuple(shapes.HUBVERSE), 0)
    assert table.schema.field("origin_date").type == pa.date32()


def test_parquet_of_intervals_has_types_and_the_text_as_it_is(sectors):
    chosen = shapes.choose(sectors, ["tucson", "el-paso"])
    today = sectors.manifest.stale_after + timedelta(days=1)
    made = shapes.intervals(chosen, Wanted((80,), "day", 2), today=today).parquet()
    table = pq.read_table(io.BytesIO(made))
    assert {field.name: field.type for field in table.schema} == {
        **dict.fromkeys(("panel", "release", "area", "name", "kind", "unit", "fallback"), pa.string()),
        **dict.fromkeys(("data_through", "month"), pa.timestamp("us")),
        **dict.fromkeys(("median", "mean", "lower_80", "upper_80"), pa.float64()),
        **dict.fromkeys(("horizon", "lead"), pa.int64()),
        "stale_after": pa.date32(),
        "stale": pa.bool_(),
    }
    tucson, _, el_paso, later = table.to_pylist()
    assert tucson["fallback"] == "=FIT() failed, the floor stands in"
    assert (el_paso["fallback"], el_paso["name"], el_paso["stale"]) == (None, "El Paso, TX", True)
    assert (str(later["month"]), later["horizon"], later["median"], later["unit"]) == (
        "2025-01-01 00:00:00",
        2,
        22.6,
        "encounters per day",
    )


def test_text_of_several_lines_and_quotes_comes_through_parquet_unchanged(sectors):
    said = 'Line one, "quoted"\nline two'
    release = replace(sectors, manifest=replace(sectors.manifest, fallbacks={"tucson": said}))
    table = pq.read_table(io.BytesIO(shapes.intervals(shapes.choose(release, ["tucson"])).parquet()))
    assert table["fallback"].to_pylist() == [said] * 3


def test_cells_of_every_kind_come_through_and_what_is_unknown_is_null():
    types = {"n": "int64", "x": "float64", "day": "date32", "at": "timestamp[us]", "yes": "bool", "said": "string"}
    first = [range(9), 0.5, date(1969, 12, 31), Month.parse("1969-12"), True, "Zoë, 100 %\n"]
    second = [[-5, 2**40], None, None, ["2026-08", date(2026, 8, 31)], [False, True], None]
    table = pq.read_table(io.BytesIO(shapes.Table(types, [first, second]).parquet()))
    rows = [tuple(row.values()) for row in table.to_pylist()]
    before = (0.5, date(1969, 12, 31), datetime.fromisoformat("1969-12-01"), True, "Zoë, 100 %\n")
    assert rows[:9] == [(number, *before) for number in range(9)]
    assert rows[9:] == [
        (-5, None, None, datetime.fromisoformat("2026-08-01"), False, None),
        (2**40, None, None, datetime.fromisoformat("2026-08-31"), True, None),
    ]
    assert [str(field.type) for field in table.schema][2:] == ["date32[day]", "timestamp[us]", "bool", "string"]
    table.validate(full=True)


def test_writing_parquet_loads_no_pandas():
    code = """
import sys
from forecast.release.shapes import Table
made = Table({"at": "timestamp[us]", "said": "string", "x": "float64"}, [[["2026-08"], "a", [1.5]]]).parquet()
print(made[:4], "pyarrow" in sys.modules, "pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "b'PAR1' True False"
