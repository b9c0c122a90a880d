"""Any panel that a user brings: a CSV of `series,month,value`. Knows no publisher, area or panel of ours."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np

from forecast.core.errors import SourceError
from forecast.core.months import SEASON, Month
from forecast.core.tables import Series
from forecast.counts.month_text import day_of, is_dated, rewritten
from forecast.counts.packed_rows import Row, Rows
from forecast.counts.regularity import gaps, spacing, spacing_named, stray

__all__ = ["LEAST_KNOWN", "MOST_COUNTED", "read_plain", "remarks"]

_HEADER = ["series", "month", "value"]
_REMEDY = (
    "Write one row per series and month: series,month,value, separated by commas, with months as 2024-11 and values "
    "of at least 0"
    " as 1234.5, empty where unknown."
)
_INDEX_REMEDY = "With --season, month is a whole number that counts steps: 0, 1, 2, ..."
_SEASON_REMEDY = "Whole numbers count steps: add --season and after how many of them another year, or week, begins."
_AS_CSV = "Save it as CSV, UTF-8."
# First bytes of files that spreadsheets save under any name.
_OTHER_FORMATS = {
    b"PK\x03\x04": "a workbook or zip file",
    b"\xd0\xcf\x11\xe0": "a workbook",
    b"PAR1": "Parquet",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
_GZIP = b"\x1f\x8b"
# A series longer than this is two, or has a slip in a month.
_LONGEST = 5000
# Years that a count may be of; forecasts reach up to ten years further.
_YEARS = (1800, 2200)
_STEP = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
# 1,234 and 12 345 as spreadsheets write them, and a decimal comma.
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:[, '\u2019\u00a0\u202f][0-9]{3})+(?:\.[0-9]*)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]+", re.ASCII)
_UNKNOWN = ("", "na", "nan")
# Nothing is counted beyond this, and models on logarithms lose digits.
MOST_COUNTED = 10**12
# With fewer known values intervals hold nothing: experiments/short_series.py.
LEAST_KNOWN = 4
# With fewer than this, 95 % intervals are far wider than those of longer series; those of several such series together
# are not, and held 87 to 93 % in the same experiment.
_FEW_KNOWN = 8


def read_plain(path: Path, season: int | None = None) -> tuple[Series, ...]:
    """The series of a CSV file (gzip allowed), in the order of their first rows;
    they may start and end at different months.

    `season`: steps after which another calendar repeats; months are then whole numbers and have no length in days. A
    month without a row, or with an empty value, is unknown; unknown months at the ends of a series are cut off. Raises
    SourceError for a table that cannot be read, whose rows are not a month (a step) apart, that has months far from all
    others, or a series with fewer than LEAST_KNOWN known values.
    """
    by_name: defaultdict[str, Rows] = defaultdict(Rows)
    step_of = cache(partial(_step, season=season))
    for line, cells in _rows(path):
        if len(cells) != len(_HEADER):
            raise _refused(path, f"row {line}", f"3 columns, found {len(cells)}", _REMEDY)
        name, month, value = (text.strip() for text in cells)
        if not name:
            raise _refused(path, f"row {line}", "a series name", _REMEDY)
        if "\n" in name or "\r" in name:
            closed = "Close the quotation mark that was opened before it, or remove it."
            raise _refused(path, f"row {line}", f"a series name on one line, found {_cut(name)!r}", closed)
        try:
            step, row = step_of(month), Row(line, month, _value(value))
        except _Unreadable as error:
            raise _refused(path, f"row {line}", *error.args) from None
        rows = by_name[name]
        if earlier := rows.add(step, row):
            raise _twice(path, f"row {line}", name, month, earlier, season)
        if rows.ends and rows.ends[1] - rows.ends[0] > _LONGEST:
            raise _too_long(path, name, rows, season)
    if not by_name:
        raise _refused(path, "file", "at least one row under the header", _REMEDY)
    for name, rows in by_name.items():
        _check_steps(path, name, rows.by_step(), season)
    series = tuple(_series(path, name, by_name.pop(name).by_step(), season) for name in list(by_name))
    _check_lengths(path, series)
    return series


def remarks(series: Series) -> Iterator[str]:
    """What a reader of its forecasts should know of a series that is read all the same, a line each."""
    known = np.flatnonzero(np.isfinite(series.values))
    unit = "month" if series.calendar else "step"
    if len(known) < _FEW_KNOWN:
        yield f"{_cut(series.area)} has {len(known)} known {unit}s; so few hardly tell how wide intervals must be."
    if (apart := spacing(known.tolist())) > 1:
        what, season = spacing_named(apart, calendar=series.calendar)
        advice = (
            f" Without the empty rows and numbered 0, 1, 2, ..., --season {season} knows more of them."
            if season
            else ""
        )
        yield f"{_cut(series.area)} has values for {what} only.{advice}"
    for first, last in gaps(series):
        between = f"{Month(first)} to {Month(last)}" if series.calendar else f"{first} to {last}"
        yield f"{_cut(series.area)} has no value from {between}. Check its {unit}s if that is no real gap."


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open("rb") as file:
            start = file.peek(4)[:4]
            for mark, what in _OTHER_FORMATS.items():
                if start.startswith(mark):
                    raise _refused(path, "file", f"text in UTF-8, found {what}", _AS_CSV)
            content = gzip.GzipFile(fileobj=file) if start.startswith(_GZIP) else file
            rows = csv.reader(io.TextIOWrapper(content, encoding="utf-8-sig", newline=""))
            header = [text.strip().casefold() for text in next(rows, [])]
            if header != _HEADER:
                raise _refused(
                    path,
                    "row 1",
                    f"the header series,month,value, found {_cut(','.join(header)) or 'nothing'}",
                    _REMEDY,
                )
            for cells in rows:
                if any(cells):
                    yield rows.line_num, cells
    except (OSError, EOFError, zlib.error) as error:
        raise _refused(
            path, "file", f"a file that can be read ({error})", "Check the path, or save it again."
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(path, "file", f"text in UTF-8 ({error})", _AS_CSV) from error


class _Unreadable(Exception):
    """A cell that is not what its column is for: what is expected of it, and what to do."""


def _step(text: str, *, season: int | None) -> int:
    if season is not None:
        if not _STEP.fullmatch(text):
            raise _Unreadable(f"a whole number for the month, found {_cut(text)!r}", _INDEX_REMEDY)
        return int(text)
    try:
        day = day_of(text)
        month = Month.containing(day) if day else Month.parse(text)
    except ValueError:
        remedy = rewritten(text) or (_SEASON_REMEDY if _STEP.fullmatch(text) else _REMEDY)
        raise _Unreadable(f"a month such as 2024-11, found {_cut(text)!r}", remedy) from None
    if not _YEARS[0] <= month.year <= _YEARS[1]:
        raise _Unreadable(f"a year from {_YEARS[0]} to {_YEARS[1]}, found {text}", "Correct the year.")
    return month.ordinal


def _value(text: str) -> float:
    if text.casefold() in _UNKNOWN:
        return float("nan")
    value = float(text) if _NUMBER.fullmatch(text) else -1.0
    if value < 0:
        raise _Unreadable(f"a number of at least 0, found {_cut(text)!r}", _plain_number(text) or _REMEDY)
    if value > MOST_COUNTED:
        raise _Unreadable(
            f"a count up to {MOST_COUNTED:,}, found {_cut(text)!r}", "Correct it, or count in thousands or millions."
        )
    return value + 0.0  # -0 becomes 0


def _plain_number(text: str) -> str | None:
    """How to write a number that has separators; None for what is no such number."""
    if _GROUPED.fullmatch(text):
        return f"Write it as {re.sub(r'[^0-9.]', '', text)}, without a separator of thousands."
    return f"Write it as {text.replace(',', '.')}." if _DECIMAL_COMMA.fullmatch(text) else None


def _twice(path: Path, place: str, name: str, month: str, earlier: Row, season: int | None) -> SourceError:
    """Two rows of one series in one month: a week or a day each where they name different days, otherwise a slip."""
    days = [day for text in (earlier.month, month) if season is None and (day := day_of(text))]
    if len(days) == 2 and (apart := abs((days[1] - days[0]).days)):
        numbers = {"daily": "--season 7", "weekly": "--season 52"}
        how = "daily" if apart <= 3 else "weekly" if apart <= 10 else None
        add = numbers[how] if how else " or ".join(f"{number} ({name})" for name, number in numbers.items())
        what = f"one row of {_cut(name)} a month, found {earlier.month} (row {earlier.line}) and {month}"
        return _refused(
            path, place, what, f"Number {how or 'such'} rows 0, 1, 2, ... in the place of months and add {add}."
        )
    what = f"one value of {_cut(name)} in {month}, found a second beside row {earlier.line}"
    return _refused(path, place, what, "Remove one of the two rows, or correct its month.")


def _too_long(path: Path, name: str, rows: Rows, season: int | None) -> SourceError:
    """A series whose known values so far lie too far apart: what its steps show to be wrong, otherwise both ends."""
    by_step = rows.by_step()
    try:
        _check_steps(path, name, by_step, season)
    except SourceError as error:
        return error
    first, last = (by_step[step] for step in rows.ends or ())
    what = f"at most {_LONGEST} steps of {_cut(name)} from first to last, found {first.month} (row {first.line}) to "
    return _refused(path, f"row {max(first.line, last.line)}", f"{what}{last.month} (row {last.line})", "Check them.")


def _check_steps(path: Path, name: str, rows: dict[int, Row], season: int | None) -> None:
    """Raises SourceError where the rows of a series are of another frequency, or some slipped far from all others."""
    steps, unit = sorted(rows), "month" if season is None else "step"
    if season is not None and all(is_dated(row.month, _YEARS) for row in rows.values()):
        first = rows[steps[0]]
        raise _refused(
            path, f"row {first.line}", f"steps that are counted, found the date {first.month}", _INDEX_REMEDY
        )
    if slipped := stray(steps, season):
        first, last = rows[slipped[0]], rows[slipped[-1]]
        span = first.month if first is last else f"{first.month} to {last.month} (row {last.line})"
        raise _refused(
            path,
            f"row {first.line}",
            f"{unit}s of {_cut(name)} that follow one another, found {span} far from all others",
            f"Correct the {'year' if season is None else 'number'}; if it is right, write the {unit}s between with an "
            "empty value.",
        )
    if (apart := spacing(steps)) > 1:
        what, other = spacing_named(apart, calendar=season is None)
        add = f" and add --season {other or 'N'}" if season is None else ""
        raise _refused(
            path,
            f"series {_cut(name)}",
            f"a row for every {unit}, found {what} only",
            f"Number these rows 0, 1, 2, ...{add}; if the {unit}s between are really unknown, write them with an "
            "empty value.",
        )


def _check_lengths(path: Path, series: tuple[Series, ...]) -> None:
    """Raises SourceError naming the first series that are too short."""
    known = {one.area: int(np.isfinite(one.values).sum()) for one in series}
    if short := [name for name, many in known.items() if many < LEAST_KNOWN]:
        names = ", ".join(f"{_cut(name)} ({known[name]})" for name in short[:3])
        more = f" and {len(short) - 3} more" if len(short) > 3 else ""
        raise _refused(
            path,
            f"series {names}{more}",
            f"at least {LEAST_KNOWN} known values of each series",
            "So few say nothing of what comes next: leave these series out until there are more.",
        )


def _series(path: Path, name: str, rows: dict[int, Row], season: int | None) -> Series:
    values = {step: row.value for step, row in rows.items() if row.value == row.value}
    if not values:
        raise _refused(
            path, f"series {_cut(name)}", "at least one known value", "Fill one in, or leave the series out."
        )
    first, last = min(values), max(values)
    counts = np.array([values.get(step, float("nan")) for step in range(first, last + 1)])
    return Series(name, Month(first), counts, season=season or SEASON, calendar=season is None)


def _cut(text: str) -> str:
    """A text of the file as a message quotes it."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def _refused(path: Path, place: str, expected: str, remedy: str) -> SourceError:
    return SourceError(file=path.name, place=place, expected=f"expected {expected}", remedy=remedy)
