"""Downloads that are cut, empty, flipped or no table at all;
revised history; a rolling window. Nothing that was known changes.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from forecast.core.errors import EncountersError
from forecast.core.months import Month
from forecast.counts.sources.catalog import read
from tests.counts.layouts import state_csv, usbp_sheets, write_workbook
from tests.drill.lane import Lane
from tests.drill.outcome import Outcome, Tally
from tests.drill.serving import serving
from tests.drill.world import FIRST_MONTH, ISSUED, MONTHS, PUBLISHED, World
from tests.samples import CELLS, cell_counts

__all__ = ["damaged_downloads", "revised_history", "rolling_window"]

DAY = "2025-02-18"
PAGE = b"<!DOCTYPE html>\n<html><head><title>Access denied</title></head><body><h1>403</h1></body></html>\n"


def _csv() -> bytes:
    counts = cell_counts(months=MONTHS + 12, first=FIRST_MONTH)
    cells = {
        (counts.first + row, slug): int(counts.values[row, k]) for row in range(MONTHS) for k, slug in enumerate(CELLS)
    }
    return state_csv(cells).encode()


def _workbook(folder: Path) -> bytes:
    first, slugs = Month.of(2022, 10), ("el-paso", "tucson", "blaine", "miami")
    cells = {(first + row, slug): 1000 * (k + 1) + 10 * row for row in range(24) for k, slug in enumerate(slugs)}
    return write_workbook(folder / "whole.xlsx", usbp_sheets(cells)).read_bytes()


def damaged_downloads(lane: Lane) -> Outcome:
    """Each damaged file is refused by `ingest` with one line, and changes nothing;
    the whole file afterwards is taken.
    """
    tally = Tally()
    with lane.world("downloads") as world:
        incoming = world.root / "incoming"
        incoming.mkdir()
        for suffix, whole in ((".csv", _csv()), (".xlsx", _workbook(incoming))):
            for what, content in _damages(lane, suffix, whole):
                before = world.state()
                path = incoming / f"download{suffix}"
                path.write_bytes(content)
                with tally.attempt(f"{suffix}: {what}") as lost:
                    code, err = _ingest(world, path)
                    if code != 1 or err.count("\n") != 1:
                        lost.append(f"ingest ended with {code}: {err[:300]}")
                    lost += world.losses(before, published=False)
                    if world.state() != before:
                        lost.append("something changed")
        note = _flipped_figures(lane, world, incoming, tally)
        tally.notes.append(note)
        with tally.attempt("the whole file afterwards, by the real command") as lost:
            path = incoming / "whole.csv"
            path.write_bytes(_csv())
            code, _, err = world.call("ingest", str(path), "--published", DAY)
            if code != 0:
                lost.append(f"refused: {err}")
    return tally.outcome()


def _damages(lane: Lane, suffix: str, whole: bytes) -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield "a web page", PAGE
    yield "a web page after half of it", whole[: len(whole) // 2] + PAGE
    yield "zeros", bytes(len(whole))
    for _ in range(lane.tries(4, 60)):
        # Not at the end of a line of figures: what is left is then a whole shorter table, which the next damage is
        # about.
        at = lane.random.randrange(1, len(whole) - 2)
        while suffix == ".csv" and (whole[at - 1 : at] in b"0123456789\n"):
            at = lane.random.randrange(1, len(whole) - 2)
        yield f"cut at byte {at}", whole[:at]
    if suffix == ".csv":
        lines = whole.splitlines(keepends=True)
        yield "cut after a whole row, amid the last month", b"".join(lines[:-3])
    else:
        for _ in range(lane.tries(4, 60)):
            # Inside the packed content of a sheet, where the archive's own checksum must find it.
            at = lane.random.randrange(whole.index(b"xl/worksheets/") + 60, whole.index(b"PK\x01\x02") - 200)
            flipped = bytearray(whole)
            flipped[at] ^= 1 << lane.random.randrange(8)
            if _reads_alike(bytes(flipped), whole):
                continue  # a part of the workbook that holds no figure
            yield f"bit flipped at byte {at}", bytes(flipped)


def _reads_alike(flipped: bytes, whole: bytes) -> bool:
    """Whether a flip left every figure as it was: a workbook has parts of mere form."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        readings = []
        for name, content in (("flipped.xlsx", flipped), ("whole.xlsx", whole)):
            path = Path(folder, name)
            path.write_bytes(content)
            try:
                readings.append(read(path, published=date.fromisoformat(DAY)))
            except EncountersError:
                return False
        one, other = readings
        return one.areas == other.areas and one.first == other.first and bool(np.array_equal(one.values, other.values))


