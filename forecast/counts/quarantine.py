"""Judges whether a vintage that reads well can be believed:
months that look cut, by areas and by encounters, totals that moved too far.

A month is judged only by months near it, since what is usual changes: in 2025 many cells fell to zero and stayed there.
Reads no file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.core.months import SEASON, Month
from forecast.core.tables import Floats, Vintage
from forecast.counts.losses import REACH, chances_of_none, levels, losses, whole_again
from forecast.counts.overlay import Known, known_from

__all__ = ["LEAST_PRESENT", "MOST_REVISED", "doubts", "in_short"]

# Shares that `encounters ingest` promises.
LEAST_PRESENT = 0.80
MOST_REVISED = 0.20

# An area is usually non-zero when it was so in nine of ten months up to a year away, of which enough are known to tell.
USUALLY = 0.90
NEARBY = SEASON  # months before and after
ENOUGH = 6  # months


def doubts(vintage: Vintage, before: Known | None) -> tuple[str, ...]:
    """What speaks against a vintage, one sentence each; nothing where it can be believed.

    `before`: what was public when it was published, if anything. A vintage without areas changes no count and is not
    judged.
    """
    if not vintage.areas:
        return ()
    leaves = tuple(sorted({*vintage.areas, *(before.areas if vintage.covers_panel and before is not None else ())}))
    now = known_from(vintage, leaves)
    whole = _summed_up(vintage)
    return (
        *_few_leaves(vintage),
        *_cut_months(now, before, whole),
        *_lost(now, before, whole),
        *_revised_totals(now, before),
    )


def in_short(sentences: Sequence[str]) -> str:
    """The sentences as one, naming at most three."""
    more = len(sentences) - 3
    return "; ".join(sentences[:3]) + (f"; and {more} more" if more > 0 else "")


def _few_leaves(vintage: Vintage) -> list[str]:
    """A file that speaks for a fixed list of areas must name most of them somewhere; this needs no earlier file to
    tell.
    """
    panel = vintage.panel
    if not panel.complete or not vintage.covers_panel:
        return []
    leaves = [area for area in panel.areas.values() if area.is_leaf()]
    there = {leaf.slug for leaf in leaves if leaf.closed is None or vintage.last < leaf.closed}
    named = {slug for slug, total in zip(vintage.areas, vintage.values.sum(axis=0), strict=True) if total > 0} & there
    if len(named) >= LEAST_PRESENT * len(there):
        return []
    return [f"the file has counts in {len(named)} of the {len(there)} {panel.kinds[-1]}s"]


def _summed_up(vintage: Vintage) -> set[Month]:
    """The months in which a published total over all of the file's areas agrees with their sum:
    nothing can be missing there.

    April 2020, when four small sectors rounded to zero at once, is such a month.
    """
    whole = {
        slug for slug, leaves in vintage.panel.hierarchy(vintage.areas).items() if len(leaves) == len(vintage.areas)
    }
    return {check.month for check in vintage.checks() if check.area in whole and check.holds}


def _cut_months(now: Known, before: Known | None, whole: set[Month]) -> list[str]:
    count = len(now.values)
    # The years around the file's months as they were known, so that row `step + NEARBY` is the file's row `step`.
    around = None if before is None else before.on(now.first + -NEARBY, count + 2 * NEARBY, now.areas).values
    reasons = []
    for step in range(count):
        near = slice(max(step - NEARBY, 0), step + NEARBY + 1)
        usual = _usually(np.delete(now.values[near], step - near.start, axis=0))
        if around is not None:
            usual |= _usually(around[step : step + 2 * NEARBY + 1])
        present, wanted = int((usual & (now.values[step] > 0)).sum()), int(usual.sum())
        if present < LEAST_PRESENT * wanted and now.first + step not in whole:
            reasons.append(f"{now.first + step} has counts in {present} of the {wanted} areas that usually have some")
    return reasons


def _usually(months: Floats) -> NDArray[np.bool_]:
    """Which columns are usually non-zero. months: (n, areas), NaN where unknown. Returns (areas,)."""
    known = (~np.isnan(months)).sum(axis=0)
    usual: NDArray[np.bool_] = (known >= ENOUGH) & ((months > 0).sum(axis=0) >= USUALLY * known)
    return usual


def _lost(now: Known, before: Known | None, whole: set[Month]) -> list[str]:
    """Months that lost areas that carry a share of the encounters,
    or most of their encounters, beside the months around them.
    """
    months = _around(now, before)
    doubtful = []
    for step in range(len(now.values)):
        month, usual = now.first + step, levels(months, step + REACH)
        if before is not None:
            # What the month had itself is usual too.
            usual = np.fmax(usual, before.on(month, 1, now.areas).values[0])
        between = not np.isnan(months[step + REACH + 1]).all()
        # Areas of a declared panel may be thousands, of which some have none in any month.
        chances = chances_of_none(months, step + REACH) if now.panel.dimensions else None
        lost = losses(now.values[step], usual, between=between, chances=chances)
        if month in whole:
            continue
        if lost.areas.any():
            names = [now.panel.area(slug).name for slug, gone in zip(now.areas, lost.areas, strict=True) if gone]
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            doubtful.append(
                f"{month} lacks {lost.share:.0%} of its usual {now.panel.unit}: {', '.join(names[:3])}{more}"
            )
        elif lost.emptied:
            doubtful.append(f"{month} has {lost.left:.0%} of its usual {now.panel.unit}")
    return doubtful


def _around(now: Known, before: Known | None) -> Floats:
    """The file's months, and as they were known, those before and after:
    row `step + REACH` is the file's row `step`.
    """
    count = len(now.values) + 2 * REACH
    if before is None:
        return now.on(now.first + -REACH, count, now.areas).values
    known, mine = (
        before.on(now.first + -REACH, count, now.areas).values,
        now.on(now.first + -REACH, count, now.areas).values,
    )
    return np.where(np.isnan(mine), known, mine)


def _revised_totals(now: Known, before: Known | None) -> list[str]:
    """Months whose sum over the areas that both tell moved by more than the share, beyond what rounding explains."""
    if before is None:
        return []
    was = before.on(now.first, len(now.values), now.areas)
    months = _around(now, before)
    reasons = []
    for step in range(len(now.values)):
        if whole_again(now.values[step], was.values[step], levels(months, step + REACH)):
            continue
        shared = ~np.isnan(now.values[step]) & ~np.isnan(was.values[step])
        old, new = float(was.values[step, shared].sum()), float(now.values[step, shared].sum())
        coarser = np.maximum(now.precision[step], was.precision[step])
        rounding = float(coarser[shared & (now.precision[step] != was.precision[step])].sum()) / 2
        if abs(new - old) > MOST_REVISED * old + rounding:
            reasons.append(f"{now.first + step} is revised from {old:.0f} to {new:.0f} {now.panel.unit}")
    return reasons
