"""Calendar months and their lengths; fiscal years end at this door. Reads no clock."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

__all__ = ["SEASON", "Month", "month_range"]

# Months after which the calendar repeats: the season of every panel of official counts.
SEASON = 12

_TEXT = re.compile(r"(\d{4})-(\d{2})(?:-\d{2})?")
_NAMES = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_NAMES |= {name[:3]: number for name, number in _NAMES.items()}


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A calendar month. `ordinal` counts months since 1970-01, as numpy's `datetime64[M]` does."""

    ordinal: int

    @classmethod
    def of(cls, year: int, number: int) -> Month:
        """The month `number` (1 to 12) of a calendar year. Raises ValueError outside them."""
        if not (1 <= number <= 12 and 1 <= year <= 9999):
            raise ValueError(f"{year}-{number} is not a month")
        return cls((year - 1970) * 12 + number - 1)

    @classmethod
    def fiscal(cls, year: int, name: str) -> Month:
        """A month of a U.S. fiscal year, which starts in October: `fiscal(2023, "NOV")` is 2022-11.

        `name` is English, whole or its first three letters, in any case. Raises ValueError for another.
        """
        number = _NAMES.get(name.strip().lower())
        if number is None:
            raise ValueError(f"{name!r} is not a month's name")
        return cls.of(year - 1 if number >= 10 else year, number)

    @classmethod
    def parse(cls, text: str) -> Month:
        """`2024-11` or `2024-11-01`. Raises ValueError for anything else."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a month; write it as 2024-11")
        return cls.of(int(match[1]), int(match[2]))

    @classmethod
    def containing(cls, day: date) -> Month:
        """The month that a day lies in."""
        return cls.of(day.year, day.month)

    @property
    def year(self) -> int:
        """Calendar year."""
        return 1970 + self.ordinal // 12

    @property
    def number(self) -> int:
        """1 for January to 12 for December."""
        return self.ordinal % 12 + 1

    @property
    def fiscal_year(self) -> int:
        """The U.S. fiscal year that the month belongs to."""
        return self.year + (self.number >= 10)

    @property
    def days(self) -> int:
        """How many days the month has."""
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return date(self.year, self.number, self.days)

    def __add__(self, months: int) -> Month:
        return Month(self.ordinal + months)

    def __sub__(self, other: Month) -> int:
        """Months from `other` to this one."""
        return self.ordinal - other.ordinal

    def __str__(self) -> str:
        years, months = divmod(self.ordinal, 12)
        return f"{1970 + years:04d}-{months + 1:02d}"


def month_range(first: Month, count: int) -> tuple[Month, ...]:
    """`count` months in a row, from `first`."""
    return tuple(first + step for step in range(count))
