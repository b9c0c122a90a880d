"""What is never published."""

from dataclasses import replace

import numpy as np
import pytest

from forecast.core.errors import GateRefused
from forecast.core.executor import HERE
from forecast.core.tables import LEVELS
from forecast.evaluation import gates
from forecast.evaluation.selection import CoverageVerdict
from forecast.models.scale import ceiling
from forecast.recipe import recipe as recipes_module
from tests.catalogue import hierarchy
from tests.recipe.test_recipe import TEXT
from tests.samples import cell_counts


@pytest.fixture(scope="module")
def made():
    counts = cell_counts()
    return recipes_module.run(recipes_module.parse(TEXT), counts, origin=counts.through, executor=HERE)


def check(made, *, forecasts=None, fallbacks=None):
    gates.check(forecasts=forecasts or made.forecasts, counts=made.counts, fallbacks=fallbacks or {})


def test_a_sound_run_passes(made):
    check(made)


def test_a_missing_area_is_named(made):
    cut = replace(
        made.forecasts,
        areas=made.forecasts.areas[:-1],
        values=made.forecasts.values[:-1],
        mean=made.forecasts.mean[:-1],
    )
    with pytest.raises(GateRefused, match=f"{made.forecasts.areas[-1]} is missing"):
        check(made, forecasts=cut)


def test_a_total_that_is_no_sum_is_refused(made):
    mean = made.forecasts.mean.copy()
    mean[made.forecasts.areas.index("states-southwest")] += 1
    with pytest.raises(GateRefused, match="states-southwest is not the sum of its leaves"):
        check(made, forecasts=replace(made.forecasts, mean=mean))


def test_a_forecast_far_beyond_all_history_is_refused(made):
    row = made.forecasts.areas.index("state-wa-northern")
    record = float(made.counts.values.max())
    values = made.forecasts.values.copy()
    values[row] = 30 * record
    with pytest.raises(GateRefused, match="state-wa-northern: a median of") as refused:
        check(made, forecasts=replace(made.forecasts, values=values))
    assert refused.value.exit_code == 3


def changed(made, slug, figures):
    """The forecasts with these figures at every level and month of one area."""
    values = made.forecasts.values.copy()
    values[made.forecasts.areas.index(slug)] = figures
    return replace(made.forecasts, values=values)


def last_year(made, slug):
    return made.counts.totals()[slug][-12:]


def test_a_median_far_above_the_last_year_is_refused_though_it_was_seen_long_ago(made):
    """What adapts: after a break, the record of years ago lets anything pass."""
    slug = "state-tx-other"
    values = made.counts.values.copy()
    values[0, made.counts.areas.index(slug)] = 1e6
    counts = replace(made.counts, values=values)
    top = max(10 * last_year(made, slug).max(), 1000.0)
    gates.check(forecasts=changed(made, slug, 0.99 * top), counts=counts, fallbacks={})
    with pytest.raises(GateRefused, match=f"{slug}: a median of .*, where the highest month of the last year is"):
        gates.check(forecasts=changed(made, slug, 1.01 * top), counts=counts, fallbacks={})


def test_a_median_far_below_the_last_year_is_refused(made):
    slug = "state-wa-northern"
    low = last_year(made, slug).min()
    check(made, forecasts=changed(made, slug, 1.01 * low / 20))
    with pytest.raises(GateRefused, match=f"{slug}: a median of .*, where the lowest month of the last year is"):
        check(made, forecasts=changed(made, slug, 0.99 * low / 20))


def test_a_small_area_may_vanish(made):
    slug = "state-az-southwest"
    assert last_year(made, slug).min() < 100
    check(made, forecasts=changed(made, slug, 0.0))


def test_what_the_rails_of_the_fits_allow_is_not_refused(made):
    """The floor, which stands in for a failed model, reaches the ceiling of the rails in a year and a half."""
    rails = {leaf: ceiling(made.counts.series(leaf)) for leaf in made.counts.open_areas}
    for slug, leaves in hierarchy(made.counts.open_areas).items():
        figures = np.zeros(len(LEVELS))
        figures[:] = last_year(made, slug).mean()
        figures[-2:] = sum(rails[leaf] for leaf in leaves)
        check(made, forecasts=changed(made, slug, figures))
        figures[-2:] *= 1.01
        with pytest.raises(GateRefused, match=f"{slug}: an upper end of"):
            check(made, forecasts=changed(made, slug, figures))


def test_intervals_that_held_too_little_are_refused_with_both_shares():
    shares = CoverageVerdict("mine", 0.31, 0.74, None, refused=True)
    with pytest.raises(
        GateRefused, match=r"cbp-states is not published: the 80 % intervals of mine held 31% .* those of the floor 74%"
    ):
        gates.check_coverage(shares, "cbp-states")
    gates.check_coverage(replace(shares, refused=False), "cbp-states")


def test_a_small_area_may_multiply(made):
    row = made.forecasts.areas.index("state-az-southwest")
    values = made.forecasts.values.copy()
    values[row] = np.linspace(0, 999, len(LEVELS))
    check(made, forecasts=replace(made.forecasts, values=values))


def test_failed_models_in_most_areas_are_refused(made):
    with pytest.raises(GateRefused, match="models failed in 3 of 4 areas"):
        check(made, fallbacks=dict.fromkeys(("state-az-southwest", "state-tx-other", "state-tx-southwest"), "broken"))
    check(made, fallbacks={"state-az-southwest": "broken"})
