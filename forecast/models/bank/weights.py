"""How much each smoother counts, by its past errors on the series and on its group.
An error counts from the month it became known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from forecast.core.tables import Floats
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays
from forecast.models.bank.smoothers import Smoothed

__all__ = ["averaged", "errors", "weigh"]

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


def weigh(smoothed: Sequence[Smoothed], panel: PanelArrays, options: Options) -> list[Floats]:
    """Weights (steps, series, members) of each pattern's members; over all patterns they sum to one.

    First the gains and patterns within each trend variant, by errors of the next months; then the variants, by errors
    further ahead.
    """
    trends = np.concatenate([one.members.trend for one in smoothed])
    variants = range(len(options.trends))

    def by_member(horizon: int) -> Floats:
        return np.concatenate([one.ahead(horizon) for one in smoothed], axis=2)

    loss = _loss(by_member, len(trends), panel, "loss of members", options.member_horizons, options)
    weights = np.empty_like(loss)
    for trend in variants:
        inside = trends == trend
        weights[:, :, inside] = _softmax(-options.member_sharpness * loss[:, :, inside])
    del loss

    def by_trend(horizon: int) -> Floats:
        weighted = by_member(horizon)
        weighted *= weights
        own = np.empty_like(weighted)
        return np.stack([np.multiply(weighted, trends == trend, out=own).sum(axis=2) for trend in variants], axis=2)

    prior = np.log([variant.prior for variant in options.trends])
    lost = _loss(by_trend, len(variants), panel, "loss of trends", options.trend_horizons, options)
    chances = _softmax(prior - options.trend_sharpness * lost)
    for trend in variants:
        weights[:, :, trends == trend] *= chances[:, :, trend, None]
    return list(np.split(weights, len(smoothed), axis=2))


def averaged(smoothed: Sequence[Smoothed], weights: Sequence[Floats], horizon: int) -> Floats:
    """(steps, series) the bank's forecast of `horizon` ahead of every step, with the weights of that step."""
    total: Floats | float = 0.0
    for one, weight in zip(smoothed, weights, strict=True):
        ahead = one.ahead(horizon)
        ahead *= weight
        total = total + ahead.sum(axis=2)
    return np.asarray(total)


def _loss(
    ahead: Callable[[int], Floats],
    many: int,
    panel: PanelArrays,
    name: str,
    horizons: tuple[int, ...],
    options: Options,
) -> Floats:
    """(steps, series, many) mean log error over some horizons, centred over the last axis; the series' own and its
    group's, averaged. `ahead`: forecasts of a horizon, in a new array; `name`: what the group's mean is called.
    """
    loss = np.zeros((*panel.values.shape, many))
    for horizon in horizons:
        spent = _spent(ahead(horizon), panel.values, horizon, options.memory)
        if horizon < len(spent):
            loss[horizon:] += spent[:-horizon]
    loss /= len(horizons)
    loss -= loss.mean(axis=2, keepdims=True)
    grouped = panel.means(name, loss)
    grouped *= 1 - options.own_record
    loss *= options.own_record
    loss += grouped
    return loss


def _spent(ahead: Floats, values: Floats, horizon: int, half_life: float) -> Floats:
    """The logarithm of `discounted` errors of forecasts `ahead` (steps, series, k), in their place: by the step that
    they were made in; 0 before the first known one.

    The k forecasts of a series begin together, so that what is known of one is known of all.
    """
    keep = 0.5 ** (1 / half_life)
    truth = values[horizon:]
    known = ~np.isnan(truth) & ~np.isnan(ahead[: len(truth), :, 0])
    total, weight = np.zeros(ahead.shape[1:]), np.zeros((ahead.shape[1], 1))
    for step, here in enumerate(known):
        missed = np.abs(np.subtract(truth[step][:, None], ahead[step], out=ahead[step]), out=ahead[step])
        if here.all():
            total *= keep
            total += missed
            weight *= keep
            weight += 1
        else:
            total[here] = keep * total[here] + missed[here]
            weight[here] = keep * weight[here] + 1
        np.divide(total, np.maximum(weight, 1e-12), out=ahead[step])
    spent = ahead[: len(truth)]
    np.log(np.maximum(spent, _LEAST, out=spent), out=spent)
    spent[~np.logical_or.accumulate(known)] = 0.0
    return ahead


def _softmax(scores: Floats) -> Floats:
    scores -= scores.max(axis=2, keepdims=True)
    raised = np.exp(scores, out=scores)
    raised /= raised.sum(axis=2, keepdims=True)
    return raised
