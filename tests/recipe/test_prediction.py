"""A recipe on series that a user brings."""

import numpy as np
import pytest

from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.tables import Series
from forecast.recipe import prediction
from forecast.recipe import recipe as recipes_module
from forecast.recipe.prediction import predict
from tests.recipe.test_recipe import TEXT

END = Month.of(2023, 12)
BANK = recipes_module.load("bank")


def series(name, months=60, end=END, level=500.0, seed=0, **more):
    rng = np.random.default_rng(seed)
    return Series(name, end + (1 - months), np.round(level * np.exp(np.cumsum(rng.normal(0, 0.1, months)))), **more)


def run(panel, recipe=BANK, horizon=6):
    return predict(recipe, panel, horizon=horizon, executor=HERE)


def test_every_series_is_forecast_from_its_own_end_in_the_order_given():
    panel = [series("late", end=Month.of(2024, 3), seed=1), series("short", months=20, seed=2), series("b", seed=3)]
    made = run(panel)
    assert [one.series.area for one in made] == ["late", "short", "b"]
    assert all(one.quantiles.shape == (6, 23) for one in made)
    assert all((np.diff(one.quantiles, axis=1) >= 0).all() and one.quantiles.min() >= 0 for one in made)
    assert not any(one.failures for one in made)


def test_the_median_stays_near_the_last_values_of_a_calm_series():
    rng = np.random.default_rng(4)
    calm = Series("calm", Month.of(2015, 1), np.round(1000 + rng.normal(0, 20, 96)))
    (made,) = run([calm])
    assert made.quantiles[:, 11] == pytest.approx(np.full(6, 1000), rel=0.06)
    assert 0 < made.quantiles[0, 20] - made.quantiles[0, 2] < 200


def test_neighbours_that_end_together_are_learnt_from():
    alone = run([series("a", months=30, seed=5)])[0].quantiles
    among = run([series("a", months=30, seed=5), *(series(f"n{k}", months=120, seed=k) for k in range(6, 12))])[
        0
    ].quantiles
    assert not np.allclose(alone, among)


def test_a_series_of_zeros_is_forecast_and_flagged():
    (made,) = run([Series("zero", Month.of(2020, 1), np.zeros(40))])
    assert made.failures
    assert made.quantiles[:, 11].max() == 0


def test_series_are_forecast_in_the_order_given_whatever_is_made_at_a_time(monkeypatch):
    panel = [series(f"n{k}", months=20 + 4 * (k % 3), end=Month.of(2024, 1 + k % 2), seed=k) for k in range(7)]
    at_once = run(panel)
    monkeypatch.setattr(prediction, "BATCH", 3)
    in_parts = list(prediction.predict_in_batches(BANK, panel, horizon=6, executor=HERE))
    assert [len(part) for part in in_parts] == [3, 3, 1]
    for one, other in zip(at_once, (made for part in in_parts for made in part), strict=True):
        assert one.series is other.series
        assert np.array_equal(one.quantiles, other.quantiles)


def test_a_single_value_is_forecast_by_the_floor():
    (made,) = run([Series("one", Month.of(2024, 1), np.array([80.0]))])
    assert made.failures
    assert np.isfinite(made.quantiles).all()


def test_other_seasons_and_other_recipes():
    quarters = series("q", months=40, season=4, calendar=False)
    assert run([quarters])[0].quantiles.shape == (6, 23)
    made = run([series("a")], recipe=recipes_module.parse(TEXT))
    assert made[0].quantiles.shape == (6, 23)


def test_members_for_one_group_take_no_part():
    text = TEXT.replace("weight = 2", 'only = "southwest"')
    alone = TEXT.replace("weight = 2", "").replace('[[members]]\nmodel = "random_walk"\nscale = "log"\n', "", 1)
    first, second = (run([series("a")], recipe=recipes_module.parse(one))[0].quantiles for one in (text, alone))
    assert first == pytest.approx(second)


def test_series_that_end_before_1970_and_negative_steps_are_forecast():
    assert run([series("old", end=Month.of(1960, 12))])[0].quantiles.shape == (6, 23)
    assert run([series("negative", end=Month(-3), season=4, calendar=False)])[0].quantiles.shape == (6, 23)


def test_the_first_month_does_not_depend_on_how_many_are_asked_for():
    short, long = (run([series("a", seed=9)], horizon=horizon)[0].quantiles[0] for horizon in (1, 12))
    assert short == pytest.approx(long, rel=0.03)  # the same quantiles, read off other random ranks
