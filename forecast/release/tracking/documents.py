"""What a logged model consists of, written and read: counts as CSV, fits and settings as JSON. Knows no MLflow.

Nothing is pickled: a fit is its parameters and its series, and `restore` makes it again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.core.panels import Panel, bundled
from forecast.core.tables import LEVELS, Counts, Forecasts, Paths, Series
from forecast.models.catalog import Member
from forecast.models.fitting import Fit, FitTask, floor, generator, restore
from forecast.models.protocol import Fitted
from forecast.recipe.recipe import Run

__all__ = [
    "COLUMNS",
    "Family",
    "answer",
    "counts_frame",
    "family_text",
    "level_name",
    "read_counts",
    "read_family",
    "settings_text",
]

# The table of counts, as `counts_frame` lays it out: column -> kind.
COLUMNS: Any = {"month": str, "area": str, "encounters": float, "precision": int}


@dataclass(frozen=True)
class _FittedArea:
    series: Series
    fitted: Fitted
    failure: str | None


@dataclass(frozen=True)
class Family:
    """The fitted models of one member, by area, and how their sample paths are drawn."""

    member: Member
    horizon: int
    samples: int
    seed: int
    entries: dict[str, _FittedArea]

    def fitted(self) -> dict[str, tuple[Series, Fitted]]:
        """Area -> its series and its fitted model; the floor's model where the member failed."""
        return {area: (entry.series, entry.fitted) for area, entry in self.entries.items()}

    def forecasts(self) -> Forecasts:
        """The quantiles that the fits gave when they were made: same parameters, same seed, same paths."""
        drawn = [self._paths(entry).T for entry in self.entries.values()]
        origin = next(iter(self.entries.values())).series.origin
        return Paths(self.member.label, origin, tuple(self.entries), np.stack(drawn)).quantiles(LEVELS)

    def _paths(self, entry: _FittedArea) -> Any:
        task = FitTask(self.member, entry.series, self.horizon, self.samples, self.seed)
        stand_in = floor(entry.series).name if entry.failure else None
        return entry.fitted.simulate(self.horizon, self.samples, generator(task, stand_in))


def family_text(run: Run, member: Member, fits: Sequence[Fit]) -> str:
    """The fits of one member to leaves as JSON, and per area parameters, failure and series (null where unknown)."""
    areas, leaves = {}, set(run.counts.areas)
    for fit in (one for one in fits if one.area in leaves):
        series = run.counts.series(fit.area)
        areas[fit.area] = {
            "first": str(series.first),
            "values": [None if np.isnan(value) else float(value) for value in series.values],
            "parameters": dict(fit.parameters),
            "failure": fit.failure,
        }
    return json.dumps(
        {
            "model": member.model,
            "options": dict(member.options),
            "horizon": run.forecasts.horizon,
            "samples": run.recipe.samples,
            "seed": run.recipe.seed,
            "areas": areas,
        }
    )


def read_family(text: str) -> Family:
    """The inverse of `family_text`; each fit is restored from its parameters, without a search."""
    table = json.loads(text)
    member = Member.of(table["model"], **table["options"])
    entries = {}
    for area, row in table["areas"].items():
        values = np.array([np.nan if value is None else value for value in row["values"]], dtype=float)
        series = Series(area, Month.parse(row["first"]), values)
        entries[area] = _FittedArea(series, restore(member, series, row["parameters"], row["failure"]), row["failure"])
    return Family(member, table["horizon"], table["samples"], table["seed"], entries)


def counts_frame(counts: Counts) -> pd.DataFrame:
    """One row per month (2024-11) and leaf: `encounters` (NaN: unknown), `precision` (1, 10, or 0 where unknown)."""
    months, areas = np.meshgrid([str(month) for month in counts.months], counts.areas, indexing="ij")
    return pd.DataFrame(
        {
            "month": months.ravel(),
            "area": areas.ravel(),
            "encounters": counts.values.ravel(),
            "precision": counts.precision.ravel(),
        }
    )


def settings_text(run: Run, *, release_id: str, code_version: str) -> str:
    """What the recipe needs beside counts and its own file, and where all came from, as JSON."""
    counts = run.counts
    return json.dumps(
        {
            "panel": counts.panel.id,
            "described": counts.panel.described(),
            "as_of": counts.as_of.isoformat(),
            "horizon": run.forecasts.horizon,
            "release": release_id,
            "digest": counts.digest,
            "vintages": list(counts.vintages),
            "code_version": code_version,
        },
        indent=1,
    )


def read_counts(csv: str, settings: dict[str, Any]) -> Counts:
    """The counts of a table as `counts_frame` lays it out. Raises TableError where a month or an area is missing."""
    frame = pd.read_csv(io.StringIO(csv), dtype=COLUMNS)
    values = frame.pivot(index="month", columns="area", values="encounters")
    months = [Month.parse(str(month)) for month in values.index]
    if frame.groupby("month").size().nunique() != 1 or months[-1] - months[0] + 1 != len(months):
        raise TableError(
            "The logged counts lack a month or an area. Every month needs one row per area, empty where unknown."
        )
    precision = frame.pivot(index="month", columns="area", values="precision")
    areas = tuple(dict.fromkeys(frame["area"]))
    return Counts(
        panel=Panel.of_description(settings["described"]) if "described" in settings else bundled()[settings["panel"]],
        as_of=date.fromisoformat(settings["as_of"]),
        first=months[0],
        areas=areas,
        values=values[list(areas)].to_numpy(dtype=float, copy=True),
        precision=precision[list(areas)].to_numpy(dtype=np.int64, copy=True),
        vintages=tuple(settings["vintages"]),
    )


def level_name(level: float) -> str:
    """The column of a quantile level: `0.5`, `0.025`."""
    return f"{level:g}"


def answer(forecasts: Forecasts, asked: pd.DataFrame) -> pd.DataFrame:
    """The quantiles of the asked rows (`area`, `horizon`), with `target_month` (2024-12) and a column per level.

    Raises TableError for an area or a horizon that is not forecast.
    """
    place = {slug: row for row, slug in enumerate(forecasts.areas)}
    if unknown := sorted(set(asked["area"]) - set(place)):
        raise TableError(f"{unknown[0]} is not forecast here. The areas are {', '.join(place)}.")
    rows = np.array([place[slug] for slug in asked["area"]], dtype=int)
    steps = asked["horizon"].to_numpy(dtype=int) - 1
    if len(steps) and not (steps.min() >= 0 and steps.max() < forecasts.horizon):
        raise TableError(f"Horizons run from 1 to {forecasts.horizon} months after {forecasts.origin}.")
    head = pd.DataFrame(
        {
            "area": list(asked["area"]),
            "horizon": steps + 1,
            "target_month": [str(forecasts.months[step]) for step in steps],
        }
    )
    values = pd.DataFrame(forecasts.values[rows, steps], columns=[level_name(level) for level in forecasts.levels])
    return pd.concat([head, values], axis=1)
