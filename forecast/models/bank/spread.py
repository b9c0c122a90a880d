"""How wide and of what shape the bank's errors will be, from its past errors. An error counts from the month it became
known.

One event counts as one: the scales take no error for more than `surprise` times what was expected, so that a break
widens the intervals at once, again as long as it goes on, and is forgotten as fast as a calm month is learnt. The shape
is pooled over near horizons, where a break is few errors, and is never mirrored.
"""

from __future__ import annotations

from functools import cache
from math import gamma, pi, sqrt

import numpy as np

from forecast.core.tables import Floats
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays, group_means, running_means

__all__ = ["FARTHEST", "PROBABILITIES", "narrow_low_levels", "scales", "shapes", "shrink_upper_tail", "standardise"]

# Where the shape is kept: every fiftieth, and finer in the tails.
_TAIL = (0.002, 0.005, 0.01, 0.0175, 0.025)
PROBABILITIES = np.array([*_TAIL, *np.linspace(0.04, 0.96, 47), *(1 - level for level in reversed(_TAIL))])
# Standardised errors beyond this are a change of the world, not a scale: they count as this far.
FARTHEST = 4.0
# Errors at which a short history's own shape counts half against Student's.
_ENOUGH = 6.0
# Errors (discounted) before which nothing is taken for a surprise, and the size below which a series hardly moved at
# all: neither has a scale yet to be surprised by.
_FEW = 6.0
_STILL = 0.02
# Student's t with so many degrees of freedom: tails a little fatter than the normal's. Its mean absolute value is
# brought to one.
_DEGREES = 7
_MEAN_SIZE = 2 * sqrt(_DEGREES / pi) * gamma((_DEGREES + 1) / 2) / (gamma(_DEGREES / 2) * (_DEGREES - 1))
_LEAST = 1e-4
# Logarithms below the long-run mean past which a level narrows the spread no further: a twelfth.
_DEEPEST = 2.5


