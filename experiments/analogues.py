"""What followed dated past events, and would one of them have foretold another? Counts over what was forecast before.

.venv/bin/python experiments/analogues.py

Prints the figures of forecast/planning/analogues.toml, and the skill of each event forecast from the others: the CRPS
of the southwest's months with the factors of the other events over that of the forecast as it was. Under 1 is better.
"""

from __future__ import annotations

import argparse
from datetime import date

import numpy as np

from forecast.core.errors import EncountersError
from forecast.core.executor import HERE
from forecast.core.scoring import crps_of_samples
from forecast.core.tables import Counts, Floats
from forecast.counts import bundle
from forecast.planning.analogues import Analogue, analogues
from forecast.recipe import recipe

PUBLIC = date(2026, 11, 30)
MONTHS = 6
SEED = 20261127


def main() -> None:
    """Run the recipe before each event; print factors and skill."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--recipe", default="bank", help="name or file of a recipe (default: %(default)s)")
    asking.add_argument(
        "--quick", action="store_true", help="by the floor, whose figures mean little: shows that it runs"
    )
    asked = asking.parse_args()
    if asked.quick:
        asked.recipe = "floor"
    counts = bundle.bundled().as_of("usbp-sectors", PUBLIC)
    past = {one.name: (one, *before(one, asked.recipe, counts)) for one in analogues().values()}
    for one, draws, actual in past.values():
        rows = np.quantile(actual[:, None] / np.maximum(draws, 1), one.levels, axis=1).T
        print(f"{one.name}: from {one.origin + 1}, counts {actual.astype(int).tolist()}")
        print("ratios = [")
        for row in rows:
            print(f"  {[round(float(value), 3) for value in row]},")
        print("]")
    print(f"\nCRPS over that of the forecast as it was, months 1 to {MONTHS}; and what the other events' factors were")
    factors = {name: actual[:, None] / np.maximum(draws, 1) for name, (_, draws, actual) in past.items()}
    ratios = []
    for name, (_, draws, actual) in past.items():
        others = np.concatenate([other_factors for other, other_factors in factors.items() if other != name], axis=1)
        rng = np.random.default_rng(SEED)
        adjusted = draws * others[:, rng.integers(0, others.shape[1], draws.shape[1])]
        own, theirs = crps_of_samples(draws, actual), crps_of_samples(adjusted, actual)
        ratios.append(theirs.sum() / own.sum())
        print(f"{name:24} {ratios[-1]:.2f}   by month {np.round(theirs / own, 2).tolist()}")
    print(f"{'geometric mean':24} {np.exp(np.mean(np.log(ratios))):.2f}   of {len(ratios)} events")


def before(one: Analogue, name: str, counts: Counts) -> tuple[Floats, Floats]:
    """(months, draws) of the event's area from its origin, and the (months,) counts that came."""
    bank = recipe.load(name)
    made = recipe.run(bank, counts, origin=one.origin, executor=HERE, horizon=MONTHS, compared=False)
    row = made.paths.areas.index(one.area)
    first = one.origin + 1 - counts.first
    return made.paths.values[row], counts.totals()[one.area][first : first + MONTHS]


if __name__ == "__main__":
    try:
        main()
    except EncountersError as error:
        raise SystemExit(f"{error}") from None
