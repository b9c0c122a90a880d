"""Past origins, replayed by the functions of production."""

from dataclasses import replace

import numpy as np
import pytest

from forecast.core.errors import TableError
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.evaluation import backtest
from forecast.evaluation.cache import FitCache
from forecast.models.catalog import Member
from forecast.recipe import recipe as recipes_module
from tests.recipe.test_recipe import TEXT
from tests.samples import cell_counts

RECIPE = recipes_module.parse(TEXT)
FLOOR = recipes_module.parse(TEXT.replace('"small"', '"floor"').split("weight = 2")[0])


def test_the_last_origins_have_their_whole_horizon_observed():
    counts = cell_counts(months=72)  # 2018-10 to 2024-09
    origins = backtest.recent_origins(counts, number=3, horizon=12, step=6)
    assert [str(origin) for origin in origins] == ["2022-07", "2023-01", "2023-07"]


def test_a_new_month_leaves_the_grid_of_origins_where_it_was():
    before = backtest.recent_origins(cell_counts(months=72), number=9, horizon=12, step=3)
    after = backtest.recent_origins(cell_counts(months=73), number=9, horizon=12, step=3)
    assert len(set(before) ^ set(after)) <= 2


def test_two_years_stay_before_the_first_origin():
    counts = cell_counts(months=40)
    assert min(origin - counts.first for origin in backtest.recent_origins(counts, number=9, horizon=12, step=2)) >= 23
    with pytest.raises(TableError, match="need 36"):
        backtest.recent_origins(cell_counts(months=35), number=1, horizon=12, step=1)


def test_a_backtest_repeats_what_production_would_have_said():
    counts = cell_counts()
    origin = Month.of(2023, 9)
    past = backtest.run([RECIPE], counts, [origin, origin + 6], horizon=6, executor=HERE)
    own = next(table for table in past.forecasts if table.model == "small" and table.origin == origin)
    assert np.array_equal(
        own.values,
        recipes_module.run(RECIPE, counts.until(origin), origin=origin, executor=HERE).forecasts.values,
    )


def test_recipes_share_the_fits_they_have_in_common():
    counts = cell_counts()
    steps = []
    past = backtest.run(
        [RECIPE, FLOOR],
        counts,
        [counts.through + -6],
        horizon=6,
        executor=HERE,
        on_fit=lambda: steps.append(1),
    )
    assert len(past.fits) == len(steps) == 3 * 4
    assert sorted(table.model for table in past.forecasts) == [
        "floor",
        "random_walk-log",
        "random_walk-raw",
        "seasonal_naive-log",
        "small",
    ]


def test_origins_lie_between_first_and_last():
    origins = backtest.origins_between(cell_counts(), first=Month.of(2021, 1), last=Month.of(2022, 3), step=6)
    assert [str(origin) for origin in origins] == ["2021-01", "2021-07", "2022-01"]


@pytest.mark.parametrize(
    ("first", "last", "step", "says"),
    [
        (Month.of(2018, 12), Month.of(2022, 1), 6, "from 2020-09 to 2024-09"),
        (Month.of(2022, 1), Month.of(2024, 10), 6, "from 2020-09 to 2024-09"),
        (Month.of(2022, 1), Month.of(2021, 1), 6, "no origin from 2022-01 to 2021-01"),
        (Month.of(2021, 1), Month.of(2022, 1), 0, "in steps of 0"),
    ],
)
def test_origins_without_a_past_or_a_sense_are_refused(first, last, step, says):
    with pytest.raises(TableError, match=says):
        backtest.origins_between(cell_counts(), first=first, last=last, step=step)


def test_members_beside_a_recipe_replace_its_compared_ones_and_change_nothing_in_its_pool():
    theta, pooled = Member.of("theta", scale="log"), RECIPE.pooled[0]
    recipe = backtest.beside(RECIPE, [theta, pooled])
    assert recipe.compared == (theta,)
    assert (recipe.members, recipe.seed) == (RECIPE.members, RECIPE.seed)


@pytest.mark.parametrize("remembering", [False, True])
def test_cutting_off_the_future_at_each_origin_changes_no_number(tmp_path, remembering):
    """The whole history at once, then each origin with nothing after it:
    from the cache of the whole run, and from an empty one.
    """
    counts = cell_counts()
    origins = [Month.of(2022, 3), Month.of(2022, 9), Month.of(2023, 9)]
    cache = FitCache(tmp_path / "cache") if remembering else None
    whole = replay(counts, origins, cache)
    for origin in origins:
        own = {table.model: table for table in whole.forecasts if table.origin == origin}
        for known in (cache, FitCache(tmp_path / str(origin)) if remembering else None):
            alone = replay(counts.until(origin), [origin], known)
            assert {table.model for table in alone.forecasts} == set(own)
            assert all(np.array_equal(table.values, own[table.model].values) for table in alone.forecasts)


def test_another_future_changes_no_number_and_needs_no_fit(tmp_path):
    counts, origin, cache = cell_counts(), Month.of(2023, 3), FitCache(tmp_path)
    values = counts.values.copy()
    values[origin - counts.first + 1 :] *= 7
    first, other = replay(counts, [origin], cache), replay(replace(counts, values=values), [origin], cache)
    assert all(fit.remembered for fit in other.fits)
    assert all(
        np.array_equal(one.values, two.values) for one, two in zip(first.forecasts, other.forecasts, strict=True)
    )


def test_one_more_origin_costs_only_itself(tmp_path):
    counts, cache = cell_counts(), FitCache(tmp_path)
    replay(counts, [Month.of(2022, 3), Month.of(2022, 9)], cache)
    more = replay(counts, [Month.of(2022, 3), Month.of(2022, 9), Month.of(2023, 3)], cache)
    assert {str(fit.origin) for fit in more.fits if not fit.remembered} == {"2023-03"}
    assert len(more.fits) == 3 * 3 * 4


def test_batches_change_no_number(monkeypatch):
    counts, origins = cell_counts(), [Month.of(2022, 3), Month.of(2022, 9), Month.of(2023, 3)]
    whole = replay(counts, origins, None)
    monkeypatch.setattr(backtest, "BATCH", 1)
    parted = replay(counts, origins, None)
    assert [(table.model, table.origin) for table in parted.forecasts] == [
        (table.model, table.origin) for table in whole.forecasts
    ]
    assert all(
        np.array_equal(one.values, two.values) for one, two in zip(whole.forecasts, parted.forecasts, strict=True)
    )


def replay(counts, origins, cache):
    # The bank learns from all areas at once, the others from one alone.
    recipes = [backtest.beside(RECIPE, [Member.of("bank")]), FLOOR]
    return backtest.run(recipes, counts, origins, horizon=6, executor=HERE, cache=cache)
