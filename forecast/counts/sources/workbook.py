"""Opens a workbook (.xlsx) that may be damaged or hostile, and gives the rows of its sheets. Knows no layout.

The zip is read through first, so that checksums are verified and what is handed to the reader has the size that it claims.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from forecast.core.errors import SourceError
from forecast.counts.sources.official_file import OfficialFile, label, shown

__all__ = ["Row", "Workbook", "whole_count"]

# A row of cells: text, numbers as float, empty as "".
Row = Sequence[object]

# The largest official workbook unpacks to 12 MB.
LARGEST_UNPACKED = 40 * 2**20
MOST_PARTS = 1000
PIECE = 2**20
# Larger than any cell of an official file, small enough that sums stay far inside 64 bits.
LARGEST_COUNT = 10**9

# The reader lays a sheet out as a full rectangle: one cell far out would cost gigabytes. Official sheets have under 100,000 rows, or
# more than 26 columns (two letters) and under 10,000 rows.
_FAR_OUT = re.compile(rb"""\sr\s*=\s*["'](?:[A-Za-z]{3,}\d|[A-Za-z]*0*[1-9]\d{5,})""")
_WIDE = re.compile(rb"""\sr\s*=\s*["'][A-Za-z]{2}\d""")
_LONG = re.compile(rb"""\sr\s*=\s*["'][A-Za-z]*0*[1-9]\d{4}""")
_MODIFIED = re.compile(rb"<dcterms:modified[^>]*>\s*(\d{4})-(\d\d)-(\d\d)T")

_AGAIN = "Download it again."


@dataclass(frozen=True)
class Workbook:
    """An opened workbook; `modified` is the day on which it was last saved, as it says itself."""

    file: OfficialFile
    modified: date | None
    _book: Any
    _names: dict[str, str]

    @classmethod
    def open(cls, file: OfficialFile) -> Workbook:
        """Check and open. Raises SourceError for what is no workbook, is damaged, or unpacks too large."""
        import python_calamine  # here, so that a server, which reads no workbook, can do without it

        modified = _checked(file)
        try:
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(file.content))
            names = {label(name): name for name in book.sheet_names}
        except BaseException as error:
            raise _unreadable(file, "workbook", error) from error
        return cls(file, modified, book, names)

    def has(self, sheet: str) -> bool:
        """Whether a sheet of that name is there, whatever its case and spaces."""
        return label(sheet) in self._names

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of the sheets."""
        return tuple(self._names.values())

    def rows(self, sheet: str) -> list[Row]:
        """The rows of a sheet; the first is row 1. Raises SourceError."""
        if not self.has(sheet):
            raise self.file.refused("workbook", f"a sheet {sheet!r}", _AGAIN)
        try:
            rows: list[Row] = self._book.get_sheet_by_name(self._names[label(sheet)]).to_python(skip_empty_area=False)
        except BaseException as error:
            raise _unreadable(self.file, f"sheet {sheet}", error) from error
        return rows


def _unreadable(file: OfficialFile, place: str, error: BaseException) -> SourceError:
    # A defect inside the reader surfaces as a PanicException, which derives from BaseException: like any damage, it refuses the file.
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error
    return file.refused(place, f"a readable Excel workbook ({type(error).__name__})", _AGAIN)


def _checked(file: OfficialFile) -> date | None:
    """Read every part of the zip once; gives the day of the last save."""
    modified = None
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as parts:
            infos = parts.infolist()
            if len(infos) > MOST_PARTS or sum(info.file_size for info in infos) > LARGEST_UNPACKED:
                raise file.refused("workbook", f"at most {LARGEST_UNPACKED >> 20} MB in {MOST_PARTS} parts when unpacked", _AGAIN)
            if "[Content_Types].xml" not in parts.namelist():
                raise file.refused("workbook", "an Excel workbook, but it is another kind of zip", "Unpack it and give the file inside.")
            for info in infos:
                with parts.open(info) as opened:
                    # In pieces: asked for the whole, zipfile unpacks it before it looks at the size that the part claims.
                    part = b"".join(iter(partial(opened.read, PIECE), b""))
                if info.filename.startswith("xl/worksheets/") and (_FAR_OUT.search(part) or (_WIDE.search(part) and _LONG.search(part))):
                    raise file.refused(shown(info.filename), "a sheet of official size, but cells stand far out of it", _AGAIN)
                if info.filename == "docProps/core.xml" and (found := _MODIFIED.search(part)):
                    modified = date(*(int(number) for number in found.groups()))
    except SourceError:
        raise
    except Exception as error:  # zipfile raises a dozen kinds of error on damage; each means the same to the user
        raise _unreadable(file, "workbook", error) from error
    return modified


def whole_count(value: object) -> int:
    """The count in a cell. Raises ValueError for what is no whole number from 0 on."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"a count, not {shown(value)}")
    if not (0 <= value < LARGEST_COUNT and float(value).is_integer()):
        raise ValueError(f"a whole count from 0 on, not {shown(value)}")
    return int(value)
