"""The register of what happened to an archive's vintages: taken in, redated, withdrawn.
Appended to and never rewritten; reads no vintage.

One JSON line per event in `vintages.jsonl`. A vintage without an event (a bundled one, or of an archive of before the
register) came before every one that has, has the day of its file, and is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from forecast.core.logs import escaped
from forecast.core.panels import Panel
from forecast.counts.register import Register

__all__ = ["EventKind", "Intake", "IntakeEvent", "Standing", "VintageKey"]

EventKind = Literal["taken in", "redated", "withdrawn"]
_KINDS: tuple[EventKind, ...] = get_args(EventKind)


class VintageKey(NamedTuple):
    """What the register knows a vintage by: the `digest` of its file, and its `panel` where that is a finer one; empty
    for the panel that any file of the layout is of.
    """

    digest: str
    panel: str = ""

    @classmethod
    def of(cls, digest: str, panel: Panel | None) -> VintageKey:
        """The key of a panel's vintage of the file with this digest, or with digits of it."""
        return cls(digest, panel.id if panel is not None and panel.is_finer else "")

    def short(self, digits: int) -> VintageKey:
        """The same with the first digits of the digest alone, as they stand in the names of files."""
        return self._replace(digest=self.digest[:digits])


@dataclass(frozen=True)
class IntakeEvent:
    """What was done with the vintage of these bytes, and when (UTC). `published`: its day of publication from then on.

    `before`: the day that it had, where it was redated or withdrawn. `panel`: of a file that several panels are made
    of, the declared one that the event is about; empty for the one that any file is of.
    """

    kind: EventKind
    sha256: str
    when: datetime
    published: date
    before: date | None = None
    panel: str = ""

    @property
    def key(self) -> VintageKey:
        """What the vintage is known by."""
        return VintageKey(self.sha256, self.panel)


@dataclass(frozen=True)
class Standing:
    """How a vintage stands after its events, oldest first.
    `place`: orders vintages by when they were taken in, from 1 on.

    It is 0 where the register does not know when.
    """

    place: int
    published: date
    withdrawn: bool
    events: tuple[IntakeEvent, ...]

    @property
    def taken_in(self) -> datetime | None:
        """When it was taken in last; None where that was before the register."""
        return max((event.when for event in self.events if event.kind == "taken in"), default=None)

    @property
    def corrections(self) -> tuple[IntakeEvent, ...]:
        """The events that put something right."""
        return tuple(event for event in self.events if event.kind != "taken in")


@dataclass(frozen=True)
class Intake:
    """The register in `folder`, the archive's own.
    Both methods raise ArchiveError where it cannot be read or written.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """The register's file."""
        return self.folder / "vintages.jsonl"

    def record(self, event: IntakeEvent) -> None:
        """Append one event, and wait until it is on disk."""
        Register(self.path).append(
            {
                "event": event.kind,
                "sha256": event.sha256,
                "when": event.when.astimezone(UTC).isoformat(),
                "published": event.published.isoformat(),
                "before": event.before.isoformat() if event.before else None,
            }
            | ({"panel": event.panel} if event.panel else {})
        )

    def standings(self) -> Mapping[VintageKey, Standing]:
        """Key of an event -> how that vintage stands; without those that have no event."""
        standings: dict[VintageKey, Standing] = {}
        events = [event for record in Register(self.path).backwards() if (event := _parsed(record))]
        # By their order in the file, which a clock that was set back does not change.
        for place, event in enumerate(reversed(events), start=1):
            known = standings.get(event.key)
            standings[event.key] = Standing(
                place=place if event.kind == "taken in" else known.place if known else 0,
                published=event.published,
                withdrawn=event.kind == "withdrawn"
                or (event.kind == "redated" and known is not None and known.withdrawn),
                events=(*(known.events if known else ()), event),
            )
        return standings


def _parsed(record: Any) -> IntakeEvent | None:
    """A line's event; nothing for a foreign line, which must not hide the others."""
    try:
        kind = next(kind for kind in _KINDS if kind == record["event"])
        before = date.fromisoformat(record["before"]) if record["before"] else None
        when = datetime.fromisoformat(record["when"]).astimezone(UTC)
        panel = escaped(record.get("panel", ""))
        day = date.fromisoformat(record["published"])
        return IntakeEvent(kind, escaped(record["sha256"]), when, day, before, panel)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, StopIteration):
        return None
