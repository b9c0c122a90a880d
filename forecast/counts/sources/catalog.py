"""Finds the layout of an official file by what it holds, and reads it.
A file's name says nothing but its publication date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from forecast.core.panels import Panel
from forecast.core.tables import Vintage
from forecast.counts.sources import altered, cbp_aor, cbp_csv, cbp_southwest, cbp_state, finer, ohss_monthly, ohss_usbp
from forecast.counts.sources.official_file import OfficialFile, label, shown
from forecast.counts.sources.workbook import Workbook

__all__ = ["Recognised", "read", "recognise"]

# Layout -> the reader of its bundled panel; and the columns of those that are recognised by them.
_READERS: dict[str, Callable[[OfficialFile, Any, date | None], Vintage]] = {
    "cbp-aor": cbp_aor.read,
    "cbp-state": cbp_state.read,
    "cbp-southwest": cbp_southwest.read,
    "ohss-usbp": lambda _, book, published: ohss_usbp.read(book, published),
    "ohss-monthly": lambda _, book, published: ohss_monthly.read(book, published),
}
_COLUMNS: dict[str, Sequence[str]] = {
    "cbp-aor": cbp_aor.COLUMNS,
    "cbp-state": cbp_state.COLUMNS,
    "cbp-southwest": cbp_southwest.COLUMNS,
}
_SPELLINGS = tuple(spelling for spellings in cbp_csv.COLUMNS.values() for spelling in spellings)
_ZIP, _OLD_EXCEL = b"PK", b"\xd0\xcf\x11\xe0"
_OFFICIAL = "Give a file of cbp.gov/document/stats/nationwide-encounters or ohss.dhs.gov/khsm/cbp-encounters."


@dataclass(frozen=True)
class Recognised:
    """An official file whose `layout` is known; `content`: its text, or the opened workbook."""

    file: OfficialFile
    layout: str
    content: str | Workbook

    def vintage(self, published: date | None = None) -> Vintage:
        """Its vintage of the bundled panel that has its layout. `published`, errors: see `read`."""
        return _READERS[self.layout](self.file, self.content, published)

    def finer(self, panel: Panel, published: date | None = None) -> Vintage:
        """Its vintage of a panel that is declared on its layout. `published`, errors: see `read`."""
        if isinstance(self.content, str):
            return finer.of_table(self.file, self.content, _COLUMNS[self.layout], panel, published)
        return finer.of_workbook(self.content, panel, published)


def read(path: Path, published: date | None = None) -> Vintage:
    """Read one official file of any known layout into the bundled panel that it is of.

    `published`: the day on which it was published; without it the file or its name must tell. Raises SourceError, in
    one line, for a file that is damaged, cut, of another layout, or without a publication date.
    """
    return recognise(path).vintage(published)


def recognise(path: Path) -> Recognised:
    """Open one official file and say which layout it has. Raises SourceError where it is damaged or has none."""
    file = OfficialFile.open(path)
    head = file.content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        raise file.refused(
            "file",
            "a table, but this is a web page",
            "The server answered with a page; download the file again in a browser.",
        )
    if head.startswith(_OLD_EXCEL):
        raise file.refused(
            "file",
            "a workbook in .xlsx, but this is an old or a locked one",
            "Save it as .xlsx without a password, or download it again.",
        )
    if refusal := altered.packed(file):
        raise refusal
    if file.content.startswith(_ZIP):
        book = Workbook.open(file)
        return Recognised(file, _workbook_layout(book), book)
    text = cbp_csv.text_of(file)
    return Recognised(file, _csv_layout(file, text), text)


def _workbook_layout(book: Workbook) -> str:
    if any(book.has(sheet) for sheet in ohss_usbp.SHEETS):
        return "ohss-usbp"
    if book.has(ohss_monthly.SHEET):
        return "ohss-monthly"
    first = book.rows(book.sheets[0])[:1] if book.sheets else []
    if first and (refusal := altered.spreadsheet_of(book.file, first[0], _SPELLINGS)):
        raise refusal
    raise book.file.refused(
        "workbook",
        f"a sheet {ohss_usbp.SHEETS[0]!r} or {ohss_monthly.SHEET!r}, but the first is "
        f"{shown(''.join(book.sheets[:1]))}",
        _OFFICIAL,
    )


def _csv_layout(file: OfficialFile, text: str) -> str:
    """The layout that shares most columns with the header, so that a renamed column is named in that layout's error."""
    if refusal := altered.columns_changed(file, "".join(text[: cbp_csv.LONGEST_ROW].splitlines()[:1]), _SPELLINGS):
        raise refusal
    header = {label(cell) for cell in cbp_csv.header_of(file, text)}

    def likeness(columns: Sequence[str]) -> int:
        return sum(1 if any(label(name) in header for name in cbp_csv.COLUMNS[column]) else -1 for column in columns)

    layout = max(_COLUMNS, key=lambda name: likeness(_COLUMNS[name]))
    if likeness(_COLUMNS[layout]) < 1:
        raise file.refused("row 1", f"the header of a CBP file, not {shown(text[:200].splitlines()[0])}", _OFFICIAL)
    return layout
