"""Sparse series of a panel of one's own: by their recent months, and out of what others learn from."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecast.core.declarations import declared, with_leaves
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.tables import Counts, Series
from forecast.models.fitting import restore
from forecast.planning import laws
from forecast.recipe import recipe as recipes_module
from forecast.recipe import routing
from forecast.recipe.prediction import predict
from tests.core.test_declarations import DEMO

FIRST = Month.of(2019, 1)
BANK = replace(recipes_module.load("bank"), samples=120, draws=240, horizon=4, compared=())
LEAVES = [("Office 1", "Flow 1"), ("Office 1", "Flow 2"), ("Office 2", "Flow 1"), ("Office 2", "Flow 2")]


@pytest.fixture(scope="module")
def counts():
    """Two busy leaves, and two that are nearly always zero, in a grouped hierarchy."""
    rng = np.random.default_rng(3)
    busy = np.round(400 * np.exp(np.cumsum(rng.normal(0, 0.1, (72, 2)), axis=0)))
    rare = rng.poisson(0.4, (72, 2)).astype(float)
    values = np.stack([busy[:, 0], rare[:, 0], rare[:, 1], busy[:, 1]], axis=1)
    panel = with_leaves(declared(DEMO), LEAVES)
    areas = tuple(area.slug for area in panel.areas.values() if area.is_leaf())
    return Counts(panel, date(2025, 1, 20), FIRST, areas, values, np.ones(values.shape, dtype=np.int64))


@pytest.fixture(scope="module")
def made(counts):
    return recipes_module.run(BANK, counts, origin=counts.through, executor=HERE)


def test_sparse_leaves_have_their_recent_months(made):
    assert routing.sparsely(made.fits) == ("demo.office-1.flow-2", "demo.office-2.flow-1")
    assert not made.fallbacks


def test_the_note_says_whether_they_are_scaled_to_the_total():
    assert routing.sentence(2, 4).endswith("by their recent months alone, without trend or season.")
    assert routing.sentence(2, 4, scaled=True).endswith("or season, and scaled to the total's own forecast.")


def test_busy_leaves_are_forecast_as_if_the_sparse_ones_were_not_there(counts, made):
    busy = [0, 3]
    alone = replace(
        counts,
        areas=tuple(counts.areas[at] for at in busy),
        values=counts.values[:, busy].copy(),
        precision=counts.precision[:, busy].copy(),
    )
    same = recipes_module.run(BANK, alone, origin=counts.through, executor=HERE)
    of = {fit.area: fit.parameters["quantiles"] for fit in made.fits if "quantiles" in fit.parameters}
    assert of == {fit.area: fit.parameters["quantiles"] for fit in same.fits}


def test_draws_keep_their_laws(counts, made):
    """Whole encounters, and every sum of a crossed hierarchy exact in every draw."""
    assert laws.whole(made.paths) == []
    assert laws.exact_sums(made.paths, counts.panel.hierarchy(counts.areas)) == []
    assert set(made.paths.areas) > {"demo", "demo.office-1", "demo.flow-2"}


def test_a_panel_without_a_declaration_of_one_s_own_is_left_as_it_is(counts):
    """Bundled panels have no dimensions: their sparse areas keep what they had."""
    plain = replace(counts, panel=replace(counts.panel, dimensions=()))
    kept = recipes_module.run(BANK, plain, origin=counts.through, executor=HERE)
    assert routing.sparsely(kept.fits) == ()


def test_a_sparse_leaf_of_the_blend_is_not_half_a_model_on_logs(counts):
    """In a panel without a total, to which the leaves would be scaled."""
    counts = replace(counts, panel=with_leaves(declared(DEMO.replace("[], ", "")), LEAVES))
    blend = replace(recipes_module.load("blend"), samples=120, draws=240, horizon=4)
    made, mixed = (recipes_module.run(one, counts, origin=counts.through, executor=HERE) for one in (BANK, blend))
    rare = made.forecasts.areas.index("demo.office-1.flow-2")
    np.testing.assert_array_equal(mixed.forecasts.values[rare], made.forecasts.values[rare])


def test_a_recipe_without_a_family_that_learns_from_a_panel_is_left_as_it_is(counts):
    floor = recipes_module.run(recipes_module.load("floor"), counts, origin=counts.through, executor=HERE, horizon=2)
    assert routing.sparsely(floor.fits) == ()


def test_the_fit_of_a_sparse_leaf_is_made_again_of_its_parameters(counts, made):
    fit = next(fit for fit in made.fits if fit.area == "demo.office-1.flow-2")
    again = restore(fit.member, counts.series(fit.area), fit.parameters, fit.failure)
    assert again.parameters == fit.parameters


def test_a_prediction_says_which_series_are_sparse():
    busy = Series("busy", FIRST, np.round(300 + 30 * np.sin(np.arange(60.0))))
    rare = Series("rare", FIRST, np.tile([0.0, 0.0, 0.0, 1.0], 15))
    alone = predict(BANK, [busy], horizon=3, executor=HERE)
    both = predict(BANK, [busy, rare], horizon=3, executor=HERE)
    assert [one.sparse for one in both] == [False, True]
    np.testing.assert_array_equal(both[0].quantiles, alone[0].quantiles)
    assert both[1].quantiles[0, 11] == 0
