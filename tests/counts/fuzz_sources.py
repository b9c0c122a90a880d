"""Damages official files in thousands of ways and reads them:
each is read as a valid vintage or refused in one line, within two seconds.

Run: python -m tests.counts.fuzz_sources --seconds 60 [--seed N]. A case follows from the seed and its number alone.
Cases are read in a process of their own, so that one that ends it is found too; the file of each failure is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import resource
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

from forecast.core.errors import SourceError
from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.counts.quarantine import doubts
from forecast.counts.sources.catalog import read
from forecast.counts.vintage_file import parse, render
from tests.counts.layouts import DATA, aor_csv, monthly_sheets, state_csv, usbp_sheets, write_workbook

SECONDS = 2.0
LATER = date(2030, 1, 1)
PIECES = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\0",
    b"<",
    b">",
    b"/",
    b"&",
    b"-",
    b".",
    b"'",
    b"=",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
]
# What a cell may hold in spite of its column.
ODD = [
    "", " ", "0", "-1", "-0", "1e999", "1e3", "nan", "inf", "999999999", "1000000000", "9" * 400, "٤٠", "4 0", "1,000", "0x10", "TRUE",
    "2024", "2024 YTD", "2024 (FYTD)", "1900", "2099", "9999", "0", "FYTD", "Remaining", "OCT", "01 October", "13 October", "00 October",
    "Total", "X", "El Paso, TX", "Livermore, CA", "El Paso Sector", "EPT", "TX", "tx ", "Southwest Land Border", "Coastal Border", "Other",
    "U.S. Border Patrol", "Total USBP", "Total OFO", "Fiscal Year", "Month", "\u2028", "\x1f", "\x85", "a\nb", '"', "=1+1", "\U0001f600",
    "x" * 5000,
]  # fmt: skip
NUMBERS = [
    0,
    -1,
    -10,
    1.5,
    1e9,
    1e15,
    1e308,
    -0.0,
    True,
    date(9999, 12, 31),
    date(1900, 1, 1),
    10**30,
    2024.0,
    "X",
    None,
    "",
]
CELLS = [
    {(Month.of(2024, 9) + step, slug): 10 * step for step in range(4) for slug in ("el-paso", "miami", "blaine")},
    {(Month.of(2004, 9) + step, slug): 10 for step in range(3) for slug in ("livermore", "tucson")},
]
STATES = {
    (Month.of(2024, 9) + step, slug): step
    for step in range(4)
    for slug in ("state-tx-southwest", "state-tx-other", "state-mt-northern")
}


def damaged(content: bytes, where: Sequence[tuple[float, bytes, int]]) -> bytes:
    """The bytes after each damage: where, as a share of the length;
    what is put in there; how many bytes are taken out.
    """
    for share, piece, out in where:
        at = int(share * len(content))
        content = content[:at] + piece + content[at + out :]
    return content


def _damage(rng: Random, content: bytes) -> bytes:
    def piece() -> bytes:
        kind = rng.random()
        if kind < 0.5:
            return rng.choice(PIECES) * rng.choice((1, 1, 1, 2, 5000))
        if kind < 0.8:
            at = rng.randrange(len(content) + 1)
            return content[at : at + rng.randrange(200)]
        return rng.randbytes(rng.randrange(4))

    return damaged(
        content, [(rng.random(), piece(), rng.choice((0, 0, 1, 4, 40, 400))) for _ in range(rng.randint(1, 4))]
    )


@cache
def _texts() -> tuple[bytes, ...]:
    written = [
        aor_csv(CELLS[0]),
        state_csv(STATES),
        *((DATA / name).read_text() for name in ("aor.csv", "state.csv", "southwest.csv")),
    ]
    return tuple(text.encode() for text in written)


def _text(rng: Random) -> bytes:
    """A CSV file, with other cells, rows and columns."""
    content = rng.choice(_texts())
    table = [line.split(",") for line in content.decode().splitlines()]
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        row, kind = rng.randrange(len(table)), rng.randrange(7)
        column = rng.randrange(len(table[row])) if table[row] else 0
        if kind == 0 and table[row]:
            table[row][column] = rng.choice(ODD)
        elif kind == 1 and table[row]:
            table[row][column] = rng.choice([line[column] for line in table if column < len(line)])
        elif kind == 2:
            table.insert(rng.randrange(len(table)), list(table[row]))
        elif kind == 3 and len(table) > 1:
            del table[row]
        elif kind == 4:
            table = [line[:column] + line[column + 1 :] for line in table]
        elif kind == 5:
            table = [[*line, line[column] if column < len(line) else ""] for line in table]
        else:
            rng.shuffle(table)
    end = rng.choice(("\n", "\r\n", "\n\n", "\r"))
    content = end.join(",".join(line) for line in table).encode("utf-8", "surrogatepass") + rng.choice(
        (b"", end.encode())
    )
    return _damage(rng, content) if rng.random() < 0.5 else content


def _sheets(rng: Random) -> dict[str, list[list[object]]]:
    sheets = (
        usbp_sheets(rng.choice(CELLS))
        if rng.random() < 0.5
        else monthly_sheets(2014, {"October": 100, "November": 200}, "Years")
    )
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        name = list(sheets)[-1] if rng.random() < 0.7 else rng.choice(list(sheets))  # the last one tells the figures
        rows, kind = sheets[name], rng.choice((0, 1, 2, 2, 3, 3, 4, 5, 6, 7))
        row = rng.randrange(len(rows)) if rows else 0
        if kind < 4 and rows and rows[row]:
            # A control character is no text of a workbook: openpyxl does not write it.
            printable = [text for text in ODD if text.replace("\n", "").isprintable()]
            column = rng.choice((-1, rng.randrange(len(rows[row]))))
            rows[row][column] = rng.choice(printable) if kind < 2 else rng.choice(NUMBERS)
        elif kind == 4 and rows:
            rows.insert(rng.randrange(len(rows)), list(rows[row]))
        elif kind == 5 and rows:
            del rows[row]
        elif kind == 6 and len(sheets) > 1:
            del sheets[name]
        else:
            sheets[name] = [line[:-1] for line in rows]
    return sheets


def _workbook(rng: Random, folder: Path) -> bytes:
    """A workbook: with other cells, with damaged parts in a right zip, or damaged as it is."""
    content = write_workbook(folder / "made.xlsx", _sheets(rng)).read_bytes()
    kind = rng.choice((0, 0, 0, 1, 2, 3))
    if kind == 0:
        return content
    if kind == 1:
        return _damage(rng, content)
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as parts, zipfile.ZipFile(held, "w", rng.choice((0, 8, 12))) as written:
        names = parts.namelist()
        hit = set(rng.sample(names, rng.choice((1, 1, 2))))
        for name in names:
            part = parts.read(name)
            if name in hit and kind == 2:
                part = _damage(rng, part)
            elif name in hit:
                other = rng.choice((part, parts.read(rng.choice(names)), b"", b"<a/>"))
                name, part = rng.choice(((name, other), (name.upper(), part), (rng.choice(names) + "x", part)))
            if name not in written.namelist():
                written.writestr(name, part)
    return held.getvalue()


def case(seed: int, number: int, folder: Path) -> Path:
    """The file of a case."""
    rng = Random(f"{seed}:{number}")
    book = number % 4 == 3  # a workbook takes many times as long to make as a text
    path = folder / rng.choice(("file", "24-0809_ohss", "2024-99-99", "2030_0101"))
    path = path.with_suffix(".xlsx" if book else ".csv")
    path.write_bytes(_workbook(rng, folder) if book else _text(rng))
    return path


def outcome_of(path: Path) -> str:
    """`readings` or `refusals` where the law holds for a file.
    Raises AssertionError, or whatever else reading it raised.
    """
    started = time.process_time()
    try:
        vintage = read(path, LATER)
    except SourceError as error:
        outcome, line = "refusals", str(error)
        assert line.startswith(f"{path.name}: "), line
        assert line.isprintable(), line
        assert len(line) < 600, line
    else:
        outcome = "readings"
        assert vintage.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (vintage.values >= 0).all()
        assert render(parse(render(vintage), path.name, bundled())) == render(vintage)
        vintage.checks()
        doubts(vintage, None)
    taken = time.process_time() - started
    assert taken <= SECONDS, f"took {taken:.1f} s"
    return outcome


@dataclass
class Tally:
    """What a run has found. `failures`: number of the case, what went wrong, and the file that was kept."""

    cases: int = 0
    refusals: int = 0
    readings: int = 0
    failures: list[tuple[int, str, Path]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.cases} cases: {self.refusals} refusals, {self.readings} readings, {len(self.failures)} failures"


def run(*, seed: int, cases: int | None = None, seconds: float = 3600.0, first: int = 0) -> Tally:
    """Read cases until there are enough, or time is over."""
    tally, kept, number, ends = (
        Tally(),
        Path(tempfile.mkdtemp(prefix="fuzz-sources-")),
        first,
        time.monotonic() + seconds,
    )
    while time.monotonic() < ends and (cases is None or tally.cases < cases):
        left = None if cases is None else cases - tally.cases
        for outcome in _in_another_process(seed, number, left, ends):
            tally.cases += 1
            if outcome == "refusals":
                tally.refusals += 1
            elif outcome == "readings":
                tally.readings += 1
            else:
                file = case(seed, number, kept)
                tally.failures.append((number, outcome, file.rename(file.with_stem(f"{file.stem}-{seed}-{number}"))))
            number += 1
    if not tally.failures:
        kept.rmdir()
    return tally


def _in_another_process(seed: int, number: int, cases: int | None, ends: float) -> Iterator[str]:
    """The outcome of one case after the other; of a case that ends the process, how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30,) * 2)
        with os.fdopen(writing, "w") as pipe, tempfile.TemporaryDirectory() as folder:
            done = 0
            while time.monotonic() < ends and (cases is None or done < cases):
                path = case(seed, number + done, Path(folder))
                resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 20, resource.RLIM_INFINITY))
                try:
                    outcome = outcome_of(path)
                except BaseException:  # a failure of the law, whatever it is
                    outcome = traceback.format_exc()
                done += 1
                pipe.write(f"{json.dumps(outcome)}\n")
                pipe.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        for line in pipe:
            yield json.loads(line)
    _, status = os.waitpid(child, 0)
    if status:
        yield f"the process ended with status {status}"


def main() -> None:
    """Run from the command line; the exit code is 1 where the law was broken."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=60.0, help="how long to go on (default 60)")
    arguments.add_argument(
        "--seed", type=int, default=int(time.time()), help="where the cases follow from (default: the time)"
    )
    arguments.add_argument("--case", type=int, help="this case alone")
    given = arguments.parse_args()
    only = given.case is not None
    tally = run(seed=given.seed, seconds=given.seconds, first=given.case if only else 0, cases=1 if only else None)
    sys.stdout.write(f"seed {given.seed}: {tally}\n")
    for number, outcome, file in tally.failures:
        sys.stdout.write(f"\n--seed {given.seed} --case {number}, kept as {file}\n{outcome}\n")
    raise SystemExit(bool(tally.failures))


if __name__ == "__main__":
    main()
