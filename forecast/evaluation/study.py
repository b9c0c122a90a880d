"""A comparison at past origins, from counts to scores:
recipes and members side by side, fits remembered. Prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.core.errors import RecipeError
from forecast.core.executor import Executor
from forecast.core.months import Month
from forecast.core.tables import Counts
from forecast.evaluation import backtest
from forecast.evaluation.backtest import Backtest, PastFit
from forecast.evaluation.cache import FitCache
from forecast.evaluation.named import members
from forecast.evaluation.scores import score
from forecast.evaluation.stored import FitTimes
from forecast.recipe.recipe import Recipe
from forecast.recipe.recipe import load as load_recipe

__all__ = ["FLOOR", "Study", "begin", "fit_times"]

# The recipe that every other must beat; it forecasts sums too, as members alone do not.
FLOOR = "floor"


@dataclass(frozen=True)
class Study:
    """What is to be compared: `recipes`, the one in question first;
    `labels`: members shown alone; at `origins`, `horizon` months ahead.
    """

    counts: Counts
    recipes: tuple[Recipe, ...]
    labels: tuple[str, ...]
    origins: tuple[Month, ...]
    horizon: int

    @property
    def shown(self) -> tuple[str, ...]:
        """The models of the comparison: recipes, then the members that were asked for."""
        return (*(recipe.name for recipe in self.recipes), *self.labels)

    @property
    def fits(self) -> int:
        """How many fits it takes, those that are remembered included."""
        return len(backtest.fits_needed(self.recipes, self.counts, self.origins, horizon=self.horizon))

    def run(self, *, cache: Path | None, executor: Executor, on_fit: Callable[[], None] | None = None) -> Backtest:
        """Replay it; only the models that are shown are in the result.
        `cache`: folder of remembered fits, None fits everything.
        """
        past = backtest.run(
            self.recipes,
            self.counts,
            self.origins,
            horizon=self.horizon,
            executor=executor,
            cache=FitCache(cache) if cache else None,
            on_fit=on_fit,
        )
        return Backtest(tuple(table for table in past.forecasts if table.model in self.shown), past.fits)

    def scores(self, past: Backtest) -> pd.DataFrame:
        """The scores of a replay against the counts that came later, as `evaluation.scores.score` gives them."""
        return score(forecasts=past.forecasts, truth=self.counts)


def begin(
    counts: Counts,
    *,
    recipes: Sequence[str],
    models: Sequence[str] = (),
    first: Month,
    last: Month,
    step: int,
    horizon: int,
) -> Study:
    """A study of recipes (names or files;
    the floor is added) and of members by label, at every `step`-th origin from `first` to `last`.

    Raises RecipeError, TableError.
    """
    loaded = [load_recipe(name) for name in recipes]
    names = [recipe.name for recipe in loaded]
    if twice := [name for name in names if names.count(name) > 1]:
        raise RecipeError(f"Two recipes are called {twice[0]!r}. Give each its own name in its file.")
    if FLOOR not in names:
        loaded.append(load_recipe(FLOOR))
    asked = members(models, loaded[0])
    # Members are fitted with the paths and the seed of the recipe in question; the other recipes bring only their own.
    with_members = [backtest.beside(recipe, asked if place == 0 else ()) for place, recipe in enumerate(loaded)]
    origins = backtest.origins_between(counts, first=first, last=last, step=step)
    return Study(counts, tuple(with_members), tuple(member.label for member in asked), origins, horizon)


def fit_times(past: Backtest) -> tuple[FitTimes, ...]:
    """What the fits behind a replay took, model by model, the slowest in all first; remembered ones when they were
    made.
    """
    by_model: dict[str, list[PastFit]] = {}
    for fit in past.fits:
        by_model.setdefault(fit.member, []).append(fit)
    times = [
        FitTimes(
            model=model,
            fits=len(fits),
            total=round(sum(fit.seconds for fit in fits), 3),
            median=round(float(np.median([fit.seconds for fit in fits])), 4),
            slowest=round(max(fit.seconds for fit in fits), 3),
            stood_in=sum(fit.failure is not None for fit in fits),
        )
        for model, fits in by_model.items()
    ]
    return tuple(sorted(times, key=lambda row: -row.total))
