"""`encounters status`: how far the counts reach, what is served, whether it is stale, and how the last retraining ended."""

from __future__ import annotations

from typing import Any

import typer
from sqlalchemy import Engine

from forecast import pipeline
from forecast.cli import parts
from forecast.core.areas import Panel
from forecast.core.errors import ArchiveError, NoRelease, StoreError
from forecast.counts.archive import Archive
from forecast.release import ledger, read
from forecast.settings import Settings

__all__ = ["register"]


def status(panel: parts.PanelName = None, as_json: parts.Json = False) -> None:
    """Show the data, the champion, the latest release and the last retraining of each panel.

    Example: encounters status --json
    """
    settings = Settings()
    archive, engine = parts.archive(settings), parts.store(settings)
    found = {name: _panel(name, archive, engine) for name in parts.panels(panel)}
    if as_json:
        parts.emit({"home": str(settings.root), "panels": found})
        return
    typer.echo(f"home            {settings.root}")
    for name, state in found.items():
        typer.echo(f"\n{name}")
        for line in _lines(state):
            typer.echo(f"  {line}")


def _panel(panel: Panel, archive: Archive, engine: Engine) -> dict[str, Any]:
    today = parts.now().date()
    state: dict[str, Any] = {
        "vintages": [
            {"published": str(v.published), "source": v.source, "file": v.file_name, "first": str(v.first), "last": str(v.last)}
            for v in archive.vintages(panel)
        ]
    }
    try:
        counts = archive.as_of(panel, today)
        state |= {"data_through": str(counts.through), "next_month": str(counts.through + 1), "areas": len(counts.open_areas)}
    except ArchiveError as error:
        state |= {"data_through": None, "problem": str(error)}
    try:
        release = read.latest(engine, panel)
        manifest = release.manifest
        state["release"] = {
            "id": release.id,
            "issued_at": manifest.issued_at.isoformat(),
            "data_through": str(manifest.origin),
            "champion": manifest.recipe,
            "run_id": manifest.run_id,
            "stale_after": str(manifest.stale_after),
            "stale": today > manifest.stale_after,
            "fallbacks": manifest.fallbacks,
            "notes": list(manifest.notes),
        }
        # Hindcasts are made by hand and say nothing of the scheduled job.
        run = next((one for one in ledger.runs(engine, panel, limit=50) if not one.why.startswith(pipeline.HINDCAST)), None)
    except (NoRelease, StoreError) as error:
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
                {"name": step.name, "seconds": (step.ended - step.started).total_seconds() if step.ended else None} for step in run.steps
            ],
        }
    return state


def _lines(state: dict[str, Any]) -> list[str]:
    lines = [
        f"{len(state['vintages'])} vintages, data through {state['data_through']}; next expected: {state.get('next_month', 'unknown')}"
    ]
    release = state["release"]
    if release is None:
        return [*lines, f"no release yet. {state['problem']}"]
    stale = f"STALE since {release['stale_after']}" if release["stale"] else f"fresh until {release['stale_after']}"
    lines.append(f"release {release['id']} ({release['champion']}), issued {release['issued_at'][:16]}Z, {stale}")
    if release["fallbacks"]:
        lines.append(f"the floor stands in for a model in {len(release['fallbacks'])} areas: {', '.join(release['fallbacks'])}")
    if run := state.get("last_run"):
        took = "; ".join(f"{step['name']} {step['seconds']:.0f} s" for step in run["steps"] if step["seconds"] is not None)
        lines.append(f"last retraining {run['started'][:16]}Z: {run['verdict']} ({took})")
    return [*lines, *release["notes"]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(status)
