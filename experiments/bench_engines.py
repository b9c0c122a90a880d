"""Are two workers twice as fast as one, on either engine? Processes of this machine and a Dask cluster,
and whether their figures are the same.

    .venv/bin/python experiments/bench_engines.py --quick

Fits one family to the bundled sectors at past origins, on one and on two workers of each engine in turn, and prints
for each: seconds from the first task to the last; how many times faster than one worker that is; processor seconds of
everything that took part; how many times faster it would be by those, had each worker a processor to itself; how many
processors it had at once; whether every path and parameter is what it is here, in this process; and which processes
took the processor seconds: this one, the scheduler, Dask's workers, those that fit. Where others use
the machine, two workers can be no faster than the processors that they are given: there the ratio by processor seconds
is what remains. Workers have loaded the family's library beforehand.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psutil

from forecast.core.dask_executor import DaskExecutor
from forecast.core.executor import HERE, Executor
from forecast.models.fitting import Fit, FitTask, fit_all
from forecast.recipe.recipe import load as load_recipe
from forecast.recipe.recipe import tasks
from forecast.verbs import open_archive

AS_OF = date(2025, 12, 31)
WORKERS = (1, 2)
DEADLINE = 600.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", default="ets", help="a family that the recipe bank is compared with (ets)")
    parser.add_argument("--origins", type=int, default=12, help="past origins, six months apart, of 20 areas each (12)")
    parser.add_argument("--quick", action="store_true", help="three origins")
    asked = parser.parse_args()
    work = _work(asked.family, 3 if asked.quick else asked.origins)
    here = _digest(fit_all(work, executor=HERE))
    print(f"{len(work)} fits of {asked.family}; load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(
        f"{'engine':<8}{'workers':>8}{'seconds':>10}{'ratio':>8}{'CPU s':>8}{'by CPU':>8}{'at once':>9}  same figures"
        "  spent by"
    )
    for engine in ("local", "dask"):
        alone = sole = 0.0
        for workers in WORKERS:
            with _local(workers) if engine == "local" else _dask(workers) as executor:
                fit_all(work[: 4 * workers], executor=executor)  # the first fits load what they need
                before, began = _processor_seconds(), time.perf_counter()
                fits = fit_all(work, executor=executor)
                seconds, parts = time.perf_counter() - began, _processor_seconds() - before
            busy = parts.total()
            alone, sole = alone or seconds, sole or busy
            same = "yes" if _digest(fits) == here else "NO"
            figures = f"{seconds:>10.1f}{alone / seconds:>8.2f}{busy:>8.1f}{workers * sole / busy:>8.2f}"
            figures += f"{busy / seconds:>9.2f}"
            where = ", ".join(f"{part} {spent:.1f}" for part, spent in sorted(parts.items()) if spent >= 0.05)
            print(f"{engine:<8}{workers:>8}{figures}  {same:<12}  {where}", flush=True)
    print(f"load afterwards: {os.getloadavg()[0]:.1f}")


def _work(family: str, origins: int) -> list[FitTask]:
    counts = open_archive().as_of("usbp-sectors", AS_OF)
    recipe = load_recipe("bank")
    return [
        task
        for back in range(origins)
        for task in tasks(recipe, counts, origin=counts.through + -6 * back)
        if task.member.model == family
    ]


def _digest(fits: Sequence[Fit]) -> str:
    digest = hashlib.sha256()
    for fit in fits:
        digest.update(fit.paths.tobytes() + repr((fit.area, sorted(fit.parameters.items()), fit.failure)).encode())
    return digest.hexdigest()


def _processor_seconds() -> Counter[str]:
    """Of this process, a scheduler, Dask's workers, and what fits (all else beneath), ended ones among them."""
    total: Counter[str] = Counter()
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        try:
            times, words = process.cpu_times(), process.cmdline()
        except psutil.Error:  # it has just ended
            continue
        part = next((word for word in ("scheduler", "worker") if word in words and "dask" in words), "fits")
        total["here" if process.pid == os.getpid() else part] += times.user + times.system
        total["fits"] += times.children_user + times.children_system
    return total


@contextmanager
def _local(workers: int) -> Iterator[Executor]:
    yield Executor(workers, DEADLINE)


@contextmanager
def _dask(workers: int) -> Iterator[Executor]:
    """A scheduler and so many workers of one thread, as an operator starts them."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder, "scheduler.json")
        started = [_started("scheduler", "--port", "0", "--scheduler-file", str(file), folder=folder)]
        try:
            while not (file.exists() and file.read_text().endswith("}")):
                time.sleep(0.05)
            address = json.loads(file.read_text())["address"]
            started += [_started("worker", address, "--nthreads", "1", folder=folder) for _ in range(workers)]
            executor = DaskExecutor(deadline=DEADLINE, address=address)
            while len(_threads(address)) < workers:
                time.sleep(0.2)
            yield executor
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait()


def _threads(address: str) -> dict[str, int]:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        return dict(client.nthreads())


def _started(*arguments: str, folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1", "--no-dashboard"], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "DASK_TEMPORARY_DIRECTORY": folder},
    )  # fmt: skip


if __name__ == "__main__":
    main()
