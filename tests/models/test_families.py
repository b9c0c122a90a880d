"""What every family promises, and what is particular to those with a library."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from forecast.core.errors import FitError
from forecast.core.months import Month
from forecast.core.tables import Series
from forecast.models.catalog import FAMILIES, Member, model
from forecast.models.ets import Ets, Form, run
from forecast.models.prophet_library import silence
from forecast.models.prophet_model import ProphetModel, _frame, _predicted
from forecast.models.sarimax import Sarimax
from forecast.models.scale import standardised, to_working
from forecast.models.structural import Structural
from tests.models.examples import sector, series, with_gaps

NEEDS = {
    "random_walk": 1,
    "seasonal_naive": 24,
    "theta": 6,
    "ets": 10,
    "structural": 10,
    "sarimax": 16,
    "prophet": 24,
    "recent": 4,
}
WITHOUT_CALENDAR = [family for family in FAMILIES if family != "prophet"]
# The bank works on logs only, the recent months on counts only.
SCALES = {family: {"bank": ("log",), "recent": ("raw",)}.get(family, ("raw", "log")) for family in FAMILIES}


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.mark.parametrize(("family", "scale"), [(family, scale) for family in FAMILIES for scale in SCALES[family]])
def test_a_fit_survives_json_and_simulates_the_same(family: str, scale: str) -> None:
    whole = with_gaps(sector(), 30, 31, 50)
    made = model(Member.of(family, scale=scale))
    fitted = made.fit(whole)
    paths = fitted.simulate(15, 40, rng())
    again = made.restore(whole, json.loads(json.dumps(fitted.parameters))).simulate(15, 40, rng())
    assert paths.shape == (40, 15)
    assert np.isfinite(paths).all()
    np.testing.assert_allclose(again, paths, rtol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_path_goes_below_zero_from_a_handful_of_encounters(family: str) -> None:
    handful = series(np.random.default_rng(2).poisson(1.2, 72))
    paths = model(Member.of(family, scale=SCALES[family][0])).fit(handful).simulate(12, 200, rng())
    assert (paths >= 0).all()
    assert np.isfinite(paths).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_steady_rate_gives_counts_in_proportion_to_the_days(family: str) -> None:
    months = Series("somewhere", Month.of(2010, 1), np.ones(84))
    rate = 1000 + np.random.default_rng(4).normal(0, 5, 84)
    steady = Series("somewhere", Month.of(2010, 1), np.round(rate * months.days()))
    middle = np.median(model(Member.of(family)).fit(steady).simulate(12, 400, rng()), axis=0)
    np.testing.assert_allclose(middle / steady.days(12), 1000, rtol=0.03)  # February is 10 % shorter than January


@pytest.mark.parametrize("family", FAMILIES)
def test_a_start_from_an_earlier_month_leads_to_a_like_forecast(family: str) -> None:
    made, whole = model(Member.of(family)), sector()
    earlier = Series(whole.area, whole.first, whole.values[:-2].copy())
    fresh = np.median(made.fit(whole).simulate(6, 400, rng()), axis=0)
    resumed = np.median(made.fit(whole, made.fit(earlier).parameters).simulate(6, 400, rng()), axis=0)
    np.testing.assert_allclose(resumed, fresh, rtol=0.15)


@pytest.mark.parametrize("family", [family for family in NEEDS if family != "random_walk"])
def test_a_month_less_than_needed_is_refused_and_the_needed_ones_do(family: str) -> None:
    needed = NEEDS[family]
    with pytest.raises(FitError, match=f"somewhere has {needed - 1} months at origin .* needs {needed}"):
        model(Member.of(family)).fit(sector(needed - 1))
    assert model(Member.of(family)).fit(sector(needed)).simulate(3, 10, rng()).shape == (10, 3)


@pytest.mark.parametrize("season", [1, 4, 7])
@pytest.mark.parametrize("family", WITHOUT_CALENDAR)
def test_other_seasons_and_steps_without_a_calendar_are_fitted(family: str, season: int) -> None:
    steps = sector(60, season=max(season, 2), calendar=False)
    steps = Series(steps.area, Month(0), steps.values.copy(), season, calendar=False)
    middle = np.median(model(Member.of(family)).fit(steps).simulate(6, 100, rng()), axis=0)
    assert (middle > steps.values.min() / 2).all()
    assert (middle < steps.values.max() * 2).all()


def test_prophet_asks_for_calendar_months() -> None:
    with pytest.raises(FitError, match="not a monthly series"):
        ProphetModel().fit(sector(60, calendar=False))


@pytest.mark.parametrize("family", ["ets", "structural", "sarimax", "prophet"])
def test_a_series_that_never_changes_is_refused(family: str) -> None:
    days = Series("somewhere", Month.of(2010, 1), np.ones(60)).days()
    with pytest.raises(FitError, match="same in every month"):
        model(Member.of(family)).fit(series(10 * days))


@pytest.mark.parametrize("form", [Form("none", 0), Form("additive", 0), Form("damped", 12)])
def test_the_smoothing_recursion_agrees_with_statsmodels(form: Form) -> None:
    values, *_ = standardised(to_working(sector(), "log"), "somewhere")
    reference = form.model(values, estimated=True).fit(disp=False, maxiter=300)
    states, errors = run(form, reference.params, values)
    np.testing.assert_allclose(errors, reference.resid, atol=1e-10)
    expected = states.level + states.phi * states.trend + states.season[0]
    assert expected == pytest.approx(float(reference.forecast(1)[0]))


def test_ets_sees_a_season_where_there_is_one() -> None:
    wave = 1000 + 300 * np.sin(2 * np.pi * np.arange(96) / 12) + np.random.default_rng(1).normal(0, 20, 96)
    assert Ets(scale="raw").fit(series(wave)).form.season == 12
    assert Ets(scale="raw").fit(series(1000 + np.random.default_rng(1).normal(0, 50, 96))).form.season == 0


def test_ets_keeps_to_its_options_whatever_the_start_says() -> None:
    start = {"trend": "damped", "season": 12, "found": [0.1] * 18}
    assert Ets(trend="none", season="none").fit(sector(), start).form == Form("none", 0)


def test_seasonal_ets_needs_two_seasons() -> None:
    with pytest.raises(FitError, match="somewhere has 23 months at origin 2011-11; seasonal ETS needs 24"):
        Ets(season="additive").fit(sector(23))


def test_sarimax_forecasts_levels_and_not_differences() -> None:
    high = sector(level=20_000)
    fitted = Sarimax().fit(high)
    assert fitted.order[1] + fitted.seasonal_order[1] > 0
    assert np.median(fitted.simulate(1, 200, rng())) == pytest.approx(high.values[-1], rel=0.4)


def test_sarimax_keeps_the_orders_of_its_start() -> None:
    start = {"order": [1, 1, 0], "seasonal_order": [0, 0, 0], "found": [0.2, 0.5]}
    fitted = Sarimax().fit(sector(), start)
    assert (fitted.order, fitted.seasonal_order) == ((1, 1, 0), (0, 0, 0))


@pytest.mark.parametrize("made", [Sarimax(half_life=np.inf), Structural(half_life=np.inf)])
def test_simulated_medians_and_spreads_are_statsmodels_own(made: Sarimax | Structural) -> None:
    steps = sector(160, calendar=False)
    fitted = made.fit(steps)
    paths = np.log1p(fitted.simulate(6, 20_000, rng()))
    built = (
        made._model(steps, fitted.order, fitted.seasonal_order, differenced=False)
        if isinstance(made, Sarimax)
        else made._model(steps, fitted.harmonics)
    )
    reference = built.filter(np.array(fitted.params)).get_forecast(6)
    np.testing.assert_allclose(paths.mean(axis=0), reference.predicted_mean * fitted.spread + fitted.centre, atol=0.01)
    np.testing.assert_allclose(paths.std(axis=0), reference.se_mean * fitted.spread, rtol=0.15)


def test_prophet_knows_only_events_announced_and_seen_for_three_months() -> None:
    until_may_2020 = sector(125)  # from January 2010 to May 2020: Title 42 in force for 12 days and two months
    until_june_2020 = sector(126)
    assert ProphetModel().fit(until_may_2020).regressors == ("migrant_protection_protocols",)
    assert ProphetModel().fit(until_june_2020).regressors == ("title_42", "migrant_protection_protocols")
    assert ProphetModel(events=False).fit(until_june_2020).regressors == ()


@pytest.mark.parametrize("options", [{}, {"events": False}])
def test_prophets_middle_is_the_library_s_own_to_the_bit(options: dict[str, bool]) -> None:
    fitted = ProphetModel(**options).fit(sector(240))
    months = _frame(fitted.series, fitted.regressors, 18)
    with silence():
        own = fitted.fitted.predict(months)["yhat"].to_numpy(float)
    assert _predicted(fitted.fitted, months).tobytes() == own.tobytes()


def test_prophet_is_quiet_from_its_import_on() -> None:
    script = """
from forecast.core.executor import Executor
from tests.models.examples import sector
from forecast.models.catalog import Member
from forecast.models.fitting import FitTask, fit_all
if __name__ == "__main__":
    tasks = [FitTask(Member.of("prophet"), sector(48), 3, 10, 1)]
    print([(fit.failure, fit.notes) for workers in (0, 1) for fit in fit_all(tasks, executor=Executor(workers, 120))])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[(None, ()), (None, ())]", "")
