"""The shapes in which a release leaves the project: intervals,
the quantile table, a hub's model output; as CSV and Parquet.

A table is written here and nowhere else, in both formats from the same cells. Writes no file, reads no clock, loads
nothing heavy: pyarrow is loaded when Parquet is asked for, and only then.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from forecast.release import parquet
from forecast.release.intervals import Wanted, columns_ahead, in_words
from forecast.release.parquet import COLUMN
from forecast.release.read import AreaForecast, JointDraws, Release

__all__ = [
    "HUBVERSE",
    "LONG",
    "Chosen",
    "LongShape",
    "Table",
    "choose",
    "csv_rows",
    "csv_table",
    "hubverse",
    "intervals",
    "quantiles",
    "rounds",
    "samples",
]

Chosen = Sequence[tuple[Release, AreaForecast]]
LongShape = Literal["quantiles", "hubverse"]

# The months of a release as they are served where nobody asks for others.
_ALL = Wanted()
# A spreadsheet takes text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def choose(release: Release, areas: Iterable[str] | None = None) -> Chosen:
    """The forecasts of some areas in the order asked for, or of all in the order of their panel.
    An area that is not there is left out.
    """
    slugs = [one.slug for one in release.panel.ordered(release.by_slug)] if areas is None else areas
    return [(release, release.by_slug[slug]) for slug in slugs if slug in release.by_slug]


def csv_table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """CSV (RFC 4180) in UTF-8: one header, one line per row, empty where unknown; an apostrophe before text that a
    spreadsheet would run.
    """
    return _lines(itertools.chain([names], map(_safe, rows)))


def csv_rows(rows: Iterable[Sequence[Any]]) -> bytes:
    """The same without a header."""
    return _lines(map(_safe, rows))


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _safe(cells: Sequence[Any]) -> Sequence[Any]:
    """The cells, true and false as JSON and pandas have them; with an apostrophe before text that a spreadsheet would
    run.
    """
    return [
        f"'{cell}"
        if isinstance(cell, str) and cell.startswith(_FORMULA)
        else json.dumps(cell)
        if isinstance(cell, bool)
        else cell
        for cell in cells
    ]


@dataclass(frozen=True)
class Table:
    """Rows in pieces, to be gone through once. `types`: column -> Arrow type.

    A piece has of each column its cells, as a list, tuple or range, or the one cell that all its rows have. Cells in
    lists are numbers, days, or words that CSV has without quotes; a month of Parquet is the moment when it begins.
    """

    types: Mapping[str, str]
    pieces: Iterable[Sequence[Any]]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Row by row."""
        for piece in self.pieces:
            cells = (cell if isinstance(cell, COLUMN) else itertools.repeat(cell) for cell in piece)
            yield from zip(*cells, strict=False)

    def csv(self) -> Iterator[bytes]:
        """As CSV: the header, then piece by piece."""
        yield (",".join(self.types) + "\r\n").encode()
        for piece in self.pieces:
            # What all rows share is written once, with a place for each other cell.
            shared = ("%s" if isinstance(cell, COLUMN) else _unformatted(cell) for cell in piece)
            line = csv_rows([tuple(shared)]).decode()
            rows = zip(*(cell for cell in piece if isinstance(cell, COLUMN)), strict=True)
            yield "".join([line % row for row in rows]).encode()

    def parquet(self) -> bytes:
        """As a Parquet file; the same cells give the same bytes."""
        return parquet.written(self.types, self.pieces)


def _unformatted(cell: Any) -> Any:
    return cell.replace("%", "%%") if isinstance(cell, str) else cell


def intervals(chosen: Chosen, wanted: Wanted = _ALL, *, today: date | None = None) -> Table:
    """One row per area and month, one piece per area.

    `today` fills the column `stale`, which is no part of a release; None leaves it out. Figures of a compared model
    have a column that names it. Its `pieces` raise LevelsError for a coverage that the release does not store.
    """
    stale, model = today is not None, any(release.model != "recipe" for release, _ in chosen)
    types = {
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
        **{f"{end}_{per_cent}": "float64" for per_cent in wanted.coverage for end in ("lower", "upper")},
        "fallback": "string",
    }

    def piece(release: Release, forecast: AreaForecast) -> list[Any]:
        area, manifest = release.panel.area(forecast.slug), release.manifest
        month, ahead, lead, median, mean, *ends = columns_ahead(release, forecast, wanted)
        return [
            manifest.panel,
            release.id,
            *([release.model] if model else []),
            manifest.origin,
            manifest.stale_after,
            *([] if today is None else [today > manifest.stale_after]),
            area.slug,
            area.name,
            area.kind,
            month,
            ahead,
            lead,
            in_words(release.panel, wanted.unit),
            median,
            None if forecast.means is None else mean,
            *ends,
            manifest.fallbacks.get(area.slug),
        ]

    return Table(types, (piece(release, forecast) for release, forecast in chosen))


