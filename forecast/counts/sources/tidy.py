"""Reads the table of a declared panel: CSV with the columns `month`, the panel's dimensions, and `count`.

A leaf without a row in a month that the file covers is zero there, as in official files.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from forecast.core.declarations import with_leaves
from forecast.core.errors import PanelError
from forecast.core.months import Month, month_range
from forecast.core.panels import Panel
from forecast.core.tables import Vintage
from forecast.counts.month_text import rewritten
from forecast.counts.sources import altered
from forecast.counts.sources.figures import assemble
from forecast.counts.sources.official_file import OfficialFile, label, shown

__all__ = ["read"]

_WHOLE = re.compile("[0-9]{1,10}", re.ASCII)
_MOST = 2_000_000_000  # what a store holds in a cell, a sum of leaves included
_LONGEST = 200  # characters of a value
_YEARS = (1800, 2200)


def read(path: Path, panel: Panel, published: date | None = None) -> Vintage:
    """The vintage of a tidy table of a declared panel. `published`: its day of publication, if its name does not tell.

    Raises SourceError, in one line with the row, for a missing, unknown or repeated column, a month that is none, a
    leaf or month given twice, a count that is no whole number of at least 0, a month missing between others.
    """
    file = OfficialFile.open(path)
    if refusal := altered.packed(file):
        raise refusal
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise file.refused("file", "text in UTF-8", "Save it as CSV, UTF-8.") from None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    leaves: dict[tuple[str, ...], dict[Month, int]] = {}
    lines: dict[tuple[tuple[str, ...], Month], int] = {}
    try:
        place_of = _columns(file, panel, next(rows, []))
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"row {rows.line_num}"
            if len(cells) != len(place_of):
                raise file.refused(where, f"{len(place_of)} columns, not {len(cells)}", _remedy(panel))
            of = {name: cells[place].strip() for name, place in place_of.items()}
            month = _month(file, where, of["month"])
            leaf = tuple(_value(file, where, name, of[name], panel.labels) for name in panel.dimensions)
            if (earlier := lines.setdefault((leaf, month), rows.line_num)) != rows.line_num:
                raise file.refused(
                    where,
                    f"one row of {' / '.join(leaf)} in {month}, and row {earlier} is another",
                    "Remove one of the two, or add them up.",
                )
            leaves.setdefault(leaf, {})[month] = _count(file, where, of["count"])
    except csv.Error as error:
        raise file.refused(f"row {rows.line_num}", f"CSV ({error})", "Save it as CSV, UTF-8.") from None
    if not leaves:
        raise file.refused("file", "at least one row under the header", _remedy(panel))
    try:
        grown = with_leaves(panel, sorted(leaves))
    except PanelError as error:
        why, _, remedy = str(error).rpartition(". ")
        raise file.refused("values", f"values that make slugs, but {why}", remedy) from None
    covered = {month for counts in leaves.values() for month in counts}
    if missing := [month for month in month_range(min(covered), max(covered) - min(covered)) if month not in covered]:
        raise file.refused(
            f"month {missing[0]}",
            f"rows for every month from {min(covered)} to {max(covered)}, but there is none for {missing[0]}",
            "Where nothing was counted, give it a row with 0; where nobody counted, ingest the months before it and "
            "those after it as two files.",
        )
    slugs = {area.values: area.slug for area in grown.areas.values() if area.is_leaf()}
    return assemble(
        file,
        source=panel.title,
        panel=grown,
        precision=1,
        covers_panel=True,
        figures={slugs[leaf]: counts for leaf, counts in leaves.items()},
        totals={},
        covered=covered,
        given=published,
    )


def _columns(file: OfficialFile, panel: Panel, header: Sequence[str]) -> dict[str, int]:
    """Column -> its place. Names are compared without case."""
    wanted = ("month", *panel.dimensions, "count")
    names = [cell.strip().lower() for cell in header]
    for name in wanted:
        if names.count(name.lower()) != 1:
            several = "one column" if name.lower() in names else "a column"
            raise file.refused("row 1", f"{several} {name!r}, not {shown(','.join(header))}", _remedy(panel))
    if stray := [cell for cell in header if cell.strip().lower() not in [name.lower() for name in wanted]]:
        raise file.refused(
            "row 1", f"no column but {', '.join(wanted)}, and {shown(stray[0])} is another", "Remove or declare it."
        )
    return {name: names.index(name.lower()) for name in wanted}


def _month(file: OfficialFile, where: str, text: str) -> Month:
    try:
        month = Month.parse(text)
    except ValueError:
        remedy = rewritten(text) or "Write months as 2024-11."
        if "--season" in remedy:
            remedy = "A panel has one row a month: sum the rows of each month up, and write months as 2024-11."
        raise file.refused(where, f"a month such as 2024-11, not {shown(text)}", remedy) from None
    if not _YEARS[0] <= month.year <= _YEARS[1]:
        raise file.refused(where, f"a month from {_YEARS[0]} to {_YEARS[1]}, not {month}", "Correct the year.")
    return month


def _value(file: OfficialFile, where: str, name: str, text: str, labels: Mapping[str, Mapping[str, str]]) -> str:
    value = " ".join(text.split())
    if not value or not value.isprintable() or len(value) > _LONGEST:
        raise file.refused(where, f"a value of {name}, not {shown(text)}", "Name it, or leave the row out.")
    return labels.get(name, {}).get(label(value), value)


def _count(file: OfficialFile, where: str, text: str) -> int:
    if not _WHOLE.fullmatch(text) or int(text) > _MOST:
        raise file.refused(
            where,
            f"a whole count from 0 to {_MOST:,}, not {shown(text)}",
            "Write it as 1234; a leaf without a row in a month counts as 0.",
        )
    return int(text)


def _remedy(panel: Panel) -> str:
    return f"Write one row per month and leaf: {','.join(('month', *panel.dimensions, 'count'))}."
