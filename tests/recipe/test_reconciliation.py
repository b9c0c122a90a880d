"""Areas move together; marginals stay; sums are sums of their leaves, draw by draw."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from forecast.core.executor import HERE
from forecast.core.tables import Counts
from forecast.recipe.recipe import parse, run
from forecast.recipe.reconciliation import HALF_LIFE_YEARS, SHARED, changes, joint_draws, surprises, templates
from tests.samples import cell_counts


def test_as_many_draws_as_samples_keep_every_value_of_every_area_and_month():
    leaves = np.random.default_rng(3).gamma(2, 50, (4, 6, 80))
    joint = joint_draws(leaves, changes(cell_counts()), 80, np.random.default_rng(4))
    assert np.sort(joint, axis=-1) == pytest.approx(np.sort(leaves, axis=-1))


def test_more_draws_are_read_between_the_samples():
    leaves = np.array([[[10.0, 0.0]]])
    joint = joint_draws(leaves, np.zeros((5, 1)), 8, np.random.default_rng(4))
    # draw k of 8 stands at (k + 1/2) / 8 of the way; the two samples stand at 1/4 and 3/4
    assert np.sort(joint[0, 0]) == pytest.approx([0, 0, 1.25, 3.75, 6.25, 8.75, 10, 10])


def test_independent_samples_become_as_dependent_as_past_changes():
    counts = cell_counts(months=300)
    leaves = np.random.default_rng(3).gamma(2, 50, (4, 1, 500))
    joint = joint_draws(leaves, changes(counts), 500, np.random.default_rng(4))
    before, after = spearmanr(leaves[:, 0].T).statistic, spearmanr(joint[:, 0].T).statistic
    # The sample panel's log changes share variance 0.15^2 of 0.15^2 + 0.1^2, a correlation of 0.69; month lengths add
    # to it.
    apart = ~np.eye(4, dtype=bool)
    assert np.abs(before[apart]).max() < 0.15
    assert after[apart].min() > 0.55
    assert after[apart].max() < 0.85


def test_changes_by_hand():
    counts = cell_counts(months=3, areas=("state-az-southwest",))
    logs = np.log1p(counts.values[:, 0] / np.array([31, 30, 31]))
    assert changes(counts)[:, 0] == pytest.approx(np.diff(logs))


def test_surprises_end_together_and_what_is_shared_weighs_more():
    errors = surprises({"a": [0.0, 1.0, 2.0], "b": [4.0]}, ("a", "b", "never surprised"))
    # the first month holds no surprise at all and is left out; the mean of the other two is 1/3 and 6/3
    own = np.array([[1.0, 0.0, 0.0], [2.0, 4.0, 0.0]])
    assert errors == pytest.approx(own + SHARED * np.array([[1 / 3], [2.0]]))
    thrice = surprises({"a": [0.0, 1.0, 2.0], "b": [4.0]}, ("a", "b", "never surprised"), shared=2.0)
    assert thrice == pytest.approx(own + 2 * np.array([[1 / 3], [2.0]]))


def test_templates_are_running_sums_of_surprises_by_hand():
    past = np.array([[1.0], [10.0], [100.0]])
    (template,) = templates(past, 2, 300, np.random.default_rng(0))
    assert set(template[0]) == {1.0, 10.0, 100.0}
    assert set(template[1] - template[0]) <= {1.0, 10.0, 100.0}
    assert (template[1, template[0] == 1.0] == 11.0).all()  # what followed the first month is known
    assert len(set(template[1, template[0] == 100.0])) == 3  # what follows the last one is carried on from any


def test_start_months_are_drawn_in_their_even_share_whatever_the_seed():
    past = np.arange(100.0)[:, None]
    chance = 0.5 ** (np.arange(100)[::-1] / 12 / HALF_LIFE_YEARS)
    for seed in range(5):
        (template,) = templates(past, 1, 1000, np.random.default_rng(seed))
        drawn = np.bincount(template[0].astype(int), minlength=100)
        assert np.abs(drawn - 1000 * chance / chance.sum()).max() < 1


def test_a_season_that_forecasts_know_is_no_shared_surprise():
    """Two areas that share a strong season and nothing else: their changes stay independent."""
    rng = np.random.default_rng(8)
    wave = np.exp(np.sin(2 * np.pi * np.arange(240) / 12))[:, None]
    values = np.round(5000 * wave * np.exp(rng.normal(0, 0.1, (240, 2))))
    whole = cell_counts(months=240, areas=("state-az-southwest", "state-tx-southwest"))
    counts = replace(whole, values=values)
    assert abs(np.corrcoef(changes(counts).T)[0, 1]) < 0.2
    raw = np.diff(np.log(values), axis=0)
    assert np.corrcoef(raw.T)[0, 1] > 0.7


def test_a_panel_of_one_month_has_no_past_changes():
    assert not changes(cell_counts(months=1)).any()


def test_areas_of_zeros_are_ordered_by_chance_and_stay_zero():
    assert not joint_draws(np.zeros((4, 3, 50)), changes(cell_counts()), 200, np.random.default_rng(0)).any()


TEXT = """
name = "small"
purpose = "A small recipe for tests."
horizon = 4
samples = 60
draws = 240
seed = 7
[[members]]
model = "bank"
"""


def expected_shortfall(draws, share):
    """Mean of the upper `share` of the draws."""
    return np.sort(draws, axis=-1)[..., -max(round(share * draws.shape[-1]), 1) :].mean(axis=-1)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31), months=st.integers(30, 90), level=st.sampled_from([3.0, 300.0, 30000.0]))
def test_every_sum_is_the_sum_of_its_leaves_draw_by_draw(seed, months, level):
    """The law behind every aggregate. A quantile of a sum may lie above the sum of its leaves' quantiles (it is no
    subadditive measure); the mean of the upper tail may not: where an end is higher, it is by tails and dependence."""
    whole = cell_counts(months=months)
    values = np.random.default_rng(seed).lognormal(np.log(level), 1.0, whole.values.shape).round()
    counts: Counts = replace(whole, values=values)
    made = run(parse(TEXT), counts, origin=counts.through, executor=HERE)
    place = {area: k for k, area in enumerate(made.paths.areas)}
    for parent, leaves in counts.panel.hierarchy(counts.open_areas).items():
        below = made.paths.values[[place[leaf] for leaf in leaves]]
        assert np.array_equal(made.paths.values[place[parent]], below.sum(axis=0))
        for share in (0.025, 0.1, 0.5):
            most = expected_shortfall(below, share).sum(axis=0)
            assert (expected_shortfall(made.paths.values[place[parent]], share) <= most * (1 + 1e-9) + 1e-9).all()


def test_a_quantile_of_a_sum_may_lie_above_the_sum_of_quantiles():
    """Two independent leaves that are 0 in 9 of 10 worlds: each one's 90 % end is 0, their sum's is not."""
    rng = np.random.default_rng(0)
    leaves = (rng.random((2, 20000)) < 0.09) * 1.0
    assert np.quantile(leaves, 0.9, axis=1).sum() == 0
    assert np.quantile(leaves.sum(axis=0), 0.9) == 1
    assert expected_shortfall(leaves.sum(axis=0), 0.1) <= expected_shortfall(leaves, 0.1).sum()
