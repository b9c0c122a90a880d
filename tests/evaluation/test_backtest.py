"""Past origins, replayed by the functions of production."""

import numpy as np
import pytest

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.evaluation import backtest
from forecast.recipe import recipe as kitchen
from tests.recipe.test_recipe import TEXT
from tests.samples import cell_counts

RECIPE = kitchen.parse(TEXT)
FLOOR = kitchen.parse(TEXT.replace('"small"', '"floor"').split("weight = 2")[0])


def test_the_last_origins_have_their_whole_horizon_observed():
    counts = cell_counts(months=72)  # 2018-10 to 2024-09
    found = backtest.recent_origins(counts, number=3, horizon=12, step=6)
    assert [str(origin) for origin in found] == ["2022-09", "2023-03", "2023-09"]


def test_two_years_stay_before_the_first_origin():
    counts = cell_counts(months=40)
    assert [origin - counts.first for origin in backtest.recent_origins(counts, number=9, horizon=12, step=2)] == [23, 25, 27]
    with pytest.raises(TableError, match="needs 36"):
        backtest.recent_origins(cell_counts(months=35), number=1, horizon=12, step=1)


def test_a_backtest_repeats_what_production_would_have_said():
    counts = cell_counts()
    origin = Month.of(2023, 9)
    past = backtest.run([RECIPE], counts, [origin, origin + 6], horizon=6, workers=0, deadline=60)
    own = next(table for table in past.forecasts if table.model == "small" and table.origin == origin)
    assert np.array_equal(own.values, kitchen.run(RECIPE, counts.until(origin), origin=origin, workers=0, deadline=60).forecasts.values)


def test_recipes_share_the_fits_they_have_in_common():
    counts = cell_counts()
    steps = []
    past = backtest.run([RECIPE, FLOOR], counts, [counts.through + -6], horizon=6, workers=0, deadline=60, on_fit=lambda: steps.append(1))
    assert len(past.fits) == len(steps) == 3 * 4
    assert sorted(table.model for table in past.forecasts) == ["floor", "random_walk-log", "random_walk-raw", "seasonal_naive-log", "small"]
