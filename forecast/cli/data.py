"""`encounters ingest`: official files into the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from forecast.cli import parts
from forecast.core.errors import ArchiveError, EncountersError, PanelError, SourceError, one_line
from forecast.core.panels import Panel
from forecast.counts.archive import Archive
from forecast.counts.description import describe
from forecast.counts.refusals import Refusals
from forecast.counts.taking import take
from forecast.settings import Settings

__all__ = ["register"]


def ingest(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Official files as downloaded: CBP's CSV or OHSS's workbook; tidy tables with --panel.",
        ),
    ],
    published: Annotated[
        str | None,
        typer.Option(
            "--published", metavar="DATE", help="Day of publication (2026-08-14), where neither file nor name tells it."
        ),
    ] = None,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept", help="Take a file that looks cut, that revises a total by over 20 %, or that was withdrawn."
        ),
    ] = False,
    panel: Annotated[
        str | None,
        typer.Option(
            "--panel",
            metavar="ID",
            help="One declared panel: of tidy tables (month, its dimensions, count) or of the official layout that it "
            "names as its source.",
        ),
    ] = None,
    as_json: parts.Json = False,
) -> None:
    """Recognise each official file by its content and append it to the archive; the same bytes twice change nothing.

    A file that cannot be read, or looks cut, is refused whole and the others are taken; then the exit code is 1.
    `encounters status` shows what was refused until the same file is taken. Of two files of one day the later holds; a
    wrong day or a wrong file is corrected with `encounters vintages`. An official file goes to every panel that is
    declared on its layout, too. With --panel, that declared panel alone: see `encounters panels`.

    Example: encounters ingest nationwide-encounters-fy23-fy26-jul-aor.csv --published 2026-08-14
    """
    settings = Settings()
    archive = parts.archive(settings)
    day = parts.Day(published) if published else None
    declared = None if panel is None else _declared(panel, archive)
    rows: list[dict[str, Any]] = []
    for path in files:
        for taken in take(archive, path, when=parts.now(), published=day, accept=accept, panel=declared):
            row: dict[str, Any] = {"file": str(path), "panel": taken.panel or None}
            if taken.appended is None:
                error = taken.error or ArchiveError(f"{path} was not taken in.")
                rows.append(row | {"already_there": False, "lines": [], "refused": one_line(error)})
                parts.complain(error, settings)
                _remember(path, error, settings, archive.panels.get(taken.panel))
                continue
            lines = describe(taken.appended)
            rows.append(row | {"already_there": taken.appended.already_there, "lines": list(lines), "refused": None})
            if not as_json:
                typer.echo("\n".join(lines))
    if as_json:
        parts.emit(rows)
    if any(file["refused"] for file in rows):
        raise typer.Exit(1)


def _declared(name: str, archive: Archive) -> Panel:
    """The declared panel of an id. Raises PanelError for a bundled one, whose files say themselves what they are."""
    panel = archive.panels.get(name)
    if panel is None:
        raise PanelError(
            f"{name!r} is not declared. The panels are {', '.join(archive.panels)}: encounters panels add F.toml"
        )
    if not panel.dimensions:
        raise PanelError(f"{name} takes official files, which are recognised by their content. Leave --panel out.")
    return panel


def _remember(path: Path, error: EncountersError, settings: Settings, panel: Panel | None) -> None:
    """Register a refused file, of a finer `panel` under its name; a path without a file is a slip of the pen, and the
    archive's own trouble is not the file's.
    """
    finer = panel.id if panel is not None and panel.is_finer else ""
    if not isinstance(error, SourceError) or not path.is_file():
        return
    try:
        Refusals(settings.archive).record(
            file=error.file, sha256=error.sha256, reason=str(error), when=parts.now(), panel=finer
        )
    except ArchiveError as trouble:
        parts.complain(trouble, settings)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ingest)
