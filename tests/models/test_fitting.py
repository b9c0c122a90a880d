from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from forecast.core.executor import HERE, Executor
from forecast.core.tables import Series
from forecast.models.catalog import Member
from forecast.models.fitting import (
    SERIES_A_DEADLINE,
    Fit,
    FitTask,
    fit_all,
    fit_one,
    generator,
    guarded,
    restore,
)
from forecast.models.protocol import Model
from tests.models.examples import sector, series
from tests.models.misbehaving import Complaining, Fixed, Raising, fit_theta_crashing, fit_theta_hanging
from tests.waiting import HANG

WALK, NAIVE, THETA = Member.of("random_walk"), Member.of("seasonal_naive"), Member.of("theta")


def task(member: Member = THETA, of: Series | None = None, *, seed: int = 1) -> FitTask:
    return FitTask(member, sector() if of is None else of, horizon=6, samples=50, seed=seed)


def the_floors(fit: Fit, of: Series) -> bool:
    """Whether the paths are those of a random walk with its own seed, on the same series."""
    own = restore(fit.member, of, fit.parameters, fit.failure).simulate(
        6, 50, generator(task(THETA, of), "random_walk")
    )
    return np.array_equal(fit.paths, own) and fit.failure is not None


def test_a_fit_that_goes_well_is_the_members_own() -> None:
    fit = fit_one(task())
    assert (fit.failure, fit.notes, fit.area, fit.paths.shape) == (None, (), "somewhere", (50, 6))
    assert set(fit.parameters) == {"alpha", "seasonal"}
    assert fit.seconds > 0
    assert fit.peak_memory > 10_000_000


def test_a_recorded_fit_can_be_restored_and_gives_the_same_paths() -> None:
    done = fit_one(task())
    again = restore(done.member, sector(), done.parameters, done.failure).simulate(6, 50, generator(task()))
    np.testing.assert_array_equal(again, done.paths)


def test_seeds_depend_on_seed_member_area_and_origin_alone() -> None:
    first = generator(task()).random(3).tolist()
    assert generator(task()).random(3).tolist() == first
    others = [
        task(seed=2),
        task(WALK),
        task(of=sector(83)),
        task(of=Series("elsewhere", sector().first, sector().values.copy())),
    ]
    assert all(generator(other).random(3).tolist() != first for other in others)


def test_paths_depend_neither_on_order_nor_on_workers() -> None:
    tasks = [task(member, sector(seed=seed)) for member in (WALK, NAIVE, THETA) for seed in (1, 2)]
    alone = fit_all(tasks, executor=HERE)
    pooled = fit_all(tasks[::-1], executor=Executor(2, HANG))[::-1]
    for one, other in zip(alone, pooled, strict=True):
        np.testing.assert_array_equal(one.paths, other.paths)
        assert one.member == other.member


@pytest.mark.parametrize(
    ("family", "failure"),
    [
        (Fixed(np.nan), "300 of 300 simulated values are not finite"),
        (Fixed(np.inf), "300 of 300 simulated values are not finite"),
        (Fixed(-1.0), "a simulated count is negative"),
        (Fixed(1e6), "explodes: the 0.99 quantile reaches 1e"),
        (Raising(0.0), "LinAlgError: Singular matrix"),
    ],
)
def test_what_a_model_does_wrong_is_recorded_and_the_floor_stands_in(family: Model, failure: str) -> None:
    fit = guarded(task(), family)
    assert fit.failure is not None
    assert failure in fit.failure
    assert "\n" not in fit.failure
    assert the_floors(fit, sector())


def test_a_middle_beyond_five_records_is_an_explosion() -> None:
    record = sector().values.max()
    assert guarded(task(), Fixed(5.0 * record)).failure is None
    assert "the 0.5 quantile" in str(guarded(task(), Fixed(5.0 * record + 101)).failure)


def test_too_short_a_series_is_recorded_and_the_floor_stands_in() -> None:
    short = sector(5)
    fit = fit_one(task(THETA, short))
    assert (
        fit.failure
        == "somewhere has 5 months at origin 2010-05; the Theta method needs 6. Use an origin from 2010-06, or model "
        "random_walk."
    )
    assert the_floors(fit, short)


def test_an_area_without_encounters_gets_the_quiet_floor() -> None:
    fit = fit_one(task(THETA, series(np.zeros(120))))
    assert fit.failure == "somewhere has no encounter in 120 months; there is nothing to fit"
    assert np.mean(fit.paths == 0) > 0.95


def test_a_warning_of_the_library_is_noted_and_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    fit = guarded(task(), Complaining(500.0))
    assert (fit.failure, fit.notes) == (None, ("RuntimeWarning: the search did not converge",))
    assert capfd.readouterr() == ("", "")


def test_a_hanging_worker_is_killed_at_the_deadline_and_the_others_go_on() -> None:
    finished: list[int] = []
    fits = fit_all(
        [task(WALK), task(THETA), task(NAIVE)],
        executor=Executor(1, 6),
        on_done=lambda: finished.append(1),
        fit=fit_theta_hanging,
    )
    assert [fit.failure for fit in fits] == [None, "no answer within 6 s; the worker was killed", None]
    assert the_floors(fits[1], sector())
    assert len(finished) == 3


@dataclass(frozen=True)
class Noting(Executor):
    """This process, and the deadlines that it was given."""

    given: list[float] = field(default_factory=list)

    def map(
        self, function: Callable[[Any], Any], tasks: Sequence[Any], *, preload: Sequence[str] = ()
    ) -> Iterator[Any]:
        self.given.append(self.deadline)
        return super().map(function, tasks, preload=preload)


@pytest.mark.parametrize(("together", "times"), [(0, 1), (SERIES_A_DEADLINE, 1), (2 * SERIES_A_DEADLINE + 1, 3)])
def test_a_panel_of_many_series_has_as_many_deadlines_as_it_needs_and_nothing_else_has(
    together: int, times: int
) -> None:
    panel, executor = (sector(),), Noting(deadline=5.0)
    tasks = [replace(task(seed=1), panel=panel)] * together + [task(seed=2) for _ in range(300)]
    kept = fit_all(
        tasks, executor=executor, fit=lambda one: Fit(one.member, one.series.area, np.zeros((1, 1)), {}, one.seed, 0)
    )
    assert executor.given == sorted({5.0, 5.0 * times})
    assert [fit.seconds for fit in kept] == [task.seed for task in tasks]


def test_a_model_that_takes_its_process_down_is_recorded_and_the_others_go_on() -> None:
    fits = fit_all([task(WALK), task(THETA), task(NAIVE)], executor=Executor(1, HANG), fit=fit_theta_crashing)
    assert [fit.failure is None for fit in fits] == [True, False, True]
    assert the_floors(fits[1], sector())
