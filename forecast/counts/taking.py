"""Takes a file in for every panel that it is of: the bundled one, and those declared on its layout. Prints nothing.

What the bundled panel refuses, or has withdrawn, no other panel gets; what a declared one refuses, the others keep. A
declared panel that is asked for alone judges by its own counts, and leaves out what the bundled one has withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from forecast.core.errors import ArchiveError, EncountersError, SourceError
from forecast.core.panels import Panel, by_layout
from forecast.core.tables import Vintage
from forecast.counts.archive import Appended, Archive, Kept
from forecast.counts.sources import tidy
from forecast.counts.sources.catalog import Recognised, recognise
from forecast.counts.sources.official_file import UNDATED

__all__ = ["Taken", "take", "take_finer"]


@dataclass(frozen=True)
class Taken:
    """What became of a file in a panel: `appended`, or the `error` that refused it. `panel`: empty where the file
    itself cannot be read. `again`: the panel refused the same bytes before, which was said then.
    """

    panel: str
    appended: Appended | None = None
    error: EncountersError | None = None
    again: bool = False


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
            if not accept and not archive.holds(official.file.sha256, panel.id):
                _check_not_withdrawn(archive, official, panel)
            yield _finer(archive, official, panel, published, accept, when)
            return
        vintage = _dated(archive, official, published)
        yield Taken(vintage.panel.id, archive.append(vintage, accept=accept, when=when))
    except EncountersError as error:
        yield Taken(panel.id if panel is not None else "", error=error)
        return
    yield from take_finer(archive, official, when=when, accept=accept)


def take_finer(
    archive: Archive, official: Recognised, *, when: datetime, accept: bool = False, lacking: bool = False
) -> Iterator[Taken]:
    """Take an official file that the bundled panel has in for every panel that is declared on its layout, on the day
    that it has there; for none where it is withdrawn there. `lacking`: only for panels that do not hold it.
    """
    if (bundled := _bundled(archive, official)) is not None and bundled.withdrawn:
        return
    for panel in archive.panels.values():
        if panel.is_finer and official.layout in panel.layouts:
            if lacking and archive.holds(official.file.sha256, panel.id):
                continue
            yield _finer(archive, official, panel, None, accept, when)


def _dated(archive: Archive, official: Recognised, published: date | None) -> Vintage:
    """The bundled panel's vintage; the day of a file that is here already need not be told again."""
    try:
        return official.vintage(published)
    except SourceError as error:
        stored = archive.stored(official.file.sha256)
        if published is not None or stored is None or error.place != UNDATED:
            raise
        return official.vintage(stored.vintage.published)


def _bundled(archive: Archive, official: Recognised) -> Kept | None:
    return archive.stored(official.file.sha256, by_layout(official.layout).id)


def _check_not_withdrawn(archive: Archive, official: Recognised, panel: Panel) -> None:
    """Raises ArchiveError for a file that is out of force in the bundled panel."""
    if (bundled := _bundled(archive, official)) is not None and bundled.withdrawn:
        raise ArchiveError(
            f"{official.file.name} was withdrawn from {bundled.vintage.panel}, and {panel} does not take it in. If it "
            f"is right there: encounters ingest FILE --panel {panel} --accept"
        )


def _finer(
    archive: Archive, official: Recognised, panel: Panel, published: date | None, accept: bool, when: datetime
) -> Taken:
    try:
        # A file was published once: the day of the bundled panel, which may have been corrected, holds here.
        stored = _bundled(archive, official) or archive.stored(official.file.sha256)
        day = published if stored is None or (stored.withdrawn and published) else stored.vintage.published
        return Taken(panel.id, archive.append(official.finer(panel, day), accept=accept, when=when))
    except EncountersError as error:
        return Taken(panel.id, error=error)
