"""What does it cost to read a full official file? Processor seconds and peak memory, of one and of ten in a row.

    .venv/bin/python experiments/bench_reading.py FOLDER

FOLDER holds CBP's files by state. A full file by area of responsibility is made of the oldest: its figures of four
fiscal years are dealt out among sectors and field offices, with the labels that such files have. It is read as
`encounters ingest` reads it: into the sectors' panel and into a panel declared on its layout, each taken into an
archive. Every case runs in a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from forecast.core.declarations import declared
from forecast.core.panels import Panel, bundled
from forecast.counts.archive import Archive
from forecast.counts.declared_panels import offered, read_declaration
from forecast.counts.taking import Taken, take

HEADER = (
    "Fiscal Year", "Month Grouping", "Month (abbv)", "Component", "Land Border Region", "Area of Responsibility",
    "AOR (Abbv)", "Demographic", "Citizenship", "Title of Authority", "Encounter Type", "Encounter Count",
)  # fmt: skip
FINER = "cbp-offices-authority"
REGIONS = {"southwest": "Southwest Land Border", "northern": "Northern Land Border", "coastal": "Other"}
# Name and code of the sectors by region.
SECTORS = {
    shown: [
        (area.aliases[0], area.aliases[1])
        for area in bundled()["usbp-sectors"].areas.values()
        if area.parents == (region,) and area.closed is None
    ]
    for region, shown in REGIONS.items()
}
# Field offices by region, as CBP writes them.
OFFICES = {
    "Southwest Land Border": ("El Paso", "Laredo", "San Diego", "Tucson"),
    "Northern Land Border": ("Boston", "Buffalo", "Detroit", "Portland", "Seattle"),
    "Other": (
        "Atlanta", "Baltimore", "Chicago", "Houston", "Los Angeles", "Miami", "New Orleans", "New York",
        "San Francisco", "Preclearance",
    ),
}  # fmt: skip
SEED, WHEN, DAY = 1, datetime(2026, 12, 1, tzinfo=UTC), date(2023, 11, 20)
OWN = """
id = "own"
title = "Arrivals by office and route"
unit = "arrivals"
dimensions = ["office", "route"]
levels = [[], ["office"], ["route"]]
"""


def main() -> None:
    """Print the table, or in a process of its own one row of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="one fiscal year, three in a row")
    parser.add_argument("--times", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.times:  # in a process of its own; `folder` is then the file
        print((_measured if asked.folder.name.endswith("aor.csv") else _tidy)(asked.folder, asked.times))
        return
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "nationwide-encounters-fy20-fy23-aor.csv"
        rows = write_aor(asked.folder, path, years=1 if asked.quick else 4)
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {rows:,} rows")
        tidy = Path(place) / "own.csv"
        leaves = 100 if asked.quick else 1000
        write_tidy(tidy, leaves=leaves)
        print(f"{'':<34}{'CPU s each':>12}{'peak MB':>10}{'growth of the last half, MB':>30}")
        for what, file in (("by area of responsibility", path), (f"an own table of {leaves:,} leaves", tidy)):
            for times in (1, 3 if asked.quick else 10):
                command = [sys.executable, __file__, str(file), "--times", str(times)]
                row = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                print(f"{f'{what}, {times}x':<34}{row}", end="")


def write_tidy(path: Path, *, leaves: int) -> None:
    """Write six years of an own panel: 25 offices by routes, sparse counts."""
    rng = np.random.default_rng(SEED)
    rows = ["month,office,route,count"]
    for leaf in range(leaves):
        counts = rng.poisson(rng.gamma(0.3, 10.0), 72)
        rows.extend(
            f"{2020 + step // 12}-{step % 12 + 1:02d},Office {leaf % 25 + 1},Route {leaf // 25 + 1},{count}"
            for step, count in enumerate(counts)
        )
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_aor(folder: Path, path: Path, *, years: int = 4) -> int:
    """Write a whole file by area of responsibility, of the state file's figures; returns its rows."""
    rng = np.random.default_rng(SEED)
    cells: dict[tuple[str, ...], int] = {}
    source = sorted(folder.glob("nationwide-encounters-*-state.csv"))[0]
    with source.open(encoding="utf-8-sig", newline="") as opened:
        for line in csv.DictReader(opened):
            if int(line["Fiscal Year"][:4]) < 2020 + years:
                for cell, count in _dealt(line, rng):
                    cells[cell] = cells.get(cell, 0) + count
    with path.open("w", encoding="utf-8", newline="") as written:
        rows = csv.writer(written, lineterminator="\n")
        rows.writerow(HEADER)
        rows.writerows((*cell, count) for cell, count in sorted(cells.items()))
    return len(cells)


def _dealt(line: dict[str, str], rng: np.random.Generator) -> Iterator[tuple[tuple[str, ...], int]]:
    """A state's figure as cells of three sectors and of a field office of its region."""
    region, authority = line["Land Border Region"], line["Title of Authority"]
    first = sum(map(ord, line["State"]))
    sectors = SECTORS[region]
    office = OFFICES[region][first % len(OFFICES[region])]
    code, name = office, office if office == "Preclearance" else f"{office} Field Office"
    expelled = "42" in authority
    places = [
        ("U.S. Border Patrol", *sectors[first % len(sectors)], "Apprehensions"),
        ("U.S. Border Patrol", *sectors[(first + 1) % len(sectors)], "Apprehensions"),
        ("U.S. Border Patrol", *sectors[(first + 2) % len(sectors)], "Apprehensions"),
        ("Office of Field Operations", name, code, "Inadmissibles"),
    ]
    counts = rng.multinomial(int(line["Encounter Count"]), [0.35, 0.2, 0.2, 0.25])
    for (component, place, short, kind), count in zip(places, counts, strict=True):
        if count:
            yield (
                line["Fiscal Year"], line["Month Grouping"], line["Month (abbv)"], component, region, place, short,
                line["Demographic"], line["Citizenship"], authority, "Expulsions" if expelled else kind,
            ), int(count)  # fmt: skip


def _measured(path: Path, times: int) -> str:
    """The cost of taking an official file in so often, for the sectors and the finer panel."""
    panels: dict[str, Panel] = {**bundled(), FINER: read_declaration(offered()[FINER])}
    return _cost(times, lambda place: list(take(Archive(place, panels=panels), path, when=WHEN, published=DAY)))


def _tidy(path: Path, times: int) -> str:
    """The cost of taking an own table in so often."""
    panel = declared(OWN)
    return _cost(
        times,
        lambda place: list(
            take(Archive(place, panels={panel.id: panel}), path, when=WHEN, published=date(2026, 1, 20), panel=panel)
        ),
    )


def _cost(times: int, work: Callable[[Path], list[Taken]]) -> str:
    """One row of the table; each time into a new archive."""
    peaks: list[float] = []
    started = time.process_time()
    for _ in range(times):
        with tempfile.TemporaryDirectory() as place:
            if refused := [one for one in work(Path(place)) if one.error]:
                raise SystemExit(str(refused))
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    seconds = (time.process_time() - started) / times
    return f"{seconds:>12.2f}{peaks[-1]:>10.0f}{peaks[-1] - peaks[len(peaks) // 2]:>30.0f}"


if __name__ == "__main__":
    main()
