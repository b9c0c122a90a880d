"""How do the scores move with each constant of the bank? One step down and one up of each, everything else as it is.

Per variant the bank is run once over a whole panel: what it knows at each past step is what it would have known then
(`tests/models/test_bank.py` holds it to that), so that 98 origins cost no more than one. Leaves only; quantiles come
straight from the bank, without the 500 samples that a recipe draws of them, which moves a score by less than .001.
Origins of development alone, those that the constants were chosen on:

    .venv/bin/python experiments/constants.py
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from experiments.arguments import AS_OF
from forecast.core.months import Month
from forecast.core.panels import bundled as bundled_panels
from forecast.core.scoring import inside, round_to, seasonal_scale, weighted_interval_score
from forecast.core.tables import Counts, Floats
from forecast.counts.bundle import bundled
from forecast.models.bank.options import Options, Pattern
from forecast.models.bank.panel import STANDARD_MONTH, PanelArrays, panel_of
from forecast.models.bank.shape import PROBABILITIES, shapes
from forecast.models.bank.smoothers import smooth
from forecast.models.bank.spread import grown, low_level_factors, one_step_scales, shrink_upper_tail, standardise
from forecast.models.bank.weights import averaged, errors, weigh
from forecast.models.quiet import is_quiet

HORIZON = 12
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
# Months of the sectors' origins of development, by the year they begin and end in; every month of the states'.
MONTHS, FIRST, LAST = (1, 3, 4, 6, 7, 9, 12), Month.of(2010, 1), Month.of(2023, 12)
STATES_FIRST, STATES_LAST = Month.of(2021, 10), Month.of(2025, 8)

GAINS, TRENDS, PATTERNS = Options.gains, Options.trends, Options.patterns


def _trend(number: int, **changes: float) -> dict[str, Any]:
    """The trend variants with one of them changed."""
    trends = list(TRENDS)
    trends[number] = replace(trends[number], **changes)
    return {"trends": tuple(trends)}


def _half_lives(factor: float) -> dict[str, Any]:
    return {"patterns": tuple(Pattern(each.pooled, factor * each.half_life) for each in PATTERNS)}


# Constant -> its steps: what is changed, in words, and the options.
STEPS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "gains": (("every other", {"gains": GAINS[1::2]}), ("without 1", {"gains": GAINS[:-1]})),
    "patterns: half-lives": (("halved", _half_lives(0.5)), ("doubled", _half_lives(2.0))),
    "trends: prior of the slow trend": (("/ 4", _trend(1, prior=0.025)), ("x 4", _trend(1, prior=0.4))),
    "trends: prior of the return": (("/ 4", _trend(2, prior=1.0)), ("x 4", _trend(2, prior=16.0))),
    "trends: prior of the quick trend": (("/ 4", _trend(3, prior=0.025)), ("x 4", _trend(3, prior=0.4))),
    "trends: persistence": ((".98", _trend(2, persistence=0.98)), (".99", _trend(2, persistence=0.99))),
    "trends: damping of the slow one": ((".95", _trend(1, damping=0.95)), (".99", _trend(1, damping=0.99))),
    "member_horizons": (("1", {"member_horizons": (1,)}), ("1 to 3", {"member_horizons": (1, 2, 3)})),
    "trend_horizons": (("3, 6", {"trend_horizons": (3, 6)}), ("6, 12", {"trend_horizons": (6, 12)})),
    # What a part earns: the bank without it, or with one half of it alone.
    "part": (
        ("no trends", {"trends": (TRENDS[0], TRENDS[2])}), ("no return", {"trends": (*TRENDS[:2], TRENDS[3])}),
        ("pooled pattern alone", {"patterns": PATTERNS[:1]}), ("own patterns alone", {"patterns": PATTERNS[1:]}),
        ("offset 1", {"offset": 1.0}), ("square-root growth", {"growth": 0.5}),
        ("errors unbounded", {"surprise": 99.0}),
        ("no shared volatility", {"fast": Options.slow}), ("group's error scale", {"own_scale": 0.0}),
        ("own error scale", {"own_scale": 1.0}), ("no level effect", {"level_effect": 0.0}),
        ("Student's shape", {"symmetric": 1.0}), ("the errors' own shape", {"symmetric": 0.0}),
        ("record not shrunk", {"beyond": 1000.0}),
    ),
} | {
    name: tuple((f"{value:g}", {name: value}) for value in values)
    for name, values in {
        "pull": (0.5, 2.0), "offset": (10.0, 22.0), "member_sharpness": (25.0, 100.0), "trend_sharpness": (25.0, 100.0),
        "memory": (60.0, 240.0), "own_record": (0.25, 0.75), "slow": (24.0, 54.0), "fast": (2.0, 4.5),
        "surprise": (2.0, 3.0), "calming": (12.0, 48.0), "own_scale": (0.4, 0.8), "growth": (0.56, 0.64),
        "level_effect": (0.1, 0.3), "near": (2, 6), "shape_memory": (24.0, 96.0), "symmetric": (0.25, 0.75),
        "warm_up": (12, 24), "beyond": (0.3, 0.8), "small": (500.0, 2000.0), "busy": (15.0, 60.0),
    }.items()
}  # fmt: skip


@dataclass(frozen=True)
class Scores:
    """(origins, areas, horizon) each, NaN where the count is unknown; `southwest`: of each area."""

    swis: Floats
    logwis: Floats
    covered: Floats
    southwest: tuple[bool, ...]


def main() -> None:
    """Print a row per step of each constant."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--only", default=",".join(STEPS), metavar="A,B", help="constants to move (default: all)")
    asking.add_argument("--quick", action="store_true", help="every twelfth origin and three constants, for a look")
    asked = asking.parse_args()
    only, every = ("offset,growth,level_effect", 12) if asked.quick else (asked.only, 1)
    archive = bundled()
    sectors, states = (archive.as_of(panel, AS_OF) for panel in list(bundled_panels())[:2])
    pasts = [
        (sectors, [month for month in _months(FIRST, LAST) if month.number in MONTHS][::every]),
        (states, _months(STATES_FIRST, STATES_LAST)[::every]),
    ]
    whole = [scored(counts, origins, Options()) for counts, origins in pasts]
    print("sectors: rel. sWIS / rel. logWIS, southwest c80 (other areas); states: rel. sWIS / rel. logWIS, c80")
    print(f"{'as it is':<48}{_row(whole, whole)}")
    for name, steps in STEPS.items():
        if name not in only.split(","):
            continue
        for words, changes in steps:
            moved = [scored(counts, origins, replace(Options(), **changes)) for counts, origins in pasts]
            print(f"{name + ': ' + words:<48}{_row(moved, whole)}", flush=True)


