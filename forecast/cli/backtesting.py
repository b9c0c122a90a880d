"""`encounters backtest`: the production recipe and single models at past origins, as a quantile table."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from forecast.cli import parts
from forecast.cli.outputs import checked
from forecast.core.errors import EncountersError
from forecast.core.months import Month
from forecast.core.version import code_version
from forecast.progress import Reporter
from forecast.settings import Settings

__all__ = ["register"]

# The recipe's name in a quantile table, whichever recipe serves.
RECIPE = "recipe"


def _month(text: str) -> Month:
    """A month as 2019-05. Raises EncountersError."""
    try:
        return Month.parse(text)
    except ValueError:
        raise EncountersError(f"{text!r} is not a month. Write it as 2019-05.") from None


def backtest(
    panel: Annotated[str, typer.Option("--panel", help="A panel's id: encounters panels.", metavar="P")],
    first: Annotated[
        str,
        typer.Option("--first", help="First origin: the last observed month that a forecast sees.", metavar="YYYY-MM"),
    ],
    last: Annotated[str, typer.Option("--last", help="Last origin.", metavar="YYYY-MM")],
    out: Annotated[Path, typer.Option("--out", help="Quantile table to write: F.parquet or F.csv.", metavar="F")],
    step: Annotated[int, typer.Option("--step", help="Months from one origin to the next.", min=1)] = 6,
    horizon: Annotated[int, typer.Option("--horizon", help="Months ahead.", min=1, max=60)] = 12,
    models: Annotated[
        str, typer.Option("--models", help="Models beside the recipe: ets-raw,theta-log", metavar="A,B")
    ] = "",
    recipe: Annotated[
        str | None, typer.Option("--recipe", metavar="R", help="Name or file of a recipe. Default: the panel's own.")
    ] = None,
    as_json: parts.Json = False,
) -> None:
    """Replay the recipe at past origins and write its quantiles, and those of each named model, as a table.

    Every fit is remembered under the home: a second run takes seconds, a broken one goes on, another model or origin
    costs only itself. The figures are the revised ones of today, not what was public then. See the scores with:
    encounters compare.

    Example: encounters backtest --panel usbp-sectors --first 2015-02 --last 2023-08 --step 6 --horizon 12 --out
    past.parquet
    """
    from forecast.evaluation import quantile_table, stored, study

    settings = Settings()
    out = checked(out, suffixes=quantile_table.SUFFIXES, inputs=[Path(recipe)] if recipe else [], settings=settings)
    (name,) = parts.panels(panel, settings)
    counts = parts.known(settings).as_of(name, parts.now().date())
    labels = [label for label in models.split(",") if label.strip()]
    asked = study.begin(
        counts,
        recipes=[recipe or counts.panel.recipes[0]],
        models=labels,
        first=_month(first),
        last=_month(last),
        step=step,
        horizon=horizon,
    )
    own = asked.recipes[0]
    settings.executor.check()
    with Reporter(settings.log) as progress:
        progress.begin(f"{name}: {len(asked.origins)} origins", asked.fits)
        past = asked.run(cache=settings.cache, executor=settings.executor, on_fit=progress.advance)
    tables = [table for table in past.forecasts if table.model in (own.name, *asked.labels)]
    quantile_table.write(out, quantile_table.rows(tables, counts.panel, {own.name: RECIPE}))
    about = stored.About(
        panel=name,
        recipe=own.name,
        floor=study.FLOOR,
        origins=tuple(str(origin) for origin in asked.origins),
        horizon=horizon,
        data_through=str(counts.through),
        data_digest=counts.digest,
        recipe_digest=own.digest,
        code_version=code_version(),
        made_at=parts.now().isoformat(timespec="seconds"),
        command=_command(name, first, last, step, horizon, out, models, recipe),
        fit_times=study.fit_times(past),
    )
    stored.keep(stored.place(settings.root, name), scores=asked.scores(past), about=about, forecasts=past.forecasts)
    remembered = sum(fit.remembered for fit in past.fits)
    failed = sum(fit.failure is not None for fit in past.fits)
    if as_json:
        parts.emit(
            {
                "out": str(out),
                "origins": about.origins,
                "fits": len(past.fits),
                "remembered": remembered,
                "stood_in": failed,
            }
        )
        return
    typer.echo(
        f"{out}: {RECIPE} ({own.name}){''.join(f', {label}' for label in asked.labels)} at {len(asked.origins)} origins"
    )
    typer.echo(f"{len(past.fits)} fits, {remembered} of them remembered; the floor stood in for {failed}")


def _command(
    panel: str, first: str, last: str, step: int, horizon: int, out: Path, models: str, recipe: str | None
) -> str:
    """The command line that gives the same table again."""
    words = ["encounters", "backtest", "--panel", panel, "--first", first, "--last", last, "--step", str(step)]
    words += ["--horizon", str(horizon), *(["--models", models] if models else [])]
    return shlex.join([*words, *(["--recipe", recipe] if recipe else []), "--out", out.name])


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backtest)
