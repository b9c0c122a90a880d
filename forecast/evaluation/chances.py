"""Scores the chances of exceeding a threshold at past origins: the Brier score against climatology, and reliability.

Thresholds follow from what was known at each origin, and from nothing else. Knows no model and no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.core.months import Month
from forecast.core.scoring import chance_above
from forecast.core.tables import Counts, Floats, Forecasts
from forecast.evaluation.cells import BANDS, ERAS, KEYS, cells, in_columns
from forecast.evaluation.selection import lead_band

__all__ = ["BINS", "LEVELS_OF_THRESHOLDS", "WINDOW", "chances", "reliability", "report", "summary"]

# Thresholds of an area at an origin: these quantiles of its last WINDOW known months. A half, a quarter and a tenth of
# the recent months were above them.
LEVELS_OF_THRESHOLDS: tuple[float, ...] = (0.5, 0.75, 0.9)
WINDOW = 36
# Equal stretches of probability within which forecasts are compared with what came.
BINS = 10


def chances(*, forecasts: Iterable[Forecasts], truth: Counts) -> pd.DataFrame:
    """One row per model, area, origin, target month and threshold: KEYS, `lead_band`, `level`, `threshold`,
    `probability`, `above` (1.0 where the count was), and two forecasts that know no model.

    `climatology`: the share of all the area's months known at the origin that were above the threshold; those of one
    calendar month alone are too few to be a strong opponent. `recent`: the share of the last WINDOW months.
    Probabilities are read between the quantiles, and a count rounded to ten is above where what it stands for is.
    """
    totals, forecasts = truth.totals(), tuple(forecasts)
    known: dict[tuple[str, str], tuple[Floats, Floats, Floats]] = {}
    every, parts = [], []
    # Every cell is here once a threshold: names that are numbers inside take a fifth of the memory of names.
    names = _names(forecasts, truth)
    for compared in cells(forecasts=forecasts, truth=truth):
        keys = compared.keys.astype({column: names[column] for column in names if column != "lead_band"})
        origin = str(compared.keys["origin"].iloc[0])
        codes, areas = pd.factorize(compared.keys["area"])
        for area in areas:
            if (area, origin) not in known:
                history = totals[area][: Month.parse(origin) - truth.first + 1]
                known[area, origin] = _thresholds(history[~np.isnan(history)])
        of_areas = np.array([known[area, origin] for area in areas])
        for place, level in enumerate(LEVELS_OF_THRESHOLDS):
            threshold, climatology, recent = of_areas[codes, :, place].T
            # A figure rounded to ten is above 120 where it is 130, and that stands for 125 and more.
            border = (np.floor(threshold / compared.precision) + 0.5) * compared.precision
            every.append(keys)
            parts.append(
                {
                    "level": np.full(len(keys), level),
                    "threshold": threshold,
                    "probability": chance_above(compared.exact, compared.levels, border),
                    "above": (compared.observed > threshold).astype(float),
                    "climatology": climatology,
                    "recent": recent,
                }
            )
    rows = in_columns(every, parts, ["level", "threshold", "probability", "above", "climatology", "recent"])
    bands = {lead: lead_band(lead) for lead in rows["lead"].unique()}
    rows.insert(len(KEYS), "lead_band", rows["lead"].map(bands).astype(names["lead_band"]))
    return rows[rows["threshold"].notna()]


def _names(forecasts: Iterable[Forecasts], truth: Counts) -> dict[str, pd.CategoricalDtype]:
    """Of each column of names all that can stand in it, in the order of the alphabet."""
    tables = tuple(forecasts)
    areas = {area for table in tables for area in table.areas}
    values = {
        "model": {table.model for table in tables},
        "area": areas,
        "group": {truth.panel.group_of(area) for area in areas},
        "era": {era for era, _, _ in ERAS},
        "origin": {str(table.origin) for table in tables},
        "target_month": {str(month) for table in tables for month in table.months},
        "band": {band for band, _, _ in BANDS},
        "lead_band": {"", *(lead_band(lead) for table in tables for lead in range(-2, table.horizon))},
    }
    return {column: pd.CategoricalDtype(sorted(own)) for column, own in values.items()}


def _thresholds(history: Floats) -> tuple[Floats, Floats, Floats]:
    """Thresholds, and of all months and the last WINDOW the shares above them; NaN where no month is known."""
    if not len(history):
        return (np.full(len(LEVELS_OF_THRESHOLDS), np.nan),) * 3
    recent = history[-WINDOW:]
    thresholds = np.quantile(recent, LEVELS_OF_THRESHOLDS)
    return thresholds, *((past[:, None] > thresholds).mean(axis=0) for past in (history, recent))


def summary(rows: pd.DataFrame, by: Sequence[str] = ("model", "group", "lead_band")) -> pd.DataFrame:
    """Of each group of `by`: `brier`, `climatology` and `recent` (mean squared errors of the three forecasts), `ratio`
    and `recent_ratio` of the first to them (below 1 is better), `reliability_error`, `months` and `cells`.

    `reliability_error`: mean |forecast - frequency| over BINS stretches of probability, each with its share of the
    cells. Source: Brier 1950; Murphy 1973 for the stretches.
    """
    squared = rows.assign(
        brier=(rows["probability"] - rows["above"]) ** 2,
        climatology=(rows["climatology"] - rows["above"]) ** 2,
        recent=(rows["recent"] - rows["above"]) ** 2,
    )
    grouped = squared.groupby(list(by), sort=False)
    table = grouped[["brier", "climatology", "recent"]].mean()
    table = table.assign(
        ratio=table["brier"] / table["climatology"],
        recent_ratio=table["brier"] / table["recent"],
        months=grouped["target_month"].nunique(),
        cells=grouped.size(),
    )
    parts = reliability(rows, by)
    apart = (parts["forecast"] - parts["frequency"]).abs() * parts["cells"]
    errors = apart.groupby([parts[name] for name in by], sort=False).sum()
    return table.assign(reliability_error=errors / table["cells"]).reset_index()


def reliability(rows: pd.DataFrame, by: Sequence[str] = ("model", "group", "lead_band")) -> pd.DataFrame:
    """Of each group of `by` and stretch of probability: mean `forecast`, `frequency` of what came, and `cells`."""
    stretch = np.minimum((rows["probability"].to_numpy(float) * BINS).astype(int), BINS - 1)
    grouped = rows.assign(stretch=stretch).groupby([*by, "stretch"], sort=True)
    return grouped.agg(
        forecast=("probability", "mean"), frequency=("above", "mean"), cells=("above", "size")
    ).reset_index()


def report(rows: pd.DataFrame, *, model: str) -> dict[str, Any]:
    """What a release says of the chances of one recipe, as JSON values: figures by group of areas and lead."""
    own = rows[(rows["model"] == model) & (rows["lead_band"] != "")]
    names = ("brier", "climatology", "recent", "ratio", "recent_ratio", "reliability_error")
    figures = [
        {"group": row["group"], "lead": row["lead_band"], "months": int(row["months"]), "cells": int(row["cells"])}
        | {name: _written(float(row[name])) for name in names}
        for row in summary(own, ("group", "lead_band")).to_dict("records")
    ]
    return {"thresholds": list(LEVELS_OF_THRESHOLDS), "window": WINDOW, "figures": figures}


def _written(value: float) -> float | None:
    """Four decimals; None where climatology was never wrong, so that nothing can be compared with it."""
    return round(value, 4) if np.isfinite(value) else None
