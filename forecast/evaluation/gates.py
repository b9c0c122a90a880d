"""What forecasts must pass before they are published. Knows no store; the shape of a table is its own law (core.tables)."""

from __future__ import annotations

import numpy as np

from forecast.core.areas import hierarchy
from forecast.core.errors import GateRefused
from forecast.core.tables import Counts, Forecasts, Paths

__all__ = ["check"]

# A median above this many times the highest month ever seen, or a 97.5 % quantile above its square, is a broken fit and no forecast.
PLAUSIBLE = 4.0
# Small areas may multiply from almost nothing: so many encounters a month are never called implausible.
ALWAYS_PLAUSIBLE = 1000.0


def check(*, forecasts: Forecasts, paths: Paths, counts: Counts, fallbacks: dict[str, str]) -> None:
    """Raise GateRefused, with every reason, unless all areas are there, sums are exact and figures are plausible.

    Finite, ordered and non-negative they are already, or the tables could not have been made.
    """
    reasons = [*_missing(forecasts, counts), *_incoherent(paths, counts), *_implausible(forecasts, counts)]
    if len(fallbacks) > len(counts.open_areas) / 2:
        reasons.append(f"models failed in {len(fallbacks)} of {len(counts.open_areas)} areas")
    if reasons:
        raise GateRefused(
            f"{counts.panel} from {forecasts.origin} is not published: {'; '.join(reasons[:5])}. The last release stays; look at the fits."
        )


def _missing(forecasts: Forecasts, counts: Counts) -> list[str]:
    return [f"{slug} is missing" for slug in hierarchy(counts.open_areas) if slug not in forecasts.areas]


def _incoherent(paths: Paths, counts: Counts) -> list[str]:
    place = {slug: row for row, slug in enumerate(paths.areas)}
    found = []
    for slug, leaves in hierarchy(counts.open_areas).items():
        if slug in place and all(leaf in place for leaf in leaves):
            total = paths.values[[place[leaf] for leaf in leaves]].sum(axis=0)
            if not np.allclose(total, paths.values[place[slug]], rtol=1e-9, atol=1e-6):
                found.append(f"{slug} is not the sum of its leaves")
    return found


def _implausible(forecasts: Forecasts, counts: Counts) -> list[str]:
    highest = {slug: float(np.nanmax(total)) for slug, total in counts.totals().items() if not np.isnan(total).all()}
    median, upper = forecasts.at(0.5).max(axis=1), forecasts.at(0.975).max(axis=1)
    found = []
    for row, slug in enumerate(forecasts.areas):
        seen = highest.get(slug, 0.0)
        if median[row] > max(PLAUSIBLE * seen, ALWAYS_PLAUSIBLE):
            found.append(f"{slug}: a median of {median[row]:,.0f}, where the highest month ever seen is {seen:,.0f}")
        elif upper[row] > max(PLAUSIBLE**2 * seen, PLAUSIBLE * ALWAYS_PLAUSIBLE):
            found.append(f"{slug}: an upper end of {upper[row]:,.0f}, where the highest month ever seen is {seen:,.0f}")
    return found
