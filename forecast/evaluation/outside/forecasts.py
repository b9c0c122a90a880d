"""Forecasts that another program made, checked and laid out as those of the project. Reads no file, scores nothing."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.core.errors import TableError
from forecast.core.months import SEASON, Month
from forecast.core.panels import Panel
from forecast.core.scorecard import SCORED_COVERAGES
from forecast.core.scoring import interval_levels
from forecast.core.tables import Counts, Forecasts
from forecast.counts.plain import MOST_COUNTED
from forecast.evaluation.outside.files import called

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NEEDED_LEVELS", "forecasts", "panel_of", "span"]

# The levels that a score is made of: the median and the ends of the scored intervals.
NEEDED_LEVELS: tuple[float, ...] = tuple(
    sorted({0.5, *(end for coverage in SCORED_COVERAGES for end in interval_levels(coverage))})
)
_CELL = ["model", "series", "origin", "target"]
# Medians that hit so large a share of the larger counts to the unit were not forecast.
_KNOWN_SHARE, _LARGE, _LEAST_CELLS = 0.5, 100, 24


def panel_of(rows: pd.DataFrame, panels: Mapping[str, Panel]) -> str:
    """The one panel that all series of a table are of. Raises TableError where none is, or more than one may be."""
    named = set(rows["panel"]) & set(panels) if "panel" in rows else set()
    series = set(rows["series"])
    whole = [name for name in panels if not (named and name not in named) and not series - _names(panels[name]).keys()]
    if len(whole) == 1:
        return whole[0]
    file = rows["file"].iloc[0]
    if whole:
        raise TableError(f"{file} may be of {' or '.join(whole)}. Say which: --panel {whole[0]}.")
    best = max(panels, key=lambda name: len(series & _names(panels[name]).keys()))
    raise _unknown(file, series, panels[best])


def _names(panel: Panel) -> dict[str, str]:
    """What a table may call an area -> its slug; the name in quantile tables goes before its other names."""
    names: dict[str, str] = {}
    for area in panel.areas.values():
        for name in (area.slug, area.name):
            names.setdefault(name, area.slug)
    return names | {area.series: area.slug for area in panel.areas.values()}


def _unknown(file: str, series: Iterable[str], panel: Panel) -> TableError:
    names = _names(panel)
    strange = min(name for name in series if name not in names)
    if not panel.areas:
        return TableError(
            f"{file}: {strange[:60]!r} is no series of {panel.id}, whose areas come with its counts, and none are in. "
            f"Take them in: encounters ingest FILE --panel {panel.id}"
        )
    return TableError(
        f"{file}: {strange[:60]!r} is no series of {panel.id}. Names look like "
        f"{', '.join(repr(area.series) for area in list(panel.areas.values())[-2:])}, or slugs like "
        f"{list(panel.areas)[-1]!r}."
    )


def forecasts(rows: pd.DataFrame, *, counts: Counts, taken: Collection[str] = ()) -> tuple[Forecasts, ...]:
    """What `load` gave, of the panel of `counts`, as forecasts; `taken`: names of models that are other ones' already.

    A model whose name is taken carries its file's name behind its own. Rows of other panels and targets that the table
    names are left out. Means are not in such a table and stay unknown, as do the figures that rest on them. Raises
    TableError, in one line, for an unknown series, levels that cannot be scored, a quantile twice, negative or crossing
    ones, a series that lacks a month or a level, and medians that are the counts themselves.
    """
    panel = counts.panel
    rows = _of_panel(rows, panel)
    file = str(rows["file"].iloc[0])
    names = _names(panel)
    if set(rows["series"]) - names.keys():
        raise _unknown(file, set(rows["series"]), panel)
    stems = rows["file"].map({name: called(Path(name)) for name in rows["file"].unique()})
    rows = rows.assign(
        series=rows["series"].map(names),
        model=rows["model"].where(~rows["model"].isin(list(taken)), rows["model"] + " (" + stems + ")"),
    )
    if clash := set(rows["model"]) & set(taken):
        raise TableError(f"{file}: another model is called {min(clash)!r} already. Give it its own name in `model`.")
    twice = rows.duplicated([*_CELL, "level"])
    if twice.any():
        raise TableError(
            f"{file}: {_cell(rows[twice].iloc[0])} has level {rows[twice]['level'].iloc[0]:g} twice. Keep one."
        )
    made = [
        table
        for name, part in rows.groupby("model", sort=True)
        for table in _of_model(str(part["file"].iloc[0]), str(name), part)
    ]
    _not_the_counts(file, made, counts)
    return tuple(made)


def _of_panel(rows: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The rows that say they are of a panel, all of them where none says of which it is."""
    file = rows["file"].iloc[0]
    for column, own in (("panel", panel.id), ("counted", panel.target)):
        if column in rows:
            named = set(rows[column].dropna())
            kept = rows[rows[column].isna() | (rows[column] == own)]
            if kept.empty and (column == "panel" or len(named) > 1):
                raise TableError(f"{file} is of {', '.join(sorted(named))}, not of {own}. Name its panel with --panel.")
            rows = rows if kept.empty else kept
    return rows


