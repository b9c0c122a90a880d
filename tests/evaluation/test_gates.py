"""What is never published."""

from dataclasses import replace

import numpy as np
import pytest

from forecast.core.errors import GateRefused
from forecast.core.tables import LEVELS, Paths
from forecast.evaluation import gates
from forecast.recipe import recipe as kitchen
from tests.recipe.test_recipe import TEXT
from tests.samples import cell_counts


@pytest.fixture(scope="module")
def made():
    counts = cell_counts()
    return kitchen.run(kitchen.parse(TEXT), counts, origin=counts.through, workers=0, deadline=60)


def check(made, *, forecasts=None, paths=None, fallbacks=None):
    gates.check(forecasts=forecasts or made.forecasts, paths=paths or made.paths, counts=made.counts, fallbacks=fallbacks or {})


def test_a_sound_run_passes(made):
    check(made)


def test_a_missing_area_is_named(made):
    cut = replace(made.forecasts, areas=made.forecasts.areas[:-1], values=made.forecasts.values[:-1], mean=made.forecasts.mean[:-1])
    with pytest.raises(GateRefused, match=f"{made.forecasts.areas[-1]} is missing"):
        check(made, forecasts=cut)


def test_a_total_that_is_no_sum_is_refused(made):
    values = made.paths.values.copy()
    values[made.paths.areas.index("states-southwest")] += 1
    with pytest.raises(GateRefused, match="states-southwest is not the sum of its leaves"):
        check(made, paths=Paths("recipe", made.paths.origin, made.paths.areas, values))


def test_a_forecast_far_beyond_all_history_is_refused(made):
    row = made.paths.areas.index("state-wa-northern")
    record = float(made.counts.values.max())
    values = made.forecasts.values.copy()
    values[row] = 30 * record
    with pytest.raises(GateRefused, match="state-wa-northern: a median of") as refused:
        check(made, forecasts=replace(made.forecasts, values=values))
    assert refused.value.exit_code == 3


def test_a_small_area_may_multiply(made):
    row = made.paths.areas.index("state-az-southwest")
    values = made.forecasts.values.copy()
    values[row] = np.linspace(0, 999, len(LEVELS))
    check(made, forecasts=replace(made.forecasts, values=values))


def test_failed_models_in_most_areas_are_refused(made):
    with pytest.raises(GateRefused, match="models failed in 3 of 4 areas"):
        check(made, fallbacks=dict.fromkeys(("state-az-southwest", "state-tx-other", "state-tx-southwest"), "broken"))
    check(made, fallbacks={"state-az-southwest": "broken"})
