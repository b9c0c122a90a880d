"""Replays recipes at past origins. Knows no model, file or MLflow; calls the same functions as production."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.core.tables import Counts, Forecasts
from forecast.models.fitting import Fit, FitTask, fit_all
from forecast.recipe.recipe import Recipe, Run, assemble, member_forecasts, tasks

__all__ = ["Backtest", "fits_needed", "recent_origins", "run"]

# Origin, samples, seed, member, area: what a fit's numbers follow from, beside the counts.
FitKey = tuple[Month, int, int, str, str]


@dataclass(frozen=True)
class Backtest:
    """Forecasts of past origins: each recipe's for every area, each member's for the leaves, and the fits behind them.

    On revised figures this is pseudo-real-time: later corrections of a month were not known at its origin.
    """

    forecasts: tuple[Forecasts, ...]
    fits: tuple[Fit, ...]


def recent_origins(counts: Counts, *, number: int, horizon: int, step: int) -> tuple[Month, ...]:
    """The last `number` origins, `step` months apart, whose whole horizon is observed; fewer where history is short.

    At least two years of months stay before the first one. Raises TableError where none is left.
    """
    last = counts.through.ordinal - horizon
    earliest = counts.first.ordinal + 23
    found = [Month(ordinal) for ordinal in range(last, earliest - 1, -step)][:number]
    if not found:
        raise TableError(
            f"{counts.panel} has {len(counts.values)} months; a backtest of {horizon} months needs {24 + horizon}. Use a shorter horizon."
        )
    return tuple(reversed(found))


def fits_needed(recipes: Sequence[Recipe], counts: Counts, origins: Sequence[Month], *, horizon: int) -> dict[FitKey, FitTask]:
    """The fits behind a backtest: one for each member, area and origin, however many recipes share it."""
    return {
        _key(recipe, origin, task.member.label, task.series.area): task
        for origin in origins
        for recipe in recipes
        for task in tasks(recipe, counts, origin=origin, horizon=horizon)
    }


def run(
    recipes: Sequence[Recipe],
    counts: Counts,
    origins: Sequence[Month],
    *,
    horizon: int,
    workers: int,
    deadline: float,
    on_fit: Callable[[], None] | None = None,
) -> Backtest:
    """Each recipe's forecasts at each origin, and each member's alone. No origin sees a later month."""
    needed = fits_needed(recipes, counts, origins, horizon=horizon)
    fits = dict(zip(needed, fit_all(list(needed.values()), workers=workers, deadline=deadline, on_done=on_fit), strict=True))
    forecasts: list[Forecasts] = []
    for origin in origins:
        alone: dict[str, Forecasts] = {}
        for recipe in recipes:
            areas = counts.until(origin).open_areas
            own = [fits[_key(recipe, origin, member.label, area)] for member in recipe.fitted for area in areas]
            made: Run = assemble(recipe, counts, own, origin=origin)
            forecasts.append(_named(made.forecasts, recipe.name))
            alone |= {table.model: table for table in member_forecasts(own, origin=origin)}
        forecasts.extend(alone.values())
    return Backtest(tuple(forecasts), tuple(fits.values()))


def _key(recipe: Recipe, origin: Month, label: str, area: str) -> FitKey:
    return origin, recipe.samples, recipe.seed, label, area


def _named(table: Forecasts, model: str) -> Forecasts:
    return Forecasts(model, table.origin, table.areas, table.values, table.mean, table.levels)
