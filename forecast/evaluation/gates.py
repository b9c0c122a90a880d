"""What forecasts must pass before they are published.
Knows no store; the shape of a table is its own law (core.tables).

Two bounds adapt to the counts: what was ever seen bounds every figure from above, and what the last twelve months saw
bounds the median on both sides. Replayed at every third month since 2003 (sectors) and 2021 (states), the medians of
the recipe that serves went up to 1.7 times the highest and down to 0.59 times the lowest of the last twelve months: the
bounds lie far outside of what honest forecasts say.
"""

from __future__ import annotations

import numpy as np

from forecast.core.errors import GateRefused
from forecast.core.months import SEASON
from forecast.core.tables import Counts, Forecasts
from forecast.evaluation.selection import CoverageVerdict

__all__ = ["check", "check_coverage"]

# A median above this many times the highest month ever seen is a broken fit and no forecast.
PLAUSIBLE = 4.0
# A 97.5 % quantile may reach so many times the record, and ALWAYS_PLAUSIBLE more, in each leaf below: what the guard
# rail of every fit allows (`models.scale.ceiling`). The floor, which stands in where a model fails, comes as far within
# a year and a half.
EXTREME = 20.0
# Small areas may multiply from almost nothing: so many encounters a month are never called implausible.
ALWAYS_PLAUSIBLE = 1000.0
# A median this many times the highest month of the last year, or under the lowest divided by so many, is a broken fit
# too.
RECENT_HIGH, RECENT_LOW = 10.0, 20.0
# Areas whose every month of the last year had so many encounters do not vanish; smaller ones may.
NEVER_VANISHES = 100.0


def check(*, forecasts: Forecasts, counts: Counts, fallbacks: dict[str, str]) -> None:
    """Raise GateRefused, with every reason, unless all areas are there, sums are exact and figures are plausible.

    Finite, ordered and non-negative they are already, or the tables could not have been made.
    """
    reasons = [*_missing(forecasts, counts), *_incoherent(forecasts, counts), *_implausible(forecasts, counts)]
    if len(fallbacks) > len(counts.open_areas) / 2:
        reasons.append(f"models failed in {len(fallbacks)} of {len(counts.open_areas)} areas")
    if reasons:
        raise GateRefused(
            f"{counts.panel} from {forecasts.origin} is not published: {'; '.join(reasons[:5])}. The last release "
            "stays; look at the fits."
        )


def check_coverage(held: CoverageVerdict, panel: str) -> None:
    """Raise GateRefused where the intervals of the recipe that serves held too little lately,
    by the rule of `selection`.
    """
    if held.refused:
        raise GateRefused(
            f"{panel} is not published: the 80 % intervals of {held.name} held {held.coverage:.0%} of the last 12 "
            "months' counts, "
            f"those of the floor {held.floor:.0%}, more by more than noise. The last release stays; correct the recipe."
        )


def _missing(forecasts: Forecasts, counts: Counts) -> list[str]:
    return [f"{slug} is missing" for slug in counts.panel.hierarchy(counts.open_areas) if slug not in forecasts.areas]


def _incoherent(forecasts: Forecasts, counts: Counts) -> list[str]:
    """Means add up as draws do; the draws themselves are stored of leaves alone, and sums made of them."""
    place = {slug: row for row, slug in enumerate(forecasts.areas)}
    faults = []
    for slug, leaves in counts.panel.hierarchy(counts.open_areas).items():
        if slug in place and all(leaf in place for leaf in leaves):
            total = forecasts.mean[[place[leaf] for leaf in leaves]].sum(axis=0)
            if not np.allclose(total, forecasts.mean[place[slug]], rtol=1e-9, atol=1e-6):
                faults.append(f"{slug} is not the sum of its leaves")
    return faults


def _implausible(forecasts: Forecasts, counts: Counts) -> list[str]:
    totals = counts.totals()
    median, upper = forecasts.at(0.5).max(axis=1), forecasts.at(0.975).max(axis=1)
    lowest = forecasts.at(0.5).min(axis=1)
    ceilings = {
        leaf: EXTREME * float(np.nanmax(totals[leaf], initial=0.0)) + ALWAYS_PLAUSIBLE for leaf in counts.open_areas
    }
    leaves = counts.panel.hierarchy(counts.open_areas)
    faults = []
    for row, slug in enumerate(forecasts.areas):
        ceiling = sum(ceilings[leaf] for leaf in leaves.get(slug, ()))
        known = totals[slug][~np.isnan(totals[slug])] if slug in totals else np.zeros(0)
        seen, recent = float(known.max(initial=0.0)), known[-SEASON:]
        if median[row] > max(PLAUSIBLE * seen, ALWAYS_PLAUSIBLE):
            faults.append(f"{slug}: a median of {median[row]:,.0f}, where the highest month ever seen is {seen:,.0f}")
        elif upper[row] > 1.000001 * ceiling:  # sums of many paths round
            faults.append(
                f"{slug}: an upper end of {upper[row]:,.0f}, where the highest month ever seen is {seen:,.0f}"
            )
        elif median[row] > max(RECENT_HIGH * recent.max(initial=0.0), ALWAYS_PLAUSIBLE):
            faults.append(
                f"{slug}: a median of {median[row]:,.0f}, where the highest month of the last year is "
                f"{recent.max():,.0f}"
            )
        elif len(recent) and recent.min() >= NEVER_VANISHES and lowest[row] < recent.min() / RECENT_LOW:
            faults.append(
                f"{slug}: a median of {lowest[row]:,.0f}, where the lowest month of the last year is "
                f"{recent.min():,.0f}"
            )
    return faults
