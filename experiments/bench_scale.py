"""How do time, memory, database and answers grow with the number of series, from twenty to a hundred thousand?
Measures each.

    .venv/bin/python experiments/bench_scale.py [--quick] [--sizes 100,1000,10000] [--stored 100000] [--peer-python P]

Every measured command is a process of its own: seconds by the clock, processor seconds of all its processes, and the
most memory of the largest of them and of all together (a sample each tenth of a second). Real panels come first; the
others are the bundled leaves again, each stretched, perturbed and rescaled from one seed. Releases of the sizes are
published with quantiles and without joint draws, and served by `encounters serve`. Up to 1,000 series two peers stand
beside it, with what they cost and how good they are on twelve months that were hidden: Prophet in a plain loop over a
sample of series, and statsforecast's AutoETS and AutoTheta where the Python of `--peer-python` has it (`python -m venv
P; P/bin/pip install statsforecast`). At the end stand the slope of each figure and what a million series take by them;
`--figure` draws the lines. `--quick` shows that everything runs, and no more. Nothing else should be at work.
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil

from experiments.scale_growth import Line, draw, plan
from experiments.scale_peers import STATSFORECAST, accuracy, of_ours, of_statsforecast, prophet_loop
from forecast.core.declarations import declared, with_leaves
from forecast.core.months import Month, month_range
from forecast.core.panels import Panel, bundled
from forecast.core.tables import LEVELS, Floats, Forecasts, Series
from forecast.counts.bundle import bundled as bundled_archive
from forecast.counts.plain import read_plain
from forecast.release import store
from forecast.release.manifest import Manifest
from forecast.release.migrations import migrate
from forecast.release.publish import publish

MONTHS, HORIZON, PORT, END = 120, 12, 8791, Month.of(2026, 8)
SEED = 20261130
# As it starts quickest: what has been compiled is kept.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
# PR_SET_CHILD_SUBREAPER.
_SUBREAPER = 36
_MB = 2**20
DECLARATION = 'id = "grown"\ntitle = "Grown"\nunit = "encounters"\ndimensions = ["office", "flow"]\nlevels = [[]]\n'


@dataclass(frozen=True)
class Measured:
    """What a command took: seconds by the clock and of processors, bytes of its largest process and of all at once; and
    what it printed.
    """

    wall: float
    cpu: float
    largest: float
    together: float
    printed: str = ""

    def row(self, name: str) -> str:
        """A line of the table."""
        return f"{name:<44}{self.wall:>9.1f}{self.cpu:>9.1f}{self.largest / _MB:>11.0f}{self.together / _MB:>11.0f}"


def measured(command: Sequence[str | Path], *, every: float = 0.1, **environment: str) -> Measured:
    """Run a command to its end, and look at its memory `every` so many seconds. Raises SystemExit where it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    others = {one.pid for one in psutil.Process().children()}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            list(map(str, command)), env={**ENVIRONMENT, **environment}, stdout=printed, stderr=said
        )
        largest = together = 0
        while process.poll() is None:
            sizes = [memory_of(one) for one in psutil.Process().children(recursive=True)]
            largest, together = max([largest, *sizes]), max(together, sum(sizes))
            with suppress(subprocess.TimeoutExpired):
                process.wait(every)
        wall = time.perf_counter() - began
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{command} ended with {process.returncode}: {said.read().decode()[-800:]}")
        printed.seek(0)
        words = printed.read().decode()
    while orphans := {one.pid for one in psutil.Process().children()} - others:  # workers whose parent is gone
        for one in orphans:
            with suppress(ChildProcessError):
                os.waitpid(one, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(wall, cpu, largest, together, words)


def adopt() -> None:
    """Wait in this process for what outlives its parent, so that its seconds are counted. Linux alone knows how."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def memory_of(process: psutil.Process) -> int:
    """Its share of memory in bytes, what it shares with others counted in parts; 0 where it has ended."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, OSError):
        return 0


def encounters(*arguments: str | Path, home: Path, workers: int = 2) -> Measured:
    """One command of the project, in a home of its own."""
    command = [Path(sys.executable).with_name("encounters"), *arguments]
    return measured(command, ENCOUNTERS_HOME=str(home), ENCOUNTERS_WORKERS=str(workers))


def real_series() -> dict[str, list[Series]]:
    """The open leaves of each bundled panel, as they are known."""
    archive = bundled_archive()
    counts = {name: archive.as_of(name, date(2026, 11, 1)) for name in bundled()}
    return {name: [known.series(area) for area in known.open_areas] for name, known in counts.items()}


def grown_values(number: int) -> list[Floats]:
    """Rows of MONTHS + HORIZON counts that resemble the bundled leaves: each one of them, its last months, with a
    wandering and a noise of its own, at another level. The last HORIZON are hidden from those who forecast.
    """
    months = MONTHS + HORIZON
    rng = np.random.default_rng(SEED)
    leaves = [one.values[np.isfinite(one.values)] for own in real_series().values() for one in own]
    leaves = [values[-months:] for values in leaves if len(values) >= 60 and values[-12:].sum() > 0]
    rows = []
    for _ in range(number):
        logs = np.log(np.resize(leaves[rng.integers(len(leaves))], months) + 5.0)
        moved = logs + np.cumsum(rng.normal(0, 0.03, months)) + rng.normal(0, 0.1, months) + rng.normal(0, 0.5)
        rows.append(np.maximum(np.rint(np.exp(moved) - 5.0), 0.0))
    return rows


def write_counts(path: Path, series: Sequence[tuple[str, Month, Floats]]) -> Path:
    """A table that `encounters predict` reads."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["series", "month", "value"])
        for name, first, values in series:
            months = month_range(first, len(values))
            out.writerows(
                [name, month, "" if np.isnan(value) else int(value)]
                for month, value in zip(months, values.tolist(), strict=True)
            )
    return path


def grown(path: Path, number: int) -> Path:
    """A table of so many made-up series."""
    first = END + (1 - MONTHS)
    return write_counts(path, [(f"s{k:06d}", first, values[:MONTHS]) for k, values in enumerate(grown_values(number))])


def published(number: int, database: Path) -> float:
    """Publish a release of so many made-up areas without joint draws; the seconds that the publication took."""
    panel = grown_panel(number)
    areas = tuple(area.slug for area in panel.areas.values() if area.is_leaf())
    last = np.array([values[-12:].mean() for values in grown_values(min(number, 2000))])
    middle = np.resize(last, number)[:, None] * np.ones(HORIZON)
    spread = np.exp(0.4 * np.sqrt(np.arange(1, HORIZON + 1))[:, None] * (np.array(LEVELS) - 0.5))
    forecasts = Forecasts("bank", END, areas, middle[..., None] * spread, middle)
    engine = store.connect(f"sqlite:///{database}")
    migrate(engine)
    now = datetime.now(UTC)
    manifest = Manifest(
        panel=panel.id, key=f"{number:064x}", issued_at=now, as_of=now.date(), origin=END,
        stale_after=now.date() + timedelta(days=90), data_digest="0" * 64, recipe="bank", code_version="bench",
    )  # fmt: skip
    began = time.perf_counter()
    publish(engine, manifest=manifest, forecasts=forecasts, paths=None, now=now, panel=panel)
    engine.dispose()
    return time.perf_counter() - began


def grown_panel(number: int) -> Panel:
    """A declared panel of so many leaves, a hundred to an office."""
    return with_leaves(declared(DECLARATION), [(f"office {k // 100}", f"flow {k % 100}") for k in range(number)])


@dataclass(frozen=True)
class Served:
    """Seconds to the first answer, bytes of the service, and milliseconds: new questions, repeated, and all areas."""

    start: float
    memory: int
    new: float
    repeated: float
    areas: float


def served(number: int, database: Path) -> Served:
    """Start the service on a store and ask it."""
    environment = {"ENCOUNTERS_DATABASE_URL": f"sqlite:///{database}", "ENCOUNTERS_HOME": str(database.parent)}
    command = [str(Path(sys.executable).with_name("encounters")), "serve", "--port", str(PORT)]
    began = time.perf_counter()
    server = subprocess.Popen(
        command, env={**ENVIRONMENT, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not answered("/readyz"):
            if server.poll() is not None or time.perf_counter() - began > 600:
                raise SystemExit("The service did not become ready.")
            time.sleep(0.05)
        start = time.perf_counter() - began
        rng = np.random.default_rng(SEED)
        slugs = [f"grown.office-{k // 100}.flow-{k % 100}" for k in rng.choice(number, min(200, number), replace=False)]
        new = [timed(f"/v1/forecasts?area={slug}") for slug in slugs]
        repeated = [timed(f"/v1/forecasts?area={slugs[0]}") for _ in range(200)]
        areas = timed("/v1/areas?panel=grown")
        processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        memory = sum(map(memory_of, processes))
        return Served(start, memory, *(1000 * float(np.median(own)) for own in (new, repeated, [areas])))
    finally:
        server.terminate()
        server.wait()


def answered(path: str) -> bool:
    """Whether the service answers 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def timed(path: str) -> float:
    """Seconds until an answer is there whole. Raises OSError for anything but 200."""
    began = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=120) as answer:
        answer.read()
    return time.perf_counter() - began


