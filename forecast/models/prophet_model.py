"""Prophet on month starts: a bent trend, a yearly season and policy events as regressors.
Fitted by the library of that name.

Events count as far as they were public at the origin, and only where at least three months of them are in the history:
before that nothing tells an event's effect from noise. Future bends of the trend are drawn as Prophet draws them (as
often and as sharp as those of the past: Taylor and Letham 2018, sec. 3.1.4). Prophet's residuals come in runs, which it
takes for noise: here a month hands a share of its residual on to the next (estimated by least squares), so that a
forecast starts from the last count. Unknown months are left out by Prophet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecast.core.errors import FitError
from forecast.core.months import SEASON
from forecast.core.tables import Floats, Series
from forecast.models.events import known_at, shares
from forecast.models.protocol import Parameters
from forecast.models.residuals import HALF_LIFE, ResidualPool, pool
from forecast.models.scale import Scale, from_working, one_encounter, require, standardised, to_working

__all__ = ["FittedProphet", "ProphetModel"]

_SEEN = 3.0  # months in force before an event's effect is estimated
_MOST_CARRIED = 0.98  # of a residual, by the month; all of it would never return to the trend
_PRIOR = 0.02  # of an effect, in parts of the highest rate: tight, because many months of an event also hold much else
_HARMONICS = 5  # months resolve six; Prophet's default of ten would be free to do anything between them


@dataclass(frozen=True)
class FittedProphet:
    """`fitted`: the library's object; `regressors`: the events that it knows; `half_life`: as in `ProphetModel`."""

    series: Series
    scale: Scale
    fitted: Any
    regressors: tuple[str, ...]
    half_life: float

    @property
    def parameters(self) -> Parameters:
        """Prophet's own JSON, as text, and the events that it knows."""
        from forecast.models.prophet_library import model_to_json

        return {"prophet": model_to_json(self.fitted), "events": list(self.regressors)}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon), encounters per month."""
        # Past and future at once: a call of Prophet's costs more than its months.
        predicted = _predicted(self.fitted, _frame(self.series, self.regressors, horizon))
        past, middle = predicted[:-horizon], predicted[-horizon:]
        missed = to_working(self.series, self.scale) - past
        carried, errors = self._left_over(missed)
        bends = self._bends(horizon, n, rng)
        shocks = errors.draw((n, horizon), rng)
        left, rest = np.empty((n, horizon)), np.full(n, float(missed[-1]))
        for step in range(horizon):
            rest = carried * rest + shocks[:, step]
            left[:, step] = rest
        return from_working(middle + bends + left, self.series, self.scale)

    def _left_over(self, missed: Floats) -> tuple[float, ResidualPool]:
        """Of what Prophet leaves over (months,): the share that a month hands on, and the shocks that come to it."""
        before, after = missed[:-1], missed[1:]
        pairs = np.isfinite(before) & np.isfinite(after)
        square = float(before[pairs] @ before[pairs])
        share = float(before[pairs] @ after[pairs]) / square if square > 0 else 0.0
        carried = min(max(share, 0.0), _MOST_CARRIED)
        return carried, pool(
            after - carried * before, least=one_encounter(self.series, self.scale), half_life=self.half_life
        )

    def _bends(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon) what new bends add to the trend; Prophet's time runs from 0 to 1 over the history."""
        step = 1.0 / max(len(self.series.values) - 1, 1)
        changes = self.fitted.params["delta"]
        often, sharp = len(self.fitted.changepoints_t) * step, float(np.abs(changes).mean()) + 1e-8
        bends = rng.laplace(0.0, sharp, size=(n, horizon)) * (rng.random((n, horizon)) < often)
        added: Floats = np.cumsum(np.cumsum(bends, axis=1), axis=1) * step * float(self.fitted.y_scale)
        return added


@dataclass(frozen=True)
class ProphetModel:
    """Options: `scale`; `events`, whether policy events are regressors;
    `half_life`, months after which a past shock weighs half as much.

    Needs two years of months.
    """

    scale: Scale = "log"
    events: bool = True
    half_life: float = HALF_LIFE
    name: str = field(default="prophet", init=False)

    def fit(self, series: Series, start: Parameters | None = None) -> FittedProphet:
        """Fit trend, season and events. Raises FitError for a short or constant series, or one that is not monthly."""
        if not series.calendar:
            raise FitError(
                f"{series.area} is not a monthly series; Prophet needs calendar months. Use model ets or theta."
            )
        require(series, 2 * SEASON, "Prophet")
        standardised(to_working(series, self.scale), series.area)
        regressors = self._regressors(series)
        from forecast.models.prophet_library import Prophet, silence

        with silence():
            model = Prophet(
                yearly_seasonality=_HARMONICS if series.season == SEASON else False,
                weekly_seasonality=False,
                daily_seasonality=False,
                uncertainty_samples=0,
            )
            for name in regressors:
                model.add_regressor(name, prior_scale=_PRIOR, standardize=False)
            frame = _frame(series, regressors, 0)
            model.fit(frame.assign(y=to_working(series, self.scale)), seed=1)
        return FittedProphet(series, self.scale, model, regressors, self.half_life)

    def restore(self, series: Series, parameters: Parameters) -> FittedProphet:
        """The fit of this JSON."""
        from forecast.models.prophet_library import model_from_json, silence

        with silence():
            return FittedProphet(
                series, self.scale, model_from_json(parameters["prophet"]), tuple(parameters["events"]), self.half_life
            )

    def _regressors(self, series: Series) -> tuple[str, ...]:
        n = len(series.values)
        known = known_at(series.origin) if self.events else ()
        return tuple(
            e.name for e in known if shares(e, origin=series.origin, first=series.first, count=n).sum() >= _SEEN
        )


def _frame(series: Series, regressors: tuple[str, ...], horizon: int) -> Any:
    """Prophet's table of the history's months and of the `horizon` months after the origin."""
    import pandas as pd

    first, count = series.first, len(series.values) + horizon
    columns: dict[str, Any] = {"ds": pd.date_range(str(first), periods=count, freq="MS")}
    for event in known_at(series.origin):
        if event.name in regressors:
            columns[event.name] = shares(event, origin=series.origin, first=first, count=count)
    return pd.DataFrame(columns)


def _predicted(model: Any, frame: Any) -> Floats:
    """(months,) trend, season and events on the working scale: the bits of `model.predict(frame)["yhat"]`, in half
    of its time. That one also adds up each event, and groups of them, which nobody asks for here.
    """
    import pandas as pd

    from forecast.models.prophet_library import silence

    with silence():
        months = model.setup_dataframe(frame.copy())
        trend = model.predict_trend(months).to_numpy()
        features = [
            model.make_seasonality_features(months["ds"], season["period"], season["fourier_order"], name)
            for name, season in model.seasonalities.items()
        ]
        features += [months[[name]] for name in model.extra_regressors]
        if not features:
            return np.array(trend, dtype=float)
        # All of them are added to the trend, none multiplies it: the defaults, which `fit` leaves.
        effects = np.matmul(pd.concat(features, axis=1).to_numpy(), model.params["beta"].transpose())
    return np.array(trend + effects[:, 0] * model.y_scale, dtype=float)
