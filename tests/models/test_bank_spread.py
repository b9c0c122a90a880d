"""The bank's spread and the shape of its ends: every law that can be worked out by hand."""

import numpy as np
import pytest
from scipy.stats import t as student_t

from forecast.models.bank.family import Bank
from forecast.models.bank.options import Options
from forecast.models.bank.panel import panel_of
from forecast.models.bank.shape import PROBABILITIES, shapes
from forecast.models.bank.spread import grown, low_level_factors, one_step_scales, shrink_upper_tail, standardise
from tests.models.leaves import series, wandering


def test_the_spread_grows_by_the_law_of_a_random_walk():
    laid = panel_of([series(wandering(1))], 10.0)
    missed = np.full((120, 1), 0.2)
    options = Options(growth=0.5)
    spreads = grown(*one_step_scales(missed, laid, options), np.ones((120, 1)), 4, options)[-1, 0]
    assert spreads == pytest.approx(0.2 * np.sqrt([1, 2, 3, 4]))
    assert grown(*one_step_scales(missed, laid, options), np.zeros((120, 1)), 4, options)[-1, 0] == pytest.approx(
        [0.2] * 4
    )


def test_a_shared_volatility_that_rose_widens_the_near_months_most():
    laid = panel_of([series(wandering(1)), series(wandering(2), "tucson")], 10.0)
    missed = np.full((120, 2), 0.1)
    missed[-6:] = 0.4
    spreads = grown(*one_step_scales(missed, laid, Options()), np.zeros((120, 2)), 12, Options())[-1, 0]
    assert spreads[0] > spreads[5] > spreads[11] > 0.1


def group_of(missed, options):
    """The spread of each of a group's series one step after `missed` (steps, series)."""
    laid = panel_of([series(wandering(1), f"area-{place}") for place in range(missed.shape[1])], 10.0)
    return grown(*one_step_scales(missed, laid, options), np.zeros(missed.shape), 1, options)[-1, :, 0]


def test_a_series_that_hardly_erred_lately_takes_no_more_than_its_share_off_the_spread_of_others():
    """Two series err by 0.1 for years, then one of them by nothing: to 0 go its recent errors over its slow ones, to a
    half the mean ratio. Of logarithms the mean would fall without end.
    """
    missed = np.full((120, 2), 0.1)
    missed[-12:, 1] = 0.0
    options = Options(own_scale=1.0)
    recent, slow = 0.5 ** (12 / options.fast), 0.5 ** (12 / options.slow)
    assert group_of(missed, options)[0] == pytest.approx(0.1 * (1 + recent / slow) / 2, rel=0.03)
    missed[-60:, 1] = 0.0
    assert group_of(missed, options)[0] == pytest.approx(0.05, rel=0.01)


def test_one_wild_series_widens_the_spread_of_twenty_by_a_half_at_most():
    """The last error's share of the fast mean over its share of the slow one, whatever the error: under 11."""
    missed = np.full((120, 20), 0.1)
    missed[:, -1] = 0.0
    missed[-1, -1] = 1e6
    options = Options(own_scale=1.0)
    fast, slow = ((1 - 0.5 ** (1 / life)) / (1 - 0.5 ** (120 / life)) for life in (options.fast, options.slow))
    assert group_of(missed, options)[0] == pytest.approx(0.1 * (19 + fast / slow) / 20, rel=1e-3)


def test_a_level_below_its_long_run_mean_has_a_smaller_spread_by_hand():
    """Two areas whose mean is log(100), one of them at a tenth of it; what is above the mean changes nothing."""
    laid = panel_of(
        [series([90] * 4, season=1, calendar=False), series([90] * 4, "tucson", season=1, calendar=False)], 10.0
    )
    level = np.log(np.array([[100.0, 100.0], [10.0, 100.0], [1e-9, 1e-9], [1000.0, 1000.0]]))
    options = Options(level_effect=0.2, own_scale=0.6)
    narrowed = low_level_factors(level, laid, options)
    ten = np.log(10)
    assert narrowed[0] == pytest.approx(1)
    assert narrowed[1, 0] == pytest.approx(np.exp(-0.2 * (0.5 * ten + 0.6 * 0.5 * ten)))
    assert narrowed[1, 1] == pytest.approx(np.exp(-0.2 * (0.5 * ten - 0.6 * 0.5 * ten)))
    assert narrowed[2] == pytest.approx(np.exp(-0.2 * 2.5))  # no deeper
    assert narrowed[3] == pytest.approx(1)


def test_an_error_is_measured_by_the_scale_that_was_expected_for_it():
    scale = np.array([[[1.0, 2.0]], [[4.0, 8.0]], [[9.0, 9.0]]])
    standardised = standardise(np.array([[np.nan], [np.nan], [6.0]]), scale, 2)
    assert standardised[2, 0] == 6.0 / 2.0


