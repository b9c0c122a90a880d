"""`encounters retrain`: the scheduled job for each panel."""

from __future__ import annotations

from typing import Annotated

import typer

from forecast import pipeline
from forecast.cli import parts
from forecast.core.errors import EncountersError
from forecast.progress import Reporter
from forecast.settings import Settings

__all__ = ["register"]


def retrain(
    panel: parts.PanelName = None,
    force: Annotated[bool, typer.Option("--force", help="Train and publish even where nothing is new.")] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Make a hindcast from what was public on that day (2024-06-30).")
    ] = None,
    recipe: Annotated[
        list[str] | None,
        typer.Option("--recipe", help="Name or file of a recipe; repeat it to let several compete. Default: the panel's own."),
    ] = None,
    as_json: parts.Json = False,
) -> None:
    """Train, evaluate, gate, log and publish each panel; does nothing where nothing is new.

    Exit 0: published or nothing new. 3: a gate refused, the last release stays. 4: another retraining is at work. 1: an error.

    Example: encounters retrain --panel usbp-sectors
    """
    day = parts.Day(as_of) if as_of else None
    job = pipeline.Job.of(Settings(), clock=parts.now, recipes=recipe or ())
    results, failed = [], []
    for name in parts.panels(panel):
        try:
            with Reporter() as progress:
                result = pipeline.retrain(name, job, progress, force=force, as_of=day)
        except EncountersError as error:
            # The other panel is trained all the same; the worst exit code is the command's.
            failed.append(error)
            typer.echo(f"encounters: {' '.join(str(error).split())}", err=True)
            continue
        results.append(result)
        if not as_json:
            verdict = f"hindcast of what was public on {day}, not served" if day and result.verdict == "published" else result.verdict
            typer.echo(f"{name}: {verdict}: {result.release}")
            for note in result.notes:
                typer.echo(f"  {note}")
    if as_json:
        parts.emit([{"panel": r.panel, "verdict": r.verdict, "release": r.release, "notes": r.notes} for r in results])
    if failed:
        raise typer.Exit(1 if any(error.exit_code == 1 for error in failed) else max(error.exit_code for error in failed))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(retrain)
