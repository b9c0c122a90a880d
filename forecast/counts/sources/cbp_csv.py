"""Header and rows that CBP's three CSV files share: encounters summed by area and month, read strictly.

A last row whose count lost its final digits cannot be told from a whole one: such a file ends without a line end, as a
hand-edited one may. Rows of a file are ordered, so it is most often caught by the missing months that follow.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass

from forecast.core.errors import AreaError
from forecast.core.months import Month
from forecast.counts.sources.altered import is_spreadsheet_count
from forecast.counts.sources.figures import fiscal_month, fiscal_year
from forecast.counts.sources.labels import canonical
from forecast.counts.sources.official_file import OfficialFile, label, shown

__all__ = ["COLUMNS", "REGIONS", "FileSums", "header_of", "tally", "text_of"]

# The house's name of a column -> the spellings that official files have used.
COLUMNS: dict[str, tuple[str, ...]] = {
    "fiscal_year": ("Fiscal Year",),
    "grouping": ("Month Grouping",),
    "month": ("Month (abbv)", "Month"),
    "component": ("Component",),
    "region": ("Land Border Region",),
    "area": ("Area of Responsibility",),
    "code": ("AOR (Abbv)",),
    "state": ("State",),
    "demographic": ("Demographic",),
    "citizenship": ("Citizenship", "Citizenship Grouping"),
    "authority": ("Title of Authority",),
    "type": ("Encounter Type",),
    "count": ("Encounter Count",),
}
_NAMED = {label(spelling): name for name, spellings in COLUMNS.items() for spelling in spellings}

# Labels of regions -> what a cell's region is called.
REGIONS = {
    "southwest land border": "southwest",
    "northern land border": "northern",
    "other": "other",
    "coastal border": "other",
}

# Before a fiscal year is closed its months are FYTD, those that it has not reached yet (of the years before) Remaining.
# Both count.
_GROUPINGS = frozenset({"FYTD", "REMAINING"})
_MOST_DIGITS = 9
# Official rows have up to 180 signs, and a file of four years under 100,000 rows; one of more would take seconds to add
# up.
LONGEST_ROW = 4096
MOST_ROWS = 200_000
MOST_SPELLINGS = 2_000  # of month and of place; official files have under 100
_DAMAGED = (
    "The file is damaged, was changed after the download, or its layout is new; download it again and give it as it is."
)


@dataclass(frozen=True)
class FileSums:
    """Sums of a file: `figures` bucket -> month -> encounters, and the months `covered` by any row."""

    figures: dict[str, dict[Month, int]]
    covered: frozenset[Month]
    rows: int

    def filled(self, bucket: str) -> dict[Month, int]:
        """A bucket with a figure for every covered month: without a row it is zero."""
        by_month = self.figures.get(bucket, {})
        return {month: by_month.get(month, 0) for month in self.covered}


class _Lines:
    """The lines of a text for the CSV reader, which by itself would read a row of any length.
    `of_row`: to be set to 0 after each row.
    """

    def __init__(self, text: str) -> None:
        self._held = io.StringIO(text, newline="")
        self.of_row = self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._held.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.of_row += len(line)
        if self.of_row > LONGEST_ROW:
            raise ValueError(f"a row of at most {LONGEST_ROW} signs")
        if self.number > MOST_ROWS:
            raise ValueError(f"at most {MOST_ROWS:,} rows")
        return line


def text_of(file: OfficialFile) -> str:
    """The file's text without a byte-order mark. Raises SourceError where it is not UTF-8."""
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = file.content.count(b"\n", 0, error.start) + 1
        raise file.refused(
            f"row {row}", "text in UTF-8", "Download it again; don't save it in another encoding."
        ) from None


def header_of(file: OfficialFile, text: str) -> list[str]:
    """The header's columns as they are spelled. Raises SourceError."""
    first = text[:LONGEST_ROW].splitlines()
    try:
        header = next(csv.reader(first[:1], strict=True), [])
    except csv.Error:
        header = []
    if not any(cell.strip() for cell in header):
        raise file.refused(
            "row 1", f"a header such as {COLUMNS['fiscal_year'][0]},{COLUMNS['grouping'][0]},…", _DAMAGED
        )
    return header


