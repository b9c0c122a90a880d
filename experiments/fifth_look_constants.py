"""What do lower ends cost, and do the other areas want the first version's constants back? Origins of
development alone.

    .venv/bin/python experiments/fifth_look_constants.py
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from experiments import past as looks
from experiments.fifth_look import OPTIONS, bank, say
from experiments.past import LEVELS, Past
from forecast.core.tables import Floats
from forecast.models.bank.options import Options, Pattern

# Steps back to the first version's constants: what do the other areas say of them?
BACK: dict[str, dict[str, object]] = {
    "offset 10": {"offset": 10.0},
    "own pattern 3 years": {"patterns": (Options.patterns[0], Pattern(False, 3.0), Options.patterns[2])},
    "growth .58": {"growth": 0.58}, "no level effect": {"level_effect": 0.0}, "errors unbounded": {"surprise": 99.0},
    "fast 4, slow 60": {"fast": 4.0, "slow": 60.0}, "calming 12": {"calming": 12.0}, "beyond 1": {"beyond": 1.0},
    # Not of the first version: how much of the last but one and the last can be had with no end above three records.
    "surprise 3": {"surprise": 3.0}, "surprise 4": {"surprise": 4.0}, "beyond .65": {"beyond": 0.65},
    "surprise 4, beyond .65": {"surprise": 4.0, "beyond": 0.65},
}  # fmt: skip
# Ends: room above the record (a share of it) and what the rest runs out at.
ENDS = ((0.5, 0.5), (0.0, 0.5), (0.0, 0.25), (0.0, 0.1), (0.0, 0.03), (-0.1, 0.1), (-0.25, 0.25))


def main() -> None:
    """Print a row per step back, and per pair of constants of the ends."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--quick", action="store_true", help="few origins, one step and two ends, for a look")
    asked = asking.parse_args()
    real = looks.real_pasts(OPTIONS, 16 if asked.quick else 1)
    print("other areas, one step back each: sWIS / logWIS on D1; D2; states")
    for name, changes in list(BACK.items())[: 1 if asked.quick else None]:
        print(f"{name:<24}{back(real, changes)}", flush=True)
    print("\nends: room, beyond: D1; D2; states, c95; 97.5 % ends within a year above the record, counts above the end")
    for room, beyond in ENDS[: 2 if asked.quick else None]:
        print(f"{room:<6}{beyond:<6}{ends(real, room, beyond)}", flush=True)


def _counts(past: Past, quantiles: Floats) -> Floats:
    return looks.in_counts(past, quantiles, OPTIONS)


def back(real: dict[str, Past], changes: dict[str, object]) -> str:
    """The other areas' scores over the bank's, with other constants."""
    options, parts = replace(OPTIONS, **changes), []  # type: ignore[arg-type]
    for name, past in real.items():
        moved = looks.past_of(past.counts, past.origins, options)
        quantiles = looks.working(moved.start, *moved.said(options), options)
        own = looks.scored(moved, looks.in_counts(moved, quantiles, options), "idea")
        base = looks.scored(past, _counts(past, say(bank)(past)), "bank")
        pairs = zip(*(looks.sets(t).values() if name == "sectors" else (t,) for t in (own, base)), strict=True)
        for mine, theirs in pairs:
            mine, theirs = (each[each["group"] == "other"] for each in (mine, theirs))
            parts.append(" / ".join(f"{mine[f].mean() / theirs[f].mean():.4f}" for f in ("sWIS", "logWIS")))
    return "; ".join(parts)


def ends(real: dict[str, Past], room: float, beyond: float) -> str:
    """Scores, and how many ends of areas with 30 and more a month lie above the record."""
    options, parts, shares = replace(OPTIONS, beyond=beyond), [], []
    for name, past in real.items():
        logs = [past.laid.values[: at + 1] for at in past.at]
        record = np.exp(np.stack([np.nanmax(each, axis=0) for each in logs]))
        busy = np.stack([np.nanmean(np.exp(each), axis=0) for each in logs]) - OPTIONS.offset >= OPTIONS.busy
        start = np.log(record + np.where(busy, np.minimum(room * record, OPTIONS.small), OPTIONS.small))
        lower = replace(past, start=start)
        quantiles = _counts(lower, looks.working(lower.start, *bank(past), options))
        own, base = looks.scored(past, quantiles, "idea"), looks.scored(past, _counts(past, say(bank)(past)), "bank")
        pairs = zip(*(looks.sets(t).values() if name == "sectors" else (t,) for t in (own, base)), strict=True)
        for mine, theirs in pairs:
            ratio = " / ".join(f"{mine[f].mean() / theirs[f].mean():.4f}" for f in ("sWIS", "logWIS"))
            parts.append(f"{ratio}, {mine['c95'].mean():.3f}")
        top = quantiles[..., LEVELS.index(0.975)]
        seen = np.broadcast_to(busy[..., None], top.shape)
        highest = ((record - OPTIONS.offset)[..., None] * past.days)[seen]
        known = ~np.isnan(past.truth[seen])
        shares.append(f"{(top[seen] > highest).mean():.3f}, {(past.truth[seen] > top[seen])[known].mean():.3f}")
    return "; ".join(parts) + f"; ends above: sectors {shares[0]}, states {shares[1]}"


if __name__ == "__main__":
    main()