def fitting(folder: Path, sizes: Sequence[int], peer: str | None, sample: int) -> list[Line]:
    """Forecasts of tables of counts, and what they cost beside peers; how that grows."""
    print(f"\n{'encounters predict --horizon 12':<44}{'seconds':>9}{'CPU s':>9}{'largest MB':>11}{'all MB':>11}")
    for name, series in real_series().items():
        table = write_counts(folder / f"{name}.csv", [(one.area, one.first, one.values) for one in series])
        taken = encounters("predict", table, "--horizon", "12", "--out", folder / "f.parquet", home=folder)
        print(taken.row(f"{name}: {len(series)} series, real"), flush=True)
    taken_by: list[Measured] = []
    reading, bytes_in, bytes_out = [], [], []
    tables = {number: grown(folder / f"grown-{number}.csv", number) for number in sizes}
    for number, table in tables.items():
        taken_by.append(encounters("predict", table, "--horizon", "12", "--out", folder / "f.parquet", home=folder))
        print(taken_by[-1].row(f"{number:,} series of {MONTHS} months"), flush=True)
        began = time.process_time()
        read_plain(table)
        reading.append(time.process_time() - began)
        bytes_in.append(table.stat().st_size / _MB)
        bytes_out.append((folder / "f.parquet").stat().st_size / _MB)
        if number > 1000:
            continue
        ours, values = of_ours(folder / "f.parquet", HORIZON), np.array(grown_values(number))
        past, hidden = values[:, :MONTHS], values[:, MONTHS:]
        print(accuracy("encounters predict", ours, past, hidden))
        some, peers = min(sample, number), folder / "peers"
        loop = measured([sys.executable, __file__, "--prophet", str(table), str(some), f"{peers}.npy"])
        print(loop.row(f"  Prophet, {some} of them"))
        print(f"      all {number:,}, extrapolated: {loop.cpu / some * number:.0f} CPU s")
        print(accuracy(f"Prophet, {some}", np.load(f"{peers}.npy"), past, hidden))
        print(accuracy(f"encounters predict, those {some}", ours[:some], past, hidden), flush=True)
        if peer:
            taken = measured([peer, "-c", STATSFORECAST, table, f"{peers}.csv"])
            print(taken.row("  statsforecast, AutoETS and AutoTheta"))
            for model in ("AutoETS", "AutoTheta"):
                made = of_statsforecast(Path(f"{peers}.csv"), model, HORIZON)
                print(accuracy(f"statsforecast {model}", made, past, hidden), flush=True)
    if not peer:
        print("  statsforecast: not measured; --peer-python names a Python that has it")
    most = {size: taken.together for size, taken in zip(sizes, taken_by, strict=True)}
    if {1000, 10000} <= most.keys():
        print(f"    peak memory of 10,000 over that of 1,000: {most[10000] / most[1000]:.2f} (goal 1.2)")
    return [
        Line("seconds", "s", sizes, [taken.wall for taken in taken_by]),
        Line("CPU", "s", sizes, [taken.cpu for taken in taken_by]),
        Line("memory of all processes", "MB", sizes, [taken.together / _MB for taken in taken_by]),
        Line("table of counts", "MB", sizes, bytes_in),
        Line("reading it", "s", sizes, reading),
        Line("Parquet of forecasts", "MB", sizes, bytes_out),
    ]


