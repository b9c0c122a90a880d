"""Random walk: next month is this month plus a change like one of those seen before.
The floor under every other family.

Changes across an unknown month are left out. Needs one known month, so that it never fails where another family does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from forecast.core.tables import Floats, Series
from forecast.models.protocol import Parameters
from forecast.models.residuals import HALF_LIFE, ResidualPool, pool
from forecast.models.scale import Scale, ceiling, filled, from_working, one_encounter, require, to_working

__all__ = ["FittedRandomWalk", "RandomWalk"]


@dataclass(frozen=True)
class FittedRandomWalk:
    """The last value on the working scale and the changes that led there."""

    series: Series
    scale: Scale
    last: float
    changes: ResidualPool

    @property
    def parameters(self) -> Parameters:
        """Nothing was searched for: the series says all."""
        return {}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon), encounters per month: the last value plus a running sum of drawn changes."""
        values = self.last + np.cumsum(self.changes.draw((n, horizon), rng), axis=1)
        # Counts that leap between none and many would carry the sum of their changes off; the floor has to hold where
        # others run away.
        return np.minimum(from_working(values, self.series, self.scale), ceiling(self.series))


@dataclass(frozen=True)
class RandomWalk:
    """Options: `scale`; `half_life`, months after which a past change weighs half as much (inf: all alike)."""

    scale: Scale = "log"
    half_life: float = HALF_LIFE
    name: str = field(default="random_walk", init=False)

    def fit(self, series: Series, start: Parameters | None = None) -> FittedRandomWalk:
        """Collect the changes. Raises FitError where no month is known."""
        require(series, 1, "a random walk")
        values = to_working(series, self.scale)
        changes = pool(np.diff(values), least=one_encounter(series, self.scale), half_life=self.half_life)
        return FittedRandomWalk(series, self.scale, float(filled(values)[-1]), changes)

    def restore(self, series: Series, parameters: Parameters) -> FittedRandomWalk:
        """The same as a fit."""
        return self.fit(series)
