"""Which family forecasts each panel best, and what does the champion make of them? Trains,
logs to MLflow, publishes, prints the board.

The same function as `encounters retrain`; the figures stand in MLflow too (make mlflow).

    .venv/bin/python experiments/train.py --panel usbp-sectors --recipe my-recipe.toml --recipe floor
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from experiments import quick_home
from forecast import pipeline
from forecast.core.errors import EncountersError
from forecast.core.panels import bundled
from forecast.progress import Reporter
from forecast.release import read
from forecast.settings import Settings


def main() -> None:
    """Retrain the panels that are asked for and print each one's leaderboard, by group of areas."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panel", choices=list(bundled()), action="append", help="a panel (default: both)")
    parser.add_argument(
        "--recipe", action="append", default=[], help="name or file of a recipe; repeat it to let several compete"
    )
    parser.add_argument("--force", action="store_true", help="train even where nothing is new")
    parser.add_argument(
        "--quick", action="store_true", help=f"the sectors, by the floor unless --recipe is given; {quick_home.HELP}"
    )
    asked = parser.parse_args()
    if asked.quick:
        quick_home.enter()
        asked.panel, asked.recipe = asked.panel or list(bundled())[:1], asked.recipe or ["floor"]
    job = pipeline.Job.of(Settings(), clock=lambda: datetime.now(UTC), recipes=asked.recipe)
    for panel in asked.panel or list(bundled()):
        with Reporter() as progress:
            result = pipeline.retrain(panel, job, progress, force=asked.force)
        board(result, read.load(job.engine, result.release))


def board(result: pipeline.Result, release: read.Release) -> None:
    """Print the evaluation that a release carries, best sWIS first in each group."""
    scores = release.manifest.scores
    print(
        f"\n{result.panel}: {result.verdict}: {result.release}; champion {release.manifest.recipe}; origins "
        f"{', '.join(scores['origins'])}"
    )
    for group, models in scores["figures"].items():
        names = list(next(iter(models.values())))
        print(f"\n{group:<20}" + "".join(f"{name:>13}" for name in names))
        for model, figures in sorted(models.items(), key=lambda pair: pair[1]["sWIS"]):
            print(f"{model:<20}" + "".join(f"{figures[name]:>13.3f}" for name in names))


if __name__ == "__main__":
    try:
        main()
    except EncountersError as error:
        raise SystemExit(f"{error}") from None
