"""How near does the service come to a bare route? Requests per second,
response times, memory and start, each beside its measure.

    .venv/bin/python experiments/bench_service.py [--home FOLDER] [--seconds 2] [--pairs 3] [--mlflow]

The bare route is one Starlette route that returns the same bytes, served by uvicorn on the same core. The two are asked
in turn, in pairs, over 32 connections; a ratio is the median of the pairs. For questions that never repeat, the bare
route returns one answer of about their mean size. `CPU` is the same ratio in processor time per request, which a busy
machine changes less. The stores of 20, 500 and 5,000 areas are made up: their server runs with a longer list of states,
and is otherwise `encounters serve`. Needs a trained home (make train).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from experiments import load, quick_home

PORT, BARE_PORT = 8765, 8766
COVERAGES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98)
# One core for the server, another one for the load, where there are two.
CORES = sorted(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Server:
    """A server that runs: its port, the process, and how long it took to answer, in seconds."""

    port: int
    pid: int
    start: float


@contextlib.contextmanager
def serving(command: Sequence[str], port: int, path: str, *, cores: set[int], **environment: str) -> Iterator[Server]:
    """A server as a process on its own cores, from when it answers 200 at `path`."""
    before = time.perf_counter()
    server = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    try:
        while True:
            try:
                get(port, path)
                break
            except OSError:  # not yet listening, or an HTTP error
                if server.poll() is not None or time.perf_counter() - before > 120:
                    raise SystemExit(
                        f"{' '.join(command)} did not become ready. Is a release published? make train"
                    ) from None
                time.sleep(0.02)
        yield Server(port, server.pid, time.perf_counter() - before)
    finally:
        server.terminate()
        server.wait()


def get(port: int, path: str) -> tuple[bytes, str]:
    """Body and ETag of an answer. Raises OSError for anything but 200."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return answer.read(), answer.headers.get("ETag", "")


def ours(home: Path, *, workers: int = 1) -> contextlib.AbstractContextManager[Server]:
    """`encounters serve`."""
    code = "from forecast.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(PORT), "--workers", str(workers)]
    return serving(command, PORT, "/readyz", cores=set(CORES[:workers]), ENCOUNTERS_HOME=str(home))


def bare(body: bytes, folder: Path, *, workers: int = 1) -> contextlib.AbstractContextManager[Server]:
    """One Starlette route that returns `body`."""
    (folder / "body").write_bytes(body)
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--app-dir",
        str(Path(__file__).parent),
        "--factory",
        "bench_service:bare_route",
    ]
    command += ["--port", str(BARE_PORT), "--workers", str(workers), "--log-level", "warning"]
    return serving(command, BARE_PORT, "/v1/forecasts", cores=set(CORES[:workers]), BENCH_BODY=str(folder / "body"))


