"""How long do what-ifs and questions of beds take, on the served sector release and over HTTP? Prints a table.

    .venv/bin/python experiments/bench_planning.py
    .venv/bin/encounters serve --port 8000 &
    .venv/bin/python experiments/bench_planning.py --url http://127.0.0.1:8000

The first form times the library: reading the question, drawing, applying, summing, and the answer's figures. The second
times whole requests, one at a time and 32 at once; those that are refused as too much at once are counted apart.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import numpy as np

from experiments import quick_home
from forecast.core.errors import EncountersError
from forecast.core.months import Month
from forecast.planning.events import Window, read_events
from forecast.release import read, what_if
from forecast.release.read import Release
from forecast.settings import Settings

PANEL = "usbp-sectors"
CROWD = 32


def main() -> None:
    """Time, print a table."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--url", help="a service over the same store")
    asking.add_argument("--times", type=int, default=100, help="questions of each kind (default: %(default)s)")
    asking.add_argument("--quick", action="store_true", help=f"three questions of each kind; {quick_home.HELP}")
    asked = asking.parse_args()
    if asked.quick:
        asked.times = 3
        quick_home.enter()
    source = what_if.of_store(read.connect(Settings().database))
    release = source.served(PANEL)
    print(f"{release.id}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    questions = bodies(release)
    if asked.url:
        with httpx2.Client(base_url=asked.url, timeout=60) as client:
            for name, (address, body) in questions.items():
                over_http(name, client, address, body, asked.times)
        return
    today = release.manifest.as_of
    whole = questions["what-if, 24 areas"][1]
    window = Window(PANEL, release.manifest.origin, release.areas[0].months[-1], source.named)
    events = read_events(whole["events"], window)
    # The work alone: every leaf's draws at hand, events drawn and applied, all sums made again on both sides.
    work = what_if.Work(source, release, tuple(whole["areas"]), events, 1)
    timed("events applied, 24 areas", work.outcome, asked.times)
    for name, (address, body) in questions.items():
        ask = what_if.scenario if address.endswith("scenarios") else what_if.capacity
        timed(name, lambda ask=ask, body=body: ask(source, body, today=today).answer(), asked.times)  # type: ignore[misc]


def bodies(release: Release) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name -> address and body."""
    first = release.manifest.origin + 1
    events = events_of(first)
    beds = {
        "area": "el-paso",
        "beds": [900, 1000],
        "occupied": 640,
        "stay": {"days": [0, 0, 0.5, 0.5]},
        "from": str(first),
    }
    one = {"areas": ["el-paso"], "events": events[:1]}
    return {
        "what-if, 1 area": ("/v1/scenarios", one),
        "what-if, 24 areas": ("/v1/scenarios", {"areas": list(release.by_slug), "events": events}),
        "beds, 6 months": ("/v1/capacity", beds),
        "beds, 6 months, what-if": ("/v1/capacity", {**beds, "scenario": {"events": events}}),
    }


def events_of(first: Month) -> list[dict[str, Any]]:
    """One of each kind."""
    return [
        {
            "kind": "group_arrival",
            "people": [10_000, 15_000],
            "share": {"el-paso": 0.7, "del-rio": 0.3},
            "arrive": [str(first), str(first + 1)],
            "show_up": [0.3, 0.9],
        },
        {"kind": "change", "month": str(first), "multiplier": [1.1, 1.8], "areas": ["southwest"]},
        {
            "kind": "transfer",
            "from": "el-paso",
            "to": {"laredo": 0.5, "san-diego": 0.5},
            "share": [0.1, 0.2],
            "from_month": str(first),
        },
        {"kind": "capacity", "month": str(first + 1), "beds": [50, 100]},
    ]


def timed(name: str, ask: Callable[[], object], times: int) -> None:
    """Print the median and the 99th of a hundred, in milliseconds of the wall and of the processor."""
    ask()
    wall, cpu = [], []
    for _ in range(times):
        begin, spent = time.perf_counter(), time.process_time()
        ask()
        wall.append(1e3 * (time.perf_counter() - begin))
        cpu.append(1e3 * (time.process_time() - spent))
    print(
        f"{name:28} median {np.median(wall):6.1f} ms, p99 {np.quantile(wall, 0.99):6.1f} ms; "
        f"processor: median {np.median(cpu):6.1f} ms"
    )


def over_http(name: str, client: httpx2.Client, address: str, body: dict[str, Any], times: int) -> None:
    """The same of requests, one at a time and many at once."""

    def ask(_: int) -> tuple[int, float]:
        begin = time.perf_counter()
        return client.post(address, json=body).status_code, 1e3 * (time.perf_counter() - begin)

    ask(0)
    alone = [ask(number) for number in range(times)]
    with ThreadPoolExecutor(CROWD) as pool:
        crowd = list(pool.map(ask, range(max(times, 2 * CROWD))))
    for words, answers in (("one at a time", alone), (f"{CROWD} at once", crowd)):
        good = [taken for status, taken in answers if status == 200] or [float("nan")]
        refused = sum(status == 503 for status, _ in answers)
        print(
            f"{name:28} {words:14} median {np.median(good):7.1f} ms, p99 {np.quantile(good, 0.99):7.1f} ms; "
            f"{len(answers) - refused} answered, {refused} asked to come again"
        )


if __name__ == "__main__":
    try:
        main()
    except EncountersError as error:
        raise SystemExit(f"{error}") from None
