"""How wide the bank's errors will be, from its past errors. An error counts from the month it became known.

One event counts as one: the scales take no error for more than `surprise` times what was expected, so that a break
widens the intervals at once, again as long as it goes on, and is forgotten as fast as a calm month is learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from forecast.core.tables import Floats, Ints
from forecast.models.bank.groups import Share, group_means
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays, running_means

__all__ = ["grown", "low_level_factors", "one_step_scales", "shrink_upper_tail", "standardise"]

# Errors (discounted) before which nothing is taken for a surprise, and the size below which a series hardly moved at
# all: neither has a scale yet to be surprised by.
_FEW = 6.0
_STILL = 0.02
_LEAST = 1e-4
# Logarithms below the long-run mean past which a level narrows the spread no further: a twelfth.
_DEEPEST = 2.5


def grown(base: Floats, volatility_ratio: Floats, squared_gain: Floats, horizon: int, options: Options) -> Floats:
    """(..., horizon) the expected size of an error, of logarithms as in `one_step_scales`."""
    ahead = np.arange(horizon)
    stays = np.cumsum(0.5 ** (ahead / options.calming)) / (ahead + 1)
    wider = (1 + ahead * squared_gain[..., None]) ** options.growth
    return np.asarray(np.exp(base[..., None] + volatility_ratio[..., None] * stays) * wider)


def one_step_scales(first_errors: Floats, panel: PanelArrays, options: Options) -> tuple[Floats, Floats]:
    """(steps, series) logarithms: the expected size of an error, and how far the group's volatility is above its slow
    level.

    Discounted means of |errors|, each bounded by `surprise` times the size that was expected of it. Raises Unlearnt in
    a batch as long as its groups' volatility is not known.
    """
    sizes = np.abs(first_errors)
    if panel.learnt is None:
        steps = _expected(sizes, options, lambda _, own: group_means(own, panel.groups))
    else:
        share = _Sizes((sizes,), (panel.groups,), panel.learnt.groups, options)
        shared = panel.learnt.of("volatility", panel.groups, lambda: share)
        steps = _expected(sizes, options, lambda step, _: shared[step].T)
    base, ratio = np.empty(sizes.shape), np.empty(sizes.shape)
    for step, (size, moved, _) in enumerate(steps):
        base[step], ratio[step] = size, moved
    return base, ratio


def _expected(
    sizes: Floats, options: Options, shared_at: Callable[[int, Floats], Floats]
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Of each step: (series,) the two logarithms of `one_step_scales`, and (2, series) what each one's group shares:
    the mean logarithm of its slow scales, and the mean ratio of the fast ones to them. Of logarithms of that ratio the
    mean would fall without end with one series that hardly errs lately; the ratio itself lies between 0 and how much
    quicker the fast scale forgets (11), so that one of twenty series moves the others by a half at most.

    `shared_at`: of a step, and of (2, series) such a logarithm and ratio of each series -> what its group shares.
    """
    keep = 0.5 ** (1 / np.array([[options.slow], [options.fast]]))
    total, weight = np.zeros((2, sizes.shape[1])), np.zeros((2, sizes.shape[1]))
    expected = np.full(sizes.shape[1], np.inf)
    for step, size in enumerate(sizes):
        known = ~np.isnan(size)
        has_scale = (weight[0] > _FEW) & (expected > _STILL)
        bounded = np.where(known, np.minimum(size, options.surprise * np.where(has_scale, expected, np.inf)), 0.0)
        total = np.where(known, keep * total + bounded, total)
        weight = np.where(known, keep * weight + 1, weight)
        mean = np.where(weight > 0, np.maximum(total / np.maximum(weight, 1e-12), _LEAST), np.nan)
        slow = np.log(mean[0])
        shared = shared_at(step, np.stack([slow, mean[1] / mean[0]]))
        base = shared[0] + options.own_scale * (np.where(np.isnan(slow), shared[0], slow) - shared[0])
        ratio = np.nan_to_num(np.log(shared[1]))
        expected = np.nan_to_num(np.exp(base + ratio), nan=np.inf)
        yield base, ratio, shared


@dataclass(frozen=True)
class _Sizes:
    """The share of batches of their groups' volatility: all their errors, as what is expected of one follows from all
    before. Of each batch (steps, series) `sizes` and (series,) `groups`, out of `many`.
    """

    sizes: tuple[Floats, ...]
    groups: tuple[Ints, ...]
    many: int
    options: Options

    def after(self, before: Share | None) -> _Sizes:
        """Those of all batches, kept: nothing of them can be added up."""
        if not isinstance(before, _Sizes):
            return self
        return replace(self, sizes=(*before.sizes, *self.sizes), groups=(*before.groups, *self.groups))

    def result(self) -> Floats:
        """(steps, groups, 2) what each group shares."""
        groups, sizes = np.concatenate(self.groups), np.concatenate(self.sizes, axis=1)
        result = np.full((len(sizes), self.many, 2), np.nan)
        present, first = np.unique(groups, return_index=True)
        expected = _expected(sizes, self.options, lambda _, own: group_means(own, groups))
        for step, (*_, shared) in enumerate(expected):
            result[step, present] = shared[:, first].T
        return result


def low_level_factors(level: Floats, panel: PanelArrays, options: Options) -> Floats:
    """(steps, series) factors of the spread, below 1 where the level lies below its long-run mean: on logs, low counts
    have erred less than high ones. Nothing changes above the mean.

    `level`: (steps, series) the bank's averaged level, NaN before a series began. How deep it lies is the series' own
    depth against its group's, in the shares of `own_scale`, as for the errors. Raises Unlearnt in a batch as long as
    its groups' depth is not known.
    """
    own = level - running_means(panel.values)
    shared = panel.means("depth", own)
    depth = np.nan_to_num(shared + options.own_scale * (np.where(np.isnan(own), shared, own) - shared))
    return np.asarray(np.exp(options.level_effect * np.clip(depth, -_DEEPEST, 0.0)))


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