def bare_route() -> object:
    """The application of `bare`, in its own process."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    body = Path(os.environ["BENCH_BODY"]).read_bytes()

    async def answer(request: Request) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/v1/forecasts", answer)])


def fresh(areas: Sequence[str], *, suffix: str = "") -> list[str]:
    """Questions of which none repeats: areas, intervals, months ahead and unit drawn at random."""
    drawn: dict[str, None] = {}
    while len(drawn) < 40_000:
        coverage = ",".join(map(str, sorted(random.sample(COVERAGES, random.randint(1, 5)))))  # noqa: S311 (guards nothing)
        area, unit = random.choice(areas), random.choice(("month", "day"))  # noqa: S311
        horizon = random.randint(1, 18)  # noqa: S311
        drawn[f"/v1/forecasts{suffix}?area={area}&coverage={coverage}&horizon={horizon}&unit={unit}"] = None
    return list(drawn)


def compare(
    name: str,
    server: Server,
    asked: argparse.Namespace,
    *,
    areas: Sequence[str],
    new: bool,
    suffix: str = "",
    workers: int = 1,
) -> None:
    """The service beside the bare route. `new`: questions that never repeat;
    otherwise one, and then the client's copy of it (304).
    """
    repeated = f"/v1/forecasts{suffix}?area={areas[0]}"
    body, tag = get(PORT, repeated)
    if new:
        bodies = sorted((get(PORT, target)[0] for target in fresh(areas, suffix=suffix)[:200]), key=len)
        body = min(bodies, key=lambda one: abs(len(one) - statistics.mean(map(len, bodies))))
    spare = set(CORES[workers:]) or set(CORES)
    ways = {name: ()} if new else {name: (), f"{name}, 304": (f"If-None-Match: {tag}",)}
    with tempfile.TemporaryDirectory() as folder, bare(body, Path(folder), workers=workers) as other:
        for title, headers in ways.items():
            pairs = []
            for _ in range(asked.pairs):
                left = _measured(other, ["/v1/forecasts"], asked.seconds, (), spare)
                targets = fresh(areas, suffix=suffix) if new else [repeated]
                right = _measured(server, targets, asked.seconds, headers, spare)
                if new and right[0].requests > len(targets):
                    raise SystemExit("The questions did not suffice: some were repeated. Use fewer --seconds.")
                pairs.append((left, right))
            ratio = statistics.median(right.rate / left.rate for (left, _), (right, _) in pairs)
            # A machine that is busy enough gives a server no processor time that is counted within a second.
            cpu = statistics.median(left / right if right else math.nan for (_, left), (_, right) in pairs)
            rates = [statistics.median(pair[side][0].rate for pair in pairs) for side in (0, 1)]
            half, slow = (
                statistics.median(getattr(right, name) for _, (right, _) in pairs) for name in ("half", "slow")
            )
            print(
                f"{title:<44}{rates[0]:>9.0f}{rates[1]:>9.0f}{ratio:>8.0%}{cpu:>8.0%}{half:>8.1f}{slow:>8.1f}{len(body):>9,}",
                flush=True,
            )


def _measured(
    server: Server, targets: Sequence[str], seconds: float, headers: Sequence[str], cores: set[int]
) -> tuple[load.Load, float]:
    """The load, and the processor time per request."""
    before = load.processor_seconds(server.pid)
    measured = load.put(server.port, targets, seconds=seconds, headers=headers, cores=cores)
    return measured, (load.processor_seconds(server.pid) - before) / measured.requests


def starting(times: int) -> None:
    """Import of the service beside the bare imports: median of so many pairs."""
    commands = ("import service.app", "import fastapi, sqlalchemy, uvicorn")
    pairs = []
    for _ in range(times):
        spent = []
        for code in commands:
            before = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            spent.append(time.perf_counter() - before)
        pairs.append(spent)
    ratio = statistics.median(left / right for left, right in pairs)
    left, right = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    print(f"\nStart: {commands[0]} {left:.2f} s, {commands[1]} {right:.2f} s: ratio {ratio:.2f}")


def made_up(home: Path, areas: int, *, releases: int = 1) -> list[str]:
    """A store of made-up releases of so many areas; the older ones have 100. Returns the slugs of the newest."""
    import numpy as np

    from forecast.core.declarations import declared, with_leaves
    from forecast.core.months import Month
    from forecast.core.tables import LEVELS, Forecasts, Paths
    from forecast.release import store
    from forecast.release.manifest import Manifest
    from forecast.release.migrations import migrate
    from forecast.release.publish import publish

    declaration = 'id = "bench"\ntitle = "Made up"\nunit = "counts"\ndimensions = ["area"]\nlevels = []'
    panel = with_leaves(declared(declaration), [(f"A {number}",) for number in range(areas)])
    slugs = list(panel.areas)
    engine = store.connect(f"sqlite:///{home / 'encounters.db'}")
    migrate(engine)
    through, numbers = Month.parse("2025-09"), np.random.default_rng(1)
    for place in range(releases):
        chosen = tuple(slugs if place == releases - 1 else slugs[:100])
        values = np.sort(numbers.gamma(2.0, 4000.0, (len(chosen), 18, len(LEVELS))), axis=2).round(2)
        issued = datetime(2025, 11, 20, 6, place // 60, place % 60, tzinfo=UTC)
        publish(
            engine,
            manifest=Manifest(
                panel=panel.id,
                key=f"{place:064x}"[::-1],
                issued_at=issued,
                origin=through,
                as_of=issued.date(),
                stale_after=date(2026, 1, 31),
                data_digest="d" * 64,
                recipe="made-up",
                code_version="0",
            ),
            forecasts=Forecasts("recipe", through, chosen, values, values.mean(axis=2)),
            paths=Paths("recipe", through, chosen, np.repeat(values[:, :, 11:12].round(), 4, axis=2)),
            now=issued,
            panel=panel,
        )
    engine.dispose()
    return slugs


def sizes(asked: argparse.Namespace) -> None:
    """The same over 20, 500 and 5,000 areas; memory with the largest, behind 99 older releases."""
    for areas, releases in ((20, 1), (100, 2)) if asked.quick else ((20, 1), (500, 1), (5_000, 100)):
        with tempfile.TemporaryDirectory() as folder:
            slugs = made_up(Path(folder), areas, releases=releases)
            with ours(Path(folder)) as server:
                loaded = load.resident_megabytes(server.pid)
                compare(f"{areas:,} areas, new", server, asked, areas=slugs, new=True)
                compare(f"{areas:,} areas, repeated", server, asked, areas=slugs, new=False)
                if releases > 1:
                    print(
                        f"Ready after {server.start:.1f} s; memory with {releases} releases, the newest of {areas:,} "
                        "areas:",
                        end=" ",
                    )
                    print(
                        f"{loaded:.0f} MB at the start, {load.resident_megabytes(server.pid):.0f} MB after the load",
                        end=" ",
                    )
                    for row in json.loads(get(PORT, "/v1/releases")[0])["releases"]:
                        get(PORT, f"/v1/releases/{row['id']}/forecasts?area={slugs[0]}")
                    print(f"and {load.resident_megabytes(server.pid):.0f} MB once every release was asked for")


def model_server(home: Path) -> None:
    """What `mlflow models serve` needs for the same answer: the champion, asked for all months of one area."""
    environment = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{(home / 'mlflow.db').resolve()}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # It starts uvicorn by its name.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [
        str(Path(sys.executable).with_name("mlflow")),
        "models",
        "serve",
        "--env-manager",
        "local",
        "--port",
        str(PORT),
    ]
    command += ["--model-uri", "models:/encounters-usbp-sectors@champion"]
    rows = {"dataframe_records": [{"area": "el-paso", "horizon": ahead} for ahead in range(1, 19)]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/invocations", json.dumps(rows).encode(), {"Content-Type": "application/json"}
    )
    with serving(command, PORT, "/ping", cores=set(CORES), **environment) as server:
        spent = []
        for _ in range(3):
            before = time.perf_counter()
            with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310 (this machine)
                answer.read()
            spent.append(time.perf_counter() - before)
        print(
            f"\nmlflow models serve: ready after {server.start:.1f} s, {load.resident_megabytes(server.pid):.0f} MB,",
            end=" ",
        )
        print(f"the 18 months of el-paso in {spent[0]:.1f} s at first and {min(spent[1:]):.1f} s then")


def run(asked: argparse.Namespace) -> None:
    """Everything, line by line."""
    print(
        f"\nService: load by {load.generator()}; {len(CORES)} cores; load average {os.getloadavg()[0]:.1f} at the start"
    )
    print(f"{'':<44}{'bare/s':>9}{'ours/s':>9}{'ratio':>8}{'CPU':>8}{'50 % ms':>8}{'99 % ms':>8}{'bytes':>9}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copy(asked.home / "encounters.db", home)  # a trained home is read, never written
        for workers in (1,) if asked.quick else (1, 2):
            with ours(home, workers=workers) as server:
                served = json.loads(get(PORT, "/v1/areas")[0])["areas"]
                areas = ["el-paso", *(one["slug"] for one in served if one["forecast"])]
                named = "1 worker" if workers == 1 else f"{workers} workers"
                compare(f"{named}, JSON, repeated", server, asked, areas=areas, new=False, workers=workers)
                for suffix, form in (("", "JSON"), (".csv", "CSV"), (".parquet", "Parquet")):
                    compare(
                        f"{named}, {form}, new", server, asked, areas=areas, new=True, suffix=suffix, workers=workers
                    )
                print(
                    f"{named}: ready after {server.start:.1f} s; {load.resident_megabytes(server.pid):.0f} MB after "
                    "the load"
                )
    sizes(asked)
    starting(1 if asked.quick else 5)
    if asked.mlflow:
        model_server(asked.home)


def main(words: Sequence[str] | None = None) -> None:
    """Run it, as the words of a command line say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--home", type=Path, default=Path(os.environ.get("ENCOUNTERS_HOME", "var")), help="trained home (default: var)"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="of load per measurement (default: 2)")
    parser.add_argument("--pairs", type=int, default=3, help="of measurements per line (default: 3)")
    parser.add_argument("--mlflow", action="store_true", help="also start `mlflow models serve` on the champion")
    parser.add_argument("--quick", action="store_true", help=f"one worker, a second a line; {quick_home.HELP}")
    asked = parser.parse_args(words)
    if asked.quick:
        asked.home, asked.seconds, asked.pairs = quick_home.enter(), 1, 1
    run(asked)


if __name__ == "__main__":
    main()
