"""Scores forecasts against later counts, one row per area and month, and sums the rows up.
Knows no model and no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.core.months import Month
from forecast.core.scorecard import FIGURES
from forecast.core.scoring import (
    SCORED_COVERAGES,
    crps_of_quantiles,
    inside,
    pit_bounds,
    weighted_interval_score,
    width,
)
from forecast.core.tables import LEVELS, Counts, Floats, Forecasts
from forecast.evaluation.cells import Cells, cells, in_columns

__all__ = ["CELL_FIGURES", "DETAILS", "details", "report", "score", "summary"]

# What a cell holds beside them.
CELL_FIGURES = {
    "sCRPS": "continuous ranked probability score from the quantiles, scaled as sWIS",
    "squared": "(mean - count)² over the area's own mean (y(t) - y(t-12))² up to the origin",
    "coverage_90": "share of counts inside the central 90 % interval",
    **{
        f"width_{coverage}": f"width of the central {coverage} % interval, scaled as sWIS"
        for coverage in SCORED_COVERAGES
    },
    "pit": "randomised probability integral transform: uniform on (0, 1) where the forecasts are right",
}
# What `details` gives.
DETAILS = {
    **FIGURES,
    **{name: text for name, text in CELL_FIGURES.items() if name not in ("squared", "pit")},
    "RMSSE": "root of the mean of `squared` over an area's months from one origin, then the mean over areas and "
    "origins",
}


def score(*, forecasts: Iterable[Forecasts], truth: Counts, seed: int = 0) -> pd.DataFrame:
    """One row per model, area, origin and target month that `truth` knows,
    with the columns of KEYS, FIGURES and CELL_FIGURES.

    Quantiles are first rounded to the precision of the figure they are compared with. The scale sees no month after the
    origin. `seed`: of the draws that make the PIT of rounded counts uniform.
    """
    keys: list[pd.DataFrame] = []
    parts: list[dict[str, Floats]] = []
    for compared in cells(forecasts=forecasts, truth=truth):
        keys.append(compared.keys)
        parts.append(_scored(compared, seed))
    return in_columns(keys, parts, [*FIGURES, *CELL_FIGURES])


def _scored(compared: Cells, seed: int) -> dict[str, Floats]:
    quantiles, levels, observed, scale = compared.quantiles, compared.levels, compared.observed, compared.scale
    median = quantiles[:, levels.index(0.5)]
    figures: dict[str, Floats] = {
        "sWIS": weighted_interval_score(quantiles, levels, observed) / scale,
        "logWIS": weighted_interval_score(np.log1p(quantiles), levels, np.log1p(observed)),
        "MASE": np.abs(median - observed) / scale,
        "sCRPS": _crps(compared),
        "squared": (compared.mean - observed) ** 2 / compared.square_scale,
        "pit": _pit(compared, seed),
    }
    for coverage in SCORED_COVERAGES:
        figures[f"coverage_{coverage}"] = inside(quantiles, levels, observed, coverage)
        figures[f"width_{coverage}"] = width(quantiles, levels, coverage) / scale
    return figures


def _crps(compared: Cells) -> Floats:
    """Scaled; unknown where levels are missing: fewer of them give another figure, not a worse one."""
    if not set(LEVELS) <= set(compared.levels):
        return np.full(len(compared.observed), np.nan)
    return np.asarray(crps_of_quantiles(compared.quantiles, compared.levels, compared.observed) / compared.scale)


def _pit(compared: Cells, seed: int) -> Floats:
    # A count of 120 rounded to ten was anything from 115 to 125, and an exact 0 stands for all that a forecast puts
    # below one half.
    low, high = pit_bounds(
        compared.exact,
        compared.levels,
        compared.observed - compared.precision / 2,
        compared.observed + compared.precision / 2,
    )
    rng = np.random.default_rng([seed, Month.parse(compared.keys["origin"].iloc[0]).ordinal])
    return np.asarray(low + rng.random(len(low)) * (high - low))


def summary(scores: pd.DataFrame, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    """Mean of every figure over the cells of each group of `by`, with `cells`, best sWIS first."""
    grouped = scores.groupby(list(by), sort=False)
    table = grouped[list(FIGURES)].mean().assign(cells=grouped.size())
    return table.sort_values("sWIS").reset_index()


def details(scores: pd.DataFrame, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    """Every figure of DETAILS for each group of `by`, with `cells`, best sWIS first.
    Source of RMSSE: Hyndman and Koehler 2006.
    """
    means = [name for name in DETAILS if name != "RMSSE"]
    keys = list(by)
    grouped = scores.groupby(keys, sort=False)
    series = scores.groupby(list(dict.fromkeys([*keys, "area", "origin"])), sort=False)["squared"].mean() ** 0.5
    table = grouped[means].mean().assign(RMSSE=series.groupby(keys, sort=False).mean(), cells=grouped.size())
    return table.sort_values("sWIS").reset_index()


def report(scores: pd.DataFrame, *, origins: Sequence[Month]) -> dict[str, Any]:
    """What a release says of its evaluation, as JSON values:
    the origins, and every model's figures over the leaves, by group.

    Figures have four decimals.
    """
    leaves = scores[scores["group"] != "total"]
    tables = {"all": leaves} | {str(name): part for name, part in scores.groupby("group")}
    figures = {
        name: {
            row["model"]: {figure: round(float(row[figure]), 4) for figure in FIGURES}
            for row in summary(part).to_dict("records")
        }
        for name, part in tables.items()
    }
    return {"origins": [str(origin) for origin in origins], "figures": figures}
