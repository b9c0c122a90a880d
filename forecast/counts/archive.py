"""The append-only archive of vintages in a folder, one file per vintage:
append, correct, list, and the counts as of a day.

A wrong day or a wrong file is corrected in the register beside the files, and no file is ever changed. Knows no layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from forecast.core.errors import ArchiveError, Quarantined, SourceError
from forecast.core.files import replace_whole
from forecast.core.months import Month
from forecast.core.panels import Panel, bundled
from forecast.core.tables import Check, Counts, Vintage
from forecast.counts.comparison import Revision, checks_against, cross_checks, new_months, revisions
from forecast.counts.intake import EventKind, Intake, IntakeEvent, Standing, VintageKey
from forecast.counts.overlay import Gap, InForce, counts_of, gaps, in_force, in_order, overlay
from forecast.counts.quarantine import doubts, in_short
from forecast.counts.vintage_file import parse, render

__all__ = ["Appended", "Archive", "Kept"]

_DIGITS = 12  # of the sha256 in a file's name, which is what a vintage is called by
_LEAST_DIGITS = 4  # that name a vintage


@dataclass(frozen=True)
class Appended:
    """What a vintage brought.

    `already_there`: the same bytes are in the archive, nothing was written, and `vintage` is the stored one; `offered`
    is then the day of publication that was given this time, where it is another. `revised`: figures that it changes by
    more than rounding. `new_months`:
    those in which it is the first to tell an area. `checks`: its published totals beside sums of leaves. `checked_by`:
    by the name of a file without areas, the totals that this file has published beside sums of the vintage's leaves.
    `doubts`: what it was accepted in spite of. `withdrawn`: it is in the archive and not in force. `in_force`: how much
    of it holds among all that is in the archive now. `gaps`: months that the panel then lacks between others.
    """

    vintage: Vintage
    already_there: bool
    offered: date | None = None
    revised: tuple[Revision, ...] = ()
    new_months: tuple[Month, ...] = ()
    checks: tuple[Check, ...] = ()
    checked_by: dict[str, tuple[Check, ...]] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    withdrawn: bool = False
    in_force: InForce | None = None
    gaps: tuple[Gap, ...] = ()

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        """The checks that rounding does not explain."""
        return tuple(check for check in self.checks if not check.holds)


@dataclass(frozen=True)
class Kept:
    """A vintage in the archive, with the day of publication that it has now.
    `standing`: what is recorded of it; None where nothing is.
    """

    vintage: Vintage
    standing: Standing | None

    @classmethod
    def of(cls, vintage: Vintage, standing: Standing | None) -> Kept:
        """The vintage of a file as the register has corrected it."""
        if standing is not None:
            vintage = replace(vintage, published=standing.published, intake=standing.place)
        return cls(vintage, standing)

    @property
    def withdrawn(self) -> bool:
        """Whether it is out of force."""
        return self.standing is not None and self.standing.withdrawn


@dataclass(frozen=True)
class Archive:
    """The vintages in `folder`, at `<panel>/<published>-<sha12>.csv`, the day as first given.

    A file is written whole or not at all, and never changed. `beneath`: the folder of another archive, whose vintages
    are read as if they lay here; nothing is written there. `panels`: those that it holds vintages of, by id.
    """

    folder: Path
    beneath: Path | None = None
    panels: Mapping[str, Panel] = field(default_factory=bundled)

    def vintages(self, panel: str | None = None, as_of: date | None = None) -> tuple[Vintage, ...]:
        """The vintages in force, oldest publication first;
        of one panel, and public by a day, where given. Raises ArchiveError.
        """
        return tuple(kept.vintage for kept in self.kept(panel, as_of) if not kept.withdrawn)

    def kept(self, panel: str | None = None, as_of: date | None = None) -> tuple[Kept, ...]:
        """Every vintage with what happened to it, those that were withdrawn too.
        Raises ArchiveError for a damaged one.
        """
        standings = Intake(self.folder).standings()
        days = {key.short(_DIGITS): standing.published.isoformat() for key, standing in standings.items()}
        paths = [path for name in (self.panels if panel is None else (panel,)) for path in self._paths(name, "*-*.csv")]
        if as_of is not None:
            # A name ends with the digest and begins with the day as it was first given, so files of later days need not
            # be opened.
            paths = [path for path in paths if days.get(self._key_of(path), path.name[:10]) <= as_of.isoformat()]
        vintages = {_key(vintage): vintage for vintage in (self._read(path) for path in paths)}
        kept = {key: Kept.of(vintage, standings.get(key)) for key, vintage in vintages.items()}
        return tuple(kept[_key(vintage)] for vintage in in_order([one.vintage for one in kept.values()]))

    def as_of(self, panel: str, day: date) -> Counts:
        """What was public of a panel on a day. Raises ArchiveError where nothing was."""
        return counts_of(self.vintages(panel), panel, day)

    def history(self, panel: str) -> Iterator[tuple[Vintage, Counts]]:
        """Each vintage of a panel, oldest first, with what was public once it was out.
        Raises ArchiveError for a damaged one.
        """
        vintages = [vintage for vintage in self.vintages(panel) if vintage.areas]
        for number, vintage in enumerate(vintages, start=1):
            yield vintage, counts_of(vintages[:number], panel, vintage.published)

    def holds(self, sha256: str, panel: str | None = None) -> bool:
        """Whether the file with these bytes is in the archive, in force or withdrawn; for any panel, or for one."""
        return self.stored(sha256, panel) is not None

    def stored(self, sha256: str, panel: str | None = None) -> Kept | None:
        """The vintage of the file with these bytes, in force or withdrawn; for the first panel that holds it, or for
        one. None where there is none. Raises ArchiveError for a damaged one.
        """
        for name in self.panels if panel is None else (panel,):
            for path in self._paths(name, f"*-{sha256[:_DIGITS]}.csv"):
                vintage = self._read(path)
                if vintage.sha256 == sha256:
                    return Kept.of(vintage, Intake(self.folder).standings().get(_key(vintage)))
        return None

    def append(self, vintage: Vintage, accept: bool = False, *, when: datetime | None = None) -> Appended:
        """Add a vintage; the same bytes twice add nothing.
        `accept`: add it in spite of doubts, or take a withdrawn one back.

        `when`: the moment, with its time zone; without it nothing is recorded, and of several vintages of one day it
        comes before those that were. Raises SourceError for a day of publication after `when`, and Quarantined for
        months that look cut or totals that moved too far, with nothing written.
        """
        stored = self.stored(vintage.sha256, vintage.panel.id)
        if stored is not None and not (stored.withdrawn and accept and when):
            other = vintage.published if vintage.published != stored.vintage.published else None
            return Appended(
                stored.vintage,
                already_there=True,
                offered=other,
                withdrawn=stored.withdrawn,
                checks=self._totals_checked(stored.vintage),
            )
        if when is not None and vintage.published > when.astimezone(UTC).date():
            raise SourceError(
                file=vintage.file_name,
                place="publication date",
                expected=f"expected a day up to today, {when.astimezone(UTC).date()}, not {vintage.published}",
                remedy="Check this machine's clock, or run: encounters ingest FILE --published YYYY-MM-DD",
                sha256=vintage.sha256,
            )
        # What was public on its day: an older file that comes in late revises nothing that is newer.
        public = self.vintages(vintage.panel.id, vintage.published)
        before = overlay(public)
        doubtful = doubts(vintage, before)
        if doubtful and not accept:
            raise Quarantined(
                file=vintage.file_name,
                place="counts",
                expected=f"expected whole months, but {in_short(doubtful)}",
                remedy="Download it again; if the publisher's figures are meant so, repeat with --accept.",
                sha256=vintage.sha256,
            )
        if when is not None:
            # Recorded first: a record without a file says nothing, a file without its record would lose its place.
            self._record("taken in", vintage, when, vintage.published)
        if stored is None:
            self._write(vintage)
        present = self.vintages(vintage.panel.id)
        known = overlay(present)
        return Appended(
            vintage,
            already_there=False,
            revised=revisions(vintage, before),
            new_months=new_months(vintage, before),
            checks=cross_checks(vintage, before) if vintage.areas else self._totals_checked(vintage),
            checked_by={
                other.file_name: checks
                for other in public
                if not other.areas and (checks := checks_against(vintage, before, other))
            },
            doubts=doubtful,
            in_force=in_force(present, vintage.sha256),
            gaps=gaps(known) if known is not None and vintage.areas else (),
        )

    def _totals_checked(self, vintage: Vintage) -> tuple[Check, ...]:
        """The totals of a vintage without areas beside the counts in force,
        whenever they were published: it changes none of them.
        """
        return () if vintage.areas else cross_checks(vintage, overlay(self.vintages(vintage.panel.id)))

    def find(self, name: str) -> tuple[Kept, ...]:
        """The vintages of the file whose sha256 begins with `name`, of which twelve digits are shown: one for each
        panel that it was taken in for, bundled panels first. Raises ArchiveError for none, and for several files.
        """
        matching = [
            kept for kept in self.kept() if len(name) >= _LEAST_DIGITS and kept.vintage.sha256.startswith(name.lower())
        ]
        if len({kept.vintage.sha256 for kept in matching}) != 1:
            trouble = "is the beginning of several vintages' ids" if matching else "is the id of no vintage"
            raise ArchiveError(f"{name!r} {trouble}. List them: encounters vintages.")
        place = {panel: at for at, panel in enumerate(self.panels)}
        return tuple(sorted(matching, key=lambda kept: place[kept.vintage.panel.id]))

    def redate(self, name: str, day: date, *, now: datetime) -> tuple[Kept, ...]:
        """Give a file's vintages (see find) another day of publication, and record it. The same day again records
        nothing.

        Raises ArchiveError for a day after today or before the end of the months that the file covers, and where it was
        withdrawn.
        """
        kept = [one for one in self.find(name) if not one.withdrawn]
        if not kept:
            withdrawn = self.find(name)[0].vintage
            raise ArchiveError(
                f"{withdrawn.file_name} was withdrawn. Take it in again: encounters ingest FILE --published {day} "
                "--accept"
            )
        vintage = kept[0].vintage
        if day > now.astimezone(UTC).date():
            raise ArchiveError(
                f"{day} is after today, {now.astimezone(UTC).date()}. Give the day on which {vintage.file_name} was "
                "published."
            )
        if day < vintage.last.last_day:
            raise ArchiveError(
                f"{day} is before the end of {vintage.last}, which {vintage.file_name} covers. Give the day on which "
                "it was published."
            )
        for one in kept:
            if day != one.vintage.published:
                self._record("redated", one.vintage, now, day, before=one.vintage.published)
        return self.find(vintage.sha256)

    def withdraw(self, name: str, *, now: datetime) -> tuple[Kept, ...]:
        """Take a file's vintages (see find) out of force, and record it;
        the file stays. A second time records nothing. Raises ArchiveError.
        """
        kept = self.find(name)
        for one in kept:
            if not one.withdrawn:
                day = one.vintage.published
                self._record("withdrawn", one.vintage, now, day, before=day)
        return self.find(kept[0].vintage.sha256)

    def copy_from(self, other: Archive) -> int:
        """Add every vintage of another archive that is not here yet, as it is; gives how many were added."""
        missing = [vintage for vintage in other.vintages() if not self.holds(vintage.sha256, vintage.panel.id)]
        for vintage in missing:
            self._write(vintage)
        return len(missing)

    def _paths(self, panel: str, pattern: str) -> list[Path]:
        """The files of a panel's vintages, one for each name, this archive's own before those beneath it."""
        folders = [folder for folder in (self.beneath, self.folder) if folder is not None]
        return sorted({path.name: path for folder in folders for path in (folder / panel).glob(pattern)}.values())

    def _record(
        self, kind: EventKind, vintage: Vintage, when: datetime, day: date, *, before: date | None = None
    ) -> None:
        key = _key(vintage)
        Intake(self.folder).record(IntakeEvent(kind, key.digest, when, day, before=before, panel=key.panel))

    def _key_of(self, path: Path) -> VintageKey:
        """The key of the vintage in a file, with the digits of its name."""
        return VintageKey.of(path.stem[-_DIGITS:], self.panels.get(path.parent.name))

    def _read(self, path: Path) -> Vintage:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read ({error.strerror}). Check the folder's permissions.") from error
        vintage = parse(content, str(path), self.panels)
        if path.name != _name(vintage) or path.parent.name != vintage.panel.id:
            raise ArchiveError(f"{path} holds the vintage {vintage.panel}/{_name(vintage)}. Give it that name again.")
        return vintage

    def _write(self, vintage: Vintage) -> None:
        folder = self.folder / vintage.panel.id
        content = render(vintage)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_whole(folder / _name(vintage), content, lasting=True)
        except OSError as error:
            raise ArchiveError(
                f"{folder} cannot be written ({error.strerror}). Check free space and permissions."
            ) from error


def _key(vintage: Vintage) -> VintageKey:
    return VintageKey.of(vintage.sha256, vintage.panel)


def _name(vintage: Vintage) -> str:
    return f"{vintage.published.isoformat()}-{vintage.sha256[:_DIGITS]}.csv"
