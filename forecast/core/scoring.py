"""Proper scores on arrays: pinball loss, weighted interval score, scaled errors, coverage. Knows no table, area or model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.core.errors import LevelsError
from forecast.core.months import SEASON
from forecast.core.tables import Floats

__all__ = ["SCORED_COVERAGES", "inside", "interval_levels", "pinball", "round_to", "seasonal_scale", "weighted_interval_score"]

# The central intervals that the weighted interval score weighs, in per cent.
SCORED_COVERAGES: tuple[int, ...] = (50, 80, 90, 95)


def interval_levels(coverage: float) -> tuple[float, float]:
    """Lower and upper quantile level of the central interval that holds `coverage` per cent. Raises LevelsError outside (0, 100)."""
    if not 0 < coverage < 100:
        raise LevelsError(f"A coverage lies between 0 and 100 per cent, not at {coverage}.")
    tail = (1 - coverage / 100) / 2
    return round(tail, 6), round(1 - tail, 6)


def _at(quantiles: Floats, levels: Sequence[float], level: float) -> Floats:
    for place, stored in enumerate(levels):
        if abs(stored - level) < 1e-9:
            return np.asarray(quantiles[..., place])
    raise LevelsError(f"Level {level} is not among {tuple(levels)}.")


def pinball(quantile: Floats, level: float, observed: Floats) -> Floats:
    """Pinball (quantile) loss of one level, in the unit of the counts; any matching shapes. Raises LevelsError outside (0, 1).

    Source: Koenker and Bassett 1978; twice its mean over all levels is the CRPS.
    """
    if not 0 < level < 1:
        raise LevelsError(f"A quantile level lies between 0 and 1, not at {level}.")
    return np.asarray(np.where(observed >= quantile, level * (observed - quantile), (1 - level) * (quantile - observed)))


def weighted_interval_score(
    quantiles: Floats, levels: Sequence[float], observed: Floats, coverages: Sequence[int] = SCORED_COVERAGES
) -> Floats:
    """Weighted interval score of the median and the central intervals, in the unit of the counts.

    `quantiles`: (..., levels), nondecreasing; `observed`: (...). Returns (...). Raises LevelsError where a level is missing.
    Source: Bracher, Ray, Gneiting, Reich 2021, eq. 3, with weights alpha / 2 and 1 / 2 for the median.
    """
    total = 0.5 * np.abs(observed - _at(quantiles, levels, 0.5))
    for coverage in coverages:
        low_level, high_level = interval_levels(coverage)
        low, high = _at(quantiles, levels, low_level), _at(quantiles, levels, high_level)
        alpha = 1 - coverage / 100
        total = total + alpha / 2 * (high - low) + np.maximum(low - observed, 0) + np.maximum(observed - high, 0)
    return np.asarray(total / (len(coverages) + 0.5))


def inside(quantiles: Floats, levels: Sequence[float], observed: Floats, coverage: float) -> Floats:
    """1.0 where the central interval (ends included) holds the observation, else 0.0. Shapes as in `weighted_interval_score`."""
    low, high = interval_levels(coverage)
    return ((observed >= _at(quantiles, levels, low)) & (observed <= _at(quantiles, levels, high))).astype(float)


def seasonal_scale(history: Floats, season: int = SEASON) -> float:
    """Mean |y(t) - y(t - season)| of one series, in encounters, at least 1: the unit of scaled scores.

    `history`: (n,), NaN where unknown. Source: Hyndman and Koehler 2006 (MASE), seasonal form.
    """
    changes = np.abs(history[season:] - history[:-season]) if len(history) > season else np.array([])
    changes = changes[~np.isnan(changes)]
    return max(float(changes.mean()), 1.0) if len(changes) else 1.0


def round_to(values: Floats, precision: Floats | float) -> Floats:
    """Round counts to the precision of the figures they are compared with, 1 or 10.

    No model is punished or praised for digits that the publisher removed.
    """
    return np.asarray(np.round(values / precision) * precision)
