"""The shapes in which a release leaves the project: CSV rows, the quantile table, a hub's model output. Writes no file, reads no clock.

Loads nothing heavy: pyarrow is loaded when Parquet is asked for, and only then.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib import resources
from typing import Any, Literal

from forecast.core.areas import Area, Kind, Panel, area
from forecast.core.errors import LevelsError
from forecast.core.months import Month
from forecast.release.read import AreaForecast, Release

__all__ = [
    "COVERAGE",
    "HUBVERSE_COLUMNS",
    "HUBVERSE_TYPES",
    "QUANTILE_COLUMNS",
    "QUANTILE_TYPES",
    "TARGETS",
    "UNITS",
    "Chosen",
    "Unit",
    "choose",
    "csv_text",
    "forecast_columns",
    "forecast_rows",
    "forecasts_csv",
    "hub_tasks",
    "hubverse_csv",
    "hubverse_rows",
    "level_places",
    "ordered",
    "parquet",
    "quantile_rows",
    "scaled",
]

Unit = Literal["month", "day"]
Chosen = Sequence[tuple[Release, AreaForecast]]

UNITS: dict[Unit, str] = {"month": "encounters per month", "day": "encounters per day"}
# Central intervals in per cent, where nobody asks for others.
COVERAGE: tuple[int, ...] = (50, 80, 95)

# A spreadsheet takes text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_RANKS: dict[Kind, int] = {"nation": 0, "region": 1, "state": 2, "sector": 3, "cell": 3}

# Arrow types by column, in the order of the columns. Months as timestamps of their first day: as backtests write them.
QUANTILE_TYPES: dict[str, str] = {
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
}
QUANTILE_COLUMNS = tuple(QUANTILE_TYPES)

# Source: hubverse, "Model output": task id columns, then output_type, output_type_id and value.
HUBVERSE_TYPES: dict[str, str] = {
    "origin_date": "date32",
    "target": "string",
    "horizon": "int64",
    "location": "string",
    "target_end_date": "date32",
    "output_type": "string",
    "output_type_id": "float64",
    "value": "float64",
}
HUBVERSE_COLUMNS = tuple(HUBVERSE_TYPES)

# The panels count different things, so that a hub scores them as different targets.
TARGETS: dict[Panel, str] = {"usbp-sectors": "monthly USBP encounters", "cbp-states": "monthly CBP encounters"}


def ordered(areas: Iterable[Area]) -> list[Area]:
    """From the nation down, the southwest border first among equals, then by name."""
    return sorted(areas, key=lambda one: (_RANKS[one.kind], not _in_southwest(one), one.name))


def _in_southwest(one: Area) -> bool:
    return any(slug.endswith("southwest") for slug in (one.slug, *one.parents))


def choose(release: Release, areas: Iterable[str] | None = None) -> Chosen:
    """The forecasts of some areas in the order asked for, or of all in the order of `ordered`. An area that is not there is left out."""
    slugs = [one.slug for one in ordered(map(area, release.by_slug))] if areas is None else areas
    return [(release, release.by_slug[slug]) for slug in slugs if slug in release.by_slug]


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV (RFC 4180): one header, one line per row, empty where unknown. Text that a spreadsheet would run gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in row] for row in rows)
    return out.getvalue()


def level_places(levels: Sequence[float], coverage: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Coverage in per cent -> places of its lower and upper level. Raises LevelsError where one is not stored."""
    place = {round(level * 1000): at for at, level in enumerate(levels)}
    found = {}
    for per_cent in coverage:
        lower = (100 - per_cent) * 5
        if lower not in place or 1000 - lower not in place:
            raise LevelsError(f"The release does not store the ends of the {per_cent} % interval; its levels are {list(levels)}.")
        found[per_cent] = (place[lower], place[1000 - lower])
    return found


def scaled(value: float, month: Month, unit: Unit) -> float:
    """Encounters per month, rounded: whole per month, or the mean per day of that month with one decimal."""
    return round(value) if unit == "month" else round(value / month.days, 1)


