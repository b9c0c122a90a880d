"""`encounters vintages`: what was taken in and is in force; a wrong day or a wrong file corrected, on record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from forecast.cli import parts
from forecast.cli.groups import CommandGroup
from forecast.core.errors import StoreError
from forecast.core.logs import escaped
from forecast.counts.archive import Archive, Kept
from forecast.counts.description import holding, missing
from forecast.counts.overlay import Gap, InForce, gaps, in_force, overlay
from forecast.settings import Settings

__all__ = ["register"]

SHOWN_DIGITS = 12
Id = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The vintage's id, or the beginning of it: encounters vintages.", show_default=False
    ),
]

group = typer.Typer(
    cls=CommandGroup,
    help="List what was taken in and is in force; correct a wrong day of publication or a wrong file.\n\nExample: "
    "encounters vintages",
    invoke_without_command=True,
)


@group.callback()
def vintages(context: typer.Context, panel: parts.PanelName = None, as_json: parts.Json = False) -> None:
    """List what was taken in and is in force; correct a wrong day of publication or a wrong file.

    Example: encounters vintages --panel usbp-sectors
    """
    if context.invoked_subcommand is not None:
        return
    settings = Settings()
    archive = parts.archive(settings)
    listed = {name: _listed(archive, name) for name in parts.panels(panel, settings)}
    if as_json:
        parts.emit({name: {"vintages": [_document(*entry) for entry in kept], "gaps": [_gap(gap) for gap in lacking]}
                    for name, (kept, lacking) in listed.items()})  # fmt: skip
        return
    for name, (kept, lacking) in listed.items():
        typer.echo(name)
        for entry in kept:
            for line in _lines(*entry):
                typer.echo(f"  {line}")
        for gap in lacking:
            typer.echo(f"  gap           {missing(gap, archive.panels[name])}")


@group.command()
def redate(
    vintage: Id, day: Annotated[str, typer.Argument(metavar="DATE", help="The right day of publication (2025-01-20).")]
) -> None:
    """Give a vintage another day of publication. What was, stays on record.

    Example: encounters vintages redate cb9723f7503c 2025-01-16
    """
    settings = Settings()
    archive = parts.archive(settings)
    kept = archive.redate(vintage, parts.Day(day), now=parts.now())
    typer.echo(f"{escaped(kept[0].vintage.file_name)}: published {kept[0].vintage.published}{_of(kept)}")
    _after(settings, archive, kept)


@group.command()
def withdraw(vintage: Id) -> None:
    """Take a vintage out of force. Its file stays, and ingest FILE --accept takes it in again.

    Example: encounters vintages withdraw cb9723f7503c
    """
    settings = Settings()
    archive = parts.archive(settings)
    kept = archive.withdraw(vintage, now=parts.now())
    typer.echo(f"{escaped(kept[0].vintage.file_name)}: withdrawn, no longer in force{_of(kept)}")
    _after(settings, archive, kept)


def _of(kept: Sequence[Kept]) -> str:
    """The panels that a file is of, where it is of several."""
    return f" ({', '.join(one.vintage.panel.id for one in kept)})" if len(kept) > 1 else ""


def _after(settings: Settings, archive: Archive, kept: Sequence[Kept]) -> None:
    """Bring the correction to the counts that are served, where there are any yet, and say what is left to do."""
    from forecast.pipeline.correcting import record_counts  # here, since the list needs no store

    engine = parts.store(settings)
    follow = "The forecasts that are served follow with the next retraining: encounters retrain"
    try:
        for one in kept:
            try:
                record_counts(engine, one.vintage.panel.id, archive)
            except StoreError:  # no release yet, of an older version, or out of reach: a retraining records the same
                follow = follow.replace("The forecasts", "The counts and forecasts")
    finally:
        engine.dispose()
    typer.echo(follow)


def _listed(archive: Archive, panel: str) -> tuple[list[tuple[Kept, InForce | None]], tuple[Gap, ...]]:
    """Every vintage of a panel with how much of it holds, None where it names no area;
    and the months that the panel lacks.
    """
    present = archive.vintages(panel)
    known = overlay(present)
    kept = [(one, in_force(present, one.vintage.sha256) if one.vintage.areas else None) for one in archive.kept(panel)]
    return kept, gaps(known) if known is not None else ()


def _document(kept: Kept, holds: InForce | None) -> dict[str, Any]:
    vintage, standing = kept.vintage, kept.standing
    taken_in = standing.taken_in if standing else None
    return {
        "id": vintage.sha256[:SHOWN_DIGITS],
        "sha256": vintage.sha256,
        "published": str(vintage.published),
        "taken_in": taken_in.isoformat() if taken_in else None,
        "source": vintage.source,
        "file": vintage.file_name,
        "first": str(vintage.first),
        "last": str(vintage.last),
        "areas": len(vintage.areas),
        "withdrawn": kept.withdrawn,
        "cells": None if holds is None else holds.total,
        "cells_in_force": None if holds is None else holds.cells,
        "corrections": [
            {
                "kind": event.kind,
                "when": event.when.isoformat(),
                "before": str(event.before),
                "published": str(event.published),
            }
            for event in (standing.corrections if standing else ())
        ],
    }  # fmt: skip


def _gap(gap: Gap) -> dict[str, Any]:
    return {"first": str(gap.first), "last": str(gap.last), "areas": list(gap.areas)}


def _lines(kept: Kept, holds: InForce | None) -> list[str]:
    vintage, standing = kept.vintage, kept.standing
    taken_in = (
        f"taken in {standing.taken_in:%Y-%m-%d %H:%M} UTC"
        if standing and standing.taken_in
        else "bundled, or taken in before records"
    )
    held = "withdrawn" if kept.withdrawn else "checks totals only" if holds is None else f"in force: {holding(holds)}"
    lines = [
        f"{vintage.sha256[:SHOWN_DIGITS]}  published {vintage.published}, {taken_in}",
        f"              {escaped(vintage.file_name)}: {vintage.source}, {vintage.first} to {vintage.last}",
        f"              {held}",
    ]
    for event in standing.corrections if standing else ():
        moved = f" from {event.before} to {event.published}" if event.kind == "redated" else ""
        lines.append(f"              {event.kind} {event.when:%Y-%m-%d %H:%M} UTC{moved}")
    return lines


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="vintages")
