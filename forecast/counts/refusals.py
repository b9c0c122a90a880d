"""The register of files that were refused, with the reason,
so that a refusal outlives the terminal it was printed on. Reads no such file.

One JSON line per refusal in `refused.jsonl`, appended and never rewritten. Whether one is settled is not written down:
it is once the archive holds the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecast.core.logs import escaped
from forecast.counts.register import Register

__all__ = ["Refusal", "Refusals"]

LONGEST_NAME = 200  # signs
LONGEST_REASON = 600  # signs
# Some hundred refusals: more than anybody reads, and little to read however long the register grows.
TAIL = 256 * 2**10  # bytes


@dataclass(frozen=True)
class Refusal:
    """A file that was refused: its name,
    the sha256 of its bytes (empty where none could be read), the error's line, and when (UTC).

    `panel`: the finer panel that refused what the bundled one has taken; empty where the file itself was refused.
    """

    file: str
    sha256: str
    reason: str
    when: datetime
    panel: str = ""


@dataclass(frozen=True)
class Refusals:
    """The register in `folder`, the archive's own.
    Every method raises ArchiveError where the folder cannot be read or written.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """The register's file."""
        return self.folder / "refused.jsonl"

    def record(self, *, file: str, sha256: str, reason: str, when: datetime, panel: str = "") -> None:
        """Append one refusal, and wait until it is on disk. `when`: with its time zone."""
        self._register.append(
            {
                "file": file[:LONGEST_NAME],
                "sha256": sha256[:64],
                "reason": reason[:LONGEST_REASON],
                "when": when.astimezone(UTC).isoformat(),
            }
            | ({"panel": panel} if panel else {})
        )

    def knows(self, sha256: str, panel: str = "") -> bool:
        """Whether the register's tail tells of these bytes already, for a finer panel where one is named."""
        return any((refusal.sha256, refusal.panel) == (sha256, panel) for refusal in self._backwards())

    def recent(self, limit: int) -> tuple[Refusal, ...]:
        """The last refusals, newest first, at most `limit` and no more than the register's tail holds."""
        return tuple(refusal for _, refusal in zip(range(limit), self._backwards(), strict=False))

    def unsettled(self, *, taken: Callable[[str, str | None], bool], since: datetime) -> tuple[Refusal, ...]:
        """Files refused since then whose bytes the archive has not taken, newest first and each file once a panel.

        `taken(sha256, panel)` says whether the archive holds these bytes, for a finer panel where one is named.
        """
        newest: dict[tuple[str, str, str], Refusal] = {}
        for refusal in self._backwards():
            # A file that could not be read has no digest; its name must tell it from others.
            key = (refusal.sha256, "" if refusal.sha256 else refusal.file, refusal.panel)
            if refusal.when >= since and key not in newest:
                newest[key] = refusal
        return tuple(one for one in newest.values() if not (one.sha256 and taken(one.sha256, one.panel or None)))

    @property
    def _register(self) -> Register:
        return Register(self.path)

    def _backwards(self) -> Iterator[Refusal]:
        for record in self._register.backwards(TAIL):
            refusal = _parsed(record)
            if refusal is not None:
                yield refusal


def _parsed(record: Any) -> Refusal | None:
    """A line's refusal; nothing for a foreign line, which must not hide the others."""
    try:
        when = datetime.fromisoformat(record["when"]).astimezone(UTC)
        # What a file was called must not steer the terminal that it is shown on.
        return Refusal(
            file=escaped(record["file"]), sha256=escaped(record["sha256"]), reason=escaped(record["reason"]), when=when,
            panel=escaped(record.get("panel", "")),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
