"""`encounters retrain`: the scheduled job for each panel."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import Engine

from forecast import pipeline
from forecast.cli import parts
from forecast.core.errors import ClusterError, EncountersError, GateRefused, LockHeld, StoreError
from forecast.pipeline import hook
from forecast.progress import Reporter
from forecast.release import alarms
from forecast.settings import Settings

__all__ = ["register"]

log = logging.getLogger(__name__)


def retrain(
    panel: parts.PanelName = None,
    force: Annotated[bool, typer.Option("--force", help="Train and publish even where nothing is new.")] = False,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Make a hindcast from what was public on that day (2024-06-30)."),
    ] = None,
    recipe: Annotated[
        list[str] | None,
        typer.Option(
            "--recipe",
            metavar="R",
            help="Name or file of a recipe; repeat it to let several compete. Default: the panel's own.",
        ),
    ] = None,
    as_json: parts.Json = False,
) -> None:
    """Train, evaluate, gate and publish each panel, then log to MLflow; does nothing where nothing is new.

    Exit 0: published or nothing new. 3: a gate refused, the last release stays. 4: another retraining is at work. 1: an
    error. ENCOUNTERS_EXECUTOR=dask://host:port makes the fits on a Dask cluster, ENCOUNTERS_WORKERS says on how many
    processes here. ENCOUNTERS_HOOK names a command that hears of every publish, refusal, failure and alarm: JSON on its
    standard input.

    Example: encounters retrain --panel usbp-sectors
    """
    day = parts.Day(as_of) if as_of else None
    settings = Settings()
    job = pipeline.Job.of(settings, clock=parts.now, recipes=recipe or ())
    results, failed = [], []
    with pipeline.Sending(job) as sending:
        for name in parts.panels(panel, settings):
            if panel is None and not job.archive.vintages(name):
                continue  # declared, and nothing was ingested yet
            began = parts.now()
            try:
                job.executor.check()
                with Reporter(settings.log) as progress:
                    result = pipeline.retrain(name, job, progress, force=force, as_of=day, sending=sending)
            except Exception as error:
                if day is None:
                    # What the run found before it failed is news all the same.
                    raised = _raised_since(began, name, job.engine)
                    _tell(settings, hook.messages(name, error, at=parts.now(), alarms=raised))
                if not isinstance(error, EncountersError):
                    raise  # a fault of ours
                # The other panel is trained all the same; the worst exit code is the command's.
                failed.append(error)
                parts.complain(error, settings, event=_verdict(error), panel=name, exit_code=error.exit_code)
                if isinstance(error, ClusterError):
                    break  # the next panel would meet it too
                continue
            results.append(result)
            if settings.log == "json":
                facts = {"event": result.verdict, "panel": name, "release": result.release, "notes": result.notes}
                log.info("%s: %s", name, result.verdict, extra=facts)
            if day is None:  # a hindcast is made by hand, by somebody who is looking
                _tell(settings, hook.messages(name, result, at=parts.now()))
            if not as_json:
                verdict = (
                    f"hindcast of what was public on {day}, not served"
                    if day and result.verdict == "published"
                    else result.verdict
                )
                typer.echo(f"{name}: {verdict}: {result.release}")
                for note in result.notes:
                    typer.echo(f"  {note}")
        with Reporter(settings.log) as progress:
            sending.finish(progress)
    if as_json:
        parts.emit([{"panel": r.panel, "verdict": r.verdict, "release": r.release, "notes": r.notes} for r in results])
    if failed:
        raise typer.Exit(
            1 if any(error.exit_code == 1 for error in failed) else max(error.exit_code for error in failed)
        )


def _verdict(error: EncountersError) -> str:
    return "refused" if isinstance(error, GateRefused) else "locked" if isinstance(error, LockHeld) else "failed"


def _tell(settings: Settings, messages: list[hook.Message]) -> None:
    hook.call(settings.hook, messages, seconds=settings.hook_seconds)


def _raised_since(began: datetime, panel: str, engine: Engine) -> tuple[alarms.AlarmChange, ...]:
    try:
        return tuple(alarm for alarm in alarms.opened(engine).get(panel, ()) if alarm.since >= began)
    except StoreError:  # it may be what failed
        return ()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(retrain)
