"""`encounters predict`: the production recipe on any panel that a user brings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.outputs import checked
from forecast.core.logs import escaped
from forecast.core.memory import give_back
from forecast.progress import Reporter
from forecast.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from forecast.core.tables import Ints
    from forecast.recipe.prediction import Prediction

__all__ = ["register"]

_SHOWN = 5
_ADVICE = re.compile(r"\.? (?=Use |Give )")


def predict(
    counts: Annotated[
        Path, typer.Argument(metavar="COUNTS.csv", help="CSV of series,month,value (month 2024-11); .gz allowed.")
    ],
    horizon: Annotated[
        int, typer.Option("--horizon", help="Steps ahead of each series' last known value.", min=1, max=120)
    ],
    out: Annotated[Path, typer.Option("--out", help="Quantile table to write: F.parquet or F.csv.", metavar="F")],
    season: Annotated[
        int | None,
        typer.Option(
            "--season", help="Steps after which the calendar repeats; months are then whole numbers.", min=1, max=366
        ),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe", metavar="R", help="Name or file of a recipe; auto: bank or blend, by the panel's own past."
        ),
    ] = "auto",
) -> None:
    """Forecast any panel of counts; series may differ in length, start and end.

    Two recipes compete on the last months of the panel itself, which are hidden for that: the one that serves border
    counts (bank), and half of it with half of the Theta method (blend).

    Sparse series of counts (of the last 36 steps half are zero, or the mean is below 5; below 50 where figures are
    rounded to 10) are forecast by their recent months alone, where the recipe learns from the table (bank, blend).

    Every series needs four known months or more; the fewer there are, the less can be said. One row per month:
    quarters, weeks and years are numbered (0, 1, 2, ...) and named by --season 4, 52 or 1. The recipe takes values for
    counts: around 10 and below it treats differences, far above it ratios. Rescale shares or rates first.

    Example: encounters predict tourism.csv --horizon 24 --out forecasts.parquet
    """
    from forecast.counts.plain import read_plain, remarks
    from forecast.evaluation import choice, quantile_table
    from forecast.recipe.prediction import predict_in_batches
    from forecast.recipe.recipe import load as load_recipe

    settings = Settings()
    out = checked(out, suffixes=quantile_table.SUFFIXES, inputs=[counts, Path(recipe)], settings=settings)
    named = [load_recipe(name) for name in ((choice.SINGLE, choice.BLEND) if recipe == "auto" else (recipe,))]
    series = read_plain(counts, season)
    settings.executor.check()
    give_back()
    _say([line for one in series for line in remarks(one)], "remarks")
    with Reporter(settings.log) as progress:
        chosen, how = named[0], f"recipe {named[0].name}"
        if recipe == "auto":
            single, blend = named
            fits = choice.work(single, blend, series, horizon=horizon)
            progress.begin("choosing the recipe by the panel's past", fits)
            decided = choice.choose(single, blend, series, horizon=horizon, on_fit=progress.advance)
            chosen, how = decided.recipe, str(decided)
            give_back()
        progress.begin(f"fitting {chosen.name} to {len(series)} series", len(series) * len(chosen.pooled))
        # Some series at a time are forecast and written: the memory it takes is not the panel's.
        failures: list[str] = []
        sparse: list[str] = []

        def tables() -> Iterator[DataFrame]:
            for made in predict_in_batches(
                chosen, series, horizon=horizon, executor=settings.executor, on_fit=progress.advance
            ):
                failures.extend(_failure(one) for one in made if one.failures)
                sparse.extend(one.series.area for one in made if one.sparse)
                yield _table(made)

        quantile_table.write_parts(out, tables())
    _say(failures, "such series")
    _say([f"{area}: sparse, forecast by its recent months alone" for area in sparse], "such series")
    recent = f"; sparse, by their recent months alone: {len(sparse)}" if sparse else ""
    typer.echo(
        f"{out}: {len(series)} series, {horizon} steps ahead, {how}; the floor stands in for {len(failures)}{recent}"
    )


def _failure(made: Prediction) -> str:
    from forecast.models.quiet import is_quiet

    if is_quiet(made.series):  # in words for a table of anything
        return f"{made.series.area}: the floor stands in: it has no known value above zero"
    # What a failure advises, another model, is for backtests, which have a choice.
    return f"{made.series.area}: the floor stands in: {_ADVICE.split(made.failures[0])[0]}"


def _say(lines: list[str], what: str) -> None:
    """Some lines on stderr, each on one line whatever a series is called, and how many more there are."""
    for line in lines[:_SHOWN]:
        typer.echo(escaped(line), err=True)
    if len(lines) > _SHOWN:
        typer.echo(f"and {len(lines) - _SHOWN} more {what}", err=True)


def _table(made: Sequence[Prediction]) -> DataFrame:
    """CONTRACT's columns: model, series, origin, target_month, horizon, level, value."""
    import numpy as np
    import pandas as pd

    from forecast.core.tables import LEVELS

    steps, levels = made[0].quantiles.shape
    names = np.array([one.series.area for one in made], dtype=object)
    origins = np.array([one.series.origin.ordinal for one in made])
    ahead = np.arange(1, steps + 1)

    def labels(ordinals: Ints) -> NDArray[np.generic]:
        return ordinals.astype("datetime64[M]").astype("datetime64[us]") if made[0].series.calendar else ordinals

    return pd.DataFrame(
        {
            "model": "recipe",
            "series": np.repeat(names, steps * levels),
            "origin": np.repeat(labels(origins), steps * levels),
            "target_month": np.repeat(labels((origins[:, None] + ahead).ravel()), levels),
            "horizon": np.tile(np.repeat(ahead, levels), len(made)),
            "level": np.tile(np.array(LEVELS), len(made) * steps),
            "value": np.concatenate([one.quantiles.ravel() for one in made]),
        }
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(predict)