def test_growth_beyond_the_record_runs_out_by_hand():
    options = Options(beyond=1.0, small=100.0)
    seen = np.log(
        np.array([100.0, np.nan, 900.0])
    )  # so that the start is log(1000): the room is small's, not half the record
    start = np.log(1000.0)
    working = np.array([[start - 2, start, start + 1, start + 100], [start - 2, start + 0.5, start + 3, start + 100]])
    shrunk = shrink_upper_tail(working, np.array([start - 2, start + 0.5]), seen, options)
    assert shrunk[0] == pytest.approx([start - 2, start, start + 1 - np.exp(-1), start + 1])
    assert shrunk[1] == pytest.approx(
        [start - 2, start + 0.5, start + 0.5 + 1 - np.exp(-2.5), start + 1.5]
    )  # from the median, where higher


def test_an_area_with_thirty_a_month_has_room_for_half_its_record_and_a_smaller_one_for_an_event():
    working, median = np.array([[0.0, 50.0]]), np.array([0.0])
    for counts, room in (([40.0, 100.0], 0.5 * 110), ([1.0, 20.0], 1000.0)):
        seen = np.log(np.array(counts) + 10)
        end = shrink_upper_tail(working, median, seen, Options())[0, 1]
        assert np.exp(end) == pytest.approx((counts[1] + 10 + room) * np.exp(0.5))


def test_a_long_reach_leaves_quantiles_as_they_are():
    working = np.array([[1.0, 12.0]])
    assert shrink_upper_tail(working, np.array([1.0]), np.array([2.0]), Options(beyond=1e6)) == pytest.approx(
        working, rel=1e-4
    )


def test_no_end_is_above_three_records():
    rng = np.random.default_rng(5)
    wild = tuple(series(np.round(300 * np.exp(np.cumsum(rng.normal(0.02, 0.5, 90)))), f"w{k}") for k in range(3))
    unbounded = 0
    for one in wild:
        record = one.values.max()
        quantiles = Bank().fit_among(one, wild, 18).quantiles
        assert (np.diff(quantiles, axis=1) >= 0).all()
        assert quantiles.min() >= 0
        assert quantiles.max() < 3 * record
        unbounded += Bank(beyond=1000.0).fit_among(one, wild, 18).quantiles.max() > 3 * record
    assert unbounded


def test_an_event_counts_for_the_scale_as_one_and_the_next_the_more():
    """Errors of 0.1 for years, then one of 5: the scale learns twice what was expected, 0.2, and no more."""
    laid = panel_of([series(wandering(1))], 10.0)
    options = Options(surprise=2.0, own_scale=1.0)
    missed = np.full((120, 1), 0.1)
    missed[-2:] = 5.0
    spreads = grown(*one_step_scales(missed, laid, options), np.zeros((120, 1)), 1, options)[:, 0, 0]
    fast = 0.5 ** (1 / options.fast)
    assert spreads[-3] == pytest.approx(0.1)
    assert spreads[-2] == pytest.approx(0.1 * fast + 0.2 * (1 - fast), rel=1e-3)  # the half-life's share of 0.2
    assert spreads[-1] == pytest.approx(spreads[-2] * (fast + 2 * (1 - fast)), rel=1e-3)  # a second one widens it again


def test_a_series_that_never_moved_is_not_held_to_its_scale():
    laid = panel_of([series(wandering(1))], 10.0)
    missed = np.zeros((120, 1))
    missed[-1] = 5.0
    assert grown(*one_step_scales(missed, laid, Options()), np.zeros((120, 1)), 1, Options())[-1, 0, 0] > 0.5


def test_a_panel_without_errors_has_student_s_shape_of_mean_size_one():
    laid = panel_of([series(wandering(1))], 10.0)
    shape = shapes(np.full((120, 1, 3), np.nan), laid, Options())[0]
    size = np.abs(student_t(7).rvs(400_000, random_state=1)).mean()
    assert shape == pytest.approx(student_t(7).ppf(PROBABILITIES) / size, rel=0.01)


def test_one_event_is_never_mirrored():
    """Standardised errors of plus and minus one, and one fall of ten: the lower tail reaches for it, the upper one does
    not.
    """
    laid = panel_of([series(wandering(1))], 10.0)
    calm = np.where(np.arange(120) % 2, 1.0, -1.0)[:, None, None].repeat(3, axis=2)
    fallen = calm.copy()
    fallen[-5:] = -10.0
    before, after = (shapes(each, laid, Options(symmetric=0.0))[0] for each in (calm, fallen))
    assert after[0] < -3 < before[0]
    assert after[-1] <= before[-1] + 0.05
