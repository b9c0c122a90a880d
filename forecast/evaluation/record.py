"""The record: what competing recipes would have forecast at past origins. Knows no model and no file of counts.

It is remembered on disk, so that a new month adds at most one origin: the quantiles, which take a hundredth of the room
of the fits behind them. The folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forecast.core.errors import TableError
from forecast.core.executor import Executor
from forecast.core.months import Month
from forecast.core.tables import Counts, Forecasts
from forecast.core.version import code_version
from forecast.evaluation import backtest, checksummed_file
from forecast.evaluation.fingerprint import libraries
from forecast.recipe.recipe import Recipe

__all__ = ["Record", "Recorded", "origins"]


def origins(counts: Counts, *, months: int, step: int) -> tuple[Month, ...]:
    """Every `step`-th month of the last `months`, on a grid that does not move with the data;
    the last months of some are not observed yet.

    At least two years of months stay before the first one. Raises TableError where none is left.
    """
    first = max(counts.through.ordinal - months, counts.first.ordinal + 23)
    on_grid = tuple(Month(ordinal) for ordinal in range(first, counts.through.ordinal) if ordinal % step == 0)
    if not on_grid:
        raise TableError(
            f"{counts.panel} has {len(counts.values)} months; a record needs {24 + step}. Ingest files of earlier "
            "months."
        )
    return on_grid


class Recorded(NamedTuple):
    """`forecasts` of every recipe and origin; at the origins that were `ended` a deadline ended a fit, and the floor
    stands in for it: another day might have seen it through.
    """

    forecasts: tuple[Forecasts, ...]
    ended: frozenset[Month]


@dataclass(frozen=True)
class Record:
    """Forecasts of `recipes` at `origins` of `counts`, `horizon` months ahead. `folder`: where they are remembered.

    A file is named by what its numbers follow from: the counts up to the origin, the recipe, the code and the libraries
    beneath.
    """

    folder: Path
    recipes: tuple[Recipe, ...]
    counts: Counts
    origins: tuple[Month, ...]
    horizon: int

    def missing(self) -> tuple[Month, ...]:
        """The origins that are not remembered whole."""
        return tuple(
            origin for origin in self.origins if any(self._get(recipe, origin) is None for recipe in self.recipes)
        )

    def fits_needed(self) -> int:
        """How many fits `replay` will make."""
        return len(backtest.fits_needed(self._alone, self.counts, self.missing(), horizon=self.horizon))

    def replay(self, *, executor: Executor, on_fit: Callable[[], None] | None = None) -> Recorded:
        """The forecasts, remembered or made now, of every recipe and origin.
        What a deadline has ended is made, and not kept.
        """
        tables = {
            (recipe.name, origin): self._get(recipe, origin) for origin in self.origins for recipe in self.recipes
        }
        missing = tuple(dict.fromkeys(origin for (_, origin), known in tables.items() if known is None))
        made = backtest.run(
            self._alone, self.counts, missing, horizon=self.horizon, executor=executor, on_fit=on_fit, members=False
        )  # fmt: skip
        ended = {fit.origin for fit in made.fits if fit.ended}
        names = {recipe.name: recipe for recipe in self.recipes}
        for forecasts in made.forecasts:
            tables[forecasts.model, forecasts.origin] = forecasts
            if forecasts.origin not in ended:
                self._keep(names[forecasts.model], forecasts)
        whole = tuple(forecasts for forecasts in tables.values() if forecasts is not None)
        return Recorded(whole, frozenset(ended))

    @property
    def _alone(self) -> list[Recipe]:
        return [backtest.beside(recipe, ()) for recipe in self.recipes]

    def _path(self, recipe: Recipe, origin: Month) -> Path:
        parts = (self.counts.until(origin).digest, recipe.digest, code_version(), libraries(), str(self.horizon))
        name = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.forecasts"

    def _get(self, recipe: Recipe, origin: Month) -> Forecasts | None:
        kept = checksummed_file.read(self._path(recipe, origin))
        if kept is None:
            return None
        words, numbers = kept
        areas, levels = tuple(words["areas"]), tuple(words["levels"])
        mean, values = np.split(numbers, [len(areas) * self.horizon])
        shape = (len(areas), self.horizon)
        return Forecasts(recipe.name, origin, areas, values.reshape(*shape, len(levels)), mean.reshape(shape), levels)

    def _keep(self, recipe: Recipe, forecasts: Forecasts) -> None:
        words = {
            "recipe": recipe.name,
            "origin": str(forecasts.origin),
            "areas": forecasts.areas,
            "levels": forecasts.levels,
        }
        try:
            checksummed_file.keep(self._path(recipe, forecasts.origin), words, forecasts.mean, forecasts.values)
        except OSError:  # a full disk costs the next run time; this run's numbers are sound
            return
