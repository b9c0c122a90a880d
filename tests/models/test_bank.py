"""The bank: every law that can be worked out by hand, and what it must never do."""

import json

import numpy as np
import pytest

from forecast.core.errors import FitError, RecipeError
from forecast.core.months import Month
from forecast.core.tables import Series
from forecast.models.bank.family import Bank
from forecast.models.bank.future import forecast
from forecast.models.bank.groups import group_means
from forecast.models.bank.options import Options, Pattern, TrendVariant
from forecast.models.bank.panel import panel_of
from forecast.models.bank.seasonality import patterns_over_time
from forecast.models.bank.shape import PROBABILITIES
from forecast.models.bank.smoothers import smooth
from forecast.models.bank.weights import averaged, errors, weigh
from forecast.models.catalog import Member, learns_from_panel
from forecast.models.fitting import FitTask, fit_one
from tests.models.leaves import END, series, wandering


@pytest.fixture(scope="module")
def panel():
    return tuple(series(wandering(seed, season=0.3), area) for seed, area in enumerate(("el-paso", "tucson", "yuma")))


def test_rates_per_standard_month_ignore_the_length_of_months():
    days = np.array([31, 30, 31, 31, 28, 31], dtype=float)
    laid = panel_of([series(20 * days, end=Month.of(2023, 3))], 10.0)
    assert laid.values[:, 0] == pytest.approx(np.log(20 * 30.4375 + 10))
    assert laid.counts(laid.values[:2], 0)[:, 0] == pytest.approx(np.array([20 * 30, 20 * 31]))  # April and May


def test_series_of_different_starts_share_their_end():
    laid = panel_of([series([1, 2, 3, 4]), series([5, 6], "tucson")], 10.0)
    assert np.isnan(laid.values[:2, 1]).all()
    assert laid.began.tolist() == [0, 2]
    with pytest.raises(FitError, match="end in one month"):
        panel_of([series([1, 2]), series([1, 2], end=END + -1)], 10.0)


def test_group_means_leave_unknown_ones_out():
    values = np.array([[1.0, 3.0, np.nan, 8.0]])
    assert group_means(values, np.array([0, 0, 0, 1])).tolist() == [[2, 2, 2, 8]]


def test_errors_count_from_the_step_in_which_they_become_known():
    forecasts, values = np.array([[10.0], [20.0], [30.0]]), np.array([[1.0], [2.0], [3.0]])
    assert errors(forecasts, values, 2)[2, 0] == 3 - 10
    assert np.isnan(errors(forecasts, values, 2)[:2]).all()
    assert np.isnan(errors(forecasts, values, 5)).all()


LEVEL = TrendVariant(0.0, 0.0, 1.0, 1.0)


def one_smoother(gain, way=LEVEL):
    return Options(gains=(gain,), trends=(way,), patterns=(Pattern(False, 4.0),))


def test_a_smoother_by_hand():
    laid = panel_of([series([90, 190, 290], season=1, calendar=False)], 10.0)
    (smoothed,) = smooth(laid, one_smoother(0.5))
    one, two, three = np.log([100, 200, 300])
    second = one + 0.5 * (two - one)
    assert smoothed.level[:, 0, 0] == pytest.approx([one, second, second + 0.5 * (three - second)])
    assert smoothed.ahead(3)[:, 0, 0] == pytest.approx(smoothed.level[:, 0, 0])


def test_a_damped_trend_by_hand():
    laid = panel_of([series([90, 190], season=1, calendar=False)], 10.0)
    (smoothed,) = smooth(laid, one_smoother(0.5, TrendVariant(0.2, 0.5, 1.0, 1.0)))
    rise = np.log(2.0)
    assert smoothed.slope[1, 0, 0] == pytest.approx(0.1 * rise)
    assert smoothed.ahead(2)[1, 0, 0] == pytest.approx(np.log(100) + 0.5 * rise + 0.1 * rise * (0.5 + 0.25))


def test_a_return_to_the_long_run_mean_by_hand():
    laid = panel_of([series([90, 390], season=1, calendar=False)], 10.0)
    (smoothed,) = smooth(laid, one_smoother(1.0, TrendVariant(0.0, 0.0, 0.9, 1.0)))
    mean = (np.log(100) + np.log(400)) / 2
    assert smoothed.ahead(2)[1, 0, 0] == pytest.approx(mean + 0.81 * (np.log(400) - mean))


