"""What a model got wrong, kept to draw its future errors from. Knows no model.

Bootstrapped errors keep the skew and the fat tails of the counts, which a normal table would smooth away; recent ones
may weigh more, because the size of the errors changes with the years.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.core.tables import Floats

__all__ = ["HALF_LIFE", "ResidualPool", "pool"]

# Months. Over 20 sectors and four origins (2013-03 to 2022-09) the weighted interval scores of random walk, Theta and
# ETS fell by 2 to 6 % against equal weights; between two and eight years they hardly differ.
HALF_LIFE = 48.0


@dataclass(frozen=True)
class ResidualPool:
    """Residuals to draw from: `values` (k,), working scale, weighted mean zero;
    `cumulative` (k,), their weights summed, ending at 1.
    """

    values: Floats
    cumulative: Floats

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
        """Independent draws with replacement."""
        place = np.searchsorted(self.cumulative, rng.random(shape), side="right")
        drawn: Floats = self.values[np.minimum(place, len(self.values) - 1)]
        return drawn


def pool(residuals: Floats, *, least: float, half_life: float) -> ResidualPool:
    """A pool from one-step residuals in order of time: (n,), NaN where there is none.

    `half_life`: months after which a residual weighs half as much; infinity weighs all alike. `least`: the size of one
    encounter on the working scale: where the residuals are all equal (a constant series, or none at all) they prove no
    certainty, so one encounter up, none and one down stand in.
    """
    known = np.isfinite(residuals)
    values = residuals[known]
    if len(values) == 0 or np.ptp(values) <= 1e-9 * max(1.0, float(np.abs(values).max())):
        return ResidualPool(np.array([-least, 0.0, least]), np.array([1.0, 2.0, 3.0]) / 3)
    age = np.flatnonzero(known[::-1])[::-1].astype(float)
    weights = 0.5 ** (age / half_life)
    weights /= weights.sum()
    return ResidualPool(values - weights @ values, np.cumsum(weights) / weights.sum())
