"""The drill's command: the figures, then every fault on both databases at once, then the table and an exit code."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path

from tests.drill.faults import FAULTS, tried
from tests.drill.figures import Figures, measure
from tests.drill.lane import Lane
from tests.drill.outcome import Outcome
from tests.drill.table import failed, table

DATABASES = ("sqlite", "postgresql")


def _arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="a few tries of each fault, some on one database only, without the figures"
    )
    parser.add_argument(
        "--only", metavar="TEXT", action="append", help="faults whose name contains this text; may be repeated"
    )
    parser.add_argument("--database", choices=DATABASES, action="append", help="one database; default: both at once")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes there too")
    parser.add_argument("--lane", choices=DATABASES, help=argparse.SUPPRESS)
    return parser.parse_args(given)


def _private() -> None:
    """Go on in a mount namespace of the drill's own, where that is allowed:
    its small disks are then seen by nobody and end with it.
    """
    if os.geteuid() == 0 and "DRILL_PRIVATE" not in os.environ and shutil.which("unshare"):
        os.environ["DRILL_PRIVATE"] = "yes"
        if subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0:
            os.execvp("unshare", ["unshare", "--mount", sys.executable, "-m", "tests.drill", *sys.argv[1:]])  # noqa: S606 this very command


def _lane(lane: Lane, only: list[str] | None) -> dict[str, Outcome]:
    """Every fault on one database."""
    outcomes: dict[str, Outcome] = {}
    try:
        for name, fault in FAULTS.items():
            if (only and not any(text in name for text in only)) or not tried(name, lane.database, short=lane.short):
                continue
            began = time.monotonic()
            try:
                one = fault(lane)
            except Exception as error:  # the other faults are tried all the same
                traceback.print_exc()
                one = Outcome(
                    1, 0, (f"the drill broke off: {type(error).__name__}: {' '.join(str(error).split())[:300]}",)
                )
            outcomes[name] = one
            lane.say(f"{name}: {one.skipped or f'{one.survived} of {one.tries} in {time.monotonic() - began:.0f} s'}")
            for line in one.lost:
                lane.say(f"  lost: {line}")
    finally:
        lane.close()
    return outcomes


def _both(asked: argparse.Namespace) -> dict[str, dict[str, Outcome]]:
    """Each database in a process of its own, at once."""
    running = {}
    with tempfile.TemporaryDirectory() as folder:
        for database in asked.database or DATABASES:
            file = Path(folder, database)
            given = [
                "--lane",
                database,
                "--json",
                str(file),
                "--seed",
                str(asked.seed),
                *(["--short"] if asked.short else []),
            ]
            given += [word for text in asked.only or () for word in ("--only", text)]
            running[database] = (subprocess.Popen([sys.executable, "-m", "tests.drill", *given]), file)
        outcomes = {}
        for database, (process, file) in running.items():
            process.wait()
            by_drill = (
                json.loads(file.read_text())
                if file.exists()
                else {"drill": asdict(Outcome(1, 0, ("its process died",)))}
            )
            outcomes[database] = {
                name: Outcome(**{**one, "lost": tuple(one["lost"])}) for name, one in by_drill.items()
            }
    return outcomes


def _figures(asked: argparse.Namespace) -> dict[str, Figures]:
    figures = {}
    for database in asked.database or DATABASES:
        lane = Lane(database, asked.short)
        try:
            figures[database] = measure(lane)
        finally:
            lane.close()
    return figures


def main() -> int:
    """Run what was asked for; 0 where nothing was lost and everything ended as expected."""
    asked = _arguments(sys.argv[1:])
    if asked.lane:
        outcomes = _lane(Lane(asked.lane, asked.short, asked.seed), asked.only)
        asked.json.write_text(json.dumps({name: asdict(one) for name, one in outcomes.items()}))
        return 0
    _private()
    began = time.monotonic()
    figures = {} if asked.short or (asked.only and "figures" not in asked.only) else _figures(asked)
    both = _both(asked)
    if asked.json:
        asked.json.write_text(
            json.dumps(
                {database: {name: asdict(one) for name, one in by_drill.items()} for database, by_drill in both.items()}
            )
        )
    print(table(both, figures))  # noqa: T201 the drill's result
    print(f"{(time.monotonic() - began) / 60:.1f} minutes, seed {asked.seed}")  # noqa: T201
    return int(failed(both))


if __name__ == "__main__":
    sys.exit(main())
