"""How long does the backtest of the recipe and all that it is compared with take?
From cold, and again from what it remembers.

    .venv/bin/python experiments/bench_backtest.py

The real command on the sectors: 27 origins, twelve months ahead, in a home of its own; nothing else should be at work.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from forecast.recipe.recipe import load as load_recipe

WHAT = ("--panel", "usbp-sectors", "--first", "2010-11", "--last", "2023-11", "--step", "6", "--horizon", "12")
QUICK = ("--panel", "usbp-sectors", "--first", "2022-11", "--last", "2023-11", "--step", "12", "--horizon", "3")
# Seconds from cold, and from what is remembered.
GOALS = (600, 10, 10, 10)


def main(words: Sequence[str] | None = None) -> None:
    """Run it once from cold and three times more; print each beside its goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="two origins, three months ahead, two models, once more: shows that it runs",
    )
    quick = parser.parse_args(words).quick
    what, goals = (QUICK, GOALS[:2]) if quick else (WHAT, GOALS)
    models = [member.label for member in load_recipe("bank").compared][: 2 if quick else None]
    with tempfile.TemporaryDirectory() as home:
        command = [
            str(Path(sys.executable).with_name("encounters")),
            "backtest",
            *what,
            "--out",
            f"{home}/past.parquet",
        ]
        for turn, goal in enumerate(goals):
            began = time.perf_counter()
            done = subprocess.run(
                [*command, "--models", ",".join(models)],
                env={**os.environ, "ENCOUNTERS_HOME": home},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise SystemExit(f"encounters backtest ended with {done.returncode}: {done.stderr.strip()[-500:]}")
            name = "remembered" if turn else "cold"
            print(
                f"backtest of the recipe and {len(models)} models, {name:<12}{time.perf_counter() - began:>8.1f} s   "
                f"(goal {goal} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
