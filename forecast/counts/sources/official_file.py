"""An official file in memory: its name, bytes and digest, how it is refused, and when it was published.
Knows no layout and no clock.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forecast.core.errors import SourceError
from forecast.core.months import Month

__all__ = ["UNDATED", "OfficialFile", "label", "publication_day", "shown"]

# Official files are a few MB; a file of more than this is not one of them, and would take long to refuse later.
LARGEST_FILE = 32 * 2**20

# The place that the refusal of a file without a usable day names.
UNDATED = "publication date"

# `2024-11-08`, `2024_1108` or `20241108` anywhere in a name; `24-0809_` at its start.
_DAY_IN_NAME = (
    re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)", re.ASCII),
    re.compile(r"^(\d\d)-([01]\d)([0-3]\d)_", re.ASCII),
)


def label(text: str) -> str:
    """A label for comparison: single spaces, no case."""
    return " ".join(text.split()).casefold()


def shown(value: object) -> str:
    """A value as an error message quotes it: on one line, at most 60 characters."""
    # Cut before it is quoted: a cell can hold megabytes.
    if isinstance(value, str | bytes):
        value = value[:61]
    text = ascii(value) if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True)
class OfficialFile:
    """One file's `name`, `content` and `sha256`."""

    name: str
    content: bytes
    sha256: str

    @classmethod
    def open(cls, path: Path) -> OfficialFile:
        """Read a file whole. Raises SourceError where it is missing, empty, too large or unreadable."""
        # The name goes into messages of one line and into the archive's headers.
        name = "".join(sign if sign.isprintable() else "?" for sign in path.name).strip() or "file"
        empty = cls(name, b"", hashlib.sha256().hexdigest())
        try:
            # Asked before it is opened: to open a pipe would wait for its writer, to open a device may set it going.
            if not path.is_file():
                raise empty.refused("file", "a file", f"Check the path {shown(str(path))}.")
            with open(path, "rb", opener=_without_waiting) as opened:
                before = os.fstat(opened.fileno())
                if not stat.S_ISREG(before.st_mode):
                    raise empty.refused("file", "a file", f"Check the path {shown(str(path))}.")
                if before.st_size > LARGEST_FILE:
                    raise empty.refused(
                        "file",
                        f"at most {LARGEST_FILE >> 20} MB, not {before.st_size >> 20} MB",
                        "Official files are a few MB; download it again.",
                    )
                content = opened.read(LARGEST_FILE + 1)
                after = os.fstat(opened.fileno())
        except (OSError, ValueError) as error:
            raise empty.refused(
                "file", f"a readable file ({type(error).__name__})", f"Check the path {shown(str(path))}."
            ) from error
        if (len(content), after.st_size, after.st_mtime_ns) != (before.st_size, before.st_size, before.st_mtime_ns):
            raise empty.refused(
                "file", "a file at rest, but it changed while it was read", "Wait until it is written, and repeat."
            )
        if not content:
            raise empty.refused("file", "a table, but the file is empty", "Download it again.")
        return cls(name, content, hashlib.sha256(content).hexdigest())

    def refused(self, place: str, expected: str, remedy: str) -> SourceError:
        """The error that refuses this file; `expected` is a phrase such as `a month, not 'X'`."""
        digest = self.sha256 if self.content else ""
        return SourceError(file=self.name, place=place, expected=f"expected {expected}", remedy=remedy, sha256=digest)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def publication_day(file: OfficialFile, *, given: date | None, stated: date | None, last: Month) -> date:
    """The day on which a file was published: as given, else as its name says, else as stated inside it.

    `last`: the last month that the file covers. Raises SourceError where no day is to be had, or it is earlier than the
    end of `last`.
    """
    day = given or _day_in_name(file.name) or stated
    if day is None:
        raise file.refused(
            UNDATED,
            "a day of publication, and neither the file nor its name tells one",
            "Say when it was published: --published YYYY-MM-DD.",
        )
    if day < last.last_day:
        raise file.refused(
            UNDATED,
            f"a day after the months it covers, but {day} is before the end of {last}",
            "Say when it was published: --published YYYY-MM-DD.",
        )
    return day


def _day_in_name(name: str) -> date | None:
    for pattern in _DAY_IN_NAME:
        for year, month, day in pattern.findall(name):
            try:
                return date(int(year) % 100 + 2000, int(month), int(day))
            except ValueError:
                continue
    return None
