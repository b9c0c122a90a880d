"""What became of a fault: how often it was tried, how often it ended as expected, and what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Outcome", "Tally"]


@dataclass(frozen=True)
class Outcome:
    """`lost`: a line for each thing that was lost or ended otherwise than expected.
    `gap`: longest gap in service, seconds.

    `skipped`: why the fault could not be tried on this machine at all.
    """

    tries: int
    survived: int
    lost: tuple[str, ...] = ()
    note: str = ""
    gap: float | None = None
    skipped: str = ""


@dataclass
class Tally:
    """Counts tries; `attempt` is one of them, and yields the list that its losses are written to."""

    tries: int = 0
    survived: int = 0
    lost: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    gap: float | None = None

    @contextmanager
    def attempt(self, what: str) -> Iterator[list[str]]:
        """One try. What it raises is a loss too, so that the drill goes on to the next."""
        self.tries += 1
        lost: list[str] = []
        try:
            yield lost
        except Exception as error:
            lost.append(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
        if lost:
            self.lost.extend(f"{what}: {one}" for one in lost)
        else:
            self.survived += 1

    def saw_gap(self, seconds: float) -> None:
        """Remember the longest gap in service."""
        self.gap = max(seconds, self.gap or 0.0)

    def outcome(self) -> Outcome:
        """The count as it stands."""
        return Outcome(self.tries, self.survived, tuple(self.lost), "; ".join(self.notes), self.gap)
