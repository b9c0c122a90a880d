"""A recipe on any series that a user brings, without areas, hierarchy or official counts. Reads no file.

The memory it takes is that of some hundred series at a time, and a few kilobytes of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from forecast.core.errors import FitError
from forecast.core.executor import HERE, Executor
from forecast.core.memory import give_back
from forecast.core.tables import LEVELS, Floats, Series
from forecast.models.catalog import Member, model
from forecast.models.fitting import Fit, FitTask, fit_all, fit_one, stand_in
from forecast.models.protocol import PanelModel, Parameters
from forecast.models.quiet import is_quiet
from forecast.recipe import pooling, routing
from forecast.recipe.recipe import Recipe

__all__ = ["Prediction", "predict", "predict_in_batches"]

# Series whose sample paths are held at a time, some 80 kB of each member: enough to keep workers busy.
BATCH = 500


# What a family learnt of the series of a panel, or why it did not.
_Learnt: TypeAlias = Mapping[str, Parameters] | FitError


@dataclass(frozen=True)
class Prediction:
    """One series' forecast: `quantiles` (horizon, LEVELS), counts per step;
    `failures`: members that the floor stands in for, and why; `sparse`: forecast by its recent months alone.
    """

    series: Series
    quantiles: Floats
    failures: tuple[str, ...]
    sparse: bool = False


def predict(
    recipe: Recipe,
    series: Sequence[Series],
    *,
    horizon: int,
    executor: Executor,
    on_fit: Callable[[], None] | None = None,
) -> list[Prediction]:
    """`predict_in_batches`, all at once."""
    batches = predict_in_batches(recipe, series, horizon=horizon, executor=executor, on_fit=on_fit)
    return [made for batch in batches for made in batch]


def predict_in_batches(
    recipe: Recipe,
    series: Sequence[Series],
    *,
    horizon: int,
    executor: Executor,
    on_fit: Callable[[], None] | None = None,
) -> Iterator[list[Prediction]]:
    """Forecast every series `horizon` steps ahead of its own end, in the order given, some hundreds at a time.

    Series that end together are a panel, from which families that learn from one learn. A member that is for one group
    of areas only takes no part: such series have no group.
    """
    shares = [share for share in recipe.members if share.only is None]
    ends: dict[int, list[Series]] = {}
    for one in series:
        ends.setdefault(one.origin.ordinal, []).append(one)
    learnt = [{end: _learn(share.member, panel, horizon, executor) for end, panel in ends.items()} for share in shares]
    give_back()
    for start in range(0, len(series), BATCH):
        batch = series[start : start + BATCH]
        fits = [
            _fits(recipe, share.member, batch, horizon, own, executor, on_fit)
            for share, own in zip(shares, learnt, strict=True)
        ]
        yield [
            _prediction(recipe, one, [(fit, share.weight) for fit, share in zip(own, shares, strict=True)])
            for one, *own in zip(batch, *fits, strict=True)
        ]


def _learn(member: Member, panel: Sequence[Series], horizon: int, executor: Executor) -> _Learnt:
    """What a family that learns from a panel learns of each of its series, or why it does not; of others nothing."""
    family = model(member)
    if not isinstance(family, PanelModel):
        return {}
    sparse = routing.sparse(panel)
    loud = [one for one in panel if not is_quiet(one) and one.area not in sparse]
    if not loud:
        return {}
    try:
        return family.learn(loud, horizon, executor=executor)
    except FitError as error:
        return error


def _fits(
    recipe: Recipe,
    member: Member,
    batch: Sequence[Series],
    horizon: int,
    learnt: Mapping[int, _Learnt],
    executor: Executor,
    on_fit: Callable[[], None] | None,
) -> list[Fit]:
    """A member's fits of some series, in their order. `learnt`: by the step that series end with."""
    learns = isinstance(model(member), PanelModel)
    sparse = routing.sparse(batch) if learns else frozenset()
    tasks = []
    for one in batch:
        own = learnt[one.origin.ordinal]
        parameters = None if isinstance(own, FitError) else own.get(one.area)
        tasks.append(
            FitTask(member, one, horizon, recipe.samples, recipe.seed, learnt=parameters, sparse=one.area in sparse)
        )
    unlearnt = {end: str(why) for end, why in learnt.items() if isinstance(why, FitError)}
    # What is learnt already is restored sooner than a worker is handed it.
    return fit_all(tasks, executor=HERE if learns else executor, on_done=on_fit, fit=partial(_fit, unlearnt))


def _fit(unlearnt: Mapping[int, str], task: FitTask) -> Fit:
    why = unlearnt.get(task.series.origin.ordinal)
    return fit_one(task) if why is None or task.sparse else stand_in(task, why)


def _prediction(recipe: Recipe, series: Series, fits: list[tuple[Fit, float]]) -> Prediction:
    rng = np.random.default_rng([recipe.seed, series.origin.ordinal % 2**32])  # steps may be negative
    used = routing.alone(fits)
    pooled = pooling.linear_pool([(fit.paths, weight) for fit, weight in used], recipe.samples, rng)
    failures = tuple(f"{fit.member.label}: {fit.failure}" for fit, _ in fits if fit.failure is not None)
    quantiles = np.quantile(pooled, LEVELS, axis=1).T
    return Prediction(series, quantiles, failures, sparse=bool(routing.sparsely(fit for fit, _ in used)))
