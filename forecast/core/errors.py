"""The one tree of errors. Each message is a line for a person: what, why, what to do.

EncountersError
├── SourceError          an official file that cannot be read; nothing of it was written
│   └── Quarantined      a file that reads well but looks cut or revised beyond belief
├── FetchError           a page or file of a publisher that was not had; nothing of it was written
├── ArchiveError         the archive of vintages cannot answer, or holds a damaged vintage
├── TableError           rows that break a table's contract
│   └── LevelsError      quantile levels or coverages outside what is stored
├── AreaError            a name or slug that no area has
├── PanelError           a declaration of a panel that cannot be taken, or a panel that is not declared
├── FitError             a model that cannot fit a series
├── ClusterError         a cluster of workers that cannot do the work, or was lost
├── RecipeError          a recipe file that cannot be read
├── PlanError            a scenario or a question of beds that cannot be answered
├── StoreError           the release store cannot answer, or holds a damaged release
│   ├── StoreEmpty       nothing was ever written to it
│   └── NoRelease        nothing has been published yet, or no release has that id
├── TrackingError        the tracking server did not take a run
├── GateRefused          a release that must not be published; the last one stays
└── LockHeld             another retraining is at work
    └── LeaseLost        this one fell silent for so long that it may no longer publish
"""

from __future__ import annotations

__all__ = [
    "ArchiveError",
    "AreaError",
    "ClockError",
    "ClusterError",
    "EncountersError",
    "FetchError",
    "FitError",
    "GateRefused",
    "LeaseLost",
    "LevelsError",
    "LockHeld",
    "NoRelease",
    "PanelError",
    "PlanError",
    "Quarantined",
    "RecipeError",
    "SourceError",
    "StoreEmpty",
    "StoreError",
    "TableError",
    "TrackingError",
    "WorkersLost",
    "one_line",
]


def one_line(error: BaseException) -> str:
    """What an error says, in one line; its kind where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


class EncountersError(Exception):
    """What a user can act on. `exit_code` is what the command line ends with."""

    exit_code = 1


class SourceError(EncountersError):
    """An official file that cannot be read: `file`, `place` (row, sheet or column), `expected`, `remedy`.

    `sha256`: the digest of its bytes, empty where none could be read.
    """

    def __init__(self, *, file: str, place: str, expected: str, remedy: str, sha256: str = "") -> None:
        self.file, self.place, self.expected, self.remedy, self.sha256 = file, place, expected, remedy, sha256
        super().__init__(f"{file}: {place}: {expected}. {remedy}")


class Quarantined(SourceError):
    """A file whose months look cut, or whose totals moved too far, to be believed without `--accept`."""


class FetchError(EncountersError):
    """A page or file of a publisher that may not be asked for, was refused, or did not come whole."""


class ArchiveError(EncountersError):
    """The archive of vintages cannot answer."""


class TableError(EncountersError):
    """A table whose rows break its contract."""


class LevelsError(TableError):
    """Quantile levels or interval coverages outside what can be answered."""


class AreaError(EncountersError):
    """A name or slug that no area has."""


class PanelError(EncountersError):
    """A declaration of a panel that cannot be taken, or a panel that is not declared."""


class FitError(EncountersError):
    """A model that cannot fit a series; a floor model takes its place and the failure is recorded."""


class WorkersLost(EncountersError):
    """Worker processes that died again and again before they could begin."""


class ClusterError(EncountersError):
    """A cluster that cannot be reached, lacks the package, would give other figures, or was lost amid the work."""


class RecipeError(EncountersError):
    """A recipe file that cannot be read."""


class PlanError(EncountersError):
    """A scenario or a question of beds that cannot be answered. `member`: what of the body is at fault; `event`: the
    number of the event that it belongs to, from 1, None outside events.
    """

    def __init__(self, message: str, *, member: str = "", event: int | None = None) -> None:
        super().__init__(message)
        self.member, self.event = member, event


class StoreError(EncountersError):
    """The release store cannot answer."""


class StoreEmpty(StoreError):
    """A release store to which nothing was ever written."""


class NoRelease(StoreError):
    """No release has been published for what was asked."""


class TrackingError(EncountersError):
    """The tracking server did not take a run."""


class ClockError(EncountersError):
    """A run that knows less than the release served: its clock is behind, or its archive lacks files."""


class GateRefused(EncountersError):
    """A release that must not be published; the last good one stays served."""

    exit_code = 3


class LockHeld(EncountersError):
    """Another retraining holds the lock."""

    exit_code = 4


class LeaseLost(LockHeld):
    """A retraining that was silent for longer than its lease, so that another may have begun; it publishes nothing."""
