"""The floor for an area where nothing has ever been counted:
nearly always zero, now and then one. Nothing to be fitted.

A rate that produced no encounter in D days is Gamma(1/2, D) (Jeffreys' prior for a Poisson rate, e.g. Gelman et al.
2013, sec. 2.8), so the longer the silence, the closer to zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from forecast.core.errors import FitError
from forecast.core.tables import Floats, Series
from forecast.models.protocol import Parameters
from forecast.models.scale import require

__all__ = ["FittedQuiet", "Quiet", "is_quiet"]


def is_quiet(series: Series) -> bool:
    """Whether every known month is zero."""
    return not bool((series.values > 0).any())  # what is unknown is not above zero


@dataclass(frozen=True)
class FittedQuiet:
    """`silence`: days that were observed without an encounter."""

    series: Series
    silence: float

    @property
    def parameters(self) -> Parameters:
        """Nothing was searched for: the series says all."""
        return {}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon), whole encounters per month: one drawn rate per path, then Poisson counts."""
        rates = rng.gamma(0.5, 1.0 / self.silence, size=(n, 1))
        return rng.poisson(rates * self.series.days(horizon)).astype(float)


@dataclass(frozen=True)
class Quiet:
    """No options."""

    name: str = field(default="quiet", init=False)

    def fit(self, series: Series, start: Parameters | None = None) -> FittedQuiet:
        """Count the days. Raises FitError where a month has encounters, or none is known."""
        require(series, 1, "the quiet floor")
        if not is_quiet(series):
            raise FitError(f"{series.area} has months with encounters. Use model random_walk.")
        return FittedQuiet(series, float(series.days()[np.isfinite(series.values)].sum()))

    def restore(self, series: Series, parameters: Parameters) -> FittedQuiet:
        """The same as a fit."""
        return self.fit(series)
