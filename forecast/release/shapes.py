"""The shapes in which a release leaves the project: intervals,
the quantile table, a hub's model output; as CSV and Parquet.

Of every table the CSV is written here and nowhere else, and Parquet is read from it. Writes no file, reads no clock,
loads nothing heavy:
pyarrow is loaded when Parquet is asked for, and only then.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any, Literal

from forecast.release.intervals import Unit, in_words, months_ahead
from forecast.release.read import AreaForecast, Release

__all__ = [
    "COVERAGE",
    "HUBVERSE",
    "LONG",
    "QUANTILES",
    "Chosen",
    "Long",
    "LongShape",
    "choose",
    "csv_rows",
    "csv_table",
    "forecast_types",
    "forecasts_csv",
    "hub_tasks",
    "of_compared",
    "parquet",
    "rounds",
    "writes_parquet",
]

Chosen = Sequence[tuple[Release, AreaForecast]]
LongShape = Literal["quantiles", "hubverse"]

# Central intervals in per cent, where nobody asks for others.
COVERAGE: tuple[int, ...] = (50, 80, 95)
# A spreadsheet takes text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def choose(release: Release, areas: Iterable[str] | None = None) -> Chosen:
    """The forecasts of some areas in the order asked for, or of all in the order of their panel.
    An area that is not there is left out.
    """
    slugs = [one.slug for one in release.panel.ordered(release.by_slug)] if areas is None else areas
    return [(release, release.by_slug[slug]) for slug in slugs if slug in release.by_slug]


def csv_table(names: Sequence[str], rows: Iterable[Sequence[Any]], *, guard: bool = True) -> bytes:
    """CSV (RFC 4180) in UTF-8: one header, one line per row, empty where unknown.

    `guard`: whether text that a spreadsheet would run gets an apostrophe; only what no person opens may do without.
    """
    return _lines(itertools.chain([names], (_safe(row, guard) for row in rows)))


def csv_rows(rows: Iterable[Sequence[Any]]) -> bytes:
    """The same without a header."""
    return _lines(_safe(row, True) for row in rows)


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _safe(cells: Sequence[Any], guard: bool) -> Sequence[Any]:
    """The cells, true and false as JSON and pandas have them; where `guard` is set with an apostrophe before text that
    a spreadsheet would run.
    """
    return [
        f"'{cell}"
        if guard and isinstance(cell, str) and cell.startswith(_FORMULA)
        else json.dumps(cell)
        if isinstance(cell, bool)
        else cell
        for cell in cells
    ]


def of_compared(chosen: Chosen) -> bool:
    """Whether the figures are a compared model's, and not those that serve."""
    return any(release.model != "recipe" for release, _ in chosen)


def forecast_types(coverage: Iterable[int] = COVERAGE, *, stale: bool = False, model: bool = False) -> dict[str, str]:
    """The columns of `forecasts_csv` and their Arrow types; months are timestamps of their first day.

    `stale`: whether one says if the release is overdue, which is no part of the release; `model`: whether one says
    whose figures they are.
    """
    ends = {f"{end}_{per_cent}": "float64" for per_cent in coverage for end in ("lower", "upper")}
    return {
        "panel": "string",
        "release": "string",
        **({"model": "string"} if model else {}),
        "data_through": "timestamp[us]",
        "stale_after": "date32",
        **({"stale": "bool"} if stale else {}),
        "area": "string",
        "name": "string",
        "kind": "string",
        "month": "timestamp[us]",
        "horizon": "int64",
        "lead": "int64",
        "unit": "string",
        "median": "float64",
        "mean": "float64",
        **ends,
        "fallback": "string",
    }


def forecasts_csv(
    chosen: Chosen,
    *,
    coverage: tuple[int, ...] = COVERAGE,
    unit: Unit = "month",
    horizon: int | None = None,
    months: Callable[[str], bool] | None = None,
    today: date | None = None,
    guard: bool = True,
) -> Iterator[bytes]:
    """One row per area and month, as CSV, one piece per area after the header. `horizon`: months at most; `months`:
    which of them, None for all.

    `today` fills the column `stale`, None leaves it out. Raises LevelsError for a coverage that the release does not
    store.
    """
    model = of_compared(chosen)
    yield csv_table(tuple(forecast_types(coverage, stale=today is not None, model=model)), [])
    for release, forecast in chosen:
        one, manifest = release.panel.area(forecast.slug), release.manifest
        stale = () if today is None else (json.dumps(today > manifest.stale_after),)
        name, kind, fallback = _safe((one.name, one.kind, manifest.fallbacks.get(one.slug)), guard)
        head = (
            manifest.panel,
            release.id,
            *([release.model] if model else []),
            str(manifest.origin),
            str(manifest.stale_after),
            *stale,
            one.slug,
            name,
            kind,
        )
        counted = in_words(release.panel, unit)
        ahead = months_ahead(release, forecast, coverage=coverage, unit=unit, horizon=horizon)
        yield _lines(
            (*head, one.month, one.horizon, one.lead, counted, one.median, one.mean, *one.ends, fallback)
            for one in ahead
            if months is None or months(one.month)
        )


