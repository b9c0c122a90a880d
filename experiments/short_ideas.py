"""What would make the bank's intervals hold where under two years are known? Compares ideas on pieces that score none.

    .venv/bin/python experiments/short_ideas.py [TABLE.csv ...]

Pieces of 4 to 18 months as in `short_series.py`, each alone, but of other seeds than those that are scored there; with
tables of somebody else's, of their series too. Prints how often the 95 and 80 % intervals held the first, third and
sixth month after, and logWIS (of 15 + count) over the bank's without any of this.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from experiments.short_series import histories, piece
from forecast.core.months import Month
from forecast.core.scoring import inside, weighted_interval_score
from forecast.core.tables import LEVELS, Floats, Series
from forecast.counts.plain import read_plain
from forecast.models.bank.future import judge
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays, panel_of
from forecast.models.bank.shape import PROBABILITIES, shapes
from forecast.models.bank.short import known_steps, nearer_a_walk, widening
from forecast.models.bank.spread import grown, low_level_factors, one_step_scales, shrink_upper_tail

MONTHS, AHEAD, SEEDS = (4, 5, 6, 8, 12, 18), 6, range(11, 18)
SHOWN = (1, 3, 6)
# Mean |change| of logarithms that a new series is believed to have, and the errors that this counts as.
PRIOR, PRIOR_WEIGHT = 0.25, 4
OPTIONS = Options()


def main() -> None:
    """Print a table for the bundled counts, and one for each table given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path, nargs="*", metavar="TABLE.csv")
    parser.add_argument("--pieces", type=int, default=40, help="pieces of each length and seed (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="two of them, bundled counts alone")
    asked = parser.parse_args()
    pieces = 2 if asked.quick else asked.pieces
    own = [values for panel in ("usbp-sectors", "cbp-states") for values in histories(panel)]
    _tell("bundled counts", own, pieces, SEEDS)
    for path in asked.tables[: 0 if asked.quick else None]:
        known = [one.values[np.isfinite(one.values)] for one in read_plain(path)]
        _tell(path.stem, [values for values in known if len(values) > 60], pieces, SEEDS[:1])


def _tell(name: str, whole: Sequence[Floats], pieces: int, seeds: Sequence[int]) -> None:
    scores: dict[str, list[Floats]] = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for months in MONTHS:
            for _ in range(pieces):
                seen, after = piece(whole[rng.integers(len(whole))], months, rng, AHEAD)
                for idea, quantiles in _ideas(Series("piece", Month.of(2020, 1), seen)):
                    scores.setdefault(idea, []).append(_scored(quantiles, after))
    print(f"\n{name}: c95 of months {SHOWN} / c80 / logWIS; {len(next(iter(scores.values())))} pieces")
    reference = np.mean(next(iter(scores.values())), axis=0)[-1]
    for idea, rows in scores.items():
        *held, loss = np.mean(rows, axis=0)
        text = " / ".join(" ".join(f"{value:.2f}" for value in part) for part in np.split(np.array(held), 2))
        print(f"{idea:<52}{text} / {loss / reference:.3f}", flush=True)


def _ideas(series: Series) -> Iterator[tuple[str, Floats]]:
    """(AHEAD, LEVELS) of each idea, by its name; first without any."""
    panel = panel_of([series], OPTIONS.offset)
    judged = judge(panel, AHEAD, OPTIONS)
    bases, ratios = one_step_scales(judged.missed[0], panel, OPTIONS)
    base, ratio, gain = bases[-1], ratios[-1], judged.squared_gain[-1]
    low = low_level_factors(judged.level, panel, OPTIONS)[-1]
    months = len(series.values)
    shape = shapes(np.full((months, 1, OPTIONS.near), np.nan), panel, OPTIONS)[0]  # none is old enough to tell
    known = known_steps(panel)

    def of(size: Floats, moved: Floats, squared: Floats, factor: Floats, wider: Floats | float = 1.0) -> Floats:
        scale = grown(size, moved, squared, AHEAD, OPTIONS)[0] * factor
        return _quantiles(panel, judged.median[0], scale, shape * wider)

    yield "as it was", of(base, ratio, gain, low)
    for part in (1, 2):
        wider = _students((months - 1) / part, 23 / part)
        yield f"Student's t, 1/{part} degree an error", of(base, ratio, gain, low, wider)
    yield "wider by .3 at 4 months, 0 at 24", of(base, ratio, gain, low, 1 + 0.3 * (24 - months) / 20)
    yield "grows as a random walk", of(base, ratio, np.ones(1), low)
    never = of(base, np.maximum(ratio, 0.0), gain, np.ones(1))
    yield "no narrower than its own slow scale", never
    yield (
        "the same, and Student's t, 1 degree an error",
        of(base, np.maximum(ratio, 0.0), gain, np.ones(1), _students(months - 1, 23)),
    )
    believed = ((months - 1) * (base + ratio) + PRIOR_WEIGHT * np.log(PRIOR)) / (months - 1 + PRIOR_WEIGHT)
    yield "a size believed beforehand", of(believed, np.zeros(1), gain, low)
    yield (
        "taken: 1/2 degree, 1/4 nearer to a walk",
        of(base, ratio, nearer_a_walk(gain, known), low, widening(known)[0]),
    )


def _students(degrees: float, enough: float) -> Floats:
    """(PROBABILITIES,) Student's t of so many degrees of freedom over the one of `enough`."""
    ratios = stdtrit(degrees, PROBABILITIES) / stdtrit(enough, PROBABILITIES)
    ratios[len(ratios) // 2] = ratios[len(ratios) // 2 - 1]  # zero over zero
    return np.asarray(ratios)


def _quantiles(panel: PanelArrays, median: Floats, scale: Floats, shape: Floats) -> Floats:
    """(AHEAD, LEVELS) counts, as the bank makes them."""
    working = shrink_upper_tail(median[:, None] + scale[:, None] * shape, median, panel.values[:, 0], OPTIONS)
    counts = np.maximum.accumulate(panel.counts(working, 0), axis=1)
    return np.stack([np.interp(LEVELS, PROBABILITIES, row) for row in counts])


def _scored(quantiles: Floats, after: Floats) -> Floats:
    """Whether both intervals held the SHOWN months, and the mean logWIS."""
    at = np.array(SHOWN) - 1
    held = [inside(quantiles, LEVELS, after, coverage)[at] for coverage in (95, 80)]
    logs = weighted_interval_score(np.log(15 + quantiles), LEVELS, np.log(15 + after))
    return np.concatenate([*held, [logs.mean()]]).astype(float)


if __name__ == "__main__":
    main()
