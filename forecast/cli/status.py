"""`encounters status`: how far the counts reach, what is served and how fresh,
how past releases did, how the last retraining ended.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import typer
from sqlalchemy import Engine

from forecast import pipeline
from forecast.cli import parts
from forecast.core.errors import ArchiveError, NoRelease, StoreEmpty
from forecast.core.panels import Panel
from forecast.core.provenance import credit
from forecast.counts.archive import Archive
from forecast.counts.description import missing
from forecast.counts.overlay import gaps, overlay
from forecast.counts.refusals import Refusal, Refusals
from forecast.release import alarms, issued_scores, ledger, read
from forecast.release.tracking import outbox
from forecast.settings import Settings

__all__ = ["register"]

REFUSED_SHOWN = timedelta(days=60)  # two issues of the publisher later, nobody comes back to a file


def status(panel: parts.PanelName = None, as_json: parts.Json = False) -> None:
    """Show the data, the champion, the latest release and the last retraining of each panel.

    Example: encounters status --json
    """
    settings = Settings()
    archive, engine = parts.known(settings), parts.store(settings)
    states = {name: _panel(name, archive, engine) for name in parts.panels(panel, settings)}
    backlog = len(outbox.waiting(settings.outbox, panel or ""))
    refused = [
        one
        for one in Refusals(settings.archive).unsettled(taken=archive.holds, since=parts.now() - REFUSED_SHOWN)
        if not one.panel or one.panel in archive.panels
    ]
    if as_json:
        state = {"home": str(settings.root), "refused": [_refused(one) for one in refused], "tracking_backlog": backlog}
        parts.emit({**state, "panels": states})
        return
    typer.echo(f"home            {settings.root}")
    if backlog:
        typer.echo(
            f"tracking        {backlog} retraining{'s wait' if backlog > 1 else ' waits'} for the tracking server"
        )
    for one in refused:
        typer.echo(
            f"refused         {one.when:%Y-%m-%d} {f'for {one.panel}: ' if one.panel else ''}"
            f"{'' if one.reason.startswith(one.file) else f'{one.file}: '}{one.reason}"
        )
    for name, state in states.items():
        typer.echo(f"\n{name}")
        for line in _lines(state):
            typer.echo(f"  {line}")


def _refused(one: Refusal) -> dict[str, str]:
    row = {"file": one.file, "sha256": one.sha256, "reason": one.reason, "when": one.when.isoformat()}
    return row | ({"panel": one.panel} if one.panel else {})


def _panel(panel: str, archive: Archive, engine: Engine) -> dict[str, Any]:
    today = parts.now().date()
    state: dict[str, Any] = {
        "vintages": [
            {
                "published": str(v.published),
                "source": v.source,
                "file": v.file_name,
                "first": str(v.first),
                "last": str(v.last),
            }
            for v in archive.vintages(panel)
        ]
    }
    try:
        known = overlay(archive.vintages(panel))
        state["gaps"] = [missing(gap, known.panel) for gap in gaps(known)] if known else []
        counts = archive.as_of(panel, today)
        state |= {
            "data_through": str(counts.through),
            "next_month": str(counts.through + 1),
            "areas": len(counts.open_areas),
        }
        state["sources"] = [
            {
                "first": str(source.first),
                "last": str(source.last),
                "source": source.source,
                "tabulated_by": source.tabulated_by or None,
                "file": source.file,
                "published": str(source.published),
            }
            for source in counts.sources
        ]
    except ArchiveError as error:
        state |= {"data_through": None, "sources": [], "problem": str(error)}
    try:
        release = read.latest(engine, panel)
        manifest = release.manifest
        state["release"] = {
            "id": release.id,
            "issued_at": manifest.issued_at.isoformat(),
            "data_through": str(manifest.origin),
            "champion": manifest.recipe,
            "run_id": release.run_id,
            "stale_after": str(manifest.stale_after),
            "stale": today > manifest.stale_after,
            "fallbacks": manifest.fallbacks,
            "notes": [
                *manifest.notes,
                *(f"{one.file} was {one.kind} since it was made: encounters retrain." for one in release.corrections),
            ],
        }
        state |= _monitored(panel, release.panel, engine)
        # Hindcasts are made by hand and say nothing of the scheduled job.
        run = next(
            (one for one in ledger.runs(engine, panel, limit=50) if not one.why.startswith(pipeline.HINDCAST)), None
        )
    except (NoRelease, StoreEmpty) as error:
        state |= {"release": None, "problem": str(error)}
        return state
    if run is not None:
        state["last_run"] = {
            "started": run.started.isoformat(),
            "ended": run.ended.isoformat() if run.ended else None,
            "why": run.why,
            "verdict": run.verdict or "at work, or broken off",
            "reason": run.reason,
            "steps": [
                {"name": step.name, "seconds": (step.ended - step.started).total_seconds() if step.ended else None}
                for step in run.steps
            ],
        }
    return state


def _monitored(panel: str, areas: Panel, engine: Engine) -> dict[str, Any]:
    """Open alarms, and how past releases did on the leaves, by lead: those that were issued, and hindcasts apart."""
    leaves = [
        slug for slug in issued_scores.scored_areas(engine, panel) if slug in areas.areas and areas.area(slug).is_leaf()
    ]
    accuracy: dict[str, list[dict[str, Any]]] = {"issued": [], "hindcasts": []}
    for tally in issued_scores.tallies(engine, panel=panel, areas=leaves, by=("lead",)):
        ratio = None if tally.ratio is None else round(tally.ratio, 4)
        accuracy["hindcasts" if tally.hindcast else "issued"].append(
            {
                "lead": tally.lead,
                "n": tally.n,
                "months": tally.months,
                "coverage_80": round(tally.coverage_80, 4),
                "sWIS_over_floor": ratio,
            }
        )
    opened = [
        {"kind": one.kind, "since": one.since.isoformat(), "detail": one.detail}
        for one in alarms.opened(engine).get(panel, ())
    ]
    return {"alarms": opened, "accuracy": accuracy}


def _lines(state: dict[str, Any]) -> list[str]:
    lines = [
        f"{len(state['vintages'])} vintages, data through {state['data_through']}; next expected: "
        f"{state.get('next_month', 'unknown')}"
    ]
    lines += [
        f"counts {source['first']} to {source['last']}: {credit(source['source'], source['tabulated_by'] or '')},"
        f" published {source['published']}"
        for source in state["sources"]
    ]
    lines += [f"gap {gap}" for gap in state.get("gaps", [])]
    release = state["release"]
    if release is None:
        return [*lines, f"no release yet. {state['problem']}"]
    stale = f"STALE since {release['stale_after']}" if release["stale"] else f"fresh until {release['stale_after']}"
    lines.append(f"release {release['id']} ({release['champion']}), issued {release['issued_at'][:16]}Z, {stale}")
    if release["fallbacks"]:
        lines.append(
            f"the floor stands in for a model in {len(release['fallbacks'])} areas: {', '.join(release['fallbacks'])}"
        )
    lines += [f"ALARM {one['kind']} since {one['since'][:10]}: {one['detail']}" for one in state["alarms"]]
    if run := state.get("last_run"):
        took = "; ".join(
            f"{step['name']} {step['seconds']:.0f} s" for step in run["steps"] if step["seconds"] is not None
        )
        lines.append(f"last retraining {run['started'][:16]}Z: {run['verdict']} ({took})")
    return [*lines, *release["notes"]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(status)
