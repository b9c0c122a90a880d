"""Replays recipes at past origins. Knows no model, file or MLflow; calls the same functions as production."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from forecast.core.errors import TableError
from forecast.core.executor import Executor
from forecast.core.months import SEASON, Month
from forecast.core.tables import Counts, Forecasts
from forecast.evaluation.cache import FitCache, fits_of
from forecast.models.catalog import Member
from forecast.models.fitting import Fit, FitTask
from forecast.recipe import top_down
from forecast.recipe.recipe import Recipe, Run, assemble, member_forecasts, tasks

__all__ = ["Backtest", "PastFit", "beside", "fits_needed", "origins_between", "recent_origins", "run"]

# Origin, samples, seed, member, area: what a fit's numbers follow from, beside the counts.
FitKey = tuple[Month, int, int, str, str]
# Fits that are held in memory at a time, some 50 kB each: enough to keep the workers busy, little enough for hundreds
# of origins.
BATCH = 2000


@dataclass(frozen=True)
class PastFit:
    """What became of one fit. `seconds`: of fit and simulation, when it was made.
    `failure`: why the floor stands in, or None.

    `ended`: a deadline or its worker's death did that. `remembered`: it came from the cache.
    """

    origin: Month
    member: str
    area: str
    seconds: float
    failure: str | None
    ended: bool
    remembered: bool


@dataclass(frozen=True)
class Backtest:
    """Forecasts of past origins: each recipe's for every area,
    each member's for the leaves, and what became of the fits behind them.

    On revised figures this is pseudo-real-time: later corrections of a month were not known at its origin.
    """

    forecasts: tuple[Forecasts, ...]
    fits: tuple[PastFit, ...]


def recent_origins(counts: Counts, *, number: int, horizon: int, step: int) -> tuple[Month, ...]:
    """The last `number` origins, `step` months apart, whose whole horizon is observed; fewer where history is short.

    They lie on a grid that does not move with the data, so that a new month adds at most one of them and the others are
    remembered. At least two years of months stay before the first one. Raises TableError where none is left.
    """
    last = counts.through.ordinal - horizon
    last -= last % step
    earliest = counts.first.ordinal + 23
    origins = [Month(ordinal) for ordinal in range(last, earliest - 1, -step)][:number]
    if not origins:
        raise TableError(
            f"{counts.panel} has {len(counts.values)} months; past forecasts of {horizon} months, which a release is "
            f"judged by, need {24 + horizon}. Until it has them: encounters predict."
        )
    return tuple(reversed(origins))


def origins_between(counts: Counts, *, first: Month, last: Month, step: int) -> tuple[Month, ...]:
    """Every `step`-th month from `first` to `last`.

    Raises TableError for months without counts, or with less than two years of them.
    """
    earliest = counts.first + (2 * SEASON - 1)  # with less, a score has no seasonal change to be scaled by
    if step < 1 or last < first:
        raise TableError(
            f"There is no origin from {first} to {last} in steps of {step}. Give a first month, a later last one and "
            "a step of 1."
        )
    if first < earliest or counts.through < last:
        raise TableError(
            f"{counts.panel} can be forecast from {earliest} to {counts.through}, not from {first} to {last}. Use "
            "origins between."
        )
    return tuple(Month(ordinal) for ordinal in range(first.ordinal, last.ordinal + 1, step))


def beside(recipe: Recipe, members: Sequence[Member]) -> Recipe:
    """The same recipe with exactly these members compared beside its pool;
    those that it pools are scored alone in any case.
    """
    pooled = {member.label for member in recipe.pooled}
    return replace(recipe, compared=tuple(member for member in members if member.label not in pooled))


def fits_needed(
    recipes: Sequence[Recipe], counts: Counts, origins: Sequence[Month], *, horizon: int
) -> dict[FitKey, FitTask]:
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
    executor: Executor,
    cache: FitCache | None = None,
    on_fit: Callable[[], None] | None = None,
    members: bool = True,
) -> Backtest:
    """Each recipe's forecasts at each origin, and each member's alone (`members`). No origin sees a later month.

    `cache`: remembers fits, so that another run makes only those that it lacks; the numbers are the same with and
    without it.
    """
    forecasts: list[Forecasts] = []
    past: list[PastFit] = []
    for some in _batches(recipes, counts, origins):
        needed = fits_needed(recipes, counts, some, horizon=horizon)
        done = fits_of(list(needed.values()), cache=cache, executor=executor, on_done=on_fit)
        fits = {key: fit for key, (fit, _) in zip(needed, done, strict=True)}
        past.extend(
            PastFit(key[0], fit.member.label, fit.area, fit.seconds, fit.failure, fit.ended, remembered)
            for key, (fit, remembered) in zip(needed, done, strict=True)
        )
        for origin in some:
            forecasts.extend(_forecasts(recipes, counts, fits, origin, members=members))
        del needed, done, fits  # else they would be held while the next ones are made
    return Backtest(tuple(forecasts), tuple(past))


def _batches(recipes: Sequence[Recipe], counts: Counts, origins: Sequence[Month]) -> Iterator[Sequence[Month]]:
    """The origins, in rows that need about BATCH fits."""
    members = len({(recipe.samples, recipe.seed, member.label) for recipe in recipes for member in recipe.fitted})
    row = max(BATCH // max(members * len(counts.areas), 1), 1)
    return (origins[start : start + row] for start in range(0, len(origins), row))


def _forecasts(
    recipes: Sequence[Recipe], counts: Counts, fits: dict[FitKey, Fit], origin: Month, *, members: bool
) -> Iterator[Forecasts]:
    """What each recipe makes of one origin's fits, then each member alone, once, where they are asked for."""
    alone: dict[str, Forecasts] = {}
    seen = counts.until(origin)
    areas, widest = seen.open_areas, top_down.widest(seen)
    for recipe in recipes:
        own = [fits[_key(recipe, origin, member.label, area)] for member in recipe.fitted for area in areas]
        above = [
            fits[key] for member in recipe.of_total if (key := _key(recipe, origin, member.label, widest or "")) in fits
        ]
        made: Run = assemble(recipe, counts, [*own, *above], origin=origin, stored=0)
        yield replace(made.forecasts, model=recipe.name)
        if members:
            alone |= {table.model: table for table in member_forecasts(own, origin=origin)}
    yield from alone.values()


def _key(recipe: Recipe, origin: Month, label: str, area: str) -> FitKey:
    return origin, recipe.samples, recipe.seed, label, area