def _of_model(file: str, model: str, rows: pd.DataFrame) -> Iterable[Forecasts]:
    """A table per origin, and per number of months where areas differ in it."""
    wide = rows.pivot(index=["origin", "series", "target"], columns="level", values="value").sort_index()
    levels = tuple(float(level) for level in wide.columns)
    if not all(0 < level < 1 for level in levels):
        strange = next(level for level in levels if not 0 < level < 1)
        raise TableError(f"{file}: {model} has a level {strange:g}. Levels lie between 0 and 1; 0.5 is the median.")
    if missing := [level for level in NEEDED_LEVELS if level not in levels]:
        raise TableError(
            f"{file}: {model} has no level {missing[0]:g}. Scores rest on "
            f"{', '.join(f'{level:g}' for level in NEEDED_LEVELS)}; more are welcome."
        )
    values = wide.to_numpy(float)
    index = wide.reset_index()[["origin", "series", "target"]].assign(model=model)
    for bad, what in (
        (np.isnan(values).any(axis=1), "lacks a level that others have. Give every month every level"),
        ((values < 0).any(axis=1), "has a negative quantile. Counts are 0 or more: cut them there"),
        ((values > MOST_COUNTED).any(axis=1), f"has a quantile over {MOST_COUNTED:,}. Nothing so large is counted"),
        ((np.diff(values, axis=1) < -1e-9).any(axis=1), "has quantiles that cross. Sort them by level"),
    ):
        if bad.any():
            raise TableError(f"{file}: {_cell(index[bad].iloc[0])} {what}.")
    values = np.maximum.accumulate(values, axis=1)
    for ordinal in sorted(index["origin"].unique().tolist()):
        origin, at_origin = Month(ordinal), index[index["origin"] == ordinal]
        by_length: dict[int, list[tuple[str, Any]]] = {}
        for series, own in at_origin.groupby("series"):
            steps = (own["target"] - own["origin"]).to_numpy()
            if (steps != np.arange(1, len(steps) + 1)).any():
                gap = int(np.flatnonzero(steps != np.arange(1, len(steps) + 1))[0]) + 1
                raise TableError(
                    f"{file}: {model} lacks {origin + gap} of {series} from {origin}. Give each month from the one "
                    "after the origin."
                )
            by_length.setdefault(len(steps), []).append((str(series), own.index.to_numpy()))
        for areas in by_length.values():
            block = np.stack([values[places] for _, places in areas])
            yield Forecasts(
                model, origin, tuple(slug for slug, _ in areas), block, np.full(block.shape[:2], np.nan), levels
            )


def _cell(row: Any) -> str:
    return f"{row['model']}, {row['series']}, {Month(int(row['target']))} from {Month(int(row['origin']))},"


def _not_the_counts(file: str, made: Iterable[Forecasts], counts: Counts) -> None:
    """Refuse a model whose medians are the counts that came later."""
    totals = counts.totals()
    hits: dict[str, list[bool]] = {}
    for table in made:
        first = table.origin - counts.first + 1
        for row, slug in enumerate(table.areas):
            if slug not in totals or first < 0:
                continue
            came = totals[slug][first : first + table.horizon]
            medians = table.at(0.5)[row, : len(came)]
            hits.setdefault(table.model, []).extend(np.abs(medians - came)[came >= _LARGE] < 0.5)
    for model, equal in hits.items():
        if len(equal) >= _LEAST_CELLS and np.mean(equal) > _KNOWN_SHARE:
            raise TableError(
                f"{file}: the medians of {model} are the counts themselves in {100 * np.mean(equal):.0f} % of "
                f"{len(equal)} months. Give forecasts that saw nothing after their origin."
            )


def span(tables: Iterable[Forecasts], counts: Counts) -> str:
    """The options of `encounters backtest` that replay the origins of some tables, as far as counts reach."""
    tables = [
        table for table in tables if table.origin < counts.through and table.origin >= counts.first + (2 * SEASON - 1)
    ]
    origins = sorted({table.origin for table in tables})
    if not origins:
        return f"--panel {counts.panel} --first {counts.first + (2 * SEASON - 1)} --last {counts.through} --step 6"
    steps = {later - earlier for earlier, later in pairwise(origins)}
    step = math.gcd(*steps) or 1
    horizon = max(table.horizon for table in tables)
    return (
        f"--panel {counts.panel} --first {origins[0]} --last {origins[-1]} --step {step} --horizon {min(horizon, 60)}"
    )
