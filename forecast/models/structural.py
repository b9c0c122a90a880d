"""A structural model: a level that wanders,
a season of a few harmonics that may change, and noise. Fitted by statsmodels.

Unknown months are left to the Kalman filter. Source: Harvey 1989; in statsmodels `UnobservedComponents`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecast.core.errors import FitError
from forecast.core.tables import Floats, Series
from forecast.models.innovations import Innovations, innovations
from forecast.models.protocol import Parameters
from forecast.models.residuals import HALF_LIFE, ResidualPool, pool
from forecast.models.scale import Scale, from_working, one_encounter, require, standardised, to_working

__all__ = ["FittedStructural", "Structural"]


@dataclass(frozen=True)
class FittedStructural:
    """`params`: variances on the standardised scale, in statsmodels' order; `harmonics`: 0 for no season."""

    series: Series
    scale: Scale
    harmonics: int
    params: tuple[float, ...]
    form: Innovations
    errors: ResidualPool
    centre: float
    spread: float

    @property
    def parameters(self) -> Parameters:
        """The number of harmonics and the variances."""
        return {"harmonics": self.harmonics, "found": list(self.params)}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon), encounters per month."""
        values = self.form.simulate(self.errors.draw((n, horizon), rng))
        return from_working(values * self.spread + self.centre, self.series, self.scale)


@dataclass(frozen=True)
class Structural:
    """Options: `scale`; `harmonics`;
    `half_life`, months after which a past error weighs half as much. Needs ten months.

    The season has fewer harmonics where it is short, and is left out where two whole ones are not there.
    """

    scale: Scale = "log"
    harmonics: int = 2
    half_life: float = HALF_LIFE
    name: str = field(default="structural", init=False)

    def fit(self, series: Series, start: Parameters | None = None) -> FittedStructural:
        """Search the variances, from those of `start` where its season has as many harmonics. Raises FitError."""
        harmonics = min(self.harmonics, series.season // 2) if len(series.values) >= 2 * series.season else 0
        model = self._model(series, harmonics)
        first = np.array(start["found"]) if start is not None and start["harmonics"] == harmonics else None
        params = model.fit(start_params=first, disp=False, maxiter=50, warn_convergence=False, return_params=True)
        if not np.isfinite(params).all():
            raise FitError(
                f"{series.area}: the search of the structural model ended without finite variances. Use model "
                "random_walk."
            )
        return self._fitted(series, harmonics, tuple(float(number) for number in params), model)

    def restore(self, series: Series, parameters: Parameters) -> FittedStructural:
        """The fit of these variances."""
        harmonics = int(parameters["harmonics"])
        return self._fitted(series, harmonics, tuple(parameters["found"]), self._model(series, harmonics))

    def _standardised(self, series: Series) -> tuple[Floats, float, float]:
        require(series, 10, "the structural model")
        return standardised(to_working(series, self.scale), series.area)

    def _model(self, series: Series, harmonics: int) -> Any:
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        values, *_ = self._standardised(series)
        seasons = [{"period": series.season, "harmonics": harmonics}] if harmonics else None
        return UnobservedComponents(values, level="local level", freq_seasonal=seasons)

    def _fitted(self, series: Series, harmonics: int, params: tuple[float, ...], model: Any) -> FittedStructural:
        form, errors = innovations(model.filter(np.array(params), cov_type="none"), series.area)
        _, centre, spread = self._standardised(series)
        kept = pool(errors, least=one_encounter(series, self.scale) / spread, half_life=self.half_life)
        return FittedStructural(series, self.scale, harmonics, params, form, kept, centre, spread)
