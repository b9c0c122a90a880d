"""What does planning on the median cost, and what on a safer quantile? Idle against missing places, at past origins.

    .venv/bin/python experiments/decision_score.py bank --first 2010-02 --last 2023-08 --step 6

A planner makes ready as many places as a quantile of the forecast says. A place too many costs 1, a place that lacks
costs `ratio`; the quantile that is right for a ratio is ratio / (1 + ratio) (the newsvendor's). Costs are over the
area's own mean seasonal change, as sWIS, which stands beside them. `saved`: what the quantile costs less than the
median of the same forecast; its bracket is a 90 % block-bootstrap interval (blocks of origins span the horizon).
"""

from __future__ import annotations

import pandas as pd

from experiments.arguments import Replayed, replay_one
from forecast.core.scorecard import COST_RATIOS
from forecast.evaluation import decisions

__all__ = ["main", "priced", "row"]


def main() -> None:
    """Replay, print a table by group and by band of months ahead."""
    asked, made = replay_one(__doc__)
    table = priced(made)
    print(f"{asked.panel}: {len(made.study.origins)} origins, {asked.horizon} months, {len(table)} cells and models")
    for model, own in table.groupby("model"):
        print(f"\n{model}")
        leaves = own[own["group"] != "total"]
        parts = [("all leaves", leaves), *own.groupby("group"), *leaves.groupby("band")]
        print(pd.DataFrame([{"": name, **row(part)} for name, part in parts]).set_index("").to_string())


def priced(made: Replayed) -> pd.DataFrame:
    """A row per area, origin and month: sWIS, and for each ratio what the median and the right quantile cost."""
    keys = ["model", "area", "origin", "target_month"]
    table = decisions.costs(forecasts=made.past.forecasts, truth=made.study.counts)
    return table.merge(made.scores[[*keys, "sWIS"]], on=keys)


def row(part: pd.DataFrame) -> dict[str, object]:
    """Mean scores of some cells, and what is saved for each ratio."""
    figures: dict[str, object] = {"cells": len(part), "sWIS": round(part["sWIS"].mean(), 3)}
    for ratio in COST_RATIOS:
        entry = decisions.priced(part, ratio)
        figures[f"cost 1:{ratio}"] = round(entry["cost"], 3)
        figures[f"saved 1:{ratio}"] = decisions.in_words(entry)
    return figures


if __name__ == "__main__":
    main()
