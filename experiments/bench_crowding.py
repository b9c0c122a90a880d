"""Can one client hurt another? A crowd with heavy questions,
200 that ask the same at once, 1,000 idle connections; and a neighbour.

    .venv/bin/python experiments/bench_crowding.py --home FOLDER [--seconds 8] [--rest 60] [--only TEXT]

Serves a copy of the home. Each line of the table has its goal beside it. Needs a trained home (make train).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from experiments import quick_home
from tests.drill import crowd as crowds

LIGHT = ("/v1/forecasts?area=el-paso", "/livez")
WHOLE = "/v1/forecasts?panel=cbp-states&shape=quantiles"
SAME = [WHOLE] * 40
DIFFERENT = [
    f"/v1/forecasts{suffix}?panel=cbp-states&shape=quantiles&horizon={horizon}"
    for suffix in ("", ".csv", ".parquet")
    for horizon in range(5, 19)
][:40]
# `{release}`: the newest one; `{areas}`: the slugs of all.
COLD = """
/ /docs /openapi.json /metrics /livez /readyz /v1/status /v1/areas /v1/areas/el-paso /v1/models /v1/releases
/v1/releases/{release}
/v1/forecasts /v1/forecasts?coverage=30 /v1/forecasts.csv /v1/forecasts.parquet /v1/releases/{release}/forecasts
/v1/forecasts?panel=cbp-states&shape=quantiles /v1/forecasts.csv?panel=usbp-sectors&shape=hubverse
/v1/observations?area=nation /v1/observations?area={areas} /v1/observations.csv?area={areas}
/v1/observations?area=el-paso&as_of=2024-12-31
/v1/accuracy /v1/accuracy?area=el-paso /v1/forecasts?area=atlantis /v1/forecasts?as_of=2001-01-01 /nowhere
"""
REPEATED = (
    "/v1/observations?area=el-paso",
    "/v1/observations?area=el-paso,nation&from=2024-01",
    "/v1/accuracy",
    "/v1/accuracy?area=el-paso",
)


@contextlib.contextmanager
def serving(home: Path) -> Iterator[tuple[int, int]]:
    """A service on a copy of the home: its port and process id."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(home, Path(folder, "home"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [str(Path(sys.executable).with_name("encounters")), "serve", "--port", str(port)]
        environment = {**os.environ, "ENCOUNTERS_HOME": str(Path(folder, "home"))}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            for _ in range(600):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                    break
                time.sleep(0.1)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(60)


def line(what: str, measured: str, goal: str = "") -> None:
    """One line of the table."""
    print(f"{what:<64} {measured:>28}   {goal}", flush=True)


def heavy(home: Path, name: str, targets: list[str], seconds: float, rest: float) -> None:
    """Heavy questions beside light ones."""
    with serving(home) as (port, pid):
        start = crowds.Memory(pid).now()
        with crowds.crowd(port, targets, seconds=seconds) as process:
            seen, memory = crowds.beside(port, pid, LIGHT, process)
        statuses = crowds.status_counts(process)
        line(f"40 whole panels as quantiles, {name}: answers", str(statuses))
        line("  beside them: statuses", str(dict(seen.statuses)), "200 only")
        line(
            "  beside them: ?area=el-paso, p50 and p99",
            f"{seen.percentile(LIGHT[0], 50):.0f} and {seen.percentile(LIGHT[0], 99):.0f} ms",
            "p99 <= 250 ms",
        )
        line(
            "  beside them: /livez, p50 and longest",
            f"{seen.percentile(LIGHT[1], 50):.0f} and {max(seen.times[LIGHT[1]]):.0f} ms",
            "<= 100 ms",
        )
        time.sleep(rest)
        line(
            f"  resident before, most, {rest:g} s later",
            f"{start:.0f}, {memory.most:.0f}, {memory.now():.0f} MB",
            "<= 350 and < 200 MB",
        )


def cold(home: Path, targets: list[str]) -> None:
    """The same cold question on 200 connections."""
    with serving(home) as (port, _):
        release = get(port, "/v1/releases")["releases"][0]["id"]
        areas = ",".join(area["slug"] for area in get(port, "/v1/areas")["areas"])
        for target in targets:
            before = time.perf_counter()
            statuses = crowds.cold(port, target.format(release=release, areas=areas))
            line(
                f"200 at once: {target}",
                f"{dict(statuses)} in {time.perf_counter() - before:.1f} s",
                "no 5xx, none without answer",
            )


def get(port: int, path: str) -> Any:
    """A JSON answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return json.load(answer)


def idle(home: Path) -> None:
    """A thousand connections of one address that ask nothing."""
    for name, first in (("idle", b""), ("that began a head", b"GET /v1/fo")):
        with serving(home) as (port, pid), crowds.hold(port, 1000, first):
            with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3)"]) as process:
                seen, _ = crowds.beside(port, pid, LIGHT, process)
            line(f"1,000 connections {name}: statuses of others", str(dict(seen.statuses)), "200 only")
            worst = max(seen.times[LIGHT[1]])
            line(
                "  beside them: ?area=el-paso p99, /livez longest",
                f"{seen.percentile(LIGHT[0], 99):.0f} and {worst:.0f} ms",
                "",
            )
            line("  /livez from the same address", str(asyncio.run(crowds.ask(port, "/livez"))[0]), "200")


def repeated(home: Path, *, times: int) -> None:
    """What a repeated answer costs."""
    with serving(home) as (port, pid):
        base = crowds.milliseconds_of_processor(port, pid, LIGHT[0], times=times)
        line("repeated ?area=el-paso, processor time", f"{base:.3f} ms")
        for target in REPEATED:
            cost = crowds.milliseconds_of_processor(port, pid, target, times=times)
            line(f"repeated {target}", f"{cost:.3f} ms, {cost / base:.1f} times", "<= 3 times")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=Path("var"), help="trained home (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=8, help="of a crowd (default: %(default)s)")
    parser.add_argument("--rest", type=float, default=60, help="seconds after it (default: %(default)s)")
    parser.add_argument("--only", default="", help="parts whose names have this text")
    parser.add_argument(
        "--quick", action="store_true", help=f"a second of each, three cold questions; {quick_home.HELP}"
    )
    asked = parser.parse_args()
    if asked.quick:
        asked.home, asked.seconds, asked.rest = quick_home.enter(), 1, 0
    parts = {
        "heavy-same": lambda: heavy(asked.home, "the same", SAME, asked.seconds, asked.rest),
        "heavy-different": lambda: heavy(asked.home, "40 different", DIFFERENT, asked.seconds, asked.rest),
        "cold": lambda: cold(asked.home, COLD.split()[:: 10 if asked.quick else 1]),
        "idle": lambda: idle(asked.home),
        "repeated": lambda: repeated(asked.home, times=200 if asked.quick else 2000),
    }
    for name, part in parts.items():
        if asked.only in name:
            part()


if __name__ == "__main__":
    main()