@cache
def _student() -> Floats:
    """(PROBABILITIES,) quantiles of Student's t of mean size one; SciPy is loaded when they are first asked for."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(_DEGREES, PROBABILITIES) / _MEAN_SIZE)


def scales(first_errors: Floats, squared_gain: Floats, panel: PanelArrays, horizon: int, options: Options) -> Floats:
    """(steps, series, horizon) the expected size of an error made at each step, on the working scale.

    `first_errors`: (steps, series) errors of one step ahead; `squared_gain`: (steps, series) the bank's averaged gain,
    squared.
    """
    base, volatility_ratio = _one_step_scales(np.abs(first_errors), panel, options)
    ahead = np.arange(horizon)
    stays = np.cumsum(0.5 ** (ahead / options.calming)) / (ahead + 1)
    grown = (1 + ahead * squared_gain[..., None]) ** options.growth
    return np.asarray(np.exp(base[..., None] + volatility_ratio[..., None] * stays) * grown)


def _one_step_scales(sizes: Floats, panel: PanelArrays, options: Options) -> tuple[Floats, Floats]:
    """(steps, series) logarithms: the expected size of an error, and how far the group's volatility is above its slow
    level.

    Discounted means of |errors|, each bounded by `surprise` times the size that was expected of it.
    """
    keep = 0.5 ** (1 / np.array([[options.slow], [options.fast]]))
    total, weight = np.zeros((2, sizes.shape[1])), np.zeros((2, sizes.shape[1]))
    base, ratio = np.empty(sizes.shape), np.empty(sizes.shape)
    expected = np.full(sizes.shape[1], np.inf)
    for step, size in enumerate(sizes):
        known = ~np.isnan(size)
        has_scale = (weight[0] > _FEW) & (expected > _STILL)
        bounded = np.where(known, np.minimum(size, options.surprise * np.where(has_scale, expected, np.inf)), 0.0)
        total = np.where(known, keep * total + bounded, total)
        weight = np.where(known, keep * weight + 1, weight)
        mean = np.where(weight > 0, total / np.maximum(weight, 1e-12), np.nan)
        slow, fast = np.log(np.maximum(mean, _LEAST))
        shared, moved = group_means(np.stack([slow, fast - slow]), panel.groups)
        base[step] = shared + options.own_scale * (np.where(np.isnan(slow), shared, slow) - shared)
        ratio[step] = np.nan_to_num(moved)
        expected = np.nan_to_num(np.exp(base[step] + ratio[step]), nan=np.inf)
    return base, ratio


def narrow_low_levels(scale: Floats, level: Floats, panel: PanelArrays, options: Options) -> Floats:
    """`scale` (steps, series, horizon), smaller where the level lies below its long-run mean: on logs, low counts have
    erred less than high ones. Nothing changes above the mean.

    `level`: (steps, series) the bank's averaged level, NaN before a series began. How deep it lies is the series' own
    depth against its group's, in the shares of `own_scale`, as for the errors.
    """
    own = level - running_means(panel.values)
    shared = group_means(own, panel.groups)
    depth = np.nan_to_num(shared + options.own_scale * (np.where(np.isnan(own), shared, own) - shared))
    return np.asarray(scale * np.exp(options.level_effect * np.clip(depth, -_DEEPEST, 0.0))[..., None])


def shapes(standardised: Floats, panel: PanelArrays, options: Options) -> Floats:
    """(series, PROBABILITIES) quantiles of standardised errors after the last step, pooled over each group and the near
    horizons.

    `standardised`: (steps, series, horizon), by the step in which they became known. `symmetric` of it is Student's t
    of the errors' mean size, the rest their own distribution. A short history leans on Student's t.
    """
    steps, number = standardised.shape[:2]
    values = standardised[:, :, : options.near].copy()
    for place in range(values.shape[2]):
        values[:, :, place][np.arange(steps)[:, None] < panel.began + options.warm_up + place] = np.nan
    age = np.broadcast_to((steps - 1 - np.arange(steps))[:, None, None], values.shape)
    quantiles = np.empty((number, len(PROBABILITIES)))
    for group in np.unique(panel.groups):
        inside = panel.groups == group
        known = ~np.isnan(values[:, inside])
        if not known.any():
            quantiles[inside] = _student()
            continue
        weight = 0.5 ** (age[:, inside][known] / options.shape_memory)
        error = np.clip(values[:, inside][known], -FARTHEST, FARTHEST)
        own = options.symmetric * np.average(np.abs(error), weights=weight) * _student()
        own += (1 - options.symmetric) * _quantiles(error, weight, PROBABILITIES)
        seen = float(known.sum()) / inside.sum()
        trust = seen / (seen + _ENOUGH)
        quantiles[inside] = trust * own + (1 - trust) * _student()
    return quantiles


def _quantiles(values: Floats, weight: Floats, probabilities: Floats) -> Floats:
    # By weight too: which of two equal errors comes first must not depend on the machine's way of sorting.
    order = np.lexsort((weight, values))
    upto = np.cumsum(weight[order])
    return np.interp(probabilities, (upto - 0.5 * weight[order]) / upto[-1], values[order])


def standardise(forecast_errors: Floats, scale: Floats, ahead: int) -> Floats:
    """(steps, series) errors of a horizon over the scale that was expected when they were made."""
    standardised = np.full(forecast_errors.shape, np.nan)
    if ahead < len(standardised):
        standardised[ahead:] = forecast_errors[ahead:] / scale[:-ahead, :, ahead - 1]
    return standardised


def shrink_upper_tail(working: Floats, median: Floats, seen: Floats, options: Options) -> Floats:
    """(horizon, PROBABILITIES) quantiles on the working scale, those beyond the record shrunk; `median`: (horizon,).

    `seen`: (steps,) working values of the area up to the origin, NaN where unknown. Errors on a log scale have no end
    above: a far tail would leave the world. What a quantile exceeds the record and the room above it by (or the median,
    where that is higher) is kept at first and runs out at `options.beyond`; nothing below moves. An area with
    `options.busy` a month never reaches three records.
    """
    steps = np.exp(seen[~np.isnan(seen)])
    record = steps.max()
    room = min(0.5 * record, options.small) if steps.mean() - options.offset >= options.busy else options.small
    start = np.maximum(np.log(record + room), median)[:, None]
    shrunk = start - options.beyond * np.expm1(-np.maximum(working - start, 0.0) / options.beyond)
    return np.where(working > start, shrunk, working)
