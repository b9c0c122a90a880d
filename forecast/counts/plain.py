"""Any panel that a user brings: a CSV of `series,month,value`. Knows no publisher, area or panel of ours."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from forecast.core.errors import SourceError
from forecast.core.months import SEASON, Month
from forecast.core.tables import Series

__all__ = ["read_plain"]

_HEADER = ["series", "month", "value"]
_REMEDY = "Write one row per series and month: series,month,value, with months as 2024-11 and values of at least 0, empty where unknown."
_INDEX_REMEDY = "With --season, month is a whole number that counts steps: 0, 1, 2, ..."
# A gap longer than this is two series, or a slip in a month.
_LONGEST = 5000


def read_plain(path: Path, season: int | None = None) -> tuple[Series, ...]:
    """The series of a CSV file (`.gz` allowed), in the order of their first rows; they may start and end at different months.

    `season`: steps after which another calendar repeats; months are then whole numbers and have no length in days. A month without a
    row, or with an empty value, is unknown; unknown months at the ends of a series are cut off. Raises SourceError.
    """
    found: dict[str, dict[int, float]] = {}
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
            raise _refused(path, place, f"one value of {name} in {month}, found a second", "Remove one of the two rows.")
        months[step] = _value(path, place, value)
    series = tuple(_series(path, name, months, season) for name, months in found.items())
    if not series:
        raise _refused(path, "file", "at least one row under the header", _REMEDY)
    return series


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
    try:
        return Month.parse(text).ordinal if season is None else int(text)
    except ValueError:
        what = "a month such as 2024-11" if season is None else "a whole number for the month"
        raise _refused(path, place, f"{what}, found {text!r}", _REMEDY if season is None else _INDEX_REMEDY) from None


def _value(path: Path, place: str, text: str) -> float:
    if not text or text.casefold() in ("na", "nan"):
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise _refused(path, place, f"a number of at least 0, found {text!r}", _REMEDY)
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
