"""Where a group goes that comes towards one area: learnt from how its neighbours took over from it in past months.

From one month to the next an area keeps a part of its share of the arrivals of its group of areas, and its neighbours
take the rest: the last month's share is the forecast, what it missed by is the error, and errors of shares cancel, so
that they say who stands in for whom. Little is known so: the answer says that the shares were learnt. Reads no store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.core.tables import Floats
from forecast.planning.body import percent

__all__ = ["LEAST_MONTHS", "MONTHS", "LearntShares", "RecentCounts", "learnt"]

# The months of counts that are looked at, and how many of them must be known: two years, so that no season rules.
MONTHS, LEAST_MONTHS = 60, 24
# Of recent shares, where nothing can be learnt.
_RECENT = 12


@dataclass(frozen=True)
class RecentCounts:
    """Counts of some leaves in a row of months that ends with the origin: `values` (months, leaves), NaN: unknown."""

    areas: tuple[str, ...]
    values: Floats


@dataclass(frozen=True)
class LearntShares:
    """Per leaf the share (draws,) of a group that it gets; they add up to one in every draw. `words`: how it came."""

    share: dict[str, Floats]
    words: str


def learnt(recent: RecentCounts, towards: str, leaves: Sequence[str], rng: np.random.Generator, n: int) -> LearntShares:
    """The shares of a group that comes towards an area of some `leaves`: those of its group of areas.

    In each draw the area keeps what it kept of its share in one past month, drawn at random, at most all; the rest goes
    to the neighbours whose share rose when its own fell, by the covariance of the changes. Where under LEAST_MONTHS are
    known, where nothing substitutes, or where `towards` is no leaf: the shares of the last twelve months' counts.
    """
    places = [recent.areas.index(leaf) for leaf in leaves]
    counts = recent.values[-MONTHS:, places]
    counts = counts[~np.isnan(counts).any(axis=1)]
    totals = counts.sum(axis=1)
    shares = counts[totals > 0] / totals[totals > 0, None]
    if towards in leaves and len(shares) >= LEAST_MONTHS:
        own = list(leaves).index(towards)
        changes = np.diff(shares, axis=0)
        together = (changes - changes.mean(axis=0)).T @ (changes[:, own] - changes[:, own].mean())
        taken = np.maximum(-together, 0)
        taken[own] = 0
        before = shares[:-1, own]
        kept = np.minimum(shares[1:, own][before > 0] / before[before > 0], 1)
        if taken.sum() > 0 and len(kept) >= LEAST_MONTHS - 1:
            stays = kept[rng.integers(0, len(kept), n)]
            moved = taken / taken.sum()
            neighbours = {leaf: (1 - stays) * part for leaf, part in zip(leaves, moved, strict=True) if part > 0}
            share = {towards: stays, **neighbours}
            return LearntShares(
                share,
                f"learnt from {len(shares)} months of counts: {towards} kept {percent(round(kept.mean(), 2))} of its "
                f"share from one month to the next, and the rest goes to {_named(moved, leaves)}, whose share rose "
                "when it fell",
            )
    known = counts[-_RECENT:].sum(axis=0)
    if not known.sum() > 0:
        parts = np.full(len(leaves), 1 / len(leaves))
        words = f"equal parts to {', '.join(leaves)}: no counts are known to learn from"
    else:
        parts = known / known.sum()
        words = f"those of the last {min(len(counts), _RECENT)} months' counts ({_named(parts, leaves)})"
        unknown = (
            "too little is known to learn"
            if towards in leaves
            else f"{towards} is a sum, and of leaves alone is learnt"
        )
        words += f": {unknown} who stands in for whom"
    return LearntShares({leaf: np.full(n, part) for leaf, part in zip(leaves, parts, strict=True) if part > 0}, words)


def _named(parts: Floats, leaves: Sequence[str]) -> str:
    """The largest parts first, those under one in a hundred left out."""
    order = sorted(range(len(leaves)), key=lambda place: -float(parts[place]))
    return ", ".join(f"{leaves[place]} {percent(round(parts[place], 2))}" for place in order if parts[place] >= 0.01)
