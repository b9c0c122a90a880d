"""A recipe on any series that a user brings, without areas, hierarchy or official counts. Reads no file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.core.executor import HERE, Executor
from forecast.core.tables import LEVELS, Floats, Series
from forecast.models.catalog import learns_from_panel
from forecast.models.fitting import Fit, FitTask, fit_all
from forecast.models.quiet import is_quiet
from forecast.recipe import pooling, routing
from forecast.recipe.recipe import Recipe

__all__ = ["Prediction", "predict"]


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
    """Forecast every series `horizon` steps ahead of its own end, in the order given.

    Series that end together are a panel, from which families that learn from one learn. A member that is for one group
    of areas only takes no part: such series have no group.
    """
    shares = [share for share in recipe.members if share.only is None]
    ends: dict[int, list[Series]] = {}
    for one in series:
        ends.setdefault(one.origin.ordinal, []).append(one)
    fits: dict[tuple[str, str], Fit] = {}
    for panel in ends.values():
        for share in shares:
            learns = learns_from_panel(share.member)
            sparse = routing.sparse(panel) if learns else frozenset()
            whole = tuple(one for one in panel if not is_quiet(one) and one.area not in sparse) if learns else ()
            tasks = [
                FitTask(share.member, one, horizon, recipe.samples, recipe.seed, whole, sparse=one.area in sparse)
                for one in panel
            ]
            # A family that learns from the panel is fitted once for all of it; handing the panel to workers would cost
            # more.
            panel_fits = fit_all(tasks, executor=HERE if whole else executor, on_done=on_fit)
            fits |= {(share.member.label, fit.area): fit for fit in panel_fits}
    return [
        _prediction(recipe, one, [(fits[share.member.label, one.area], share.weight) for share in shares])
        for one in series
    ]


def _prediction(recipe: Recipe, series: Series, fits: list[tuple[Fit, float]]) -> Prediction:
    rng = np.random.default_rng([recipe.seed, series.origin.ordinal % 2**32])  # steps may be negative
    used = routing.alone(fits)
    pooled = pooling.linear_pool([(fit.paths, weight) for fit, weight in used], recipe.samples, rng)
    failures = tuple(f"{fit.member.label}: {fit.failure}" for fit, _ in fits if fit.failure is not None)
    quantiles = np.quantile(pooled, LEVELS, axis=1).T
    return Prediction(series, quantiles, failures, sparse=bool(routing.sparsely(fit for fit, _ in used)))
