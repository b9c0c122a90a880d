"""Fits many models to many series, with a guard rail around each:
what fails is recorded and the floor stands in. Knows no family.

The rails: an exception, a series too short, nothing but zeros, paths that are not finite, paths that explode, no answer
by the deadline. The floor is a random walk on logs, or for an area without a single encounter the quiet floor. Every
number follows from the task alone:
the seed is hashed with member, area and origin, so that neither the order of the tasks nor the number of workers
matters.
"""

from __future__ import annotations

import hashlib
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

import numpy as np

from forecast.core.errors import FitError, one_line
from forecast.core.executor import Executor
from forecast.core.tables import Floats, Series
from forecast.models.catalog import Member, libraries, model
from forecast.models.protocol import Fitted, Model, PanelModel, Parameters
from forecast.models.quiet import Quiet, is_quiet
from forecast.models.random_walk import RandomWalk
from forecast.models.recent import FAMILY, Recent
from forecast.models.scale import ceiling, middle_ceiling

__all__ = [
    "SERIES_A_DEADLINE",
    "Fit",
    "FitTask",
    "fit_all",
    "fit_one",
    "floor",
    "generator",
    "guarded",
    "make_ready",
    "refusal",
    "restore",
    "stand_in",
]


# Series of a panel that are learnt from and drawn within one deadline: a panel of 2,000 is one job of some 12 s of
# processor time, which a busy machine makes minutes of.
SERIES_A_DEADLINE = 200


@dataclass(frozen=True)
class FitTask:
    """One member on one series: `samples` paths of `horizon` months.

    `panel`: every series of the panel, for families that learn from all of them; `learnt`: what such a family learnt of
    this series already, from which its fit is restored. `start`: parameters of an earlier fit, whose orders may be
    kept. `sparse`: the recent months are fitted in the member's place.
    """

    member: Member
    series: Series
    horizon: int
    samples: int
    seed: int
    panel: tuple[Series, ...] = ()
    start: Parameters | None = None
    learnt: Parameters | None = None
    sparse: bool = False


@dataclass(frozen=True)
class Fit:
    """What became of a task.

    `paths`: (samples, horizon), encounters per month, finite, >= 0, never empty. `failure`: why the floor stands in,
    one line; None where the paths and the `parameters` are the member's own. `notes`: warnings of the model's library.
    `seconds`: wall time of fit and simulation. `peak_memory`: the largest resident size that the worker has had, bytes.
    `ended`: a deadline ended it, or its worker died; another day might have seen it through.
    """

    member: Member
    area: str
    paths: Floats
    parameters: Parameters
    seconds: float
    peak_memory: int
    failure: str | None = None
    notes: tuple[str, ...] = ()
    ended: bool = False


def generator(task: FitTask, label: str | None = None) -> np.random.Generator:
    """The source of random numbers of a task, from its seed, member, area and origin alone.
    `label` names another member.
    """
    key = "\n".join([label or task.member.label, task.series.area, str(task.series.origin.ordinal)])
    words = np.frombuffer(hashlib.sha256(key.encode()).digest(), dtype="<u4")
    return np.random.default_rng([task.seed, *(int(word) for word in words)])


def floor(series: Series) -> Model:
    """The model that stands in where another fails; it fits every series with a known month."""
    return Quiet() if is_quiet(series) else RandomWalk(scale="log")


def restore(member: Member, series: Series, parameters: Parameters, failure: str | None) -> Fitted:
    """The fit behind a `Fit`, from what it recorded: the member's own, or the floor's where there was a failure."""
    own = Recent() if parameters.get("family") == FAMILY else model(member)
    return (floor(series) if failure else own).restore(series, parameters)


def refusal(paths: Floats, series: Series) -> str | None:
    """Why paths (samples, horizon) must not be used, in one line; None where they may."""
    if not np.isfinite(paths).all():
        return f"{series.area}: {int((~np.isfinite(paths)).sum())} of {paths.size} simulated values are not finite"
    if (paths < 0).any():
        return f"{series.area}: a simulated count is negative"
    largest = float(paths.max())
    for level, bound in ((0.99, ceiling(series)), (0.5, middle_ceiling(series))):
        if largest <= bound:  # so is every quantile, which takes as long to find as some fits
            continue
        reached = float(np.quantile(paths, level, axis=0).max())
        if reached > bound:
            record = float(np.nanmax(series.values))
            return (
                f"{series.area}: explodes: the {level} quantile reaches {reached:.4g} a month, the record is "
                f"{record:.4g}"
            )
    return None


def fit_one(task: FitTask) -> Fit:
    """Fit and simulate one task in this process; never raises for what a model does. There is no deadline here."""
    return guarded(task, Recent() if task.sparse else model(task.member))


