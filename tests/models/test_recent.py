"""The recent months: what sparse series counted lately, as often as they counted it."""

import numpy as np
import pytest

from forecast.models.recent import Recent, is_sparse, unit_of
from tests.models.examples import series

QUIET_AND_LOUD = [0, 0, 3, 0, 0, 0, 0, 2, 0, 0, 0, 0] * 3


def drawn(values, n=400, horizon=3):
    return Recent().fit(series(values)).simulate(horizon, n, np.random.default_rng(5))


@pytest.mark.parametrize(
    ("values", "sparse"),
    [
        (QUIET_AND_LOUD, True),
        ([900] * 40 + [0, 700] * 18, True),  # half of the last three years are zero, whatever was before
        ([0] * 60 + [41] * 36, False),
        ([4] * 36, True),
        ([5] * 36, False),
        ([40] * 18 + [50] * 18, True),  # rounded to ten: as coarse as a mean of under five
        ([40] * 18 + [51] * 18, False),
        ([0.5] * 36, False),  # no counts: a small mean says nothing
        ([0.5, 0] * 18, True),
        ([np.nan] * 25 + [0] * 11, False),  # under a year of months
        ([np.nan] * 24 + [0] * 12, True),
    ],
)
def test_a_series_is_sparse_by_its_last_36_months(values, sparse):
    assert is_sparse(series([float(value) for value in values])) is sparse


def test_a_rounding_shows_in_three_figures():
    assert [unit_of(np.array(values, dtype=float)) for values in ([0, 10, 20, 10], [10, 20, 0], [10, 20, 35])] == [
        10,
        1,
        1,
    ]


def test_zeros_come_as_often_as_they_came_lately():
    assert (drawn(QUIET_AND_LOUD) == 0).mean() == pytest.approx(0.9, abs=0.05)
    assert (drawn([*QUIET_AND_LOUD, *[4, 6, 5, 7, 4, 5]]) == 0).mean() < 0.25


def test_draws_are_whole_counts_and_keep_a_rounding():
    assert not (drawn(QUIET_AND_LOUD) % 1).any()
    assert not (drawn([10 * value for value in QUIET_AND_LOUD]) % 10).any()


def test_counts_that_were_never_seen_may_come():
    paths = drawn([0, 2] * 18)
    assert set(np.unique(paths)) > {0.0, 1.0, 2.0, 3.0}
    assert 0.01 < (paths > 2).mean() < 0.15


@pytest.mark.parametrize("unknown", [1, 24, 48, 3000])
def test_unknown_last_months_leave_the_spread_that_was(unknown):
    whole = Recent().fit(series([0.0, 0.0, 0.0, 8.0] * 9))
    later = Recent().fit(series([0.0, 0.0, 0.0, 8.0] * 9 + [np.nan] * unknown))
    assert (later.mean, later.variance) == (whole.mean, whole.variance)
    assert np.array_equal(later.chances, whole.chances)


def test_surprises_are_told_by_the_months_before():
    surprises = Recent().fit(series([1] * 30 + [0] * 5 + [30])).parameters["surprises"]
    assert len(surprises) == 36
    assert not any(surprises[:12])
    assert surprises[-1] == 4.0
    assert surprises[30] < 0 < surprises[-1]
