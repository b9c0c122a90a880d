"""What does a table of another field take until its first answer, and how does it score? Prints both.

    .venv/bin/python experiments/declared_panel.py FILE.toml COUNTS.csv --published DATE [--accept]

The whole road of a panel of one's own, by the commands that a person types, in a home that is made for it and removed:
check, add, ingest, retrain (evaluation, gates, release, MLflow), verify, serve, one question. Prints the seconds of
each, by the clock and by the processor (of all processes), and of all before the first answer; the scores of the
recipes beside the floor as the release states them, and whether MLflow has the run. What `verify` finds is said; the
road goes on. Keeps neither the table nor anything made of it. `--quick`: the floor alone is trained.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from experiments.bench_service import CORES, get, serving
from experiments.load import processor_seconds
from forecast.core.scorecard import FIGURES

COMMAND = str(Path(sys.executable).with_name("encounters"))


def main() -> None:
    """Print the steps and the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("declaration", type=Path)
    parser.add_argument("counts", type=Path)
    parser.add_argument("--published", required=True, metavar="DATE", help="when the table came out")
    parser.add_argument("--accept", action="store_true", help="take the table in although it looks cut")
    parser.add_argument("--quick", action="store_true", help="train the floor alone: shows that it runs, and no more")
    asked = parser.parse_args()
    panel = tomllib.loads(asked.declaration.read_text(encoding="utf-8"))["id"]
    taken_in = ["ingest", asked.counts, "--panel", panel, "--published", asked.published]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ENCOUNTERS_HOME"] = folder
        for name in ("ENCOUNTERS_DATABASE_URL", "MLFLOW_TRACKING_URI"):
            os.environ.pop(name, None)
        os.environ.setdefault("ENCOUNTERS_TRACKING_BUDGET", "600")  # a busy machine needs more than a minute
        print(f"{'':<10}{'clock':>8}{'processor':>11}   seconds")
        steps = [
            _step("check", "panels", "check", asked.declaration),
            _step("add", "panels", "add", asked.declaration),
            _step("ingest", *taken_in, *(["--accept"] if asked.accept else [])),
            _step("retrain", "retrain", "--panel", panel, *(["--recipe", "floor"] if asked.quick else [])),
        ]
        _step("verify", "verify", finds=True)
        answer, last = _asked(Path(folder), panel)
        print(f"{'in all':<10}{sum(step[0] for step in [*steps, last]):>8.1f}", end="")
        print(f"{sum(step[1] for step in [*steps, last]):>11.1f}   without verify")
    evaluation, rows = answer["evaluations"][panel], [row for row in answer["models"] if row["group"] == "all"]
    print(f"\n{evaluation['release']}: served by {evaluation['recipe']}; MLflow's run: {evaluation['run_id']}")
    print(f"{len(answer['forecasts'])} areas; leaves over {len(evaluation['origins'])} origins:")
    print(f"{'':<22}", *(f"{name:>12}" for name in FIGURES))
    for row in rows:
        print(f"{row['model']:<22}", *(f"{row[name]:>12.3f}" for name in FIGURES))
    print("by the record:", json.dumps(evaluation["selection"]))


def _step(name: str, *words: object, finds: bool = False) -> tuple[float, float]:
    """Run one command; print and return its seconds by the clock and by the processor. `finds`: it may end with 1.
    Raises CalledProcessError.
    """
    before, began = _children(), time.perf_counter()
    ended = subprocess.run([COMMAND, *map(str, words)], check=False, stdout=subprocess.DEVNULL)
    if ended.returncode not in (0, int(finds)):  # below zero where a signal ended it
        raise subprocess.CalledProcessError(ended.returncode, ended.args)
    taken = time.perf_counter() - began, _children() - before
    return _told(name, *taken, "   found something: see what it said" if ended.returncode else "")


def _told(name: str, clock: float, processor: float, more: str = "") -> tuple[float, float]:
    print(f"{name:<10}{clock:>8.1f}{processor:>11.1f}{more}", flush=True)
    return clock, processor


def _children() -> float:
    """The processor seconds of every process that was started and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _asked(home: Path, panel: str) -> tuple[dict[str, Any], tuple[float, float]]:
    """The forecasts of every area as they are served, and what the service says of the models; the seconds until they
    came.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [COMMAND, "serve", "--port", str(port)]
    first = f"/v1/forecasts?panel={panel}"
    with serving(command, port, first, cores=set(CORES), ENCOUNTERS_HOME=str(home)) as server:
        taken = _told("serve, ask", server.start, processor_seconds(server.pid))
        return json.loads(get(port, first)[0]) | json.loads(get(port, f"/v1/models?panel={panel}")[0]), taken


if __name__ == "__main__":
    main()
