"""Exponential smoothing with additive errors: level, trend (none,
additive or damped) and season, chosen by AICc. Fitted by statsmodels.

The series is standardised on its way into statsmodels, whose search leaves the ground on a few series otherwise. The
forms are compared with heuristic first states, counted as if they had been estimated; the chosen form's are then
estimated with the rest. Unknown months are bridged by a straight line on the working scale. Source: Hyndman, Koehler,
Ord and Snyder 2008, ch. 2 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from forecast.core.errors import FitError
from forecast.core.tables import Floats, Series
from forecast.models.protocol import Parameters
from forecast.models.residuals import HALF_LIFE, ResidualPool, pool
from forecast.models.scale import Scale, filled, from_working, one_encounter, require, standardised, to_working

__all__ = ["Ets", "FittedEts", "Form", "States", "Trend", "run"]

Trend = Literal["none", "additive", "damped"]
_TRENDS: tuple[Trend, ...] = ("none", "additive", "damped")
_NEEDED = 10  # statsmodels' heuristic first states draw a line through ten values


@dataclass(frozen=True)
class Form:
    """Which parts there are: `trend`, and a season of `season` steps (0: none)."""

    trend: Trend
    season: int

    @property
    def size(self) -> int:
        """Parameters of the form: smoothing, damping, first states (seasonal ones sum to zero) and the variance."""
        return 3 + {"none": 0, "additive": 2, "damped": 3}[self.trend] + self.season

    def model(self, values: Floats, *, estimated: bool) -> Any:
        """The statsmodels model of the form."""
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel

        return ETSModel(
            values,
            error="add",
            trend=None if self.trend == "none" else "add",
            damped_trend=self.trend == "damped",
            seasonal="add" if self.season else None,
            seasonal_periods=self.season or None,
            initialization_method="estimated" if estimated else "heuristic",
        )


@dataclass(frozen=True)
class States:
    """Where smoothing has come to: `level`, `trend`,
    `season` (season,) with the next step's first; and how it goes on.
    """

    alpha: float
    beta: float
    gamma: float
    phi: float
    level: float
    trend: float
    season: Floats


def run(form: Form, params: Floats, values: Floats) -> tuple[States, Floats]:
    """Smooth `values` (n,) with parameters in statsmodels' order; the last states and the one-step errors (n,).

    l(t) = l(t-1) + phi b(t-1) + alpha e(t), b(t) = phi b(t-1) + beta e(t), s(t) = s(t-m) + gamma e(t).
    """
    left = [float(number) for number in params]
    alpha = left.pop(0)
    beta = left.pop(0) if form.trend != "none" else 0.0
    gamma = left.pop(0) if form.season else 0.0
    phi = left.pop(0) if form.trend == "damped" else float(form.trend == "additive")
    level = left.pop(0)
    trend = left.pop(0) if form.trend != "none" else 0.0
    season = left[::-1] if form.season else [0.0]  # statsmodels names the latest first
    errors = []
    for step, value in enumerate(values.tolist()):
        place = step % len(season)
        error = value - level - phi * trend - season[place]
        level += phi * trend + alpha * error
        trend = phi * trend + beta * error
        season[place] += gamma * error
        errors.append(error)
    turned = np.roll(season, -(len(values) % len(season)))
    return States(alpha, beta, gamma, phi, level, trend, turned), np.array(errors)


@dataclass(frozen=True)
class FittedEts:
    """The chosen form, statsmodels' parameters `params` on the standardised scale, and the states they lead to."""

    series: Series
    scale: Scale
    form: Form
    params: tuple[float, ...]
    states: States
    errors: ResidualPool
    centre: float
    spread: float

    @property
    def parameters(self) -> Parameters:
        """The form and statsmodels' parameters, in its order, on the standardised scale."""
        return {"trend": self.form.trend, "season": self.form.season, "found": list(self.params)}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon), encounters per month: the recursion with drawn errors."""
        now = self.states
        drawn = self.errors.draw((n, horizon), rng)
        level, trend = np.full(n, now.level), np.full(n, now.trend)
        season = np.tile(now.season, (n, 1))
        values = np.empty((n, horizon))
        for step in range(horizon):
            place, error = step % season.shape[1], drawn[:, step]
            before = level + now.phi * trend
            values[:, step] = before + season[:, place] + error
            level = before + now.alpha * error
            trend = now.phi * trend + now.beta * error
            season[:, place] += now.gamma * error
        return from_working(values * self.spread + self.centre, self.series, self.scale)


@dataclass(frozen=True)
class Ets:
    """Options: `scale`; `trend` and `season` (`auto` leaves them to AICc);
    `half_life`, months after which a past error weighs half.

    Needs ten months; a season is tried from two whole ones on.
    """

    scale: Scale = "log"
    trend: Literal["auto", "none", "additive", "damped"] = "auto"
    season: Literal["auto", "none", "additive"] = "auto"
    half_life: float = HALF_LIFE
    name: str = field(default="ets", init=False)

    def fit(self, series: Series, start: Parameters | None = None) -> FittedEts:
        """Choose the form, or keep that of `start`, and search its parameters.
        Raises FitError for a short or constant series.
        """
        values, *_ = self._standardised(series)
        if start is not None and self._allows(start):
            form = Form(start["trend"], start["season"])
            first = np.array(start["found"])
        else:
            form, first = self._chosen(series, values), None
        params = form.model(values, estimated=True).fit(start_params=first, disp=False, maxiter=300, return_params=True)
        if not np.isfinite(params).all():
            raise FitError(f"{series.area}: the search of ETS ended without finite parameters. Use model random_walk.")
        return self._fitted(series, form, tuple(float(number) for number in params))

    def restore(self, series: Series, parameters: Parameters) -> FittedEts:
        """The fit of these parameters; statsmodels is not needed."""
        return self._fitted(series, Form(parameters["trend"], parameters["season"]), tuple(parameters["found"]))

    def _allows(self, start: Parameters) -> bool:
        return self.trend in ("auto", start["trend"]) and self.season in (
            "auto",
            "additive" if start["season"] else "none",
        )

    def _standardised(self, series: Series) -> tuple[Floats, float, float]:
        require(
            series,
            2 * series.season if self.season == "additive" else _NEEDED,
            "seasonal ETS" if self.season == "additive" else "ETS",
        )
        return standardised(filled(to_working(series, self.scale)), series.area)

    def _chosen(self, series: Series, values: Floats) -> Form:
        n, length = len(values), series.season
        seasons = {"auto": (0, length), "none": (0,), "additive": (length,)}[self.season]
        seasons = tuple(season for season in seasons if season == 0 or (season > 1 and n >= max(2 * season, _NEEDED)))
        trends = _TRENDS if self.trend == "auto" else (self.trend,)
        forms = [Form(trend, season) for season in seasons for trend in trends]
        forms = [form for form in forms if n > form.size + 2] or forms[:1]
        if len(forms) == 1:
            return forms[0]

        def criterion(form: Form) -> float:
            model = form.model(values, estimated=False)
            k, fit = form.size, model.loglike(model.fit(disp=False, maxiter=300, return_params=True))
            return float(-2 * fit + 2 * k + 2 * k * (k + 1) / (n - k - 1))

        return min(forms, key=criterion)

    def _fitted(self, series: Series, form: Form, params: tuple[float, ...]) -> FittedEts:
        values, centre, spread = self._standardised(series)
        states, errors = run(form, np.array(params), values)
        kept = pool(errors, least=one_encounter(series, self.scale) / spread, half_life=self.half_life)
        return FittedEts(series, self.scale, form, params, states, kept, centre, spread)