def test_an_unknown_month_leaves_the_level_where_it_was():
    laid = panel_of([series([90, np.nan, 190], season=1, calendar=False)], 10.0)
    (smoothed,) = smooth(laid, one_smoother(0.5))
    assert smoothed.level[1, 0, 0] == pytest.approx(np.log(100))


def test_a_clear_season_is_found_and_pure_noise_is_shrunk_away():
    wave = 1000 * np.exp(0.5 * np.sin(2 * np.pi * np.arange(144) / 12))
    noise = np.random.default_rng(0).lognormal(7, 0.1, 144)
    for pooled in (True, False):
        seen = patterns_over_time(panel_of([series(wave)], 10.0), Pattern(pooled, 8.0))[-1, 0]
        assert seen.max() - seen.min() > 0.9
        shrunk = patterns_over_time(panel_of([series(noise)], 10.0), Pattern(pooled, 8.0))[-1, 0]
        assert shrunk.max() - shrunk.min() < 0.2
        assert seen.sum() == pytest.approx(0, abs=1e-9)


def test_a_pattern_knows_nothing_before_two_years():
    patterns = patterns_over_time(panel_of([series(wandering(1, 40, season=0.5))], 10.0), Pattern(False, 4.0))
    assert not patterns[:24].any()
    assert patterns[30].any()


def test_weights_are_shares_and_follow_the_better_gain():
    rng = np.random.default_rng(3)
    noisy = [series(1000 * np.exp(rng.normal(0, 0.3, 150)), f"n{k}", "quiet") for k in range(3)]
    laid = panel_of(noisy, 10.0)
    options = Options(gains=(0.05, 1.0), trends=(TrendVariant(0.0, 0.0, 1.0, 1.0),), patterns=(Pattern(False, 4.0),))
    smoothed = list(smooth(laid, options))
    (weights,) = weigh(smoothed, laid, options)
    assert weights.sum(axis=2) == pytest.approx(np.ones(weights.shape[:2]))
    assert weights[0, 0].tolist() == pytest.approx([0.5, 0.5])
    assert weights[-1, :, 0].min() > 0.99
    assert averaged(smoothed, [weights], 1)[-1] == pytest.approx((smoothed[0].ahead(1)[-1] * weights[-1]).sum(axis=1))


def test_cutting_off_the_future_changes_nothing(panel):
    cut = tuple(Series(one.area, one.first, one.values[:-12].copy(), group=one.group) for one in panel)
    other = tuple(
        Series(one.area, one.first, np.concatenate([one.values[:-12], 9 * one.values[-12:]])[:-12], group=one.group)
        for one in panel
    )
    first, second = (forecast(panel_of(one, 10.0), 6, Options()) for one in (cut, other))
    assert np.array_equal(first.median, second.median)
    assert np.array_equal(first.shape, second.shape)


def test_every_step_s_forecast_sees_only_the_steps_before_it(panel):
    """The whole panel run once gives, at each past step,
    what a panel that ends there gives: nothing leaks backwards.
    """
    whole, options = panel_of(panel, 10.0), Options()
    smoothed = list(smooth(whole, options))
    weights = weigh(smoothed, whole, options)
    early = tuple(Series(one.area, one.first, one.values[:100].copy(), group=one.group) for one in panel)
    cut = panel_of(early, 10.0)
    before = list(smooth(cut, options))
    assert averaged(smoothed, weights, 5)[99] == pytest.approx(
        averaged(before, weigh(before, cut, options), 5)[99], rel=1e-12
    )


def test_an_area_learns_from_its_panel(panel):
    together = Bank().fit_among(panel[0], panel, 6).quantiles
    alone = Bank().fit_among(panel[0], panel[:1], 6).quantiles
    assert not np.allclose(together, alone)
    assert np.array_equal(Bank(pooled=False).fit_among(panel[0], panel, 6).quantiles, alone)


