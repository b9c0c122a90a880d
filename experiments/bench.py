"""How fast, how large and how accurate is what a user runs? Prints the figures that the project claims, each measured now.

    .venv/bin/python experiments/bench.py [fits] [files] [service] [accuracy]     (default: all)

Times are of this machine; where two things are compared they run in turn, and the ratio is what counts. `files` needs the official files
(--official FOLDER), `service` and `accuracy` a published release (make train).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from forecast.core.areas import PANELS
from forecast.core.errors import EncountersError
from forecast.core.tables import Counts
from forecast.counts.bundle import bundled
from forecast.release import read
from forecast.settings import Settings

PORT = 8765


def fits() -> None:
    """Milliseconds per fit with simulation, and peak memory, of each family on the 20 sectors' whole history: one worker each."""
    from datetime import date

    from forecast.models.fitting import fit_all
    from forecast.recipe import recipe as kitchen

    recipe = kitchen.load("bank")
    counts = bundled().as_of("usbp-sectors", date(2025, 1, 31))
    tasks = kitchen.tasks(recipe, counts, origin=counts.through)
    print(f"\nFits: 20 sectors, {len(counts.values)} months, {recipe.samples} paths of {recipe.horizon} months, one worker per family")
    print(f"{'member':<24}{'median ms':>12}{'slowest ms':>12}{'peak MB':>10}{'failed':>8}")
    for member in recipe.fitted:
        own = fit_all([task for task in tasks if task.member == member], workers=1, deadline=120)
        spent = [1000 * fit.seconds for fit in own]
        failed = sum(fit.failure is not None for fit in own)
        peak = max(fit.peak_memory for fit in own) / 2**20
        print(f"{member.label:<24}{statistics.median(spent):>12.1f}{max(spent):>12.1f}{peak:>10.0f}{failed:>8}")
    outside(counts, recipe.horizon)


def outside(counts: Counts, horizon: int) -> None:
    """The same of two peers of another library, where it is installed (pip install statsforecast)."""
    try:
        from statsforecast.models import AutoARIMA, AutoETS
    except ImportError:
        print("statsforecast is not installed: its AutoETS and AutoARIMA are left out")
        return
    for peer in (AutoETS(season_length=12), AutoARIMA(season_length=12)):
        spent = []
        for slug in counts.open_areas[:4]:  # the first call compiles; AutoARIMA takes seconds each
            values = counts.series(slug).values.copy()
            peer.forecast(values, horizon, level=[80, 95])
            spent.append(1000 * _timed(lambda values=values, peer=peer: peer.forecast(values, horizon, level=[80, 95])))
        print(f"statsforecast {peer.alias:<10}{statistics.median(spent):>12.1f}{max(spent):>12.1f}{'':>10}{0:>8}")


def files(official: Path) -> None:
    """Seconds to read each official file, after imports: best of three."""
    from datetime import date

    from forecast.counts.sources.catalog import read as read_file

    print(f"\nReading official files in {official.name}/ (best of three)")
    for path in sorted(official.iterdir()):
        try:
            seconds = min(_timed(lambda path=path: read_file(path, date(2026, 1, 1))) for _ in range(3))
        except EncountersError as error:
            print(f"{path.name[:70]:<72}refused: {str(error)[:60]}")
            continue
        print(f"{path.name[:70]:<72}{seconds:>8.3f} s")


def service() -> None:
    """Start of the service against the bare imports; memory; requests per second of one area's forecast, one worker, 32 connections."""
    bare = "import fastapi, sqlalchemy, uvicorn"
    ratios = []
    for _ in range(5):
        ours = _timed(lambda: subprocess.run([sys.executable, "-c", "import service.app"], check=True))
        theirs = _timed(lambda: subprocess.run([sys.executable, "-c", bare], check=True))
        ratios.append((ours / theirs, ours, theirs))
    ratio, ours, theirs = sorted(ratios)[2]
    print(f"\nService: import service.app {ours:.2f} s, {bare} {theirs:.2f} s: ratio {ratio:.2f} (median of 5 pairs)")
    command = [sys.executable, "-m", "uvicorn", "--factory", "service.app:create", "--port", str(PORT), "--log-level", "warning"]
    server = subprocess.Popen(command, env={**os.environ, "ENCOUNTERS_HOME": str(Settings().root)})
    try:
        asyncio.run(_ready())
        for target in ("/v1/forecasts?area=el-paso", "/v1/forecasts", "/v1/status"):
            rate, slow, size = asyncio.run(_load(target))
            print(f"{target:<32}{rate:>8.0f} requests/s   99 % within {1000 * slow:>6.1f} ms   {size:>8,} bytes")
        resident = next(line for line in Path(f"/proc/{server.pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
        print(f"resident memory after the load: {int(resident.split()[1]) / 1024:.0f} MB")
    finally:
        server.terminate()
        server.wait()


async def _ready() -> None:
    for _ in range(200):
        try:
            if (await _get("/readyz"))[0] == 200:
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("The service did not become ready in 20 s. Is a release published? make train")


async def _get(target: str) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    try:
        return await _ask(reader, writer, target)
    finally:
        writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str) -> tuple[int, int]:
    writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length"))
    await reader.readexactly(length)
    return int(head.split()[1]), length


async def _load(target: str, *, connections: int = 32, seconds: float = 4.0) -> tuple[float, float, int]:
    """Requests per second, the 99th percentile in seconds, and the body's size."""
    times: list[float] = []
    sizes: set[int] = set()
    start = time.perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        while time.perf_counter() - start < seconds:
            before = time.perf_counter()
            code, size = await _ask(reader, writer, target)
            if code != 200:
                raise SystemExit(f"{target} answered {code}")
            times.append(time.perf_counter() - before)
            sizes.add(size)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return len(times) / (time.perf_counter() - start), sorted(times)[int(0.99 * len(times))], max(sizes)


def accuracy() -> None:
    """The evaluation behind each panel's latest release."""
    from forecast.release.store import connect

    engine = connect(Settings().database)
    for panel in PANELS:
        release = read.latest(engine, panel)
        scores = release.manifest.scores
        print(f"\n{panel}: {release.id}; origins {', '.join(scores['origins'])}; pseudo-real-time on revised figures")
        for group, models in scores["figures"].items():
            names = list(next(iter(models.values())))
            print(f"{group:<24}" + "".join(f"{name:>13}" for name in names))
            for model, figures in sorted(models.items(), key=lambda pair: pair[1]["sWIS"]):
                print(f"  {model:<22}" + "".join(f"{figures[name]:>13.3f}" for name in names))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=["fits", "files", "service", "accuracy"], help="default: all")
    parser.add_argument("--official", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data" / "official")
    asked = parser.parse_args()
    parts = asked.parts or ["fits", "files", "service", "accuracy"]
    if "fits" in parts:
        fits()
    if "files" in parts and asked.official.is_dir():
        files(asked.official)
    try:
        if "service" in parts:
            service()
        if "accuracy" in parts:
            accuracy()
    except EncountersError as error:
        raise SystemExit(f"{error}") from error


if __name__ == "__main__":
    main()
