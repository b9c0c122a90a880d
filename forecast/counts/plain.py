"""Any panel that a user brings: a CSV of `series,month,value`. Knows no publisher, area or panel of ours."""

from __future__ import annotations

import csv
import gzip
import math
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from forecast.core.errors import SourceError
from forecast.core.months import SEASON, Month
from forecast.core.tables import Series

__all__ = ["LEAST_KNOWN", "read_plain"]

_HEADER = ["series", "month", "value"]
_REMEDY = (
    "Write one row per series and month: series,month,value, separated by commas, with months as 2024-11 and values of at least 0 with a"
    " point for decimals, empty where unknown."
)
_INDEX_REMEDY = "With --season, month is a whole number that counts steps: 0, 1, 2, ..."
# A gap longer than this is two series, or a slip in a month.
_LONGEST = 5000
# Years that a count may be of; forecasts reach a little further.
_YEARS = (1800, 2200)
_STEPS = re.compile(r"-?[0-9]{1,9}", re.ASCII)
# Beyond this no model on a logarithm of counts stays exact, and nothing is counted.
_MOST = 1e12
# With fewer known values intervals hold nothing: experiments/short_series.py.
LEAST_KNOWN = 4
# Rows in every n-th month only -> what such a table is, and the season that names it.
_SPARSE = {2: ("every second month", 6), 3: ("quarters", 4), 4: ("thirds of a year", 3), 6: ("half-years", 2), 12: ("years", 1)}
# A row further than this from all others is a slip.
_ALONE = 36  # months


def read_plain(path: Path, season: int | None = None) -> tuple[Series, ...]:
    """The series of a CSV file (`.gz` allowed), in the order of their first rows; they may start and end at different months.

    `season`: steps after which another calendar repeats; months are then whole numbers and have no length in days. A month without a
    row, or with an empty value, is unknown; unknown months at the ends of a series are cut off. Raises SourceError for a table that cannot
    be read, is not monthly without `season`, has a month far from all others, or a series with fewer than LEAST_KNOWN known values.
    """
    found: dict[str, dict[int, float]] = {}
    written: dict[tuple[str, int], str] = {}
    for line, row in _rows(path):
        place = f"row {line}"
        if len(row) != len(_HEADER):
            raise _refused(path, place, f"3 columns, found {len(row)}", _REMEDY)
        name, month, value = (text.strip() for text in row)
        if not name:
            raise _refused(path, place, "a series name", _REMEDY)
        step = _step(path, place, month, season)
        months = found.setdefault(name, {})
        if step in months:
            raise _twice(path, place, name, month, written[name, step])
        written[name, step] = month
        months[step] = _value(path, place, value)
    if not found:
        raise _refused(path, "file", "at least one row under the header", _REMEDY)
    if season is None:
        for name, months in found.items():
            _monthly(path, name, sorted(months))
    series = tuple(_series(path, name, months, season) for name, months in found.items())
    if short := [one for one in series if np.isfinite(one.values).sum() < LEAST_KNOWN]:
        names = ", ".join(one.area for one in short[:3]) + (f" and {len(short) - 3} more" if len(short) > 3 else "")
        expected = f"at least {LEAST_KNOWN} known values of each series, found {int(np.isfinite(short[0].values).sum())} of {short[0].area}"
        raise _refused(path, f"series {names}", expected, "So few say nothing of what comes next: leave them out, or wait for more months.")
    return series


def _twice(path: Path, place: str, name: str, month: str, earlier: str) -> SourceError:
    """Two rows of one series in one month: a week or a day each, where they name different days."""
    if month != earlier:
        return _refused(
            path, place, f"one row of {name} a month, found {earlier} and {month}",
            "Rows by the week or day are numbered: write 0, 1, 2, ... as month and add --season 52 (weeks) or --season 7 (days).",
        )  # fmt: skip
    return _refused(path, place, f"one value of {name} in {month}, found a second", "Remove one of the two rows.")