def _flipped_figures(lane: Lane, world: World, incoming: Path, tally: Tally) -> str:
    """Bits flipped in a CSV. The layout has no checksum:
    a digit that becomes another digit is another figure, and is taken as one.

    Whatever is taken must be a vintage of its own that leaves every earlier answer as it was.
    """
    whole, taken, refused = _csv(), 0, 0
    for _ in range(lane.tries(8, 120)):
        flipped = bytearray(whole)
        at = lane.random.randrange(len(whole))
        flipped[at] ^= 1 << lane.random.randrange(8)
        path = incoming / "flipped.csv"
        path.write_bytes(bytes(flipped))
        before, known = (
            world.state(),
            world.archive.as_of("cbp-states", date.fromisoformat(DAY) - timedelta(days=1)).digest,
        )
        with tally.attempt(f".csv: bit flipped at byte {at}") as lost:
            code, err = _ingest(world, path)
            if code not in (0, 1):
                lost.append(f"ingest ended with {code}: {err[:300]}")
            refused += code == 1
            taken += code == 0
            lost += world.losses(before, published=False)
            if code == 1 and world.state() != before:
                lost.append("it was refused and something changed")
            if world.archive.as_of("cbp-states", date.fromisoformat(DAY) - timedelta(days=1)).digest != known:
                lost.append("what was public the day before changed")
    return f"of bit flips in a CSV {refused} refused, {taken} read as another valid table (the layout has no checksum)"


def _ingest(world: World, path: Path) -> tuple[int, str]:
    """`encounters ingest` in this process, where a try takes milliseconds: (exit code, stderr)."""
    import os
    import sys

    from forecast.cli import parts
    from forecast.cli.main import main

    before, arguments, seed = dict(os.environ), sys.argv, parts.bundle.seed
    out, err, code = io.StringIO(), io.StringIO(), 0
    os.environ.update(world.environment)
    sys.argv = ["encounters", "ingest", str(path), "--published", DAY]
    parts.bundle.seed = lambda archive: None  # type: ignore[assignment] # the drill's panel has an archive of its own
    try:
        with redirect_stdout(out), redirect_stderr(err), contextlib.suppress(KeyboardInterrupt):
            main()
    except SystemExit as left:
        code = int(left.code or 0)
    finally:
        sys.argv, parts.bundle.seed = arguments, seed
        os.environ.clear()
        os.environ.update(before)
    return code, err.getvalue()


def _answers(world: World, release: str, days: tuple[date, ...]) -> dict[str, bytes]:
    addresses = [
        f"/v1/releases/{release}/forecasts",
        f"/v1/releases/{release}",
        f"/v1/releases/{release}/forecasts.csv",
    ]
    areas = ",".join((*CELLS, "states-nation"))
    addresses += [f"/v1/observations{tail}?area={areas}&as_of={day}" for day in days for tail in ("", ".csv")]
    with serving(world) as service:
        return {address: service.body(address) for address in addresses}


def revised_history(lane: Lane) -> Outcome:
    """Every past month is revised, again and again:
    old answers stay the same to the byte, in this service and after its restart.
    """
    tally = Tally()
    with lane.world("revised") as world:
        first = world.publish(now=ISSUED, force=True).release
        days = (PUBLISHED, PUBLISHED + timedelta(days=5))
        first_answers = _answers(world, first, days)
        for number in range(1, lane.tries(1, 5) + 1):
            vintage = world.vintage(number, published=PUBLISHED + timedelta(days=20 + number))
            vintage.values.setflags(write=True)
            vintage.values[:] = vintage.values + 7 * number
            before = world.state()
            world.archive.append(vintage)
            with tally.attempt(f"revision {number}") as lost:
                world.publish(now=ISSUED + timedelta(days=number))
                lost += world.losses(before, published=True)
                again = _answers(world, first, days)
                lost += [f"{address} changed" for address in first_answers if again[address] != first_answers[address]]
                newest = f"/v1/observations?area={CELLS[0]}&as_of={vintage.published}"
                with serving(world) as service:
                    count = service.json(newest)["observations"][0]["months"][0]["count"]
                if count != int(vintage.values[0, 0]):
                    lost.append(f"the revision is not answered: {count}")
    return tally.outcome()


def rolling_window(lane: Lane) -> Outcome:
    """The publisher's file drops its oldest years: nothing is deleted,
    and counts, observations and releases keep them.
    """
    tally = Tally()
    with lane.world("window") as world:
        for number in range(1, lane.tries(1, 4) + 1):
            whole = world.vintage(
                number, months=MONTHS + number, published=PUBLISHED + timedelta(days=20 + number), revised=False
            )
            kept = 36
            from dataclasses import replace

            window = replace(whole, first=whole.first + (MONTHS + number - kept), values=whole.values[-kept:])
            before = world.state()
            world.archive.append(window)
            with tally.attempt(f"window {number}") as lost:
                released = world.publish(now=ISSUED + timedelta(days=number)).release
                lost += world.losses(before, published=True)
                counts = world.archive.as_of("cbp-states", ISSUED.date())
                if (counts.first, counts.through) != (whole.first, whole.last):
                    lost.append(f"counts now reach from {counts.first} to {counts.through}")
                with serving(world) as service:
                    months = service.json(f"/v1/observations?area={CELLS[0]}")["observations"][0]["months"]
                    if (months[0]["month"], len(months)) != (str(whole.first), MONTHS + number):
                        lost.append(f"observations now begin in {months[0]['month']} and are {len(months)}")
                    if not service.serves(released):
                        lost.append("the new release is not served")
    return tally.outcome()
