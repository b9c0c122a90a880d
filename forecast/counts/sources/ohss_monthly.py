"""Reads the OHSS workbook "Immigration Enforcement and Legal Processes Monthly Tables":
southwest sectors by month, rounded to ten.

Only the Border Patrol columns of `SWB Enc by Sector+Field Ofc`; field offices repeat the sectors' names and are another
panel.
"""

from __future__ import annotations

import re
from datetime import date

from forecast.core.errors import AreaError
from forecast.core.months import Month
from forecast.core.panels import by_layout
from forecast.core.tables import Vintage
from forecast.counts.sources.figures import assemble, fiscal_month, fiscal_year
from forecast.counts.sources.official_file import OfficialFile, label, shown
from forecast.counts.sources.workbook import Row, Workbook, whole_count

__all__ = ["SHEET", "SOURCE", "read"]

_LAYOUT = "ohss-monthly"
SOURCE = "OHSS Monthly Tables"
SHEET = "SWB Enc by Sector+Field Ofc"

_HEADER_WITHIN = 20  # rows
_TITLE_MONTH = re.compile(r"Fiscal Years \d{4} to (\d{4})(?: YTD)? \(([A-Za-z]+) \d{4}\)")
_CHANGED = "The layout has changed, or the sheet is damaged."


def read(book: Workbook, published: date | None) -> Vintage:
    """The sheet's vintage. Publication date: `published` or the file's name (`24-0809_…`, `2024_1108_…`).

    The note "Data are current as of …" is the day of the extract, and the day of the last save can be later than the
    publication: neither is used. Raises SourceError.
    """
    file, rows = book.file, book.rows(SHEET)
    top = _header_row(file, rows)
    columns = _columns(file, rows, top)
    figures: dict[str, dict[Month, int]] = {slug: {} for slug in columns.values()}
    year: int | None = None
    expected: Month | None = None
    for number, row in enumerate(rows[top + 1 :], start=top + 2):
        if row[1] == "":
            break  # notes follow the last month
        place = f"sheet {SHEET} row {number}"
        try:
            if row[0] != "":
                year = fiscal_year(row[0])
            if year is None:
                raise ValueError("a fiscal year on the first row of its block")
            if label(str(row[1])) == "total":
                continue
            month = fiscal_month(year, row[1])
            if expected is not None and month != expected:
                raise ValueError(f"the month {expected}, not {month}")
            for column, slug in columns.items():
                # An empty cell is written as X: it rounds to zero.
                figures[slug][month] = 0 if row[column] == "X" else whole_count(row[column])
        except ValueError as error:
            raise file.refused(place, str(error), "The file is damaged or its layout has changed.") from None
        expected = month + 1
    if expected is None:
        raise file.refused(f"sheet {SHEET}", "months under the header, but there are none", "Download it again.")
    _check_title(file, rows[:top], expected + -1)
    totals = {"southwest": figures.pop("southwest")}
    return assemble(
        file,
        source=SOURCE,
        panel=by_layout(_LAYOUT),
        precision=10,
        covers_panel=False,
        figures=figures,
        totals=totals,
        covered=set(totals["southwest"]),
        given=published,
    )


def _header_row(file: OfficialFile, rows: list[Row]) -> int:
    for place, row in enumerate(rows[:_HEADER_WITHIN]):
        if [label(str(cell)) for cell in row[:2]] == ["fiscal year", "month"]:
            return place
    raise file.refused(f"sheet {SHEET}", "a header row that begins with Fiscal Year, Month", _CHANGED)


def _columns(file: OfficialFile, rows: list[Row], top: int) -> dict[int, str]:
    """Column -> slug of the Border Patrol's part: `Total USBP` (the southwest) and the sectors up to `Total OFO`."""
    names = [label(str(cell)) for cell in rows[top]]
    place = f"sheet {SHEET} row {top + 1}"
    if names.count("total usbp") != 1 or names.count("total ofo") != 1:
        raise file.refused(place, "one column Total USBP and one Total OFO", _CHANGED)
    start, end = names.index("total usbp"), names.index("total ofo")
    columns = {start: "southwest"}
    for column in range(start + 1, end):
        try:
            columns[column] = by_layout(_LAYOUT).called(names[column]).slug
        except AreaError:
            raise file.refused(
                place, f"a Border Patrol sector in column {column + 1}, not {shown(names[column])}", _CHANGED
            ) from None
    southwest = {area.slug for area in by_layout(_LAYOUT).areas.values() if area.parents == ("southwest",)}
    if set(columns.values()) != southwest | {"southwest"} or len(columns) != len(southwest) + 1:
        raise file.refused(
            place, f"each of the {len(southwest)} southwest sectors once between Total USBP and Total OFO", _CHANGED
        )
    return columns


def _check_title(file: OfficialFile, rows: list[Row], last: Month) -> None:
    for number, row in enumerate(rows, start=1):
        match = _TITLE_MONTH.search(str(row[0]) if row else "")
        if match:
            try:
                titled = fiscal_month(int(match[1]), match[2])
            except ValueError:
                return
            if titled != last:
                raise file.refused(
                    f"sheet {SHEET} row {number}",
                    f"months through {titled} as the title says, but they end with {last}",
                    "Download it again.",
                )