def _monthly(path: Path, name: str, steps: list[int]) -> None:
    """Raises SourceError for a series that is not one of months: rows in every n-th month only, or a month that slipped by years."""
    if (slip := _slipped(steps)) is not None:
        raise _refused(
            path, f"series {name}", f"months that follow one another, found {Month(slip)} far from all others",
            "Correct its year; where it is meant so, write the months between with an empty value.",
        )  # fmt: skip
    apart = math.gcd(*(later - earlier for earlier, later in pairwise(steps)))
    if len(steps) >= LEAST_KNOWN and apart > 1:
        what, season = _SPARSE.get(apart, (f"one month in {apart}", 0))
        number = (
            f" number the rows 0, 1, 2, ... and add --season {season}." if season else " number the rows 0, 1, 2, ... and add --season."
        )
        raise _refused(
            path, f"series {name}", f"a row for every month, found {what} only",
            f"As {what},{number} As months, write those between with an empty value.",
        )  # fmt: skip


def _slipped(steps: list[int]) -> int | None:
    """The first or last month where it stands alone: years away from all others, or whole years from the one place that is free."""
    for lone, rest in ((steps[-1], steps[:-1]), (steps[0], steps[1:])):
        if len(rest) < LEAST_KNOWN:
            continue
        gap = min(abs(lone - rest[0]), abs(lone - rest[-1]))
        missing = set(range(rest[0], rest[-1] + 1)) - set(rest)
        free = missing or {rest[0] - 1, rest[-1] + 1}
        if gap > _ALONE or (gap > 1 and len(missing) <= 1 and any((lone - place) % SEASON == 0 for place in free)):
            return lone
    return None


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [text.strip().casefold() for text in next(rows, [])]
            if header != _HEADER:
                raise _refused(path, "row 1", f"the header series,month,value, found {','.join(header)[:60] or 'nothing'}", _REMEDY)
            for line, row in enumerate(rows, start=2):
                if row:
                    yield line, row
    except (OSError, EOFError) as error:
        raise _refused(path, "file", f"a file that can be read ({error})", "Check the path.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(path, "file", f"text in UTF-8 ({error})", "Save it as CSV, UTF-8.") from error


def _step(path: Path, place: str, text: str, season: int | None) -> int:
    if season is not None:
        if not _STEPS.fullmatch(text):
            raise _refused(path, place, f"a whole number for the month, found {text[:40]!r}", _INDEX_REMEDY)
        return int(text)
    try:
        month = Month.parse(text)
    except ValueError:
        raise _refused(path, place, f"a month such as 2024-11, found {text[:40]!r}", _REMEDY) from None
    if not _YEARS[0] <= month.year <= _YEARS[1]:
        raise _refused(path, place, f"a year from {_YEARS[0]} to {_YEARS[1]}, found {text}", "Correct the year.")
    return month.ordinal


def _value(path: Path, place: str, text: str) -> float:
    if not text or text.casefold() in ("na", "nan"):
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise _refused(path, place, f"a number of at least 0, found {text[:40]!r}", _REMEDY)
    if value > _MOST:
        raise _refused(path, place, f"a count up to {_MOST:.0e}, found {text[:40]!r}", "Count in thousands or millions.")
    return value


def _series(path: Path, name: str, months: dict[int, float], season: int | None) -> Series:
    known = [step for step, value in months.items() if value == value]
    if not known:
        raise _refused(path, f"series {name}", "at least one known value", "Fill one in, or leave the series out.")
    first, last = min(known), max(known)
    if last - first > _LONGEST:
        raise _refused(path, f"series {name}", f"at most {_LONGEST} steps from first to last, found {last - first}", "Check its months.")
    values = np.array([months.get(step, float("nan")) for step in range(first, last + 1)])
    return Series(name, Month(first), values, season=season or SEASON, calendar=season is None)


def _refused(path: Path, place: str, expected: str, remedy: str) -> SourceError:
    return SourceError(file=path.name, place=place, expected=f"expected {expected}", remedy=remedy)
