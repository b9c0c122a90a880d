"""How do the scores move with each constant of the bank? One step down and one up of each, everything else as it is.

Per variant the bank is run once over a whole panel (`past.py`). Leaves only; quantiles come straight from the bank,
without the 500 samples that a recipe draws of them, which moves a score by less than .001.
Origins of development alone, those that the constants were chosen on:

    .venv/bin/python experiments/constants.py
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import pandas as pd

from experiments import past as looks
from experiments.past import Past
from forecast.models.bank.options import Options, Pattern

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


def main() -> None:
    """Print a row per step of each constant."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--only", default=",".join(STEPS), metavar="A,B", help="constants to move (default: all)")
    asking.add_argument("--quick", action="store_true", help="every twelfth origin and three constants, for a look")
    asked = asking.parse_args()
    only, every = ("offset,growth,level_effect", 12) if asked.quick else (asked.only, 1)
    pasts = list(looks.real_pasts(Options(), every).values())
    whole = [scored(past, Options()) for past in pasts]
    print("sectors: rel. sWIS / rel. logWIS, southwest c80 (other areas); states: rel. sWIS / rel. logWIS, c80")
    print(f"{'as it is':<48}{_row(whole, whole)}")
    for name, steps in STEPS.items():
        if name not in only.split(","):
            continue
        for words, changes in steps:
            options = replace(Options(), **changes)
            moved = [scored(looks.past_of(past.counts, past.origins, options), options) for past in pasts]
            print(f"{name + ': ' + words:<48}{_row(moved, whole)}", flush=True)


def scored(past: Past, options: Options) -> pd.DataFrame:
    """The bank's cells, of the options that it was run with."""
    quantiles = looks.working(past.start, *past.said(options), options)
    return looks.scored(past, looks.in_counts(past, quantiles, options), "bank")


def _row(moved: list[pd.DataFrame], whole: list[pd.DataFrame]) -> str:
    sectors, states = moved
    ratios = [
        " / ".join(f"{own[figure].mean() / base[figure].mean():.4f}" for figure in ("sWIS", "logWIS"))
        for own, base in zip(moved, whole, strict=True)
    ]
    inner = sectors["group"] == "southwest"
    coverage = f"{sectors[inner]['c80'].mean():.3f} ({sectors[~inner]['c80'].mean():.3f})"
    return f"{ratios[0]}, {coverage}; {ratios[1]}, {states['c80'].mean():.3f}"


if __name__ == "__main__":
    main()