def test_order_of_the_panel_changes_nothing(panel):
    forwards = Bank().fit_among(panel[1], panel, 6).quantiles
    backwards = Bank().fit_among(panel[1], panel[::-1], 6).quantiles
    assert forwards == pytest.approx(backwards, rel=1e-9)


def test_the_long_run_mean_pulls_a_deep_fall_up_by_no_more_than_a_bound_and_a_record_down_freely():
    for last, gap in ((0.0, 1.0), (1_000_000.0, None)):
        laid = panel_of([series([*[990.0] * 50, last], season=1, calendar=False)], 10.0)
        (smoothed,) = smooth(laid, one_smoother(1.0, TrendVariant(0.0, 0.0, 0.9, 1.0)))
        level = np.log(last + 10)
        free = (50 * np.log(1000) + level) / 51 - level
        assert smoothed.gap[-1, 0, 0] == pytest.approx(free if gap is None else gap)
        assert smoothed.ahead(1)[-1, 0, 0] == pytest.approx(level + 0.1 * (free if gap is None else gap))


def test_paths_have_exactly_the_fitted_quantiles(panel):
    fitted = Bank().fit_among(panel[0], panel, 6)
    paths = fitted.simulate(6, 400, np.random.default_rng(0))
    assert paths.shape == (400, 6)
    middle = [np.interp(0.5, PROBABILITIES, own) for own in fitted.quantiles]
    assert np.median(paths, axis=0) == pytest.approx(middle, rel=1e-3)
    with pytest.raises(FitError, match="fitted for 6 steps, not 7"):
        fitted.simulate(7, 10, np.random.default_rng(0))


def test_neighbouring_months_of_a_path_belong_together(panel):
    paths = Bank().fit_among(panel[0], panel, 12).simulate(12, 500, np.random.default_rng(0))
    assert np.corrcoef(paths[:, 10], paths[:, 11])[0, 1] > 0.8
    assert np.corrcoef(paths[:, 0], paths[:, 11])[0, 1] < 0.6


def test_a_fit_tells_its_surprises_from_its_first_step_to_its_last(panel):
    surprises = Bank().fit_among(panel[0], panel, 6).parameters["surprises"]
    assert len(surprises) == len(panel[0].values)
    assert not any(surprises[: Options.warm_up])
    assert 0.5 < np.std(surprises[Options.warm_up :]) < 2.5


def test_parameters_are_json_and_restore_the_fit(panel):
    fitted = Bank().fit_among(panel[0], panel, 6)
    again = Bank().restore(panel[0], json.loads(json.dumps(fitted.parameters)))
    assert np.array_equal(
        again.simulate(6, 50, np.random.default_rng(1)), fitted.simulate(6, 50, np.random.default_rng(1))
    )
    assert 0 < fitted.parameters["gain"] <= 1
    assert sum(fitted.parameters["trends"]) == pytest.approx(1)


def test_a_task_carries_the_panel(panel):
    member = Member.of("bank")
    assert learns_from_panel(member)
    assert not learns_from_panel(Member.of("theta"))
    fit = fit_one(FitTask(member, panel[0], 6, 100, 1, panel))
    assert fit.failure is None
    assert np.median(fit.paths[:, 0]) == pytest.approx(
        np.median(Bank().fit_among(panel[0], panel, 6).simulate(6, 100, np.random.default_rng(0))[:, 0])
    )


def test_a_panel_of_three_months_is_too_short():
    with pytest.raises(FitError, match="4 known months"):
        Bank().fit(series([1, 2, 3]))


def test_a_short_panel_leans_on_students_distribution():
    quantiles = Bank().fit(series([100, 120, 90, 110, 100])).quantiles
    assert np.isfinite(quantiles).all()
    assert quantiles[0, 0] < 100 < quantiles[0, -1]


def test_other_seasons_and_panels_without_a_calendar(panel):
    quarters = series(wandering(5, 80), season=4, calendar=False)
    assert np.isfinite(Bank().fit(quarters).quantiles).all()
    assert np.isfinite(Bank().fit(series(wandering(5, 30), season=1, calendar=False)).quantiles).all()


def test_the_bank_works_on_logs_only():
    with pytest.raises(RecipeError, match="scale is log"):
        Member.of("bank", scale="raw")
