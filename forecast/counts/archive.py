"""The append-only archive of vintages in a folder, one file per vintage: append, list, and the counts as of a day. Knows no layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from forecast.core.areas import PANELS, Panel
from forecast.core.errors import ArchiveError, Quarantined
from forecast.core.files import replace_whole
from forecast.core.months import Month
from forecast.core.tables import Check, Counts, Vintage
from forecast.counts.comparison import Revision, checks_against, cross_checks, new_months, revisions
from forecast.counts.overlay import counts_of, in_order, overlay
from forecast.counts.quarantine import doubts, in_short
from forecast.counts.vintage_file import parse, render

__all__ = ["Appended", "Archive"]


@dataclass(frozen=True)
class Appended:
    """What a vintage brought.

    `already_there`: the same bytes are in the archive, nothing was written, and `vintage` is the stored one; `offered` is then the day of
    publication that was given this time, where it is another. `revised`: figures that it changes by more than rounding. `new_months`:
    those in which it is the first to tell an area. `checks`: its published totals beside sums of leaves. `checked_by`: by the name of a
    file without areas, the totals that this file has published beside sums of the vintage's leaves. `doubts`: what it was accepted in
    spite of.
    """

    vintage: Vintage
    already_there: bool
    offered: date | None = None
    revised: tuple[Revision, ...] = ()
    new_months: tuple[Month, ...] = ()
    checks: tuple[Check, ...] = ()
    checked_by: dict[str, tuple[Check, ...]] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        """The checks that rounding does not explain."""
        return tuple(check for check in self.checks if not check.holds)


@dataclass(frozen=True)
class Archive:
    """The vintages in `folder`, at `<panel>/<published>-<sha12>.csv`. A file is written whole or not at all, and never changed.

    `beneath`: the folder of another archive, whose vintages are read as if they lay here; nothing is written there.
    """

    folder: Path
    beneath: Path | None = None

    def vintages(self, panel: Panel | None = None, as_of: date | None = None) -> tuple[Vintage, ...]:
        """The vintages, oldest publication first; of one panel, and public by a day, where given. Raises ArchiveError for a damaged one."""
        # A name begins with the publication date, so files of later days need not be opened.
        day = "9999-12-31" if as_of is None else as_of.isoformat()
        paths = [path for name in (PANELS if panel is None else (panel,)) for path in self._paths(name, "*-*.csv")]
        return tuple(in_order([self._read(path) for path in paths if path.name[:10] <= day]))

    def as_of(self, panel: Panel, day: date) -> Counts:
        """What was public of a panel on a day. Raises ArchiveError where nothing was."""
        return counts_of(self.vintages(panel), panel, day)

    def history(self, panel: Panel) -> Iterator[tuple[Vintage, Counts]]:
        """Each vintage of a panel, oldest first, with what was public once it was out. Raises ArchiveError for a damaged one."""
        vintages = [vintage for vintage in self.vintages(panel) if vintage.areas]
        for number, vintage in enumerate(vintages, start=1):
            yield vintage, counts_of(vintages[:number], panel, vintage.published)

    def holds(self, sha256: str) -> bool:
        """Whether the file with these bytes is in the archive."""
        return self._stored(sha256) is not None

    def append(self, vintage: Vintage, accept: bool = False) -> Appended:
        """Add a vintage; the same bytes twice add nothing. `accept`: add it in spite of doubts.

        Raises Quarantined, with nothing written, for months that look cut or totals that moved too far.
        """
        stored = self._stored(vintage.sha256)
        if stored is not None:
            offered = vintage.published if vintage.published != stored.published else None
            return Appended(stored, already_there=True, offered=offered, checks=self._totals_checked(stored))
        # What was public on its day: an older file that comes in late revises nothing that is newer.
        public = self.vintages(vintage.panel, vintage.published)
        before = overlay(public)
        found = doubts(vintage, before)
        if found and not accept:
            raise Quarantined(
                file=vintage.file_name,
                place="counts",
                expected=f"expected whole months, but {in_short(found)}",
                remedy="Download it again; if the publisher's figures are meant so, repeat with --accept.",
                sha256=vintage.sha256,
            )
        self._write(vintage)
        return Appended(
            vintage,
            already_there=False,
            revised=revisions(vintage, before),
            new_months=new_months(vintage, before),
            checks=cross_checks(vintage, before) if vintage.areas else self._totals_checked(vintage),
            checked_by={
                other.file_name: checks for other in public if not other.areas and (checks := checks_against(vintage, before, other))
            },
            doubts=found,
        )

    def _totals_checked(self, vintage: Vintage) -> tuple[Check, ...]:
        """The totals of a vintage without areas beside the counts in force, whenever they were published: it changes none of them."""
        return () if vintage.areas else cross_checks(vintage, overlay(self.vintages(vintage.panel)))

    def copy_from(self, other: Archive) -> int:
        """Add every vintage of another archive that is not here yet, as it is; gives how many were added."""
        missing = [vintage for vintage in other.vintages() if not self.holds(vintage.sha256)]
        for vintage in missing:
            self._write(vintage)
        return len(missing)

    def _paths(self, panel: Panel, pattern: str) -> list[Path]:
        """The files of a panel's vintages, one for each name, this archive's own before those beneath it."""
        folders = [folder for folder in (self.beneath, self.folder) if folder is not None]
        return sorted({path.name: path for folder in folders for path in (folder / panel).glob(pattern)}.values())

    def _stored(self, sha256: str) -> Vintage | None:
        for panel in PANELS:
            for path in self._paths(panel, f"*-{sha256[:12]}.csv"):
                vintage = self._read(path)
                if vintage.sha256 == sha256:
                    return vintage
        return None

    def _read(self, path: Path) -> Vintage:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read ({error.strerror}). Check the folder's permissions.") from error
        vintage = parse(content, str(path))
        if path.name != _name(vintage) or path.parent.name != vintage.panel:
            raise ArchiveError(f"{path} holds the vintage {vintage.panel}/{_name(vintage)}. Give it that name again.")
        return vintage

    def _write(self, vintage: Vintage) -> None:
        folder = self.folder / vintage.panel
        content = render(vintage)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_whole(folder / _name(vintage), content, lasting=True)
        except OSError as error:
            raise ArchiveError(f"{folder} cannot be written ({error.strerror}). Check free space and permissions.") from error


def _name(vintage: Vintage) -> str:
    return f"{vintage.published.isoformat()}-{vintage.sha256[:12]}.csv"
