"""Scores against numbers worked out by hand and against an independent library."""

import numpy as np
import pytest
import scoringrules
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.core.errors import LevelsError
from forecast.core.scoring import inside, interval_levels, pinball, round_to, seasonal_scale, weighted_interval_score
from forecast.core.tables import LEVELS


def test_pinball_by_hand():
    # 0.9 x (12 - 10) where the count is above; 0.1 x (10 - 7) where it is below.
    assert pinball(np.array([10.0, 10.0]), 0.9, np.array([12.0, 7.0])).tolist() == pytest.approx([1.8, 0.3])


def test_weighted_interval_score_by_hand():
    # median 10, 80 % interval 6 to 14, observed 16: (0.5 x 6 + 0.1 x 8 + (16 - 14)) / 1.5 = 5.8 / 1.5
    score = weighted_interval_score(np.array([6.0, 10.0, 14.0]), (0.1, 0.5, 0.9), np.array(16.0), coverages=(80,))
    assert float(score) == pytest.approx(5.8 / 1.5)


def test_weighted_interval_score_is_made_of_an_independent_library_s_interval_scores():
    # The library's own weighted sum takes the median itself for the median's error (0.10), so only its intervals are compared.
    rng = np.random.default_rng(1)
    quantiles, observed = np.sort(rng.gamma(2, 100, (50, 23)), axis=1), rng.gamma(2, 100, 50)
    total = 0.5 * np.abs(observed - quantiles[:, LEVELS.index(0.5)])
    for coverage, alpha in ((50, 0.5), (80, 0.2), (90, 0.1), (95, 0.05)):
        low, high = (quantiles[:, LEVELS.index(round(level, 3))] for level in interval_levels(coverage))
        total += alpha / 2 * scoringrules.interval_score(observed, low, high, alpha)
    assert weighted_interval_score(quantiles, LEVELS, observed) == pytest.approx(total / 4.5)


def test_pinball_equals_an_independent_library():
    rng = np.random.default_rng(2)
    quantile, observed = rng.gamma(2, 100, 50), rng.gamma(2, 100, 50)
    assert pinball(quantile, 0.975, observed) == pytest.approx(scoringrules.quantile_score(observed, quantile, 0.975))


@given(arrays(float, 9, elements=st.floats(0, 1e6)), st.floats(0, 1e6))
def test_the_score_is_the_mean_pinball_loss_of_its_levels_doubled(values, count):
    # Bracher et al. 2021, eq. 5: with K intervals, WIS = 2 / (2K + 1) x the sum of pinball losses.
    levels = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
    quantiles, observed = np.sort(values), np.array(count)
    losses = sum(float(pinball(quantiles[i], level, observed)) for i, level in enumerate(levels))
    assert float(weighted_interval_score(quantiles, levels, observed)) == pytest.approx(2 * losses / 9, rel=1e-9, abs=1e-9)


def test_a_missing_level_is_named():
    with pytest.raises(LevelsError, match=r"Level 0\.25 is not among"):
        weighted_interval_score(np.array([1.0]), (0.5,), np.array(1.0))


def test_interval_ends_count_as_inside():
    quantiles = np.array([[10.0, 20.0, 30.0]] * 3)
    assert inside(quantiles, (0.1, 0.5, 0.9), np.array([10.0, 30.0, 31.0]), 80).tolist() == [1, 1, 0]


def test_seasonal_scale_by_hand_skips_unknown_months():
    history = np.array([1.0, 5.0, 4.0, np.nan, 10.0])
    assert seasonal_scale(history, season=2) == pytest.approx((3 + 6) / 2)


def test_seasonal_scale_is_at_least_one_encounter():
    assert seasonal_scale(np.zeros(40)) == 1.0
    assert seasonal_scale(np.arange(5.0)) == 1.0


def test_rounding_follows_the_truth():
    assert round_to(np.array([14.9, 15.1]), np.array([10.0, 1.0])).tolist() == [10.0, 15.0]