def tally(
    file: OfficialFile,
    text: str,
    *,
    columns: Sequence[str],
    by: Sequence[str],
    buckets_of: Callable[[Sequence[str]], tuple[str, ...]],
    most: int = MOST_SPELLINGS,
) -> FileSums:
    """Sum a CSV file's rows.

    `columns`: the layout, in the house's names. `by`: those that name the area; `buckets_of(labels)` tells the buckets
    that a row with these labels counts in, none for a row that is of another panel, and raises AreaError for an unknown
    label. `most`: spellings of places. Raises SourceError at the first row that is not as expected, naming it.
    """
    place = _places(file, text, columns)
    year_at, grouping_at, month_at, count_at = (place[name] for name in ("fiscal_year", "grouping", "month", "count"))
    by_at = [place[name] for name in by]
    key_at = [at for name, at in place.items() if name not in ("fiscal_year", "grouping", "month", "count", *by)]
    width = len(place)
    # Spelling of a month -> its place among the months, as text, and its sums. A month itself would be hashed with
    # every row, and slowly.
    months: dict[tuple[str, str, str], tuple[str, dict[str, int]]] = {}
    buckets: dict[tuple[str, ...], tuple[str, ...]] = {}
    sums: dict[Month, dict[str, int]] = {}
    seen: set[str] = set()
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    try:
        next(reader)
        lines.of_row = 0
        for row in reader:
            lines.of_row = 0
            if len(row) != width:
                if not row:
                    continue  # a blank line holds no record
                raise ValueError(f"{width} columns, but there are {len(row)}")
            when = (row[year_at], row[month_at], row[grouping_at])
            known = months.get(when)
            if known is None:
                month = _month(*when)
                known = months[when] = str(month.ordinal), sums.setdefault(month, {})
                _few(months, MOST_SPELLINGS)
            ordinal, of_month = known
            labels = tuple([row[at] for at in by_at])
            into = buckets.get(labels)
            if into is None:
                into = buckets[labels] = buckets_of(labels)
                _few(buckets, most)
            count = row[count_at]
            if not (count.isdigit() and count.isascii() and len(count) <= _MOST_DIGITS):
                saved = ", as saved from a spreadsheet" if is_spreadsheet_count(count) else ""
                raise ValueError(f"a whole count from 0 on in {COLUMNS['count'][0]}, not {shown(count)}{saved}")
            # Places, too, by what they are: `El Paso, TX` and `El Paso Sector` are one area.
            where = into or [canonical(text) for text in labels]
            key = "\x1f".join([ordinal, *where, *[canonical(row[at]) for at in key_at]])
            if key in seen:
                raise ValueError(
                    "a cell that no earlier row has given, but this is the second (an old and a new label, as UC and "
                    "UAC, are one)"
                )
            seen.add(key)
            for bucket in into:
                of_month[bucket] = of_month.get(bucket, 0) + int(count)
    except csv.Error as error:
        raise file.refused(f"row {lines.number}", f"a row of comma-separated values ({error})", _DAMAGED) from None
    except (ValueError, AreaError) as error:
        raise file.refused(f"row {lines.number}", str(error), _DAMAGED) from None
    if not seen:
        raise file.refused("row 2", "rows under the header, but there are none", "Download it again.")
    figures: dict[str, dict[Month, int]] = {}
    for month, totals in sums.items():
        for bucket, total in totals.items():
            figures.setdefault(bucket, {})[month] = total
    return FileSums(figures, frozenset(sums), len(seen))


def _few(spellings: Sized, most: int) -> None:
    # Each costs a hundred times as much as a row that is spelled like one before it.
    if len(spellings) > most:
        raise ValueError(f"at most {most:,} spellings of months or places")


def _places(file: OfficialFile, text: str, columns: Sequence[str]) -> dict[str, int]:
    """Column name -> place, for exactly the layout's columns in any order."""
    header = header_of(file, text)
    names = [_NAMED.get(label(cell)) for cell in header]
    missing = [COLUMNS[name][0] for name in columns if name not in names]
    if missing:
        raise file.refused("row 1", f"a column {missing[0]!r}; the header has {shown(', '.join(header))}", _DAMAGED)
    for cell, name in zip(header, names, strict=True):
        if name not in columns or names.count(name) > 1:
            raise file.refused("row 1", f"the columns of the layout once each, but there is {shown(cell)}", _DAMAGED)
    return {name: names.index(name) for name in columns}


def _month(year: str, month: str, grouping: str) -> Month:
    if grouping.strip().upper() not in _GROUPINGS:
        raise ValueError(f"FYTD or Remaining in {COLUMNS['grouping'][0]}, not {shown(grouping)}")
    return fiscal_month(fiscal_year(year), month)
