"""How many known months does a forecast need before its intervals hold? Pieces of real series,
with what came after them held back.

    .venv/bin/python experiments/short_series.py

Prints, for pieces of so many months, how often the 95 and 80 % intervals held the first and the third month after; each
piece alone, and all pieces as one panel. `encounters predict` refuses what this shows to hold nothing
(forecast.counts.plain.LEAST_KNOWN).
"""

from __future__ import annotations

import argparse
from datetime import date

import numpy as np

from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.tables import LEVELS, Floats, Series
from forecast.counts.bundle import bundled
from forecast.recipe import recipe as recipes
from forecast.recipe.prediction import predict

MONTHS = (1, 2, 3, 4, 5, 6, 8, 12, 18, 24)
AHEAD = 3
# The bundled counts of before 2026, so that the figures stay what they are; areas with so many encounters a month on
# average.
AS_OF, LARGE = date(2025, 12, 31), 30


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=120, help="pieces of each length")
    parser.add_argument("--quick", action="store_true", help="a tenth of them")
    asked = parser.parse_args()
    pieces = asked.pieces // 10 if asked.quick else asked.pieces
    rng = np.random.default_rng(1)
    whole = [values for panel in ("usbp-sectors", "cbp-states") for values in histories(panel)]
    print(f"{'months':>6} {'':<8} {'95 % held: month 1':>20} {'month 3':>8} {'80 % held: month 1':>20} {'month 3':>8}")
    for months in MONTHS:
        cut = [piece(whole[rng.integers(len(whole))], months, rng) for _ in range(pieces)]
        for how, groups in {"alone": [[piece] for piece in cut], "together": [cut]}.items():
            held = np.concatenate([_held(group) for group in groups]).mean(axis=0)
            print(f"{months:>6} {how:<8} {held[0, 0]:>20.2f} {held[0, 2]:>8.2f} {held[1, 0]:>20.2f} {held[1, 2]:>8.2f}")


def histories(panel: str) -> list[Floats]:
    """The known months of each large area."""
    counts = bundled().as_of(panel, AS_OF)  # type: ignore[arg-type]  # a name of the two above
    series = [counts.series(slug).values for slug in counts.open_areas]
    known = [values[~np.isnan(values)] for values in series]
    return [values for values in known if len(values) > 60 and values.mean() >= LARGE]


def piece(values: Floats, months: int, rng: np.random.Generator, ahead: int = AHEAD) -> tuple[Floats, Floats]:
    """So many months out of a history, and those `ahead` after them."""
    start = rng.integers(0, len(values) - months - ahead)
    return values[start : start + months].copy(), values[start + months : start + months + ahead]


def _held(pieces: list[tuple[Floats, Floats]]) -> np.ndarray:
    """(pieces, 2, AHEAD): whether the 95 % and the 80 % interval held each month."""
    series = [Series(f"piece {place}", Month.of(2020, 1), seen) for place, (seen, _) in enumerate(pieces)]
    made = predict(recipes.load("bank"), series, horizon=AHEAD, executor=HERE)
    ends = [(LEVELS.index(low), LEVELS.index(high)) for low, high in ((0.025, 0.975), (0.1, 0.9))]
    rows = [
        [(one.quantiles[:, low] <= after) & (after <= one.quantiles[:, high]) for low, high in ends]
        for one, (_, after) in zip(made, pieces, strict=True)
    ]
    return np.array(rows, dtype=float)


if __name__ == "__main__":
    main()