def fit_all(
    tasks: Sequence[FitTask],
    *,
    executor: Executor,
    on_done: Callable[[], None] | None = None,
    fit: Callable[[FitTask], Fit] = fit_one,
    keep: Callable[[FitTask, Fit], Fit] | None = None,
) -> list[Fit]:
    """Every task's Fit, in order of the tasks.

    `executor`: where they are fitted. Its deadline is that of a task, or of each SERIES_A_DEADLINE begun of those that
    learn from one panel together; such jobs are done after all others, which hang no longer for it. The floor stands in
    for what a deadline ends. `on_done` is called once per finished task. `fit`:
    what is done with a task. `keep`: called in this process with each task and its fit as it comes, but for those that
    were ended, and gives the fit back.
    """
    preload = _preload(task.member for task in tasks)
    jobs = _jobs(tasks)
    done: list[Sequence[Fit]] = [()] * len(jobs)
    deadlines = [-(-len(job) // SERIES_A_DEADLINE) for job in jobs]
    for times in sorted(set(deadlines)):  # one, but for panels of hundreds
        places = [place for place, own in enumerate(deadlines) if own == times]
        patient = replace(executor, deadline=times * executor.deadline)
        outcomes = patient.map(partial(_fit_each, fit), [jobs[place] for place in places], preload=preload)
        for place, outcome in zip(places, outcomes, strict=True):
            job, failure = jobs[place], outcome.failure or "no result"
            if not outcome.result:
                done[place] = [replace(stand_in(task, failure, outcome.seconds), ended=True) for task in job]
            else:
                done[place] = list(map(keep, job, outcome.result)) if keep else outcome.result
            for _ in job:
                if on_done:
                    on_done()
    return [one for fits in done for one in fits]


def make_ready(members: Iterable[Member], *, executor: Executor) -> None:
    """Let the libraries of these members be loaded while the caller goes on,
    for fits that come later in this process.
    """
    executor.warm(_preload(members))


def _preload(members: Iterable[Member]) -> tuple[str, ...]:
    return ("forecast.models.fitting", *libraries(members))


def _jobs(tasks: Sequence[FitTask]) -> list[tuple[FitTask, ...]]:
    """What one worker gets at a time: a task,
    or neighbouring tasks that learn from the same panel, so that it is learnt from once.
    """
    grouped = groupby(tasks, key=lambda task: (task.member, task.horizon, id(task.panel)) if task.panel else id(task))
    return [tuple(job) for _, job in grouped]


def _fit_each(fit: Callable[[FitTask], Fit], job: tuple[FitTask, ...]) -> list[Fit]:
    return [fit(task) for task in job]


def guarded(task: FitTask, family: Model) -> Fit:
    """Fit and simulate with `family` in place of the catalog's, behind all rails but the deadline."""
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            if is_quiet(task.series):
                raise FitError(
                    f"{task.series.area} has no encounter in {len(task.series.values)} months; there is nothing to fit"
                )
            if task.learnt is not None:
                fitted = family.restore(task.series, task.learnt)
            elif isinstance(family, PanelModel):
                fitted = family.fit_among(task.series, task.panel or (task.series,), task.horizon)
            else:
                fitted = family.fit(task.series, task.start)
            paths = fitted.simulate(task.horizon, task.samples, generator(task))
            if paths.shape != (task.samples, task.horizon):
                raise FitError(
                    f"{task.member.label} gave paths of shape {paths.shape}, not {(task.samples, task.horizon)}"
                )
            failure = refusal(paths, task.series)
            parameters = fitted.parameters
        except Exception as error:  # whatever a model does is recorded, and the floor stands in
            failure = str(error) if isinstance(error, FitError) else f"{type(error).__name__}: {one_line(error)[:300]}"
    seconds = time.perf_counter() - started
    notes = tuple(
        dict.fromkeys(
            f"{warning.category.__name__}: {' '.join(str(warning.message).split())[:200]}" for warning in caught
        )
    )
    if failure is not None:
        return stand_in(task, failure, seconds, notes)
    return Fit(task.member, task.series.area, paths, parameters, seconds, _peak_memory(), None, notes)


def stand_in(task: FitTask, failure: str, seconds: float = 0.0, notes: tuple[str, ...] = ()) -> Fit:
    """The floor's fit of a task, for which there is a failure of its own member."""
    stand_in = floor(task.series)
    fitted = stand_in.fit(task.series)
    paths = fitted.simulate(task.horizon, task.samples, generator(task, stand_in.name))
    return Fit(task.member, task.series.area, paths, fitted.parameters, seconds, _peak_memory(), failure, notes)


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts kilobytes, macOS bytes
