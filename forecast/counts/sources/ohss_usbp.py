"""Reads the OHSS workbook "CBP Encounters - USBP": every sector by month since October 1999, rounded to ten.

Sectors come from `Monthly Rgn and Sector` (or `Monthly Sector`), published totals from `Monthly Region` and `Monthly
Count`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from forecast.core.errors import AreaError
from forecast.core.months import Month
from forecast.core.panels import by_layout
from forecast.core.tables import Vintage
from forecast.counts.sources.figures import assemble, fiscal_month, fiscal_year
from forecast.counts.sources.official_file import label, shown
from forecast.counts.sources.workbook import Row, Workbook, whole_count

__all__ = ["SHEETS", "SOURCE", "read", "sheet_figures"]

_LAYOUT = "ohss-usbp"
SOURCE = "OHSS CBP Encounters - USBP"
# Either names the sectors; the first is read where both are there.
SHEETS = ("Monthly Rgn and Sector", "Monthly Sector")

_REGIONS = {
    "southwest land border": "southwest",
    "northern land border": "northern",
    "coastal border": "coastal",
    "other": "coastal",
}


def read(book: Workbook, published: date | None) -> Vintage:
    """The workbook's vintage. Publication date: `published`, the file's name, else the day on which it was last saved.

    Raises SourceError.
    """
    sheet = next((name for name in SHEETS if book.has(name)), SHEETS[0])
    sectors = sheet_figures(book, sheet, [*(["Region"] if sheet == SHEETS[0] else []), "Sector"], _sector)
    totals = sheet_figures(book, "Monthly Region", ["Region"], _region) if book.has("Monthly Region") else {}
    if book.has("Monthly Count"):
        totals |= sheet_figures(book, "Monthly Count", [], lambda _: "nation")
    return assemble(
        book.file,
        source=SOURCE,
        panel=by_layout(_LAYOUT),
        precision=10,
        covers_panel=True,
        figures=sectors,
        totals=totals,
        covered={month for by_month in sectors.values() for month in by_month},
        given=published,
        stated=book.modified,
    )


def _region(labels: Row) -> str:
    slug = _REGIONS.get(label(str(labels[-1])))
    if slug is None:
        raise AreaError(f"one of the regions {', '.join(_REGIONS)}, not {shown(labels[-1])}")
    return slug


def _sector(labels: Row) -> str:
    try:
        sector = by_layout(_LAYOUT).called(str(labels[-1]))
    except AreaError:
        raise AreaError(f"a Border Patrol sector such as El Paso, TX, not {shown(labels[-1])}") from None
    if len(labels) == 2 and (_region(labels[:1]),) != sector.parents:
        raise AreaError(f"the region of {sector.name}, not {shown(labels[0])}")
    return sector.slug


def sheet_figures(
    book: Workbook, sheet: str, by: list[str], area_of: Callable[[Row], str]
) -> dict[str, dict[Month, int]]:
    """Area -> month -> count of a sheet with the columns Fiscal Year, Month, `by`, Quantity. Raises SourceError."""
    file, columns = book.file, ["Fiscal Year", "Month", *by, "Quantity"]
    rows = book.rows(sheet)
    width = len(columns)
    header = [label(str(cell)) for cell in rows[0]] if rows else []
    if header[:width] != [label(name) for name in columns] or any(header[width:]):
        raise file.refused(
            f"sheet {sheet} row 1",
            f"the columns {', '.join(columns)}",
            "The layout has changed, or the sheet is damaged.",
        )
    figures: dict[str, dict[Month, int]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if all(cell == "" for cell in row):
            continue
        place = f"sheet {sheet} row {number}"
        try:
            month = fiscal_month(fiscal_year(row[0]), row[1])
            slug, count = area_of(row[2 : width - 1]), whole_count(row[width - 1])
        except (AreaError, ValueError) as error:
            raise file.refused(place, str(error), "The file is damaged or its layout has changed.") from None
        if month in figures.setdefault(slug, {}):
            raise file.refused(
                place, f"one figure for {slug} in {month}, but this is the second", "The file is damaged."
            )
        figures[slug][month] = count
    if not figures:
        raise file.refused(f"sheet {sheet}", "rows under the header, but there are none", "Download it again.")
    return figures
