"""The register of files that were refused, with the reason, so that a refusal outlives the terminal it was printed on. Reads no such file.

One JSON line per refusal in `refused.jsonl`, appended and never rewritten. Whether one is settled is not written down: it is once the
archive holds the same bytes.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forecast.core.errors import ArchiveError
from forecast.core.logs import escaped

__all__ = ["Refusal", "Refusals"]

LONGEST_NAME = 200  # signs
LONGEST_REASON = 600  # signs
# Some hundred refusals: more than anybody reads, and little to read however long the register grows.
TAIL = 256 * 2**10  # bytes
_OURS = 0o644


@dataclass(frozen=True)
class Refusal:
    """A file that was refused: its name, the sha256 of its bytes (empty where none could be read), the error's line, and when (UTC)."""

    file: str
    sha256: str
    reason: str
    when: datetime


@dataclass(frozen=True)
class Refusals:
    """The register in `folder`, the archive's own. Every method raises ArchiveError where the folder cannot be read or written."""

    folder: Path

    @property
    def path(self) -> Path:
        """The register's file."""
        return self.folder / "refused.jsonl"

    def record(self, *, file: str, sha256: str, reason: str, when: datetime) -> None:
        """Append one refusal, and wait until it is on disk. `when`: with its time zone."""
        line = json.dumps(
            {
                "file": file[:LONGEST_NAME],
                "sha256": sha256[:64],
                "reason": reason[:LONGEST_REASON],
                "when": when.astimezone(UTC).isoformat(),
            }
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            register = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _OURS)
            try:
                fcntl.flock(register, fcntl.LOCK_EX)  # a line that is being written looks torn to another process
                size = os.fstat(register).st_size
                # After a line that a power cut tore, the next must not be lost with it.
                torn = size > 0 and os.pread(register, 1, size - 1) != b"\n"
                # One write, so that lines of two processes never mix.
                whole = f"{chr(10) if torn else ''}{line}\n".encode()
                if os.write(register, whole) != len(whole):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(register)
            finally:
                os.close(register)
        except OSError as error:
            raise ArchiveError(f"{self.path} cannot be written ({error.strerror}). Check free space and permissions.") from error

    def knows(self, sha256: str) -> bool:
        """Whether the register's tail tells of these bytes already."""
        return any(refusal.sha256 == sha256 for refusal in self._backwards())

    def recent(self, limit: int) -> tuple[Refusal, ...]:
        """The last refusals, newest first, at most `limit` and no more than the register's tail holds."""
        return tuple(refusal for _, refusal in zip(range(limit), self._backwards(), strict=False))

    def unsettled(self, *, taken: Callable[[str], bool], since: datetime) -> tuple[Refusal, ...]:
        """Files refused since then whose bytes the archive has not taken, newest first and each file once.

        `taken(sha256)` says whether the archive holds these bytes.
        """
        found: dict[tuple[str, str], Refusal] = {}
        for refusal in self._backwards():
            # A file that could not be read has no digest; its name must tell it from others.
            key = (refusal.sha256, "" if refusal.sha256 else refusal.file)
            if refusal.when >= since and key not in found:
                found[key] = refusal
        return tuple(refusal for refusal in found.values() if not (refusal.sha256 and taken(refusal.sha256)))

    def _backwards(self) -> Iterator[Refusal]:
        try:
            with self.path.open("rb") as register:
                size = register.seek(0, os.SEEK_END)
                register.seek(max(size - TAIL, 0))
                lines = register.read(TAIL).split(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise ArchiveError(f"{self.path} cannot be read ({error.strerror}). Check the folder's permissions.") from error
        for line in reversed(lines):
            refusal = _parsed(line)
            if refusal is not None:
                yield refusal


def _parsed(line: bytes) -> Refusal | None:
    """A line's refusal; nothing for a torn or a foreign line, which must not hide the others."""
    try:
        told = json.loads(line)
        when = datetime.fromisoformat(told["when"]).astimezone(UTC)
        # What a file was called must not steer the terminal that it is shown on.
        return Refusal(file=escaped(told["file"]), sha256=escaped(told["sha256"]), reason=escaped(told["reason"]), when=when)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
