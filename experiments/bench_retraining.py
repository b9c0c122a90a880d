"""How long does a retraining take? From nothing, for one new month,
for one with which an origin joins the evaluation, and with nothing new.

    .venv/bin/python experiments/bench_retraining.py

The real command, both panels, in a home of its own with SQLite and MLflow's database: seconds by the clock, processor
seconds of all its processes, and the most memory of the largest of them and of all together (a look each second);
nothing else should be at work.
New months are made up: the last one's counts once more, for every leaf. An origin joins with every third month of the
sectors and every sixth of the states:
the longest that a month can take is where both do at once.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from experiments.bench_scale import adopt, measured
from forecast.core.panels import bundled
from forecast.core.tables import Vintage
from forecast.counts.archive import Archive
from forecast.pipeline.training import EVALUATED_HORIZON
from forecast.release import ledger
from forecast.release.store import connect

# Seconds that each may take.
GOALS = {"from nothing": 75, "one new month": 25, "where origins join": 40, "nothing new": 1}


def another_month(vintage: Vintage) -> Vintage:
    """A file that tells one month more than `vintage`, published a day later."""
    return dataclasses.replace(
        vintage,
        published=vintage.published + timedelta(days=1),
        sha256=hashlib.sha256(vintage.sha256.encode()).hexdigest(),
        file_name=f"made-up-{vintage.panel}.csv",
        first=vintage.last + 1,
        values=vintage.values[-1:].copy(),
        totals={slug: total[-1:].copy() for slug, total in vintage.totals.items()},
    )


def add(archive: Archive, panel: str, *, until_one_joins: bool) -> None:
    """Append a month to a panel, or as many as it takes until an origin joins its evaluation with the last of them."""
    _, step = bundled()[panel].evaluation
    while True:
        newest = max(archive.vintages(panel), key=lambda vintage: (vintage.last, vintage.published))
        archive.append(another_month(newest))
        if not until_one_joins or (newest.last.ordinal + 1 - EVALUATED_HORIZON) % step == 0:
            return


def steps(home: Path) -> str:
    """The steps of each panel's last run with their seconds, as the ledger has them."""
    engine = connect(f"sqlite:///{home / 'encounters.db'}")
    runs = {panel: ledger.last(engine, panel) for panel in bundled()}
    engine.dispose()
    return "; ".join(
        f"{panel} "
        + ", ".join(
            f"{step.name} {(step.ended - step.started).total_seconds():.0f}" for step in run.steps if step.ended
        )
        for panel, run in runs.items()
        if run
    )


def main(words: Sequence[str] | None = None) -> None:
    """Measure each and print it beside its goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="the sectors, by the floor, no origin joins: shows that it runs"
    )
    quick = parser.parse_args(words).quick
    panels = list(bundled())[: 1 if quick else None]
    given = ["--panel", panels[0], "--recipe", "floor"] if quick else []
    adopt()
    print(f"{'':<44}{'seconds':>9}{'CPU s':>9}{'largest MB':>11}{'all MB':>11}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        archive = Archive(home / "archive")
        for name, goal in GOALS.items():
            if quick and name == "where origins join":
                continue
            if name in ("one new month", "where origins join"):
                for panel in panels:
                    add(archive, panel, until_one_joins=name != "one new month")
            command = [Path(sys.executable).with_name("encounters"), "retrain", *given]
            taken = measured(command, every=1.0, ENCOUNTERS_HOME=str(home))
            if ("nothing new" in taken.printed) != (name == "nothing new"):
                raise SystemExit(f"{name}: the command said otherwise: {taken.printed}")
            print(f"{taken.row(f'retraining, {name}')}   (goal {goal} s)", flush=True)
            if name != "nothing new":
                print(f"    {steps(home)}", flush=True)


if __name__ == "__main__":
    main()
