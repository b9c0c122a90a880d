"""Recent months: what a sparse series counted lately is what it will count. Nothing is searched for.

A month ahead is one of the months behind, the last ones most often: a mixture of exponentially weighted empirical
distributions with short, middle and long memories, and of a negative binomial with the weighted mean and spread of the
past, for counts that were never seen. Zeros come as often as they came, which no model on logarithms does. Sources: the
empirical distribution as the benchmark for intermittent demand (Kolassa 2016; Spiliotis, Makridakis, Kaltsounis,
Assimakopoulos 2021); exponential weights as in TSB (Teunter, Syntetos, Babai 2011).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from forecast.core.tables import Floats, Series
from forecast.models.protocol import Parameters
from forecast.models.scale import require

__all__ = ["FAMILY", "SPARSE", "FittedRecent", "Recent", "is_sparse", "unit_of"]

# What a fit says of itself, since a sparse series has it in the place of another family's.
FAMILY = "recent"

# A series is sparse where at least half of its last three years are zero, or their mean is below five: of fewer months
# than a year that cannot be told. Chosen on development origins (experiments/finer_panels.py).
_MONTHS, _LEAST_KNOWN = 36, 12
_MOSTLY_ZERO, _SMALL = 0.5, 5.0

_LEAST = 4  # known months
# Half-lives of the memories, in months: of those tried on development origins one alone was worse near or far ahead.
_HALF_LIVES = (1.5, 3.0, 8.0)
_SPREAD_HALF_LIFE = 4.0
_UNSEEN = 0.25  # share of the negative binomial: that of one of four equal parts
# What is believed of a series before its first month: half a month with one encounter in five months.
_PRIOR_MEAN, _PRIOR_MONTHS = 0.2, 0.5
_FARTHEST = 4.0  # standardised
_ROUNDED_TO = 10  # as one official source rounds
# The rule in words.
SPARSE = (
    f"of the last {_MONTHS} months {_MOSTLY_ZERO:.0%} are zero, or the mean is below {_SMALL:g}; below "
    f"{_SMALL * _ROUNDED_TO:g} where figures are rounded to {_ROUNDED_TO}"
)
_TELLING = 3  # figures other than zero that show a rounding


def unit_of(values: Floats) -> int:
    """What known figures are rounded to, as they show it: ten, or one. values: (n,), counts per month."""
    counted = values[values > 0]
    return _ROUNDED_TO if len(counted) >= _TELLING and not (counted % _ROUNDED_TO).any() else 1


def is_sparse(series: Series) -> bool:
    """Whether at least half of the known ones of the last 36 months are zero, or their mean is below five (fifty, where
    figures are rounded to ten; of values that are no counts the mean says nothing). False where under twelve are known.
    """
    known = series.values[np.isfinite(series.values)]
    last = series.values[-_MONTHS:]
    last = last[np.isfinite(last)]
    if len(last) < _LEAST_KNOWN:
        return False
    if float((last == 0).mean()) >= _MOSTLY_ZERO:
        return True
    return not (last % 1).any() and float(last.mean()) < _SMALL * unit_of(known)


@dataclass(frozen=True)
class FittedRecent:
    """`months`: (k,) the known counts as rates per day, oldest first; `chances`: (k,) how often each is drawn; `mean`,
    `variance`: of the negative binomial, in units of `unit`; a `unit` of 0 says that the values are no counts, and
    there is none. `surprises`: past standardised errors of one month, 0 where unknown or too early to tell.
    """

    series: Series
    months: Floats
    chances: Floats
    mean: float
    variance: float
    unit: int
    surprises: tuple[float, ...]

    @property
    def parameters(self) -> Parameters:
        """Nothing was searched for: the series says all. `surprises` is what sums ask for."""
        return {"family": FAMILY, "surprises": list(self.surprises)}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon), encounters per month: each month's values are evenly spread over the mixture, and ordered from
        month to month as a random walk.
        """
        unseen = round(n * _UNSEEN) if self.unit else 0
        order = np.argsort(self.months, kind="stable")
        upto = self.chances[order].cumsum()
        points = (np.arange(n - unseen) + 0.5) / max(n - unseen, 1)
        rates = self.months[order][np.minimum(np.searchsorted(upto, points), len(order) - 1)]
        walk = rng.standard_normal((horizon, n)).cumsum(axis=0)
        values = np.empty((n, horizon))
        for step, days in enumerate(self.series.days(horizon)):
            seen = rates * days
            if self.unit:
                seen = np.rint(seen / self.unit) * self.unit
            drawn = np.concatenate([seen, self._negative_binomial(unseen, rng)])
            values[walk[step].argsort(), step] = np.sort(drawn)
        return values

    def _negative_binomial(self, number: int, rng: np.random.Generator) -> Floats:
        if number == 0:
            return np.empty(0)
        size = self.mean**2 / (self.variance - self.mean)
        return np.asarray(rng.poisson(rng.gamma(size, self.mean / size, number)) * float(self.unit))


@dataclass(frozen=True)
class Recent:
    """No options. Needs four known months."""

    scale: Literal["raw"] = "raw"
    name: str = field(default=FAMILY, init=False)

    def fit(self, series: Series, start: Parameters | None = None) -> FittedRecent:
        """Weigh the months. Raises FitError where under four are known."""
        require(series, _LEAST, "the recent months")
        known = np.flatnonzero(np.isfinite(series.values))
        # From the last known month: months without figures after it make nothing less sure of what was counted.
        counts, age = series.values[known], (known[-1] - known).astype(float)
        weights = [0.5 ** (age / half_life) for half_life in _HALF_LIVES]
        chances = np.mean([own / own.sum() for own in weights], axis=0)
        unit = unit_of(counts) if not (counts % 1).any() else 0
        mean, variance = _moments(counts / max(unit, 1), 0.5 ** (age / _SPREAD_HALF_LIFE))
        surprises = _surprises(series.values / max(unit, 1))
        return FittedRecent(series, counts / series.days()[known], chances, mean, variance, unit, surprises)

    def restore(self, series: Series, parameters: Parameters) -> FittedRecent:
        """The same as a fit."""
        return self.fit(series)


def _moments(counts: Floats, weight: Floats) -> tuple[float, float]:
    """Weighted mean and variance of counts, leant on what is believed before any; the variance is above the mean."""
    total = float(weight.sum())
    own_mean = float(weight @ counts) / total
    own_variance = float(weight @ (counts - own_mean) ** 2) / total
    return _leant(total, own_mean, own_variance)


def _leant(total: float, own_mean: float, own_variance: float) -> tuple[float, float]:
    mean = (total * own_mean + _PRIOR_MONTHS * _PRIOR_MEAN) / (total + _PRIOR_MONTHS)
    variance = (total * own_variance + mean) / (total + 1) + own_variance / total
    return mean, max(variance, 1.02 * mean)


def _surprises(values: Floats) -> tuple[float, ...]:
    """Per month (count - expected) / spread by the months before it, at most four, to a hundredth."""
    keep = 0.5 ** (1 / _SPREAD_HALF_LIFE)
    total = first = second = 0.0
    surprises = []
    for step, value in enumerate(values.tolist()):
        surprise = 0.0
        if math.isfinite(value):
            if step >= _LEAST_KNOWN and total > 0:
                mean, variance = _leant(total, first / total, max(second / total - (first / total) ** 2, 0.0))
                surprise = round(min(max((value - mean) / math.sqrt(variance), -_FARTHEST), _FARTHEST), 2)
            total, first, second = keep * total + 1, keep * first + value, keep * second + value**2
        surprises.append(surprise)
    return tuple(surprises)
