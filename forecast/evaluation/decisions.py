"""What a decision costs that rests on a forecast: places made ready against what came. Knows no model and no file.

A planner makes ready as many places as a quantile of the forecast says. A place too many costs 1, a place that lacks
costs `ratio`; the level that is right for a ratio is ratio / (1 + ratio) (the newsvendor's), so that the cost is the
pinball loss of that level, times 1 + ratio. Costs are over the area's own mean seasonal change, as sWIS. Source: Arrow,
Harris and Marschak 1951; Gneiting 2011 for the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.core.scorecard import COST_RATIOS, level_for
from forecast.core.tables import Counts, Floats, Forecasts
from forecast.evaluation.cells import KEYS, cells, in_columns
from forecast.evaluation.leaderboard import common
from forecast.evaluation.selection import lead_band
from forecast.evaluation.significance import Relative, relative

__all__ = ["board", "cost", "costs", "in_words", "lines", "priced", "report"]

_CELL = ["area", "origin", "horizon"]


def cost(ready: Floats, came: Floats, ratio: float) -> Floats:
    """(n,) what places made ready cost when so many came: 1 for each that is idle, `ratio` for each that lacks."""
    return np.maximum(ready - came, 0) + ratio * np.maximum(came - ready, 0)


def costs(
    *, forecasts: Iterable[Forecasts], truth: Counts, keys: Sequence[str] = KEYS, sums: bool = True
) -> pd.DataFrame:
    """A row per model, area, origin and month that `truth` knows: `keys`, and of each ratio what planning on the median
    (`median_4`) and on the right level (`safe_4`) costs; NaN where a table has no such level. `sums`: of sums too.
    """
    rows, parts = [], []
    for compared in cells(forecasts=forecasts, truth=truth):
        place = {round(level, 4): at for at, level in enumerate(compared.levels)}
        figures = {}
        for ratio in COST_RATIOS:
            for name, level in (("median", 0.5), ("safe", level_for(ratio))):
                at = place.get(round(level, 4))
                ready = np.full(len(compared.observed), np.nan) if at is None else compared.quantiles[:, at]
                figures[f"{name}_{ratio}"] = cost(ready, compared.observed, ratio) / compared.scale
        kept = np.full(len(compared.keys), True) if sums else (compared.keys["group"] != "total").to_numpy()
        rows.append(compared.keys.loc[kept, list(keys)])
        parts.append({name: figure[kept] for name, figure in figures.items()})
    return in_columns(rows, parts, [f"{name}_{ratio}" for ratio in COST_RATIOS for name in ("median", "safe")])


def priced(part: pd.DataFrame, ratio: int) -> dict[str, Any]:
    """What planning on some cells costs, as JSON values: `ratio`, `level`, `cost`, `median_cost`, `saved`, and of
    what is saved the ends `saved_low`, `saved_high` of a 90 % block bootstrap; None where origins are too few to tell.
    """
    entry, low, high = _entry(part, ratio), np.nan, np.nan
    if entry["saved"] is not None:
        against = _saved(part, ratio)
        low, high = 1 - against.high, 1 - against.low
    return entry | {"saved_low": _written(low), "saved_high": _written(high)}


def _saved(part: pd.DataFrame, ratio: int) -> Relative:
    """The cost of the right level over that of the median, on the same cells; what is saved is what it lacks to 1."""
    sides = [part[_CELL].assign(model=name, cost=part[f"{name}_{ratio}"]) for name in ("median", "safe")]
    return relative(pd.concat(sides), model="safe", against="median", figure="cost")


def board(*, forecasts: Sequence[Forecasts], truth: Counts) -> list[dict[str, Any]]:
    """Of each model over the leaves' cells that all models have, the cheapest first: `model`, `cells`, and `costs` by
    ratio, with the ends of a 90 % block bootstrap of what is saved. JSON values; none where no cell is shared.
    """
    leaves = costs(forecasts=forecasts, truth=truth, keys=("model", *_CELL), sums=False)
    if leaves.empty:
        return []
    rows = []
    for model, part in common(leaves).groupby("model", sort=True):
        rows.append({"model": str(model), "cells": len(part), "costs": [priced(part, ratio) for ratio in COST_RATIOS]})
    return sorted(rows, key=lambda row: (row["costs"][0]["cost"] is None, row["costs"][0]["cost"], row["model"]))


def report(table: pd.DataFrame, *, model: str) -> dict[str, Any]:
    """What a release says of decisions that rest on one recipe, as JSON values: costs by group of areas and lead.

    `table`: as `costs` gives it.
    """
    band = table["lead"].map(lead_band)
    own = table.assign(lead_band=band)[(table["model"] == model) & (band != "")]
    figures = [
        {
            "group": group,
            "lead": lead,
            "months": int(part["target_month"].nunique()),
            "cells": len(part),
            "costs": [_entry(part, ratio) for ratio in COST_RATIOS],
        }
        for (group, lead), part in own.groupby(["group", "lead_band"], sort=False)
    ]
    return {"ratios": list(COST_RATIOS), "figures": figures}


def lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A board as lines for a terminal."""
    wide = max(28, *(len(row["model"]) + 1 for row in rows))
    heads = "".join(f"{f'1:{ratio}':>9}{'saved':>22}" for ratio in COST_RATIOS)
    printed = [
        "  decisions, all leaves: cost of planning on the level that is right where a missing place costs so many idle "
        "ones,",
        "  over the seasonal change, and what that saves against planning on the median",
        f"    {'model':<{wide}}{heads}",
    ]
    for row in rows:
        cells_ = "".join(
            f"{'-' if one['cost'] is None else format(one['cost'], '.3f'):>9}{in_words(one):>22}"
            for one in row["costs"]
        )
        printed.append(f"    {row['model']:<{wide}}{cells_}")
    return printed


def in_words(entry: dict[str, Any]) -> str:
    """What is saved, with its ends where the origins are enough to tell: `25 % [20, 31]`."""
    if entry["saved"] is None:
        return "-"
    low, high = entry.get("saved_low"), entry.get("saved_high")
    ends = "" if low is None or high is None else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * entry['saved']:.0f} %{ends}"


def _entry(part: pd.DataFrame, ratio: int) -> dict[str, Any]:
    safe, median = float(part[f"safe_{ratio}"].mean(skipna=False)), float(part[f"median_{ratio}"].mean(skipna=False))
    return {
        "ratio": ratio,
        "level": level_for(ratio),
        "cost": _written(safe),
        "median_cost": _written(median),
        "saved": _written(1 - safe / median) if median else None,
    }


def _written(value: float) -> float | None:
    """Four decimals; None where it is not known."""
    return round(value, 4) if np.isfinite(value) else None
