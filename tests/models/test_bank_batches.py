"""The bank in batches of series: the same forecasts as of the whole panel at once, whatever is in a batch."""

import os
import pickle
import tracemalloc
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from forecast.core.errors import FitError
from forecast.core.executor import HERE, Executor
from forecast.core.months import Month
from forecast.core.tables import Series
from forecast.models.bank.batches import teach
from forecast.models.bank.groups import Learnt, Sums, Unlearnt, group_means
from forecast.models.bank.options import Options

END = Month.of(2023, 12)


def series(area, months, group, seed, end=END, **more):
    rng = np.random.default_rng(seed)
    wave = 0.3 * np.sin(2 * np.pi * np.arange(months) / 12)
    values = np.round(500 * np.exp(np.cumsum(rng.normal(0, 0.1, months)) + wave))
    values[months // 2] = np.nan
    return Series(area, end + (1 - months), values, group=group, **more)


@pytest.fixture(scope="module")
def panel():
    """Series of several lengths in two groups, one of which is in no single batch, and one of a single month."""
    made = [series(f"s{seed}", (60, 80, 41)[seed % 3], ("south", "north")[seed % 5 == 0], seed) for seed in range(11)]
    return (*made, Series("new", END, np.array([30.0]), group="south"))


@pytest.fixture(scope="module")
def at_once(panel):
    return teach(panel, 6, Options(), executor=HERE)


@pytest.mark.parametrize("cells", [240, 80])
def test_batches_come_to_what_the_whole_panel_comes_to(panel, at_once, cells):
    in_batches = teach(panel, 6, Options(), executor=HERE, cells=cells)
    assert len(in_batches.panels) > 2
    assert set(in_batches) == set(at_once) == {one.area for one in panel}
    for area, whole in at_once.items():
        own = in_batches[area]
        # Shapes are tallied on a grid, everything else differs by the order of sums.
        assert own["quantiles"] == pytest.approx(whole["quantiles"], rel=2e-3)
        assert own["gain"] == pytest.approx(whole["gain"], rel=1e-9)
        assert own["trends"] == pytest.approx(whole["trends"], rel=1e-9)
        assert own["surprises"] == pytest.approx(whole["surprises"], abs=0.011)


def test_a_group_that_knows_little_is_as_wide_in_batches_as_in_a_panel_at_once():
    one = series("lone", 10, "lone", 3)
    panel = (*(series(f"s{seed}", 60, "south", seed) for seed in range(5)), one)
    whole, in_batches = (teach(panel, 6, Options(), executor=HERE, cells=cells) for cells in (24_000, 120))
    assert (len(whole.panels), len(in_batches.panels)) == (1, 3)
    assert in_batches["lone"]["quantiles"] == pytest.approx(whole["lone"]["quantiles"], rel=2e-3)
    assert in_batches["s0"]["quantiles"] == pytest.approx(whole["s0"]["quantiles"], rel=2e-3)


def test_workers_come_to_the_very_numbers_of_this_process(panel):
    here, there = (teach(panel, 6, Options(), executor=each, cells=240) for each in (HERE, Executor(2)))
    assert all(np.array_equal(here[area]["quantiles"], there[area]["quantiles"]) for area in here)


@dataclass(frozen=True)
class Deadly(Executor):
    """Real workers, one of which dies of every pass's second task."""

    def map(self, function, tasks, *, preload=()):
        numbered = list(enumerate(tasks))
        return super().map(partial(done_or_dead, function, os.getpid()), numbered, preload=preload)


def done_or_dead(function, home, numbered):
    number, task = numbered
    if number == 1 and os.getpid() != home:
        os._exit(3)
    return function(task)


def test_a_batch_whose_worker_died_is_done_here_and_changes_no_number(panel, caplog):
    here, there = (teach(panel, 6, Options(), executor=each, cells=480) for each in (HERE, Deadly(1)))
    assert all(np.array_equal(here[area]["quantiles"], there[area]["quantiles"]) for area in here)
    assert "done again in the main process" in caplog.text


def test_sums_of_batches_give_the_mean_of_all():
    values = np.array([[np.nan, 1.0, 2.0], [4.0, 5.0, np.nan], [7.0, 8.0, 9.0]])
    groups = np.array([0, 1, 0])
    first, second = Sums.of(values[:, :1], groups[:1], 2), Sums.of(values[:, 1:], groups[1:], 2)
    means = second.after(first.after(None)).result()
    assert means[:, groups] == pytest.approx(group_means(values, groups), nan_ok=True)


def test_a_share_has_the_groups_of_its_batch_and_one_number_for_all_members():
    values = np.ones((5, 3, 7))
    values[0, 1] = np.nan
    share = Sums.of(values, np.array([4, 9, 4]), 50)
    assert share.groups.tolist() == [4, 9]
    assert (share.total.shape, share.number.shape) == ((5, 2, 7), (5, 2, 1))
    whole = share.after(None).result()
    assert whole.shape == (5, 50, 7)
    assert np.isfinite(whole).any(axis=2).sum(axis=0).tolist() == [
        5 if at == 4 else 4 if at == 9 else 0 for at in range(50)
    ]


def test_numbers_that_differ_along_further_axes_are_added_to_those_that_do_not():
    rng = np.random.default_rng(2)
    values, groups = rng.normal(size=(4, 6, 3)), np.array([0, 1, 0, 1, 0, 2])
    values[1, 4, 2] = np.nan
    for order in ([0, 1, 2], [2, 1, 0]):
        whole = None
        for batch in order:
            whole = Sums.of(values[:, 2 * batch : 2 * batch + 2], groups[2 * batch : 2 * batch + 2], 3).after(whole)
        assert whole.result()[:, groups] == pytest.approx(group_means(values, groups))


def test_memory_does_not_grow_by_what_each_batch_says_of_all_groups():
    panel = [series(f"s{seed}", 40, f"g{seed}", seed) for seed in range(16)]
    tracemalloc.start()
    try:
        teach(panel, 6, Options(), executor=HERE, cells=40)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    one_of_all_groups = 40 * 16 * 120 * 8  # bytes: steps, groups, members
    assert peak < 20 * one_of_all_groups


def test_what_is_wanting_crosses_to_another_process():
    share = Sums.of(np.ones((2, 1)), np.array([0]), 1)
    with pytest.raises(Unlearnt) as wanting:
        Learnt(1).of("level", np.array([0]), lambda: share)
    again = pickle.loads(pickle.dumps(wanting.value))  # noqa: S301 written a line above
    assert (again.name, again.share.total.tolist()) == ("level", [[1.0], [1.0]])


def test_a_panel_of_too_few_months_is_refused_at_once():
    with pytest.raises(FitError, match="4 known months"):
        teach([Series(name, END, np.array([3.0])) for name in "abcde"], 6, Options(), executor=HERE, cells=2)


@pytest.mark.parametrize("other", [{"end": END + 1}, {"season": 4, "calendar": False}])
def test_batches_of_different_ends_or_seasons_are_refused_as_the_whole_panel_is(other):
    """Each batch is of one end and season, so that none sees the difference."""
    first = [series(f"a{seed}", 40, "south", seed) for seed in range(2)]
    second = [series(f"b{seed}", 40, "south", seed, **other) for seed in range(2)]
    for cells in (80, 24_000):
        with pytest.raises(FitError, match="must end in one month and share one season"):
            teach([*first, *second], 6, Options(), executor=HERE, cells=cells)


def test_a_batch_that_fails_once_more_is_refused_with_both_reasons(panel):
    """Options that no bank has: a memory of no time at all cannot be divided by."""
    with pytest.raises(FitError, match=r"learnt from: ZeroDivisionError.* main process: ZeroDivisionError"):
        teach(panel, 6, replace(Options(), memory=0), executor=HERE, cells=240)