def workers(folder: Path, number: int) -> None:
    """What a second worker gains where each series is fitted alone, and where the bank learns from all."""
    print(f"\n{'2 workers against 1':<44}{'1: s':>9}{'2: s':>9}{'ratio':>11}")
    for recipe, many in (("pool", number), ("bank", 20 * number)):
        table = grown(folder / "workers.csv", many)
        arguments = ("predict", table, "--horizon", "12", "--recipe", recipe, "--out", folder / "f.parquet")
        single, double = (encounters(*arguments, home=folder, workers=count).wall for count in (1, 2))
        print(f"{f'{recipe}, {many:,} series':<44}{single:>9.1f}{double:>9.1f}{single / double:>11.2f}", flush=True)


def serving(folder: Path, sizes: Sequence[int]) -> list[Line]:
    """Releases without joint draws: published, on disk, and served; how that grows."""
    print(
        f"\n{'release without joint draws':<30}{'publish s':>10}{'CPU s':>8}{'peak MB':>9}{'disk MB':>9}{'start s':>9}"
        f"{'serve MB':>10}{'new ms':>8}{'again ms':>10}{'areas ms':>10}"
    )
    rows: list[tuple[float, ...]] = []
    for number in sizes:
        database = folder / f"grown-{number}.db"
        taken = measured([sys.executable, __file__, "--publish", str(number), str(database)])
        seconds = json.loads(database.with_suffix(".json").read_text())
        asked = served(number, database)
        row = (
            seconds, taken.cpu, taken.largest / _MB, database.stat().st_size / _MB, asked.start, asked.memory / _MB,
            asked.new, asked.repeated, asked.areas,
        )  # fmt: skip
        widths = (10, 8, 9, 9, 9, 10, 8, 10, 10)
        shown = "".join(f"{value:>{width}.1f}" for value, width in zip(row, widths, strict=True))
        print(f"{f'{number:,} areas':<30}{shown}", flush=True)
        rows.append(row)
        database.unlink()
    columns = {
        "publishing": (0, "s"),
        "disk": (3, "MB"),
        "start": (4, "s"),
        "service": (5, "MB"),
        "all areas": (8, "ms"),
    }
    return [Line(name, unit, sizes, [row[place] for row in rows]) for name, (place, unit) in columns.items()]


