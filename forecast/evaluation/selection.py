"""Chooses the champion among recipes by a written rule. Knows no model and no store.

The rule: over the leaves and months of the last evaluation, a recipe's figure is the geometric mean of its sWIS and its logWIS, each
divided by the floor's (the random walk). The smallest figure wins; within one part in a hundred the recipe named first stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from forecast.core.errors import TableError
from forecast.evaluation.scores import summary

__all__ = ["FLOOR", "NOISE", "Champion", "choose"]

# The model that every other must beat to be worth its cost.
FLOOR = "random_walk-log"
# Differences below this share are noise on a handful of origins.
NOISE = 0.01


@dataclass(frozen=True)
class Champion:
    """The recipe that serves: its name, its figure (below 1 beats the floor) and every candidate's figure."""

    name: str
    figure: float
    figures: dict[str, float]


def choose(scores: pd.DataFrame, candidates: Sequence[str]) -> Champion:
    """The champion among `candidates` (recipe names, incumbent first). Raises TableError where one was not scored, or the floor."""
    table = summary(scores[scores["group"] != "total"])
    means = {str(row["model"]): (float(row["sWIS"]), float(row["logWIS"])) for row in table.to_dict("records")}
    if missing := [name for name in (*candidates, FLOOR) if name not in means]:
        raise TableError(f"{missing[0]} has no scores, so no champion can be chosen. Evaluate it first.")
    scaled, logged = means[FLOOR]
    figures = {name: ((means[name][0] / scaled) * (means[name][1] / logged)) ** 0.5 for name in candidates}
    best = min(candidates, key=lambda name: figures[name])
    first = candidates[0]
    name = first if figures[first] <= figures[best] * (1 + NOISE) else best
    return Champion(name, figures[name], figures)
