"""What the commands share: settings read once,
the archive with the bundled table in it, the store, options, the clock.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Engine

from forecast.core.errors import ArchiveError, EncountersError, PanelError, one_line
from forecast.core.logs import escaped
from forecast.core.panels import Panel
from forecast.counts import bundle
from forecast.counts.archive import Archive
from forecast.counts.declared_panels import known_panels
from forecast.release.store import connect
from forecast.settings import Settings

__all__ = [
    "Day",
    "Json",
    "PanelName",
    "archive",
    "complain",
    "emit",
    "known",
    "now",
    "panels",
    "panels_with_areas",
    "store",
]

log = logging.getLogger(__name__)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
PanelName = Annotated[
    str | None, typer.Option("--panel", help="One panel only, by its id: encounters panels. Default: all.", metavar="P")
]


def Day(text: str) -> date:  # noqa: N802 names a type to the command line's parser
    """A day as 2024-11-30. Raises EncountersError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise EncountersError(f"{text!r} is not a day. Write it as 2024-11-30.") from None


def now() -> datetime:
    """The clock of the command line: the only one that the library's work is given."""
    return datetime.now(UTC)


def archive(settings: Settings) -> Archive:
    """The archive under the home, to be written to;
    the bundled vintages are laid into it where they are not there yet.
    """
    home_archive = Archive(settings.archive, panels=known_panels(settings.panels))
    bundle.seed(home_archive)
    return home_archive


def known(settings: Settings) -> Archive:
    """The archive under the home, to be read: with the bundled vintages, and without creating anything."""
    return Archive(settings.archive, bundle.bundled_folder(), known_panels(settings.panels))


def panels_with_areas(archive: Archive, names: Iterable[str], day: date) -> dict[str, Panel]:
    """Panels by their names. One whose leaves are told by its files has those that were public on a day, none where
    nothing was.
    """
    panels = {}
    for name in names:
        panels[name] = archive.panels[name]
        if panels[name].dimensions:
            with suppress(ArchiveError):  # of a panel that is not meant; reading the counts of the one that is says it
                panels[name] = archive.as_of(name, day).panel
    return panels


def store(settings: Settings) -> Engine:
    """The release store."""
    return connect(settings.database)


def panels(name: str | None, settings: Settings) -> tuple[str, ...]:
    """The panels that a command is asked for, all that are known where none is named. Raises PanelError for an
    unknown one, and for a declaration that is damaged.
    """
    known = tuple(known_panels(settings.panels))
    if name is None:
        return known
    if name not in known:
        raise PanelError(f"{name!r} is not a panel. Use one of {', '.join(known)}.")
    return (name,)


def complain(error: Exception, settings: Settings, **fields: Any) -> None:
    """One line on stderr of what went wrong: for a person, or as a record with those `fields` where the log is JSON."""
    line = one_line(error)
    if settings.log == "json":
        log.error(line, extra={"event": "error", **fields})
    else:
        typer.echo(f"encounters: {escaped(line)}", err=True)


def emit(value: Any) -> None:
    """Print JSON on stdout."""
    typer.echo(json.dumps(value, indent=2, default=str))
