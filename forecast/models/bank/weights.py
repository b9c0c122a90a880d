"""How much each smoother counts, by its past errors on the series and on its group.
An error counts from the month it became known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from forecast.core.tables import Floats
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays, group_means
from forecast.models.bank.smoothers import Smoothed

__all__ = ["averaged", "discounted", "errors", "weigh"]

# Mean errors below this are no better than each other: a part in ten thousand.
_LEAST = 1e-4


def errors(forecasts: Floats, values: Floats, horizon: int) -> Floats:
    """Forecasts (steps, series, ...) of `horizon` ahead,
    by the step they were made in -> their errors, by the step they became known in.

    NaN where either is unknown.
    """
    misses = np.full(forecasts.shape, np.nan)
    if horizon < len(values):
        truth = values[horizon:].reshape(*values[horizon:].shape, *([1] * (forecasts.ndim - 2)))
        misses[horizon:] = truth - forecasts[:-horizon]
    return misses


def discounted(errors_: Floats, half_life: float) -> Floats:
    """Discounted mean of |errors| along the steps, unknown ones left out; NaN before the first known one."""
    keep = 0.5 ** (1 / half_life)
    total, weight = np.zeros(errors_.shape[1:]), np.zeros(errors_.shape[1:])
    means = np.full(errors_.shape, np.nan)
    for step, row in enumerate(np.abs(errors_)):
        known = ~np.isnan(row)
        total = np.where(known, keep * total + np.where(known, row, 0.0), total)
        weight = np.where(known, keep * weight + 1, weight)
        means[step] = np.where(weight > 0, total / np.maximum(weight, 1e-12), np.nan)
    return means


def weigh(smoothed: Sequence[Smoothed], panel: PanelArrays, options: Options) -> list[Floats]:
    """Weights (steps, series, members) of each pattern's members; over all patterns they sum to one.

    First the gains and patterns within each trend variant, by errors of the next months; then the variants, by errors
    further ahead.
    """
    trends = np.concatenate([one.members.trend for one in smoothed])
    loss = _loss(
        lambda horizon: np.concatenate([one.ahead(horizon) for one in smoothed], axis=2),
        panel,
        options.member_horizons,
        options,
    )
    weights = np.zeros_like(loss)
    for trend in range(len(options.trends)):
        inside = trends == trend
        weights[:, :, inside] = _softmax(-options.member_sharpness * loss[:, :, inside])

    def by_trend(horizon: int) -> Floats:
        ahead = np.concatenate([one.ahead(horizon) for one in smoothed], axis=2)
        return np.stack(
            [(ahead * np.where(trends == trend, weights, 0.0)).sum(axis=2) for trend in range(len(options.trends))],
            axis=2,
        )

    prior = np.log([variant.prior for variant in options.trends])
    chances = _softmax(prior - options.trend_sharpness * _loss(by_trend, panel, options.trend_horizons, options))
    weights *= chances[:, :, trends]
    return list(np.split(weights, len(smoothed), axis=2))


def averaged(smoothed: Sequence[Smoothed], weights: Sequence[Floats], horizon: int) -> Floats:
    """(steps, series) the bank's forecast of `horizon` ahead of every step, with the weights of that step."""
    return np.asarray(
        sum((one.ahead(horizon) * weight).sum(axis=2) for one, weight in zip(smoothed, weights, strict=True))
    )


def _loss(ahead: Callable[[int], Floats], panel: PanelArrays, horizons: tuple[int, ...], options: Options) -> Floats:
    """(steps, series, k) mean log error over some horizons, centred over k; the series' own and its group's,
    averaged.
    """
    total: Floats | float = 0.0
    for horizon in horizons:
        spent = discounted(errors(ahead(horizon), panel.values, horizon), options.memory)
        total = total + np.nan_to_num(np.log(np.maximum(spent, _LEAST)))
    loss = np.asarray(total) / len(horizons)
    loss = loss - loss.mean(axis=2, keepdims=True)
    grouped = group_means(loss, panel.groups)
    return np.asarray(options.own_record * loss + (1 - options.own_record) * grouped)


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=2, keepdims=True))
    return np.asarray(raised / raised.sum(axis=2, keepdims=True))
