"""The total of a panel with sparse leaves is forecast by itself, and its leaves sum to it in every draw."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from forecast.core.declarations import declared, with_leaves
from forecast.core.executor import HERE
from forecast.evaluation import backtest
from forecast.models.fitting import fit_all
from forecast.recipe import recipe as recipes_module
from forecast.recipe import top_down
from forecast.release.tracking.documents import family_text
from forecast.release.tracking.handover import Handover, fits_of
from tests.core.test_declarations import DEMO
from tests.recipe.test_routing import BANK, LEAVES, counts, made

__all__ = ["counts", "made"]


def test_leaves_are_scaled_draw_by_draw_and_zeros_stay():
    leaves = np.array([[[1.0, 0.0, 2.0]], [[3.0, 0.0, 0.0]]])
    total = np.array([[2.0, 5.0, 2.0]])
    np.testing.assert_array_equal(top_down.scaled(leaves, total), [[[0.5, 0.0, 2.0]], [[1.5, 0.0, 0.0]]])


def test_no_draw_is_scaled_beyond_all_measure():
    np.testing.assert_array_equal(top_down.scaled(np.array([[[1.0, 1e6]]]), np.array([[1e9, 1.0]])), [[[20.0, 5e4]]])


def test_the_total_is_the_sum_of_the_months_that_all_leaves_are_known_in(counts):
    values = counts.values.copy()
    values[:3, 0], values[40, 1] = np.nan, np.nan
    total = top_down.total_of(replace(counts, values=values))
    assert (total.area, total.group, total.first) == ("demo", "total", counts.first + 3)
    np.testing.assert_array_equal(total.values, values.sum(axis=1)[3:])
    assert np.isnan(total.values[37])


def test_a_short_or_sparse_total_is_not_forecast_by_itself(counts):
    assert top_down.total_of(counts.until(counts.first + 23)) is not None
    assert top_down.total_of(counts.until(counts.first + 22)) is None
    assert top_down.total_of(replace(counts, values=np.zeros_like(counts.values))) is None


def test_a_panel_without_a_total_has_none(counts):
    other = replace(counts, panel=with_leaves(declared(DEMO.replace("[], ", "")), LEAVES))
    assert (top_down.widest(counts), top_down.widest(other), top_down.total_of(other)) == ("demo", None, None)


def test_the_total_of_the_release_is_its_own_forecast(counts, made):
    """Its quantiles are those of the bank on the total alone, since a draw's leaves are scaled to sum to it."""
    (own,) = made.above
    assert (own.area, own.failure) == ("demo", None)
    ours = made.forecasts.values[made.forecasts.areas.index("demo")]
    levels = made.forecasts.levels
    np.testing.assert_allclose(ours[:, levels.index(0.5)], np.median(own.paths, axis=0), rtol=0.01)
    assert {fit.area for fit in made.fits} == set(counts.areas)


def test_stored_draws_of_many_small_leaves_are_not_rounded_to_one_side(made):
    """Every leaf of a third would be nought, and the sums of hundreds of them far too low."""
    row = made.forecasts.areas.index("demo.office-1.flow-2")
    leaf = made.leaves.values[made.leaves.areas.index("demo.office-1.flow-2")]
    assert abs(leaf.mean() - made.forecasts.mean[row].mean()) < 0.05


def test_a_panel_without_sparse_leaves_is_left_as_it_is(counts):
    busy = replace(counts, values=counts.values + 50)
    needed = recipes_module.tasks(BANK, busy, origin=busy.through)
    assert {task.series.area for task in needed} == set(counts.areas)


def test_a_recipe_that_does_not_learn_from_the_panel_is_left_as_it_is(counts):
    floor = recipes_module.load("floor")
    assert floor.of_total == ()
    assert len(recipes_module.tasks(floor, counts, origin=counts.through)) == len(counts.areas)


@pytest.mark.parametrize("beside", ["floor", "blend"])
def test_a_backtest_forecasts_what_production_does(counts, beside):
    """Also beside a recipe that has fits of the total of its own."""
    origin, other = counts.through + -6, replace(recipes_module.load(beside), samples=120, draws=240, compared=())
    alone = recipes_module.run(BANK, counts, origin=origin, executor=HERE)
    past = backtest.run([other, BANK], counts, [origin], horizon=4, executor=HERE)
    table = next(table for table in past.forecasts if table.model == "bank")
    np.testing.assert_array_equal(table.values, alone.forecasts.values)
    alone_members = next(table for table in past.forecasts if table.model == "bank-log")
    assert set(alone_members.areas) == set(counts.areas)


def test_a_total_whose_model_failed_is_named_with_the_floor_s(counts):
    fits = fit_all(recipes_module.tasks(BANK, counts, origin=counts.through), executor=HERE)
    broken = [replace(fit, failure="broken") if fit.area == "demo" else fit for fit in fits]
    assert recipes_module.assemble(BANK, counts, broken, origin=counts.through).fallbacks == {
        "demo": "bank-log: broken"
    }


def test_what_became_of_the_total_is_handed_to_mlflow_and_its_model_is_of_the_leaves(counts, made):
    broken = replace(made, above=tuple(replace(fit, failure="broken") for fit in made.above))
    handed = Handover("demo", "r", broken, pd.DataFrame(), "bank", {}, "1", datetime(2025, 1, 20, tzinfo=UTC))
    fits = fits_of(handed, BANK.pooled[0])
    assert [(fit.area, fit.failure) for fit in fits if fit.failure] == [("demo", "broken")]
    assert set(json.loads(family_text(broken, BANK.pooled[0], fits))["areas"]) == set(counts.areas)
