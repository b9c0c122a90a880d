"""`encounters outside`: forecasts of other programs, registered to be scored with each new month beside the release."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from forecast.cli import parts
from forecast.cli.groups import CommandGroup
from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.release import outside_forecasts
from forecast.release.outside_forecasts import OutsideForecast
from forecast.settings import Settings

__all__ = ["register"]

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="What it is called on the board: up to 60 letters, digits, . - and _.")
]

group = typer.Typer(
    cls=CommandGroup,
    help="Register forecasts of other programs, to be scored beside the release with each new month.\n\n"
    "Example: encounters outside add city-model forecast.csv --panel usbp-sectors",
    no_args_is_help=True,
)


@group.command()
def add(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A quantile table or a hub's model output: one origin.")],
    panel: Annotated[
        str | None,
        typer.Option("--panel", help="The panel. Default: the one whose areas the file names.", metavar="P"),
    ] = None,
    issued: Annotated[
        str | None,
        typer.Option("--issued", help="The day on which its makers issued it. Default: not said.", metavar="DATE"),
    ] = None,
    as_json: parts.Json = False,
) -> None:
    """Register a forecast beside the release that is served; the day is this machine's clock's, and it never changes.

    The retraining scores it with each new month as it scores the release, on the same cells, and the board shows it:
    /v1/models/live and /models. Months that have ended, or whose counts are out, are no forecast, and are not scored.
    What is not whole is refused, never repaired.

    Example: encounters outside add city-model forecast.csv --panel usbp-sectors --issued 2026-11-20
    """
    from forecast.evaluation.outside.files import load
    from forecast.evaluation.outside.forecasts import forecasts, panel_of
    from forecast.release.migrations import migrate

    settings, now = Settings(), parts.now()
    day = None if issued is None else parts.Day(issued)
    archive = parts.known(settings)
    if file.expanduser().is_dir():
        raise TableError(f"{file} is a folder. Register one file at a time.")
    rows = load(file.expanduser())
    chosen = panel_of(rows, parts.panels_with_areas(archive, parts.panels(panel, settings), now.date()))
    counts = archive.as_of(chosen, now.date())
    engine = parts.store(settings)
    migrate(engine)
    made = outside_forecasts.register(
        engine,
        forecasts(rows, counts=counts),
        panel=chosen,
        name=name,
        issued=day,
        file=file.name,
        sha256=hashlib.sha256(file.expanduser().read_bytes()).hexdigest(),
        now=now,
    )
    known = outside_forecasts.foreknown(engine, made)
    if as_json:
        parts.emit(_entry(made) | {"scored": [str(month) for month in made.ahead(known)]})
        return
    typer.echo(_line(made))
    ahead = made.ahead(known)
    typer.echo(f"  to be scored as counts come out: {_span(ahead)}, from the first retraining after each")
    if out := sorted({month for _, month in known}):
        typer.echo(f"  ended or known in part or whole on {made.day}, and not scored there: {_span(out)}")


@group.command("list")
def list_(as_json: parts.Json = False) -> None:
    """List what was registered, oldest first. How each did is on the board: /v1/models/live.

    Example: encounters outside list
    """
    registered = outside_forecasts.listed(parts.store(Settings()))
    if as_json:
        parts.emit([_entry(one) for one in registered])
        return
    for one in registered:
        typer.echo(_line(one))
    if not registered:
        typer.echo("Nothing is registered yet. Register a forecast: encounters outside add NAME FILE.")


@group.command()
def remove(
    name: Name,
    panel: Annotated[str, typer.Option("--panel", help="The panel that it is registered for.", metavar="P")],
) -> None:
    """Score a forecast on no count that comes out from now on. Months whose counts are out stay scored: a record that
    can be tidied is none.

    Example: encounters outside remove city-model --panel usbp-sectors
    """
    settings = Settings()
    parts.panels(panel, settings)
    gone = outside_forecasts.withdraw(parts.store(settings), name, panel=panel, now=parts.now())
    typer.echo(
        f"{name}: {len(gone)} registered for {panel} are scored on no count to come; months whose counts are out stay"
    )


def _line(one: OutsideForecast) -> str:
    issued = f", issued {one.issued} as its makers say" if one.issued else ""
    gone = f", withdrawn {one.withdrawn:%Y-%m-%d}" if one.withdrawn else ""
    return (
        f"{one.name}: {len(one.areas)} areas of {one.panel}, {one.origin + 1} to {one.last}, registered {one.day} "
        f"beside {one.release}{issued}{gone}"
    )


def _span(months: list[Month]) -> str:
    return str(months[0]) if len(months) == 1 else f"{months[0]} to {months[-1]}"


def _entry(one: OutsideForecast) -> dict[str, Any]:
    """JSON values."""
    return {
        "name": one.name,
        "panel": one.panel,
        "release": one.release,
        "registered_at": one.registered_at.isoformat(),
        "issued": one.issued and one.issued.isoformat(),
        "origin": str(one.origin),
        "last": str(one.last),
        "areas": list(one.areas),
        "file": one.file,
        "sha256": one.sha256,
        "withdrawn": one.withdrawn and one.withdrawn.isoformat(),
    }


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="outside")
