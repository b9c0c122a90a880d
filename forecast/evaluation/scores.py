"""Scores forecasts against later counts, one row per area and month, and sums the rows up. Knows no model and no file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.core.areas import group_of
from forecast.core.months import Month
from forecast.core.scoring import inside, round_to, seasonal_scale, weighted_interval_score
from forecast.core.tables import Counts, Floats, Forecasts

__all__ = ["FIGURES", "report", "score", "summary"]

# Column -> what it means. All are means over cells (area x origin x month) in a summary.
FIGURES = {
    "sWIS": "weighted interval score over the area's own mean |y(t) - y(t-12)| up to the origin",
    "logWIS": "weighted interval score of log(1 + count), unscaled",
    "MASE": "|median - count|, scaled as sWIS",
    "coverage_50": "share of counts inside the central 50 % interval",
    "coverage_80": "share of counts inside the central 80 % interval",
    "coverage_95": "share of counts inside the central 95 % interval",
}


@dataclass(frozen=True)
class _Truth:
    """Counts of every area with the precision that a score may use, and the origin's scale."""

    totals: dict[str, Floats]
    precision: dict[str, Floats]


def _truth(counts: Counts, areas: Sequence[str]) -> _Truth:
    totals = counts.totals()
    place = {slug: column for column, slug in enumerate(counts.areas)}
    coarsest = np.maximum(counts.precision.max(axis=1), 1).astype(float)
    known = {slug: np.maximum(counts.precision[:, place[slug]], 1).astype(float) if slug in place else coarsest for slug in areas}
    return _Truth(totals, known)


def score(*, forecasts: Iterable[Forecasts], truth: Counts) -> pd.DataFrame:
    """One row per model, area, origin and target month that `truth` knows, with the columns of FIGURES and `group`, `horizon`.

    Quantiles are first rounded to the precision of the figure they are compared with. The scale sees no month after the origin.
    """
    tables = list(forecasts)
    known = _truth(truth, sorted({slug for table in tables for slug in table.areas}))
    parts = []
    for table in tables:
        first = table.origin - truth.first + 1
        steps = np.arange(first, min(first + table.horizon, len(truth.values)))
        if len(steps) == 0:
            continue
        for row, slug in enumerate(table.areas):
            observed = known.totals[slug][steps]
            quantiles = round_to(table.values[row, : len(steps)], known.precision[slug][steps][:, None])
            scale = seasonal_scale(known.totals[slug][:first])
            median = quantiles[:, table.levels.index(0.5)]
            figures = {
                "sWIS": weighted_interval_score(quantiles, table.levels, observed) / scale,
                "logWIS": weighted_interval_score(np.log1p(quantiles), table.levels, np.log1p(observed)),
                "MASE": np.abs(median - observed) / scale,
            }
            figures |= {f"coverage_{width}": inside(quantiles, table.levels, observed, width) for width in (50, 80, 95)}
            frame = pd.DataFrame(figures).assign(
                model=table.model, area=slug, group=group_of(slug), origin=str(table.origin), horizon=np.arange(1, len(steps) + 1)
            )
            parts.append(frame[~np.isnan(observed)])
    if not parts:
        return pd.DataFrame(columns=["model", "area", "group", "origin", "horizon", *FIGURES])
    columns = ["model", "area", "group", "origin", "horizon", *FIGURES]
    return pd.concat(parts, ignore_index=True)[columns]


def summary(scores: pd.DataFrame, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    """Mean of every figure over the cells of each group of `by`, with `cells`, best sWIS first."""
    grouped = scores.groupby(list(by), sort=False)
    table = grouped[list(FIGURES)].mean().assign(cells=grouped.size())
    return table.sort_values("sWIS").reset_index()


def report(scores: pd.DataFrame, *, origins: Sequence[Month], champion: dict[str, float]) -> dict[str, Any]:
    """What a release says of its evaluation, as JSON values: the origins, and every model's figures over the leaves, by group.

    `champion`: each recipe's figure in the choice of the champion. Figures have four decimals.
    """
    leaves = scores[scores["group"] != "total"]
    tables = {"all": leaves} | {str(name): part for name, part in scores.groupby("group")}
    figures = {
        name: {row["model"]: {figure: round(float(row[figure]), 4) for figure in FIGURES} for row in summary(part).to_dict("records")}
        for name, part in tables.items()
    }
    return {"origins": [str(origin) for origin in origins], "selection": champion, "figures": figures}
