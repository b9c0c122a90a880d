"""Who led when, and whether a lead that comes and goes is more than noise. Reads scores, draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.core.months import Month
from forecast.core.tables import Floats
from forecast.evaluation.leaderboard import common
from forecast.evaluation.significance import block_length

__all__ = ["LEAST_ORIGINS", "SHARE", "Fluctuation", "Spell", "by_origin", "fluctuation", "spells"]

# Share of the origins in a window, and fewest origins that windows are made of.
SHARE, LEAST_ORIGINS = 0.3, 12
# Two-sided critical value at 10 % for windows of that share. Source: Giacomini and Rossi 2010, table I.
CRITICAL = 2.766


@dataclass(frozen=True)
class Fluctuation:
    """One model's advantage over another in windows of origins. `ends`: the last origin of each window; `ratio`: mean
    score over the other's in it; `statistic`: standardised difference, below -`critical` where the model was better
    than noise explains at some time, above it where it was worse.
    """

    model: str
    against: str
    window: int
    ends: tuple[str, ...]
    ratio: Floats
    statistic: Floats
    critical: float = CRITICAL


@dataclass(frozen=True)
class Spell:
    """Origins in a row at which one model had the smallest mean score. `first`, `last`: included."""

    model: str
    first: str
    last: str
    origins: int


def by_origin(scores: pd.DataFrame, *, figure: str = "sWIS") -> pd.DataFrame:
    """Mean of a figure over the leaves, a row per origin and a column per model, on cells that all models have."""
    return (
        common(scores[scores["group"] != "total"])
        .groupby(["origin", "model"])[figure]
        .mean()
        .unstack("model")
        .sort_index()
    )


def spells(means: pd.DataFrame) -> list[Spell]:
    """Who led when. `means`: as `by_origin` gives them."""
    spells: list[Spell] = []
    for origin, model in zip(map(str, means.index), means.idxmin(axis=1).astype(str), strict=True):
        if spells and spells[-1].model == model:
            before = spells[-1]
            spells[-1] = Spell(model, before.first, origin, before.origins + 1)
        else:
            spells.append(Spell(model, origin, origin, 1))
    return spells


def fluctuation(means: pd.DataFrame, *, model: str, against: str, horizon: int) -> Fluctuation | None:
    """The fluctuation test of one model against another; None where origins are too few or the two are alike.

    `horizon`: months ahead of the longest forecast, which neighbouring origins share. Source: Giacomini and Rossi 2010.
    """
    if len(means) < LEAST_ORIGINS or model == against:
        return None
    mine, theirs = means[model].to_numpy(float), means[against].to_numpy(float)
    window = max(round(SHARE * len(means)), 2)
    spread = _long_run_deviation(mine - theirs, block_length([Month.parse(str(name)) for name in means.index], horizon))
    if spread == 0:
        return None
    kernel = np.ones(window)
    own, other = np.convolve(mine, kernel, "valid"), np.convolve(theirs, kernel, "valid")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.divide(own, other)
    ends: Sequence[str] = [str(name) for name in means.index[window - 1 :]]
    return Fluctuation(model, against, window, tuple(ends), ratio, (own - other) / (spread * np.sqrt(window)))


def _long_run_deviation(differences: Floats, lags: int) -> float:
    """Root of the long-run variance, with Bartlett's weights. Source: Newey and West 1987."""
    n = len(differences)
    away = differences - differences.mean()
    variance = float(away @ away) / n
    for lag in range(1, min(lags, n - 1)):
        variance += 2 * (1 - lag / lags) * float(away[lag:] @ away[:-lag]) / n
    return float(np.sqrt(max(variance, 0.0)))
