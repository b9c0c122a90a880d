"""What does planning on the median cost, and what on a safer quantile? Idle against missing places, at past origins.

    .venv/bin/python experiments/decision_score.py bank --first 2010-02 --last 2023-08 --step 6

A planner makes ready as many places as a quantile of the forecast says. A place too many costs 1, a place that lacks
costs `ratio`; the quantile that is right for a ratio is ratio / (1 + ratio) (the newsvendor's). Costs are over the
area's own mean seasonal change, as sWIS, which stands beside them. `saved`: what the quantile costs less than the
median of the same forecast; its bracket is a 90 % block-bootstrap interval (blocks of origins span the horizon).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.arguments import Replayed, replay_one
from forecast.core.tables import Floats
from forecast.evaluation.cells import cells
from forecast.evaluation.significance import relative

# Missing beside idle: 4, 9 and 19 times as dear, for which the levels 80, 90 and 95 % are right.
RATIOS = (4, 9, 19)


def main() -> None:
    """Replay, print a table by group and by band of months ahead."""
    asked, made = replay_one(__doc__)
    costs = priced(made)
    print(f"{asked.panel}: {len(made.study.origins)} origins, {asked.horizon} months, {len(costs)} cells and models")
    for model, own in costs.groupby("model"):
        print(f"\n{model}")
        leaves = own[own["group"] != "total"]
        parts = [("all leaves", leaves), *own.groupby("group"), *leaves.groupby("band")]
        print(pd.DataFrame([{"": name, **row(part)} for name, part in parts]).set_index("").to_string())


def priced(made: Replayed) -> pd.DataFrame:
    """A row per area, origin and month: sWIS, and for each ratio what the median and the right quantile cost."""
    tables = []
    for compared in cells(forecasts=made.past.forecasts, truth=made.study.counts):
        table = compared.keys.copy()
        place = {round(level, 3): at for at, level in enumerate(compared.levels)}
        for ratio in RATIOS:
            for name, level in (("median", 0.5), ("safe", ratio / (1 + ratio))):
                ready = compared.quantiles[:, place[round(level, 3)]]
                table[f"{name}_{ratio}"] = cost(ready, compared.observed, ratio) / compared.scale
        tables.append(table)
    keys = ["model", "area", "origin", "target_month"]
    return pd.concat(tables).merge(made.scores[[*keys, "sWIS"]], on=keys)


def cost(ready: Floats, came: Floats, ratio: float) -> Floats:
    """(n,) what places made ready cost when so many came: 1 for each that is idle, `ratio` for each that lacks."""
    return np.maximum(ready - came, 0) + ratio * np.maximum(came - ready, 0)


def row(part: pd.DataFrame) -> dict[str, object]:
    """Mean scores of some cells, and what is saved for each ratio."""
    figures: dict[str, object] = {"cells": len(part), "sWIS": round(part["sWIS"].mean(), 3)}
    for ratio in RATIOS:
        sides = [
            part[["area", "origin", "horizon"]].assign(model=name, cost=part[f"{name}_{ratio}"])
            for name in ("median", "safe")
        ]
        against = relative(pd.concat(sides), model="safe", against="median", figure="cost")
        figures[f"cost 1:{ratio}"] = round(float(part[f"safe_{ratio}"].mean()), 3)
        figures[f"saved 1:{ratio}"] = f"{1 - against.ratio:.0%} [{1 - against.high:.0%}, {1 - against.low:.0%}]"
    return figures


if __name__ == "__main__":
    main()
