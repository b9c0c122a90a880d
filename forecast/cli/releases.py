"""`encounters releases`, `rollback` and `verify`: the archive of what was issued."""

from __future__ import annotations

from typing import Annotated

import typer

from forecast.cli import parts
from forecast.core.errors import StoreError
from forecast.progress import Reporter
from forecast.release import read
from forecast.settings import Settings

__all__ = ["register"]


def releases(panel: parts.PanelName = None, as_json: parts.Json = False) -> None:
    """List the releases, newest first; the ones that are served carry a star, hindcasts say so.

    Example: encounters releases --panel usbp-sectors
    """
    settings = Settings()
    engine = parts.store(settings)
    summaries = [summary for name in parts.panels(panel, settings) for summary in read.releases(engine, name)]
    if as_json:
        parts.emit(
            [
                {
                    "id": one.id,
                    "panel": one.manifest.panel,
                    "issued_at": one.manifest.issued_at.isoformat(),
                    "as_of": str(one.manifest.as_of),
                    "data_through": str(one.manifest.origin),
                    "recipe": one.manifest.recipe,
                    "hindcast": one.manifest.hindcast,
                    "current": one.current,
                    "checksum": one.checksum,
                    "run_id": one.run_id,
                }
                for one in summaries
            ]
        )
        return
    for one in summaries:
        mark = "*" if one.current else " "
        kind = f"hindcast as of {one.manifest.as_of}, made" if one.manifest.hindcast else "release of"
        typer.echo(
            f"{mark} {one.id}  {kind} {one.manifest.issued_at:%Y-%m-%d %H:%M} UTC  data through {one.manifest.origin}"
        )
    if not summaries:
        typer.echo("No release yet. Publish one: encounters retrain.")


def rollback(release: Annotated[str, typer.Argument(help="Id of the release to serve again.")]) -> None:
    """Serve an earlier release again; the move is recorded.

    MLflow's champion follows; where MLflow is away, with the next retraining.

    Example: encounters rollback usbp-sectors-2024-11-0123456789
    """
    from forecast.pipeline.catching_up import catch_up
    from forecast.pipeline.job import Job
    from forecast.release.publish import rollback as move

    settings = Settings()
    engine = parts.store(settings)
    before = move(engine, release, now=parts.now())
    typer.echo(
        f"{release} is served already." if before == release else f"{release} is served; before it was {before}."
    )
    with Reporter(settings.log) as progress:
        catch_up(read.load(engine, release).manifest.panel, Job.of(settings, clock=parts.now, seeded=False), progress)


def verify() -> None:
    """Recompute the checksum of every release, and try the laws of joint draws on those that are served.

    The laws: sums exact in every draw, shares of draws as the quantiles say, thresholds strict.

    Example: encounters verify
    """
    from forecast.release.lawful import breaches
    from forecast.release.publish import verify as recompute

    settings = Settings()
    engine = parts.store(settings)
    summaries = read.releases(engine)
    whole = 0
    for one in summaries:
        try:
            recompute(engine, one.id)
            # A release never changes: one that is not served any more was tried while it was.
            faults = [f"{one.id}: {breach}." for breach in breaches(engine, one.id)] if one.current else []
        except StoreError as error:
            faults = [str(error)]
        whole += not faults
        for line in faults:
            typer.echo(line, err=True)
    typer.echo(f"{whole} of {len(summaries)} releases are whole.")
    if whole < len(summaries):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(releases)
    app.command()(rollback)
    app.command()(verify)