def scored(counts: Counts, origins: list[Month], options: Options) -> Scores:
    """The bank's scores at past origins, from one run over all months."""
    series = [one for one in (counts.series(area) for area in counts.open_areas) if not is_quiet(one)]
    laid = panel_of(series, options.offset)
    medians, scale, standardised = history(laid, options)
    values = np.stack([one.values for one in series], axis=1)
    first = counts.through + (1 - len(values))
    rows = counts.precision[-len(values) :, [counts.areas.index(one.area) for one in series]]
    precision = np.maximum(rows, 1).astype(float)
    days = np.array([(first + step).days for step in range(len(values) + HORIZON)]) / STANDARD_MONTH
    shape_of = {origin: shapes(standardised[: origin - first + 1], laid, options) for origin in origins}
    swis, logwis, covered = (np.full((len(origins), len(series), HORIZON), np.nan) for _ in range(3))
    for place, origin in enumerate(origins):
        at = origin - first
        seen = min(HORIZON, len(values) - at - 1)
        for column in range(len(series)):
            shape = np.interp(LEVELS, PROBABILITIES, shape_of[origin][column])
            median = medians[:, at, column]
            working = median[:, None] + scale[at, column, :, None] * shape
            working = shrink_upper_tail(working, median, laid.values[: at + 1, column], options)
            rates = np.maximum(np.exp(np.minimum(working, 40.0)) - options.offset, 0.0)
            later = slice(at + 1, at + 1 + seen)
            quantiles = round_to(rates[:seen] * days[later, None], precision[later, column, None])
            truth = values[later, column]
            unit = seasonal_scale(values[: at + 1, column])
            swis[place, column, :seen] = weighted_interval_score(quantiles, LEVELS, truth) / unit
            logwis[place, column, :seen] = weighted_interval_score(np.log1p(quantiles), LEVELS, np.log1p(truth))
            covered[place, column, :seen] = inside(quantiles, LEVELS, truth, 80)
    return Scores(swis, logwis, covered, tuple(one.group == "southwest" for one in series))


def history(laid: PanelArrays, options: Options) -> tuple[Floats, Floats, Floats]:
    """What `future.forecast` says after the last step, said after every one: medians (horizon, steps, series), scales
    (steps, series, horizon) and standardised errors (steps, series, near) by the step they became known in.
    """
    smoothed = list(smooth(laid, options))
    weights = weigh(smoothed, laid, options)
    both = list(zip(smoothed, weights, strict=True))
    squared = np.asarray(sum((one.members.gain**2 * weight).sum(axis=2) for one, weight in both))
    level = np.asarray(sum((one.level * weight).sum(axis=2) for one, weight in both))
    medians = np.stack([averaged(smoothed, weights, step) for step in range(1, HORIZON + 1)])
    missed = [errors(medians[step - 1], laid.values, step) for step in range(1, options.near + 1)]
    low = low_level_factors(level, laid, options)[..., None]
    scale = grown(*one_step_scales(missed[0], laid, options), squared, HORIZON, options) * low
    return medians, scale, np.stack([standardise(miss, scale, step) for step, miss in enumerate(missed, start=1)], 2)


def _row(moved: list[Scores], whole: list[Scores]) -> str:
    sectors, states = moved
    inner = np.array(sectors.southwest)
    ratios = [
        f"{np.nanmean(own.swis) / np.nanmean(base.swis):.4f} / {np.nanmean(own.logwis) / np.nanmean(base.logwis):.4f}"
        for own, base in zip(moved, whole, strict=True)
    ]
    coverage = f"{np.nanmean(sectors.covered[:, inner]):.3f} ({np.nanmean(sectors.covered[:, ~inner]):.3f})"
    return f"{ratios[0]}, {coverage}; {ratios[1]}, {np.nanmean(states.covered):.3f}"


def _months(first: Month, last: Month) -> list[Month]:
    return [first + step for step in range(last - first + 1)]


if __name__ == "__main__":
    main()
