"""Seasonal ARIMA with its orders found by rule and AICc. Estimated by statsmodels' SARIMAX.

Orders: a seasonal difference where the season is strong (> 0.64, Hyndman and Khandakar 2008), differences by the KPSS
test, lags by the stepwise search of `arma`, whose rough coefficients start the likelihood search. The likelihood is
searched on the differenced series (small states, hence fast); the fit that is simulated filters the undifferenced one.
Unknown months are bridged by a straight line while the orders are chosen, and left to the Kalman filter afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecast.core.errors import FitError
from forecast.core.tables import Floats, Series
from forecast.models.arma import choose
from forecast.models.innovations import Innovations, innovations
from forecast.models.protocol import Parameters
from forecast.models.residuals import HALF_LIFE, ResidualPool, pool
from forecast.models.scale import Scale, filled, from_working, one_encounter, require, standardised, to_working
from forecast.models.seasonality import differences, seasonal_strength

__all__ = ["FittedSarimax", "Sarimax"]

_STRONG = 0.64

# The rough coefficients are near the optimum; further steps move the likelihood by less than the orders are unsure.
_STEPS = 8


@dataclass(frozen=True)
class FittedSarimax:
    """`order` (p, d, q), `seasonal_order` (P, D, Q) and statsmodels' parameters `params` on the standardised scale."""

    series: Series
    scale: Scale
    order: tuple[int, int, int]
    seasonal_order: tuple[int, int, int]
    params: tuple[float, ...]
    form: Innovations
    errors: ResidualPool
    centre: float
    spread: float

    @property
    def parameters(self) -> Parameters:
        """The orders and statsmodels' parameters, in its order."""
        return {"order": list(self.order), "seasonal_order": list(self.seasonal_order), "found": list(self.params)}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon), encounters per month."""
        values = self.form.simulate(self.errors.draw((n, horizon), rng))
        return from_working(values * self.spread + self.centre, self.series, self.scale)


@dataclass(frozen=True)
class Sarimax:
    """Options: `scale`; `half_life`, months after which a past error weighs half as much (inf: all alike).

    Needs sixteen months; seasonal lags are tried from three whole seasons on.
    """

    scale: Scale = "log"
    half_life: float = HALF_LIFE
    name: str = field(default="sarimax", init=False)

    def fit(self, series: Series, start: Parameters | None = None) -> FittedSarimax:
        """Choose the orders, or keep those of `start`, and search the coefficients. Raises FitError."""
        if start is None:
            order, seasonal_order, first = self._chosen(series)
        else:
            order, seasonal_order, first = (
                tuple(start["order"]),
                tuple(start["seasonal_order"]),
                np.array(start["found"]),
            )
        differenced = self._model(series, order, seasonal_order, differenced=True)
        params = differenced.fit(
            start_params=first, disp=False, maxiter=_STEPS, warn_convergence=False, return_params=True
        )
        if not np.isfinite(params).all():
            raise FitError(
                f"{series.area}: the search of SARIMAX ended without finite parameters. Use model random_walk."
            )
        return self._fitted(series, order, seasonal_order, tuple(float(number) for number in params))

    def restore(self, series: Series, parameters: Parameters) -> FittedSarimax:
        """The fit of these orders and parameters."""
        return self._fitted(
            series, tuple(parameters["order"]), tuple(parameters["seasonal_order"]), tuple(parameters["found"])
        )

    def _standardised(self, series: Series) -> tuple[Floats, float, float]:
        require(series, 16, "SARIMAX")
        return standardised(to_working(series, self.scale), series.area)

    def _chosen(self, series: Series) -> tuple[tuple[int, int, int], tuple[int, int, int], Floats]:
        values, *_ = self._standardised(series)
        values, season = filled(values), series.season
        seasonal = season > 1 and len(values) >= 3 * season
        seasonal_difference = int(seasonal and seasonal_strength(values, season) > _STRONG)
        if seasonal_difference:
            values = values[season:] - values[:-season]
        difference = differences(values, 2 - seasonal_difference)
        values = np.diff(values, difference)
        constant = [] if difference + seasonal_difference else [float(values.mean())]
        if constant:
            values = values - values.mean()
        best = choose(values, season, seasonal=seasonal)
        ar, ma, seasonal_ar, seasonal_ma = best.orders.counts
        if constant:  # statsmodels' constant is the mean times what the autoregressive lags leave of it
            kept = (1 - best.coefficients[:ar].sum()) * (1 - best.coefficients[ar + ma : ar + ma + seasonal_ar].sum())
            constant = [constant[0] * float(kept)]
        first = np.r_[constant, best.coefficients, best.variance]
        return (ar, difference, ma), (seasonal_ar, seasonal_difference, seasonal_ma), first

    def _model(
        self, series: Series, order: tuple[int, ...], seasonal_order: tuple[int, ...], *, differenced: bool
    ) -> Any:
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        values, *_ = self._standardised(series)
        return SARIMAX(
            values,
            order=order,
            seasonal_order=(*seasonal_order, series.season if any(seasonal_order) else 0),
            trend="n" if order[1] + seasonal_order[1] else "c",
            simple_differencing=differenced,
        )

    def _fitted(
        self,
        series: Series,
        order: tuple[int, int, int],
        seasonal_order: tuple[int, int, int],
        params: tuple[float, ...],
    ) -> FittedSarimax:
        model = self._model(series, order, seasonal_order, differenced=False)
        form, errors = innovations(model.filter(np.array(params), cov_type="none"), series.area)
        _, centre, spread = self._standardised(series)
        kept = pool(errors, least=one_encounter(series, self.scale) / spread, half_life=self.half_life)
        return FittedSarimax(series, self.scale, order, seasonal_order, params, form, kept, centre, spread)