def inside(arguments: argparse.Namespace) -> Callable[[], object] | None:
    """What this process was started for by another of this script."""
    if arguments.prophet:
        table, sample, out = arguments.prophet
        return lambda: prophet_loop(Path(table), int(sample), HORIZON, Path(out))
    if arguments.publish:
        number, database = int(arguments.publish[0]), Path(arguments.publish[1])
        return lambda: database.with_suffix(".json").write_text(json.dumps(published(number, database)))
    return None


def main() -> None:
    """Measure each part and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few series: shows that it runs, and no more")
    parser.add_argument("--sizes", default="100,1000,10000", help="series that are forecast (default: %(default)s)")
    parser.add_argument("--stored", default="100000", help="areas published and served besides (default: %(default)s)")
    parser.add_argument("--parts", default="fitting,workers,serving", help="what is measured (default: %(default)s)")
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has statsforecast")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="where the lines are drawn, as PNG")
    parser.add_argument("--prophet", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--publish", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if (work := inside(asked)) is not None:
        work()
        return
    adopt()
    sizes = [20, 40] if asked.quick else [int(size) for size in asked.sizes.split(",")]
    stored = [200] if asked.quick else [int(size) for size in asked.stored.split(",") if size]
    with tempfile.TemporaryDirectory() as name:
        folder, lines = Path(name), list[Line]()
        if "fitting" in asked.parts:
            lines += fitting(folder, sizes, asked.peer_python, 2 if asked.quick else 10)
        if "workers" in asked.parts:
            workers(folder, 4 if asked.quick else 40)
        if "serving" in asked.parts:
            lines += serving(folder, [*sizes, *stored])
    print("\nhow each grows", *lines, "", plan(lines), sep="\n")
    if asked.figure:
        draw(lines, asked.figure)


if __name__ == "__main__":
    main()