@dataclass(frozen=True)
class Long:
    """A table of every level of every month, in encounters per month as stored.

    `types`: column -> Arrow type, in the order of a row's cells. `of`: the rows of one area, with `horizon` months at
    most.
    """

    types: Mapping[str, str]
    of: Callable[[Release, AreaForecast, int | None], Iterator[tuple[Any, ...]]]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in their order."""
        return tuple(self.types)

    def rows(self, chosen: Chosen, *, horizon: int | None = None) -> Iterator[tuple[Any, ...]]:
        """Area by area, then by month and level; days as dates."""
        return (row for release, forecast in chosen for row in self.of(release, forecast, horizon))

    def csv(self, chosen: Chosen, *, horizon: int | None = None) -> Iterator[bytes]:
        """The same as CSV, one piece per area after the header."""
        yield csv_table(self.columns, [])
        for pair in chosen:
            yield csv_rows(self.rows([pair], horizon=horizon))


def _quantiles(release: Release, forecast: AreaForecast, horizon: int | None) -> Iterator[tuple[Any, ...]]:
    manifest, one = release.manifest, release.panel.area(forecast.slug)
    head = (manifest.panel, release.id, one.slug, release.model, one.series, manifest.origin.first_day)
    for at, month in enumerate(forecast.months[:horizon]):
        for level, value in zip(release.levels, forecast.quantiles[at], strict=True):
            yield (*head, month.first_day, at + 1, level, value)


def _hubverse(release: Release, forecast: AreaForecast, horizon: int | None) -> Iterator[tuple[Any, ...]]:
    origin, target = release.manifest.origin.last_day, release.panel.target
    for at, month in enumerate(forecast.months[:horizon]):
        task = (origin, target, at + 1, forecast.slug, month.last_day, "quantile")
        for level, value in zip(release.levels, forecast.quantiles[at], strict=True):
            yield (*task, level, value)


# The quantile table. Months as timestamps of their first day: as backtests write them.
QUANTILES = Long(
    {
        "panel": "string",
        "release": "string",
        "area": "string",
        "model": "string",
        "series": "string",
        "origin": "timestamp[us]",
        "target_month": "timestamp[us]",
        "horizon": "int64",
        "level": "float64",
        "value": "float64",
    },
    _quantiles,
)
# Model output of a forecast hub. `origin_date` is the last day of the last observed month and `target_end_date` that of
# the target month, `horizon` months later; `location` is the area's slug. What a row may hold is in `hub_tasks`.
# Source: hubverse, "Model output": task id columns, then output_type, output_type_id and value.
HUBVERSE = Long(
    {
        "origin_date": "date32",
        "target": "string",
        "horizon": "int64",
        "location": "string",
        "target_end_date": "date32",
        "output_type": "string",
        "output_type_id": "float64",
        "value": "float64",
    },
    _hubverse,
)
LONG: dict[LongShape, Long] = {"quantiles": QUANTILES, "hubverse": HUBVERSE}


def rounds(chosen: Chosen) -> str:
    """The rounds of a hub that some forecasts belong to,
    with their panels, where they are more than one; otherwise nothing.

    A round is an origin, and a file of model output has one. Source: hubverse, "Model output".
    """
    ends = {release.manifest.panel: release.manifest.origin for release, _ in chosen}
    return (
        ", ".join(f"{panel} of {origin.last_day}" for panel, origin in ends.items())
        if len(set(ends.values())) > 1
        else ""
    )


def hub_tasks() -> bytes:
    """The hub's `tasks.json` (hubverse schema 5): rounds, task ids, levels and what values are allowed."""
    return (resources.files("forecast.release") / "hub" / "tasks.json").read_bytes()


def writes_parquet() -> bool:
    """Whether the library of Parquet is installed; loads nothing."""
    return importlib.util.find_spec("pyarrow") is not None


def parquet(types: Mapping[str, str], table: Iterable[bytes]) -> bytes:
    """A table of CSV, unguarded, piece by piece, as a Parquet file; same bytes in, same bytes out.

    `types`: its columns in order, with their Arrow types. Needs little more memory than the file, however long the
    table is.
    """
    import pyarrow as pa
    from pyarrow import csv as reader
    from pyarrow import parquet as pq

    read = reader.open_csv(
        pa.PythonFile(_Pieces(table), mode="r"),
        read_options=reader.ReadOptions(use_threads=False),
        parse_options=reader.ParseOptions(newlines_in_values=True),
        convert_options=reader.ConvertOptions(
            column_types={name: pa.type_for_alias(kind) for name, kind in types.items()},
            include_columns=list(types),
            timestamp_parsers=[reader.ISO8601, "%Y-%m"],
            strings_can_be_null=True,
            null_values=[""],
        ),
    )
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, read.schema) as writer:
        for batch in read:
            writer.write_batch(batch)
    written: bytes = sink.getvalue().to_pybytes()
    return written


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file that is read from front to back."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as the pieces reach: a reader makes a batch of every filling."""
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._rest = memoryview(piece)
            size = min(len(buffer) - filled, len(self._rest))
            buffer[filled : filled + size] = self._rest[:size]
            self._rest, filled = self._rest[size:], filled + size
        return filled
