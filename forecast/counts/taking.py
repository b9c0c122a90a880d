"""Takes a file in for every panel that it is of: the bundled one, and those declared on its layout. Prints nothing.

What the bundled panel refuses, no panel gets; what a declared one refuses, the others keep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from forecast.core.errors import EncountersError, SourceError
from forecast.core.panels import Panel
from forecast.core.tables import Vintage
from forecast.counts.archive import Appended, Archive
from forecast.counts.sources import tidy
from forecast.counts.sources.catalog import Recognised, recognise
from forecast.counts.sources.official_file import UNDATED

__all__ = ["Taken", "take", "take_finer"]


@dataclass(frozen=True)
class Taken:
    """What became of a file in a panel: `appended`, or the `error` that refused it. `panel`: empty where the file
    itself cannot be read.
    """

    panel: str
    appended: Appended | None = None
    error: EncountersError | None = None


def take(
    archive: Archive,
    path: Path,
    *,
    when: datetime,
    published: date | None = None,
    accept: bool = False,
    panel: Panel | None = None,
) -> Iterator[Taken]:
    """Take a file in, panel after panel. `panel`: that declared panel alone; without it an official file goes to the
    bundled panel of its layout and to all that are declared on it. `published`, `accept`: see `Archive.append`.
    """
    try:
        if panel is not None and not panel.layouts:
            vintage = tidy.read(path, panel, published)
            yield Taken(panel.id, archive.append(vintage, accept=accept, when=when))
            return
        official = recognise(path)
        if panel is not None:
            if official.layout not in panel.layouts:
                raise official.file.refused(
                    "file",
                    f"a file of the layout {panel.layouts[0]}, which {panel} is declared on, not {official.layout}",
                    "Leave --panel out to take it in where it belongs.",
                )
            yield _finer(archive, official, panel, published, accept, when)
            return
        vintage = _dated(archive, official, published)
        yield Taken(vintage.panel.id, archive.append(vintage, accept=accept, when=when))
    except EncountersError as error:
        yield Taken(panel.id if panel is not None else "", error=error)
        return
    yield from take_finer(archive, official, when=when, published=vintage.published, accept=accept)


def take_finer(
    archive: Archive, official: Recognised, *, when: datetime, published: date | None, accept: bool = False
) -> Iterator[Taken]:
    """Take an official file in for every panel that is declared on its layout."""
    for panel in archive.panels.values():
        if panel.is_finer and official.layout in panel.layouts:
            yield _finer(archive, official, panel, published, accept, when)


def _dated(archive: Archive, official: Recognised, published: date | None) -> Vintage:
    """The bundled panel's vintage; the day of a file that is here already need not be told again."""
    try:
        return official.vintage(published)
    except SourceError as error:
        day = archive.published(official.file.sha256)
        if published is not None or day is None or error.place != UNDATED:
            raise
        return official.vintage(day)


def _finer(
    archive: Archive, official: Recognised, panel: Panel, published: date | None, accept: bool, when: datetime
) -> Taken:
    try:
        # A file that another panel has taken in was published on the day that is known there.
        day = published or archive.published(official.file.sha256)
        return Taken(panel.id, archive.append(official.finer(panel, day), accept=accept, when=when))
    except EncountersError as error:
        return Taken(panel.id, error=error)
