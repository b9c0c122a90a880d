"""`encounters ingest`: official files into the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli import parts
from forecast.core.errors import EncountersError
from forecast.counts.description import describe
from forecast.counts.sources.catalog import read
from forecast.settings import Settings

__all__ = ["register"]


def ingest(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Official files as downloaded: CBP's CSV or OHSS's workbook.")],
    published: Annotated[
        str | None,
        typer.Option("--published", metavar="DATE", help="Day of publication (2026-08-14), where neither file nor name tells it."),
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Take a file that looks cut, or that revises a total by over 20 %.")] = False,
    as_json: parts.Json = False,
) -> None:
    """Recognise each official file by its content and append it to the archive; the same bytes twice change nothing.

    A file that cannot be read, or looks cut, is refused whole and the others are taken; then the exit code is 1.

    Example: encounters ingest nationwide-encounters-fy23-fy26-jul-aor.csv --published 2026-08-14
    """
    settings = Settings()
    archive = parts.archive(settings)
    day = parts.Day(published) if published else None
    refused, taken = 0, []
    for path in files:
        try:
            appended = archive.append(read(path, published=day), accept=accept)
        except EncountersError as error:
            refused += 1
            typer.echo(f"encounters: {' '.join(str(error).split())}", err=True)
            continue
        lines = describe(appended)
        taken.append({"file": str(path), "already_there": appended.already_there, "lines": list(lines)})
        if not as_json:
            for line in lines:
                typer.echo(line)
    if as_json:
        parts.emit(taken)
    if refused:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ingest)
