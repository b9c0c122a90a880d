"""The Theta method, as simple exponential smoothing with drift on the seasonally adjusted series.
Uses no library but numpy.

Sources: Assimakopoulos and Nikolopoulos 2000; Hyndman and Billah 2003, who show it to be y(t) = l(t-1) + b/2 + e(t),
l(t) = l(t-1) + b/2 + alpha e(t), b the slope of a straight line through the series. The season is taken out by
classical additive decomposition on the working scale, where its autocorrelation is significant at 90 % (the test of the
original). Unknown months are bridged by a straight line on the working scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from forecast.core.tables import Floats, Series
from forecast.models.protocol import Parameters
from forecast.models.residuals import HALF_LIFE, ResidualPool, pool
from forecast.models.scale import Scale, filled, from_working, one_encounter, require, to_working
from forecast.models.seasonality import is_seasonal, seasonal_means

__all__ = ["FittedTheta", "Theta", "smooth"]

_ALPHAS = np.linspace(0.02, 1.0, 50)


def smooth(values: Floats, alphas: Floats, drift: float) -> tuple[Floats, Floats]:
    """Smooth `values` (n,) from its first one with each of `alphas` (k,):
    one-step errors (n - 1, k) and last levels (k,).
    """
    level = np.full(len(alphas), values[0])
    errors = np.empty((len(values) - 1, len(alphas)))
    for step, value in enumerate(values[1:]):
        level = level + drift
        errors[step] = value - level
        level = level + alphas * errors[step]
    return errors, level


@dataclass(frozen=True)
class FittedTheta:
    """`level`: the last one, working scale; `alpha` in (0, 1];
    `drift` per month; `indices`: (season,), of the months after the origin.
    """

    series: Series
    scale: Scale
    level: float
    alpha: float
    drift: float
    indices: Floats
    errors: ResidualPool

    @property
    def parameters(self) -> Parameters:
        """What was searched for: `alpha`, and whether there is a season."""
        return {"alpha": self.alpha, "seasonal": bool(self.indices.any())}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon), encounters per month."""
        drawn = self.errors.draw((n, horizon), rng)
        steps = self.drift + self.alpha * drawn
        before = self.level + np.cumsum(steps, axis=1) - steps
        season = np.resize(self.indices, horizon)
        return from_working(before + self.drift + drawn + season, self.series, self.scale)


@dataclass(frozen=True)
class Theta:
    """Options: `scale`; `half_life`,
    months after which a past error weighs half as much (inf: all alike). Needs six months.
    """

    scale: Scale = "log"
    half_life: float = HALF_LIFE
    name: str = field(default="theta", init=False)

    def fit(self, series: Series, start: Parameters | None = None) -> FittedTheta:
        """Test for a season, then search alpha. Raises FitError where the series is too short."""
        require(series, 6, "the Theta method")
        values = filled(to_working(series, self.scale))
        return self._fitted(series, values, seasonal=is_seasonal(values, series.season), alpha=None)

    def restore(self, series: Series, parameters: Parameters) -> FittedTheta:
        """The fit of these parameters."""
        values = filled(to_working(series, self.scale))
        return self._fitted(series, values, seasonal=parameters["seasonal"], alpha=parameters["alpha"])

    def _fitted(self, series: Series, values: Floats, *, seasonal: bool, alpha: float | None) -> FittedTheta:
        n, season = len(values), series.season
        indices = seasonal_means(values, season) if seasonal else np.zeros(season)
        adjusted = values - np.resize(indices, n)
        time = np.arange(n) - (n - 1) / 2
        drift = float(time @ adjusted / (time @ time)) / 2
        if alpha is None:
            errors, _ = smooth(adjusted, _ALPHAS, drift)
            alpha = float(_ALPHAS[np.argmin((errors**2).sum(axis=0))])
        errors, levels = smooth(adjusted, np.array([alpha]), drift)
        kept = pool(errors[:, 0], least=one_encounter(series, self.scale), half_life=self.half_life)
        return FittedTheta(series, self.scale, float(levels[0]), alpha, drift, np.roll(indices, -(n % season)), kept)
