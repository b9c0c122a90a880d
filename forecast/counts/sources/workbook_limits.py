"""Tells before a workbook is read what its parts would cost the reader,
and refuses those that cost too much. Lays out no sheet.

The reader lays a sheet out as a full rectangle, and copies a shared string into each cell that names it: a few bytes
can ask for gigabytes. So each part is first proven to be plain XML; then a tag is what looks like one, and tags can be
counted as text.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from itertools import pairwise
from xml.parsers import expat

from forecast.counts.sources.official_file import OfficialFile, shown

__all__ = ["check"]

# The largest official workbook has 480,000 elements, 790,000 attributes and a sheet of 80,000 cells.
MOST_ELEMENTS = 750_000
MOST_ATTRIBUTES = 1_500_000
LARGEST_SHEET = 1_000_000  # cells, the empty ones between others too
LARGEST_TEXT = 40 * 2**20  # bytes in all cells of a sheet
LONGEST_TAG = 2**17  # bytes; a part is proven in pieces of half of it
# Spreadsheet programs say of each row and cell where it stands. Where one does not, all must be counted up to it, which
# takes longer.
MOST_COUNTED = 250_000
MOST_LETTERS = 3  # of a column's name

_NAME = rb"<(?:[^\s<>/:]++:)?"
_OTHER = rb"""[^\s=]++\s*+=\s*+(?:"[^"]*+"|'[^']*+')"""


def _attribute(name: bytes, value: bytes) -> bytes:
    """From behind an element's name over the attributes before the one of this name, and into its value."""
    # Not `)*+`: before 3.11.5 Python matches a possessive group wrongly (gh-106052), and the look ahead leaves nothing
    # to go back to.
    return rb"(?:\s++(?!" + name + rb"[\s=])" + _OTHER + rb")*\s++" + name + rb"\s*+=\s*+[\"']" + value


# What each row and cell says of where it stands; nothing where it does not say. And whether it is a row.
_PLACED = re.compile(_NAME + rb"(?:row|c)(?=[\s/>])(?:" + _attribute(rb"r", rb"([^\"']*+)") + rb")?")
_ROW = re.compile(_NAME + rb"(row|c)(?=[\s/>])")
_LETTERS, _DIGITS = string.ascii_letters.encode(), string.digits.encode()
# A cell that names a shared string, however it is written, and the common way to write one: other ways count as naming
# the longest.
_NAMING = re.compile(_NAME + rb"c" + _attribute(rb"t", rb"(?:s[\"']|[^\"']*&)"))
_NAMED = re.compile(rb"\st=\"s\"[^<>]*+>\s*+" + _NAME + rb"v>(\d{1,7})</", re.ASCII)
_STRING = re.compile(_NAME + rb"si(?=[\s/>])")
_AGAIN = "Download it again."


def check(file: OfficialFile, parts: Mapping[str, bytes]) -> None:
    """Raises SourceError for parts that cost too much to read, and ExpatError for those that are no XML."""
    elements = sum(content.count(b"<") - content.count(b"</") for content in parts.values())
    attributes = sum(content.count(b"=") for content in parts.values())
    for count, most, kind in ((elements, MOST_ELEMENTS, "elements"), (attributes, MOST_ATTRIBUTES, "attributes")):
        if count > most:
            raise file.refused("workbook", f"at most {most:,} {kind} in all parts, not {count:,}", _AGAIN)
    strings: list[int] = []
    for name, content in parts.items():
        _prove(file, name, content)
        strings.extend(_lengths(content))
    longest = max(strings, default=0)
    for name, content in parts.items():
        if b"sheetData" in content:
            cells = _laid_out(file, name, content)
            if cells * longest > LARGEST_TEXT and _text(content, strings, longest) > LARGEST_TEXT:
                raise file.refused(shown(name), "a sheet of official size, but its cells hold too much text", _AGAIN)


def _prove(file: OfficialFile, name: str, content: bytes) -> None:
    """Raises where a part is anything but elements, attributes and text: in a comment a tag would not be one."""

    def odd(*_: object) -> None:
        raise file.refused(shown(name), "plain data, but it holds a declaration, a comment or an instruction", _AGAIN)

    # In another encoding a tag would not look like one.
    if b"\0" in content:
        raise file.refused(shown(name), "text in UTF-8", _AGAIN)
    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = parser.CommentHandler = parser.ProcessingInstructionHandler = (
        parser.StartCdataSectionHandler
    ) = odd
    step = LONGEST_TAG // 2
    for at in range(0, len(content), step):
        parser.Parse(content[at : at + step], False)
        # What the parser has not passed yet is one tag, which it holds until it ends.
        if at + step - parser.CurrentByteIndex > LONGEST_TAG:
            raise file.refused(shown(name), "a part of official size, but a tag is too long", _AGAIN)
    parser.Parse(b"", True)


def _lengths(content: bytes) -> list[int]:
    """Bytes of each shared string of a part, tags counted too."""
    starts = [match.start() for match in _STRING.finditer(content)]
    return [end - start for start, end in pairwise([*starts, len(content)])]


def _text(content: bytes, strings: list[int], longest: int) -> int:
    """Bytes, at the most, of the shared strings that the cells of a sheet name. strings: the length of each."""
    naming, named = len(_NAMING.findall(content)), [int(place) for place in _NAMED.findall(content)]
    return sum(strings[place] if place < len(strings) else longest for place in named) + longest * max(
        naming - len(named), 0
    )


def _laid_out(file: OfficialFile, name: str, content: bytes) -> int:
    """How many cells a sheet has at the most. Raises SourceError where the rectangle around them is too large."""
    places = _PLACED.findall(content)
    # Taken apart all at once: a step for each of half a million cells would take a second.
    named = b" ".join(places)
    columns = set(named.translate(None, _DIGITS).split())
    if named.translate(None, _LETTERS + _DIGITS + b" ") or any(len(letters) > MOST_LETTERS for letters in columns):
        raise file.refused(shown(name), "places such as A1, but a cell has another", _AGAIN)
    if b"" not in places:
        down = max(map(int, named.translate(None, _LETTERS).split()), default=0)
        right = max(map(_number, columns), default=1)
    elif len(places) <= MOST_COUNTED:
        down, right = _counted(_ROW.findall(content), places)
    else:
        raise file.refused(shown(name), "cells that say where they stand, but some do not", _AGAIN)
    if down * right > LARGEST_SHEET:
        raise file.refused(shown(name), "a sheet of official size, but cells stand far out of it", _AGAIN)
    return len(places)


def _counted(kinds: Sequence[bytes], places: Sequence[bytes]) -> tuple[int, int]:
    """The last row and the last column, where some rows or cells stand behind those before them."""
    row = column = down = right = 0
    for kind, place in zip(kinds, places, strict=True):
        letters, digits = place.rstrip(_DIGITS), place.lstrip(_LETTERS)
        # A cell that tells its row moves what follows: no reader goes further than that.
        row = int(digits) if digits else row + (kind == b"row")
        column = 0 if kind == b"row" else _number(letters) or column + 1
        down, right = max(down, row), max(right, column)
    return down, right


def _number(letters: bytes) -> int:
    """The number of a column, from 1; 0 for no letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