def forecast_columns(coverage: Iterable[int] = COVERAGE, *, stale: bool = False) -> tuple[str, ...]:
    """The columns of `forecast_rows`. `stale`: whether one says if the release is overdue, which is no part of the release."""
    ends = [f"{end}_{per_cent}" for per_cent in coverage for end in ("lower", "upper")]
    head = ("panel", "release", "data_through", "stale_after", *(["stale"] if stale else []), "area", "name", "kind")
    return (*head, "month", "horizon", "lead", "unit", "median", "mean", *ends, "fallback")


def forecast_rows(
    chosen: Chosen, *, coverage: Sequence[int] = COVERAGE, unit: Unit = "month", horizon: int | None = None, today: date | None = None
) -> Iterator[tuple[Any, ...]]:
    """One row per area and month, rounded by `scaled`. `horizon`: months at most; `today`: fills the column `stale`, None leaves it out.

    Raises LevelsError for a coverage that the release does not store.
    """
    for release, forecast in chosen:
        manifest, one = release.manifest, area(forecast.slug)
        places = level_places(release.levels, (0, *coverage))
        # `true` as JSON and pandas have it.
        stale = [json.dumps(today > manifest.stale_after)] if today else []
        head = (manifest.panel, release.id, str(manifest.origin), str(manifest.stale_after), *stale, one.slug, one.name, one.kind)
        fallback = manifest.fallbacks.get(one.slug)
        middle = places[0][0]
        for at, month in enumerate(forecast.months[:horizon]):
            row = forecast.quantiles[at]
            ends = [scaled(row[end], month, unit) for per_cent in coverage for end in places[per_cent]]
            figures = (scaled(row[middle], month, unit), scaled(forecast.means[at], month, unit), *ends)
            yield (*head, str(month), at + 1, release.lead(month), UNITS[unit], *figures, fallback)


def forecasts_csv(
    chosen: Chosen, *, coverage: Sequence[int] = COVERAGE, unit: Unit = "month", horizon: int | None = None, today: date | None = None
) -> str:
    """`forecast_rows` under their header, as CSV."""
    rows = forecast_rows(chosen, coverage=coverage, unit=unit, horizon=horizon, today=today)
    return csv_text(forecast_columns(coverage, stale=today is not None), rows)


def quantile_rows(chosen: Chosen) -> Iterator[tuple[Any, ...]]:
    """The quantile table, QUANTILE_COLUMNS: every level of every month, in encounters per month as stored; months as first days."""
    for release, forecast in chosen:
        manifest, one = release.manifest, area(forecast.slug)
        head = (manifest.panel, release.id, one.slug, "recipe", one.series, manifest.origin.first_day)
        for at, month in enumerate(forecast.months):
            for level, value in zip(release.levels, forecast.quantiles[at], strict=True):
                yield (*head, month.first_day, at + 1, level, value)


def hubverse_rows(release: Release, areas: Iterable[str] | None = None) -> Iterator[tuple[Any, ...]]:
    """Model output of a forecast hub, HUBVERSE_COLUMNS, by area, month and level, in encounters per month as they are stored.

    `origin_date` is the last day of the last observed month and `target_end_date` that of the target month, `horizon` months later; both
    as dates. `location` is the area's slug. What a row may hold is in `hub_tasks`. `areas` as in `choose`.
    """
    origin = release.manifest.origin.last_day
    target = TARGETS[release.manifest.panel]
    for _, forecast in choose(release, areas):
        for at, month in enumerate(forecast.months):
            task = (origin, target, at + 1, forecast.slug, month.last_day, "quantile")
            for level, value in zip(release.levels, forecast.quantiles[at], strict=True):
                yield (*task, level, value)


def hubverse_csv(releases: Iterable[Release], areas: Sequence[str] | None = None) -> str:
    """`hubverse_rows` of some releases under one header, as CSV."""
    return csv_text(HUBVERSE_COLUMNS, (row for release in releases for row in hubverse_rows(release, areas)))


def hub_tasks() -> bytes:
    """The hub's `tasks.json` (hubverse schema 5): rounds, task ids, levels and what values are allowed."""
    return (resources.files("forecast.release") / "hub" / "tasks.json").read_bytes()


def parquet(types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as a Parquet file. `types`: column -> Arrow type, in the order of a row's cells; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    arrays = [pa.array(cells).cast(pa.type_for_alias(name)) for cells, name in zip(columns, types.values(), strict=True)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays, names=list(types)), sink)
    written: bytes = sink.getvalue().to_pybytes()
    return written
