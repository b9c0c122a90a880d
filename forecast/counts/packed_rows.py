"""The rows of one series while its table is read: kept packed, and whether there is one of a step. Reads no file."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass

__all__ = ["Row", "Rows"]

# Steps whose presence is kept in one number.
_STRETCH = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a series: its line in the file, what it has as month, and its value, NaN where unknown."""

    line: int
    month: str
    value: float


class Rows:
    """The rows of one series, packed: a row takes some 40 bytes, where tables may have millions, in whatever order.

    `ends`: the first and the last step with a known value, None before there is one.
    """

    def __init__(self) -> None:
        self._lines, self._steps, self._values = array("q"), array("q"), array("d")
        self._months: list[str] = []
        # Which steps there are, a bit each: by the number of a stretch of _STRETCH steps.
        self._present: dict[int, int] = {}
        self.ends: tuple[int, int] | None = None

    def add(self, step: int, row: Row) -> Row | None:
        """Keep a row, unless there is one of its step, which is given back."""
        stretch, place = divmod(step, _STRETCH)
        present, bit = self._present.get(stretch, 0), 1 << place
        if present & bit:
            return self.by_step()[step]
        self._present[stretch] = present | bit
        if row.value == row.value:
            first, last = self.ends or (step, step)
            self.ends = min(first, step), max(last, step)
        self._lines.append(row.line)
        self._steps.append(step)
        self._values.append(row.value)
        self._months.append(sys.intern(row.month))
        return None

    def by_step(self) -> dict[int, Row]:
        """The rows, in the order of the file."""
        rows = map(Row, self._lines, self._months, self._values)
        return dict(zip(self._steps, rows, strict=True))
