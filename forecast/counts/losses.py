"""What a month seems to have lost, judged by encounters:
areas that carry a share of it and are suddenly gone, or most of it.

A file that was cut at a line end reads well. Its rows are in the publisher's order, so it loses the last areas of one
month, which may be few, and most of the encounters. A true fall is shared by the areas; a true zero was small before.
In all months published so far no area that carried 0.35 % fell to zero and all that did at once carried 1 % (April
2020); none that carried a tenth fell below a seventh of what the others' change implies; no month fell below a fifth of
the months before it, nor below half of the months on both sides. Reads no file.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.core.months import SEASON
from forecast.core.tables import Floats

__all__ = ["REACH", "Losses", "chances_of_none", "levels", "losses", "whole_again"]

AROUND = 3  # known months before and after, whose median says what is usual
REACH = SEASON  # months in which they are looked for
LARGEST_GONE = 0.0075  # of the month's usual encounters, in one area that has none
MOST_GONE = 0.02  # in all areas that have none
SELDOM = 0.10  # of the months around, in which an area has none
FEW = 20  # encounters a month that are usual of one area, below which none may come by chance
DEVIATIONS = 4.0  # standard ones above what is gone by chance
MAIN_SHARE = 0.10  # an area that usually carries this much is judged against the others
LEAST_LEFT = 0.10  # of a main area beside the others, and of a month of which only what was before it is known
LEAST_LEFT_BETWEEN = 0.40  # of a month between known ones
FEWEST = 100  # encounters a month that are usual, below which chance can empty anything
MOST_FILLED = 3.0  # times the usual, of an area that a later file fills


@dataclass(frozen=True)
class Losses:
    """What cannot be believed without a word from a person: `areas` that are gone or cut, or a month that is `emptied`.

    `areas`: (areas,). `share`: theirs of the month's usual encounters. `left`: the month's encounters over the usual
    ones.
    """

    areas: NDArray[np.bool_]
    emptied: bool
    share: float
    left: float


def levels(months: Floats, step: int) -> Floats:
    """What is usual in a month, by area: the smaller of the medians of the known months next before and after it.

    months: (n, areas), encounters per month, NaN where unknown. Returns (areas,), NaN where none is known within REACH
    months.
    """
    before, after = months[max(step - REACH, 0) : step][::-1], months[step + 1 : step + 1 + REACH]
    sides = [side[~np.isnan(side).all(axis=1)][:AROUND] for side in (before, after)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an area that is nowhere known has no median
        medians = [np.nanmedian(side, axis=0) for side in sides if len(side)]
        usual: Floats = np.nanmin(medians, axis=0) if medians else np.full(months.shape[1], np.nan)
    return usual


def chances_of_none(months: Floats, step: int) -> Floats:
    """How often an area has none in the months around one: (areas,), by the known months up to REACH before and after,
    and half a month more of each kind.

    months: (n, areas), encounters per month, NaN where unknown.
    """
    near = np.delete(months[max(step - REACH, 0) : step + 1 + REACH], min(step, REACH), axis=0)
    known = (~np.isnan(near)).sum(axis=0)
    chances: Floats = ((near == 0).sum(axis=0) + 0.5) / (known + 1)
    return chances


def losses(month: Floats, usual: Floats, *, between: bool, chances: Floats | None = None) -> Losses:
    """What a month has lost beside what is usual.
    Both (areas,), encounters, NaN where unknown. `between`: later months are known too.

    `chances`: (areas,) how often each has none, where areas are many and small, so that in every month some have none
    by chance: then an area is missed that seldom has none, and all together where they carry more than chance explains.
    """
    known = ~np.isnan(month) & ~np.isnan(usual)
    total = float(usual[known].sum())
    if total < FEWEST:
        return Losses(np.zeros(len(month), dtype=bool), emptied=False, share=0.0, left=1.0)
    shares = np.where(known, usual, 0.0) / total
    gone = known & (month == 0) & (usual > 0)
    here = float(month[known].sum())
    others = (here - np.where(known, month, 0.0)) / np.maximum(total - np.where(known, usual, 0.0), 1.0)
    cut = known & ~gone & (shares >= MAIN_SHARE) & (month < LEAST_LEFT * others * usual)
    seldom, most = gone, MOST_GONE
    if chances is not None:
        by_chance = float((shares * chances).sum())
        seldom = gone & (chances < SELDOM) & (usual >= FEW)
        most = max(MOST_GONE, by_chance + DEVIATIONS * float(np.sqrt((shares**2 * chances * (1 - chances)).sum())))
    believed = shares[seldom].max(initial=0.0) < LARGEST_GONE and shares[gone].sum() < most
    areas = cut if believed else cut | gone
    left = here / total
    return Losses(areas, left < (LEAST_LEFT_BETWEEN if between else LEAST_LEFT), float(shares[areas].sum()), left)


def whole_again(now: Floats, was: Floats, usual: Floats) -> bool:
    """Whether a later figure of a month only fills what an earlier, cut file had lost.

    So it is where areas that had none have some, at most one other has risen (its rows were cut in the middle), the
    rest is as it was, and what was filled is no more than the months around make likely. All (areas,), encounters, NaN
    where unknown.
    """
    shared = ~np.isnan(now) & ~np.isnan(was)
    filled, risen, fallen = (shared & change for change in ((was == 0) & (now > 0), (was > 0) & (now > was), now < was))
    changed = filled | risen
    return bool(
        changed.any()
        and risen.sum() <= 1
        and not fallen.any()
        and now[changed].sum() <= MOST_FILLED * usual[changed].sum()
    )
