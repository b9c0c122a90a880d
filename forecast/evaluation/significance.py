"""Whether one model's scores differ from another's by more than noise: a block bootstrap over origins. Knows no model.

Errors of neighbouring origins share months, and errors of areas share causes, so neither counts as a new observation:
all areas and horizons of an origin move together, and origins are drawn in blocks that span at least the longest
horizon.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.core.tables import Floats

__all__ = ["DRAWS", "Relative", "block_length", "relative", "relatives"]

DRAWS = 2000
# Blocks that must fit into the origins before their scatter means something.
_LEAST_BLOCKS = 2
_CELL = ["area", "origin", "horizon"]


@dataclass(frozen=True)
class Relative:
    """One model's mean score over another's, on the cells that both have: below 1 is better.

    `low`, `high`: the ends of the bootstrap interval, NaN where the origins are too few to tell. `block`: origins per
    block.
    """

    ratio: float
    low: float
    high: float
    origins: int
    block: int
    cells: int


def block_length(origins: list[Month], horizon: int) -> int:
    """Origins in a block so that it spans `horizon` months from its first to its last one,
    by the smallest step between neighbours.
    """
    steps = [later - earlier for earlier, later in pairwise(origins)]
    return -(-horizon // min(steps)) + 1 if steps else 1


def relative(
    scores: pd.DataFrame,
    *,
    model: str,
    against: str,
    figure: str = "sWIS",
    coverage: float = 0.9,
    draws: int = DRAWS,
    seed: int = 0,
    widened: bool = True,
) -> Relative:
    """`figure` of `model` over that of `against`,
    with a circular block-bootstrap interval that holds `coverage` of the draws.

    A bootstrap of a few blocks is too sure of itself; `widened` makes up for it as Student's t does for the normal,
    with as many observations as blocks. `scores`: as `evaluation.scores.score` gives them. Raises TableError where the
    two have no cell in common. Source: Politis and Romano 1992 (circular blocks).
    """
    both = _paired(scores, model, against, figure)
    if both.empty:
        raise TableError(f"{model} and {against} have no scored cell in common. Score both at the same origins.")
    return _relative(both, coverage, draws, seed, widened=widened)


def relatives(scores: pd.DataFrame, *, model: str, against: str, figure: str = "sWIS") -> dict[str, Relative]:
    """Area -> what `relative` says of its cells alone, for every area in which the two have one in common."""
    both = _paired(scores, model, against, figure)
    return {str(area): _relative(own, 0.9, DRAWS, 0) for area, own in both.groupby(level="area", sort=False)}


def _paired(scores: pd.DataFrame, model: str, against: str, figure: str) -> pd.DataFrame:
    """The figure of both on each cell that both have: columns `mine` and `theirs`."""
    sides = [
        scores.loc[scores["model"] == name, [*_CELL, figure]].set_index(_CELL)[figure] for name in (model, against)
    ]
    return pd.concat(sides, axis=1, join="inner", keys=["mine", "theirs"])


def _relative(both: pd.DataFrame, coverage: float, draws: int, seed: int, *, widened: bool = True) -> Relative:
    sums = both.groupby(level="origin").sum().sort_index()  # origins are written 2019-05, so text order is time order
    origins = [Month.parse(str(name)) for name in sums.index]
    block = block_length(origins, int(both.index.get_level_values("horizon").max()))
    mine, theirs = sums["mine"].to_numpy(float), sums["theirs"].to_numpy(float)
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # a score of nothing but zeros has no ratio: not a number, or infinite
        ratio = float(np.divide(mine.sum(), theirs.sum()))
        low, high = _interval(mine, theirs, block=block, coverage=coverage, draws=draws, seed=seed)
        if widened:
            wider = _small_sample(len(origins) / block, coverage)
            low, high = ratio - wider * (ratio - low), ratio + wider * (high - ratio)
    return Relative(ratio, low, high, len(origins), block, len(both))


def _small_sample(blocks: float, coverage: float) -> float:
    """How much wider an interval of so few blocks must be:
    Student's t over the normal, and the variance's lost degree of freedom.
    """
    if blocks < _LEAST_BLOCKS:
        return float("nan")
    tail = (1 + coverage) / 2
    return float(stdtrit(blocks - 1, tail) / ndtri(tail) * (blocks / (blocks - 1)) ** 0.5)


def _interval(
    mine: Floats, theirs: Floats, *, block: int, coverage: float, draws: int, seed: int
) -> tuple[float, float]:
    """`mine`, `theirs`: (origins,), sums of scores in order of time."""
    n = len(mine)
    if n < _LEAST_BLOCKS * block:
        return float("nan"), float("nan")
    starts = np.random.default_rng(seed).integers(0, n, (draws, -(-n // block)))
    # Whole blocks, cut to n origins; one that starts near the end goes on at the beginning: every origin is drawn
    # equally often.
    picks = ((starts[:, :, None] + np.arange(block)) % n).reshape(draws, -1)[:, :n]
    tail = (1 - coverage) / 2
    low, high = np.quantile(mine[picks].sum(axis=1) / theirs[picks].sum(axis=1), [tail, 1 - tail])
    return float(low), float(high)
