"""The bank where all that a group knows is under two years: wider, and nowhere else."""

import numpy as np
import pytest
from scipy.stats import t as student_t

from forecast.models.bank import future
from forecast.models.bank.family import Bank
from forecast.models.bank.options import Options
from forecast.models.bank.panel import panel_of
from forecast.models.bank.shape import PROBABILITIES
from forecast.models.bank.short import known_steps, nearer_a_walk, widening
from tests.models.leaves import series, wandering

AT_975 = int(np.abs(PROBABILITIES - 0.975).argmin())


def ends(*panel):
    """(series, 12, PROBABILITIES) what is added to the median."""
    made = future.forecast(panel_of(panel, 15.0), 12, Options())
    return made.scale[:, :, None] * made.shape[:, None]


@pytest.fixture
def before(monkeypatch):
    """The same without this: as if everything were known."""

    def ends_before(*panel):
        with monkeypatch.context() as patch:
            patch.setattr(future, "known_steps", lambda laid: np.full(len(laid.groups), 24))
            return ends(*panel)

    return ends_before


def test_a_series_of_eight_months_has_the_ends_of_students_t_with_half_as_many_degrees_as_errors():
    ratio = student_t.ppf(0.975, 3.5) / student_t.ppf(0.975, 11.5)
    assert widening(np.array([8]))[0, AT_975] == pytest.approx(ratio)
    assert ratio == pytest.approx(1.34, abs=0.01)


def test_the_fewer_months_are_known_the_wider_every_interval(before):
    alone = [series(wandering(7, months)) for months in (6, 12, 23)]
    wider = np.stack([ends(one)[0, :, AT_975] / before(one)[0, :, AT_975] for one in alone])
    assert wider[0, 0] > wider[1, 0] > wider[2, 0]
    assert (wider > 1).all()


@pytest.mark.parametrize("months", [24, 25, 60])
def test_from_two_years_on_no_bit_moves(before, months):
    alone = series(wandering(7, months))
    assert np.array_equal(ends(alone), before(alone))


def test_short_series_whose_group_knows_enough_keep_their_bits(before):
    panel = [series(wandering(seed, 6), f"area-{seed}") for seed in range(4)]
    assert np.array_equal(ends(*panel), before(*panel))


def test_a_short_group_is_widened_beside_a_long_one_whose_bits_stay(before):
    panel = [series(wandering(1, 60)), series(wandering(2, 6), "maine", "other")]
    long, short = (one == other for one, other in zip(ends(*panel), before(*panel), strict=True))
    assert long.all()
    assert not short.any()


def test_what_a_group_knows_is_counted_over_its_series_without_unknown_months():
    gap = wandering(1, 10)
    gap[3:5] = np.nan
    laid = panel_of([series(gap), series(wandering(2, 7), "yuma"), series(wandering(3, 5), "maine", "other")], 15.0)
    assert known_steps(laid).tolist() == [15, 15, 5]


def test_the_spread_grows_a_quarter_of_the_way_nearer_to_a_random_walks():
    gains = nearer_a_walk(np.full(4, 0.2), np.array([5, 12, 18, 24]))
    assert gains == pytest.approx([0.4, 0.4, 0.3, 0.2])
    assert gains[-1] == 0.2


def test_the_shortest_series_that_is_taken_has_finite_ends():
    quantiles = Bank().fit(series([100, 120, 90, 110])).quantiles
    assert np.isfinite(quantiles).all()
    assert quantiles[0, -1] > 120
