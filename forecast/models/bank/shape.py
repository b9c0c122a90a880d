"""Of what shape the bank's errors will be, whatever their size: quantiles of past standardised errors, pooled over near
horizons, where a break is few errors, and never mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from math import gamma, pi, sqrt

import numpy as np

from forecast.core.tables import Floats, Ints
from forecast.models.bank.groups import Share
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays

__all__ = ["FARTHEST", "PROBABILITIES", "shapes"]

# Where the shape is kept: every fiftieth, and finer in the tails.
_TAIL = (0.002, 0.005, 0.01, 0.0175, 0.025)
PROBABILITIES = np.array([*_TAIL, *np.linspace(0.04, 0.96, 47), *(1 - level for level in reversed(_TAIL))])
# Standardised errors beyond this are a change of the world, not a scale: they count as this far.
FARTHEST = 4.0
# Errors at which a short history's own shape counts half against Student's.
_ENOUGH = 6.0
# Student's t with so many degrees of freedom: tails a little fatter than the normal's. Its mean absolute value is
# brought to one.
_DEGREES = 7
_MEAN_SIZE = 2 * sqrt(_DEGREES / pi) * gamma((_DEGREES + 1) / 2) / (gamma(_DEGREES / 2) * (_DEGREES - 1))
# Where the errors of a panel in batches are tallied: to a two-thousandth of what was expected.
_GRAIN = 0.0005
_GRID = np.arange(-round(FARTHEST / _GRAIN), round(FARTHEST / _GRAIN) + 1) * _GRAIN


@cache
def _student() -> Floats:
    """(PROBABILITIES,) quantiles of Student's t of mean size one; SciPy is loaded when they are first asked for."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(_DEGREES, PROBABILITIES) / _MEAN_SIZE)


def shapes(standardised: Floats, panel: PanelArrays, options: Options) -> Floats:
    """(series, PROBABILITIES) quantiles of standardised errors after the last step, pooled over each group and the near
    horizons.

    `standardised`: (steps, series, horizon), by the step in which they became known. `symmetric` of it is Student's t
    of the errors' mean size, the rest their own distribution. A short history leans on Student's t. Raises Unlearnt in
    a batch as long as its groups' shapes are not known.
    """
    steps, number = standardised.shape[:2]
    values = standardised[:, :, : options.near].copy()
    for place in range(values.shape[2]):
        values[:, :, place][np.arange(steps)[:, None] < panel.began + options.warm_up + place] = np.nan
    if panel.learnt is not None:
        share = partial(_Tally.of, values, panel.groups, panel.learnt.groups, options)
        return np.asarray(panel.learnt.of("shapes", panel.groups, share)[0])
    age = np.broadcast_to((steps - 1 - np.arange(steps))[:, None, None], values.shape)
    by_series = np.empty((number, len(PROBABILITIES)))
    for group in np.unique(panel.groups):
        inside = panel.groups == group
        known = ~np.isnan(values[:, inside])
        if not known.any():
            by_series[inside] = _student()
            continue
        weight = 0.5 ** (age[:, inside][known] / options.shape_memory)
        error = np.clip(values[:, inside][known], -FARTHEST, FARTHEST)
        size = float(np.average(np.abs(error), weights=weight))
        own = _quantiles(error, weight, PROBABILITIES)
        by_series[inside] = _shape(size, own, float(known.sum()) / inside.sum(), options)
    return by_series


def _shape(size: float, quantiles: Floats, seen: float, options: Options) -> Floats:
    """(PROBABILITIES,) a group's shape, of the mean `size` and the `quantiles` of its errors, `seen` of each series."""
    own = options.symmetric * size * _student()
    own += (1 - options.symmetric) * quantiles
    trust = seen / (seen + _ENOUGH)
    return np.asarray(trust * own + (1 - trust) * _student())


@dataclass(frozen=True)
class _Tally:
    """The share of batches of their groups' shapes: (k,) the weight and the number of the errors near each of those
    `cells` that have any, and (k,) how many `series` there are in each of the `groups` that have any, out of `many`.

    `cells`: places in (many, grid), counted row by row; None where all of them are there.
    """

    cells: Ints | None
    weight: Floats
    number: Ints
    groups: Ints
    series: Ints
    many: int
    options: Options

    @classmethod
    def of(cls, values: Floats, groups: Ints, many: int, options: Options) -> _Tally:
        """Of errors (steps, series, horizons), NaN where unknown, of series in `many` groups."""
        steps = len(values)
        place: Floats = np.rint((np.clip(values, -FARTHEST, FARTHEST) + FARTHEST) / _GRAIN)
        weight = 0.5 ** ((steps - 1 - np.arange(steps)) / options.shape_memory)
        known = ~np.isnan(place)
        of_each = np.broadcast_to(groups[:, None] * len(_GRID), place.shape)[known] + place[known].astype(np.int64)
        cells, at, number = np.unique(of_each, return_inverse=True, return_counts=True)
        heavy: Floats = np.broadcast_to(weight[:, None, None], place.shape)[known]
        present, series = np.unique(groups, return_counts=True)
        return cls(
            cells, np.asarray(np.bincount(at, heavy, len(cells)), dtype=float), number, present, series, many, options
        )

    def after(self, before: Share | None) -> _Tally:
        """A tally of all cells of all groups."""
        whole = before if isinstance(before, _Tally) else self._nothing()
        cells = slice(None) if self.cells is None else self.cells
        whole.weight[cells] += self.weight
        whole.number[cells] += self.number
        whole.series[self.groups] += self.series
        return whole

    def _nothing(self) -> _Tally:
        """A tally of all cells before any batch."""
        weight, groups = np.zeros(self.many * len(_GRID)), np.arange(self.many)
        number, series = np.zeros(len(weight), dtype=np.int64), np.zeros(self.many, dtype=np.int64)
        return _Tally(None, weight, number, groups, series, self.many, self.options)

    def result(self) -> Floats:
        """(1, groups, PROBABILITIES) each group's shape."""
        weights, numbers = self.weight.reshape(self.many, -1), self.number.reshape(self.many, -1)
        return np.stack([self._shape(*of) for of in zip(weights, numbers, self.series, strict=True)])[None]

    def _shape(self, weight: Floats, number: Ints, series: int) -> Floats:
        there = number > 0
        if not there.any():
            return _student()
        weight, many, error = weight[there], number[there], _GRID[there]
        # As if the errors near a point lay there one beside the other, the first and the last where they would lie.
        upto, half = np.cumsum(weight), 0.5 * weight / many
        upto, ends = upto / upto[-1], np.stack([half, weight - half], axis=1) / upto[-1]
        places = ((upto - weight / weight.sum())[:, None] + ends).ravel()
        own = np.interp(PROBABILITIES, places, np.repeat(error, 2))
        size = float(np.average(np.abs(error), weights=weight))
        return _shape(size, own, float(many.sum()) / series, self.options)


def _quantiles(values: Floats, weight: Floats, probabilities: Floats) -> Floats:
    # By weight too: which of two equal errors comes first must not depend on the machine's way of sorting.
    order = np.lexsort((weight, values))
    upto = np.cumsum(weight[order])
    return np.interp(probabilities, (upto - 0.5 * weight[order]) / upto[-1], values[order])