def quantiles(chosen: Chosen, *, horizon: int | None = None) -> Table:
    """The quantile table: every level of every month in encounters per month as stored, a piece per area; `horizon`
    months at most. Months as timestamps of their first day: as backtests write them.
    """
    types = {
        **dict.fromkeys(("panel", "release", "area", "model", "series"), "string"),
        **dict.fromkeys(("origin", "target_month"), "timestamp[us]"),
        "horizon": "int64",
        **dict.fromkeys(("level", "value"), "float64"),
    }

    def piece(release: Release, forecast: AreaForecast) -> list[Any]:
        panel, area = release.manifest.panel, release.panel.area(forecast.slug)
        head = (panel, release.id, area.slug, release.model, area.series, release.manifest.origin.first_day)
        return [*head, *_levels(release, forecast, [month.first_day for month in forecast.months[:horizon]])]

    return Table(types, (piece(release, forecast) for release, forecast in chosen))


# Columns of the model output of a forecast hub. `origin_date` is the last day of the last observed month and
# `target_end_date` that of the target month, `horizon` months later; `location` is the area's slug. What a row may hold
# is in `hub_tasks`. Source: hubverse, "Model output": task id columns, then output_type, output_type_id and value.
HUBVERSE = {
    "origin_date": "date32",
    "target": "string",
    "horizon": "int64",
    "location": "string",
    "target_end_date": "date32",
    "output_type": "string",
    "output_type_id": "float64",
    "value": "float64",
}


def hubverse(chosen: Chosen, *, horizon: int | None = None) -> Table:
    """The same as model output of a forecast hub."""

    def piece(release: Release, forecast: AreaForecast) -> list[Any]:
        days = [month.last_day for month in forecast.months[:horizon]]
        end, ahead, level, value = _levels(release, forecast, days)
        origin, target = release.manifest.origin.last_day, release.panel.target
        return [origin, target, ahead, forecast.slug, end, "quantile", level, value]

    return Table(HUBVERSE, (piece(release, forecast) for release, forecast in chosen))


def _levels(release: Release, forecast: AreaForecast, days: Sequence[date]) -> list[list[Any]]:
    """Columns of every level of some months: the month's day, its horizon, level and value."""
    count = len(release.levels)
    return [
        [day for day in days for _ in range(count)],
        [ahead for ahead in range(1, len(days) + 1) for _ in range(count)],
        [*release.levels] * len(days),
        [value for stored in forecast.quantiles[: len(days)] for value in stored],
    ]


def samples(release: Release, draws: JointDraws, areas: Sequence[AreaForecast], *, horizon: int | None = None) -> Table:
    """Model output of a forecast hub, a row per area, month and draw; one piece per area and month, with the columns of
    the quantiles, so that one hub takes both.

    `output_type_id` is the draw, from 1: it is one world through all areas and horizons, in every file of the release,
    so that an origin date is one compound modeling task (`compound_taskid_set`: origin_date). Source: hubverse, "Sample
    output type"; the ids of such a task are unique over the file.
    """
    origin, target, worlds = release.manifest.origin.last_day, release.panel.target, range(1, draws.draws + 1)
    return Table(
        HUBVERSE,
        (
            [origin, target, at + 1, forecast.slug, month.last_day, "sample", worlds, values]
            for forecast in areas
            for at, (month, values) in enumerate(
                zip(forecast.months[:horizon], _whole(draws, forecast.slug), strict=False)
            )
        ),
    )


def _whole(draws: JointDraws, slug: str) -> list[list[int]]:
    """Of each month the draws, which are whole numbers."""
    whole: list[list[int]] = draws.paths([slug]).values[0].astype(int).tolist()
    return whole


LONG: dict[LongShape, Callable[..., Table]] = {"quantiles": quantiles, "hubverse": hubverse}


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
