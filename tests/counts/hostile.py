"""Makes hostile files: what each would cost a careless reader, in a few bytes or within the cap on a file's size."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from forecast.core.months import Month
from tests.counts.layouts import DATA, usbp_sheets, write_workbook

MB = 2**20
NEAR = 31 * MB  # under the cap on a file's size
HEADER = (DATA / "state.csv").read_bytes().splitlines()[0] + b"\n"
ROW = b"2025 (FYTD),FYTD,SEP,Other,TX,Single Adults,MEXICO,Title 8,"
CELLS = {(Month.of(2024, 1) + step, slug): 10 for step in range(3) for slug in ("el-paso", "miami")}
SHEET = "xl/worksheets/sheet4.xml"  # Monthly Rgn and Sector
SPREADSHEET = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ENTITY = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]>'
LAUGHS = ENTITY % b"".join(b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(12))


def repeated(piece: bytes, size: int) -> bytes:
    """`piece` over and over, up to `size` bytes."""
    return piece * (size // len(piece))


def right(rows: int) -> bytes:
    """Rows that are right, no two the same."""
    return b"".join(b"2025,FYTD,SEP,Other,TX,%x,M,8,1\n" % number for number in range(rows))


def spelled(rows: int) -> bytes:
    """Right rows, no two with the same spelling of month and of place: each must be understood by itself."""
    blank = [" " * number for number in range(8)]
    lines = []
    for number in range(rows):
        a, b, c, d, e, f = (blank[number >> 3 * place & 7] for place in range(6))
        lines.append(
            f"{a}2025 {b}(FYTD){c},{d}FYTD,{e}SEP{f},{a}Southwest {b}Land {c}Border{d},{e}TX{f},{number:x},M,8,1\n"
        )
    return "".join(lines).encode()


def workbook(path: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    """A right workbook after a change to its parts."""
    write_workbook(path, usbp_sheets(CELLS))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def part(name: str, content: Callable[[], bytes]) -> Callable[[Path], None]:
    """A right workbook in which a part is another."""
    return lambda path: workbook(path, lambda parts: parts.update({name: content()}))


def edited(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    """A right workbook in which the first `old` of a part, a regular expression, is `new`."""

    def change(parts: dict[str, bytes]) -> None:
        parts[name], replaced = re.subn(old, lambda _: new, parts[name], count=1)
        assert replaced

    return lambda path: workbook(path, change)


def sheet(rows: Callable[[], bytes], before: bytes = b"") -> Callable[[Path], None]:
    """A right workbook whose sheet of sectors has these rows."""
    return part(SHEET, lambda: b"<worksheet %s>%s<sheetData>%s</sheetData></worksheet>" % (SPREADSHEET, before, rows()))


def sharing(text: bytes, cells: int) -> Callable[[Path], None]:
    """A workbook of one shared string that many cells name."""

    def change(parts: dict[str, bytes]) -> None:
        parts["xl/sharedStrings.xml"] = b"<sst %s><si><t>%s</t></si></sst>" % (SPREADSHEET, text)
        rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (row, row) for row in range(1, cells + 1))
        parts[SHEET] = b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (SPREADSHEET, rows)

    return lambda path: workbook(path, change)


def moved(path: Path) -> None:
    """A sheet with a cell far out, under a name that no sheet has by custom."""

    def change(parts: dict[str, bytes]) -> None:
        far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        parts["xl/elsewhere.xml"] = re.sub(rb"<row r=\"2\".*?</row>", far, parts.pop(SHEET))
        for name in ("xl/_rels/workbook.xml.rels", "[Content_Types].xml"):
            parts[name] = parts[name].replace(b"worksheets/sheet4.xml", b"elsewhere.xml")

    workbook(path, change)


def many_sheets(path: Path) -> None:
    """A workbook that names a sheet 100,000 times."""
    names = b"".join(b'<sheet name="s%d" sheetId="%d" r:id="rId1"/>' % (number, number) for number in range(9, 100_009))
    edited("xl/workbook.xml", rb"</(\w+:)?sheets>", names + b"</sheets>")(path)


def entry(name: bytes, method: int, packed: bytes, size: int, check: int = 0) -> tuple[bytes, bytes]:
    """A part as it stands in a zip, and its entry in the directory, for a part at the beginning."""
    facts = struct.pack("<HHHHHLLLHH", 20, 0, method, 0, 0x21, check, len(packed), size, len(name), 0)
    return b"PK\3\4" + facts + name + packed, b"PK\1\2\x14\0" + facts + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + name


def bomb(name: bytes, method: int, packed: bytes, claims: int, times: int = 1) -> Callable[[Path], None]:
    """A zip whose directory names one and the same part `times` times, and claims that it unpacks to `claims` bytes."""

    def write(path: Path) -> None:
        local, listed = entry(name, method, packed, claims)
        end = struct.pack(
            "<4sHHHHLLH", b"PK\5\6", 0, 0, min(times, 0xFFFF), min(times, 0xFFFF), len(listed) * times, len(local), 0
        )
        path.write_bytes(local + listed * times + end)

    return write


def zeros(megabytes: int) -> bytes:
    """Deflated zeros: pieces that end on whole bytes can be put in a row, without deflating gigabytes."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = deflate.compress(bytes(MB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(bytes(MB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return first + again * (megabytes - 1) + deflate.flush(zlib.Z_FINISH)


def nested(path: Path) -> None:
    """A zip of zips of zips, each ten times the same."""
    inner = bytes(MB)
    for _ in range(6):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", b"<Types/>")
            for number in range(10):
                archive.writestr(f"xl/{number}.zip", inner)
        inner = held.getvalue()
    path.write_bytes(inner)


def doubled(path: Path) -> None:
    """Two archives in one file: a reader that does not take the second,
    which claims to be one of two disks, finds a cell far out.
    """
    sheet(lambda: b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>')(path)
    first = path.read_bytes()
    write_workbook(path, usbp_sheets(CELLS))
    second = bytearray(path.read_bytes())
    second[-18] = 1
    path.write_bytes(first + second)


def sparse(path: Path) -> None:
    """A gigabyte that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(2**30)
