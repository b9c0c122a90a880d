"""The laws that a release's joint draws keep, for anybody to run on any release. Reads no store.

Each gives what breaks it, one line a breach: nothing where it holds. `encounters verify` runs those of a release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from forecast.core.tables import Forecasts, Ints, Paths
from forecast.planning.chance import FEWEST, Chance
from forecast.planning.exceedance import exceedance, limits, months_of

__all__ = ["exact_sums", "marginals", "of_release", "paired", "strict_and_monotone", "tails_unread", "whole"]

# How many standard errors a share of draws may lie from its level: of some 50,000 levels of a large panel none does by
# chance (two-sided, 6e-7 each).
STANDARD_ERRORS = 5.0


def whole(paths: Paths) -> list[str]:
    """Draws are whole encounters, none below 0."""
    odd = (paths.values != np.rint(paths.values)) | (paths.values < 0)
    return [
        f"{area}: {int(count)} draws are not whole encounters of 0 or more"
        for area, count in zip(paths.areas, odd.sum(axis=(1, 2)), strict=True)
        if count
    ]


def exact_sums(paths: Paths, members: Mapping[str, Sequence[str]]) -> list[str]:
    """Every area is the sum of its leaves in every draw. `members`: area -> leaves (`Panel.hierarchy`); areas without
    paths are left out.
    """
    place = {area: row for row, area in enumerate(paths.areas)}
    breaches = []
    for area, leaves in members.items():
        if area in place and all(leaf in place for leaf in leaves):
            differs = paths.values[[place[leaf] for leaf in leaves]].sum(axis=0) != paths.values[place[area]]
            if differs.any():
                breaches.append(f"{area}: {int(differs.any(axis=0).sum())} draws are not the sum of its leaves")
    return breaches


def marginals(
    paths: Paths, published: Forecasts, members: Mapping[str, Sequence[str]], *, behind: int | None = None
) -> list[str]:
    """The share of draws up to a published quantile is its level, within sampling error and the rounding of leaves.

    `behind`: draws that the quantiles were made of, where those are fewer than the paths'. One encounter a leaf is what
    rounding moves a draw by at most: leaves that were scaled to their total are rounded up or down at random.
    """
    draws = paths.values.shape[2]
    levels = np.array(published.levels)
    variance = levels * (1 - levels)
    # Draws and quantiles each err: as two samples do, though often they are one.
    allowed = STANDARD_ERRORS * np.sqrt(variance * (1 / draws + 1 / (behind or draws))) + 1 / min(
        draws, behind or draws
    )
    breaches = []
    for area in sorted(set(paths.areas) & set(published.areas)):
        own = np.sort(paths.values[paths.areas.index(area)], axis=1)
        for month, ordered, quantiles in zip(
            months_of(paths), own, published.values[published.areas.index(area)], strict=True
        ):
            rounding = len(members.get(area, (area,))) + 0.01  # quantiles are stored with two decimals
            most = np.searchsorted(ordered, quantiles + rounding, side="right") / draws
            least = np.searchsorted(ordered, quantiles - rounding, side="left") / draws
            off = np.maximum(levels - most, least - levels) - allowed
            worst = int(off.argmax())
            if off[worst] > 0:
                breaches.append(
                    f"{area}, {month}: {least[worst]:.3f} to {most[worst]:.3f} of the draws lie up to the "
                    f"{levels[worst]:g} quantile"
                )
    return breaches


def strict_and_monotone(paths: Paths, thresholds: Iterable[float]) -> list[str]:
    """A higher threshold is never exceeded by more draws, and a draw of exactly the threshold does not exceed it."""
    ascending = sorted(set(thresholds))
    breaches = []
    for area, values in zip(paths.areas, paths.values, strict=True):
        before: Ints | None = None
        for threshold in ascending:
            exceeded = exceedance(values, limits(threshold, months_of(paths), "month"))
            hits = np.array([chance.hits for chance in exceeded.above])
            if before is not None and (hits > before).any():
                breaches.append(f"{area}: more draws exceed {threshold:g} than a lower threshold")
            if (hits + (values <= threshold).sum(axis=1) != values.shape[1]).any():
                breaches.append(f"{area}: draws of exactly {threshold:g} are counted as above it")
            before = hits
    return breaches


def paired(baseline: Paths, other: Paths, *, untouched: Sequence[tuple[int, int]] = ()) -> list[str]:
    """Two sets of draws are of the same worlds: same areas, origin, months and draws, and the same values in every
    (area, month) that nothing was done to, by their places.
    """
    if (baseline.areas, baseline.origin, baseline.values.shape) != (other.areas, other.origin, other.values.shape):
        return [f"{other.model} and {baseline.model} are not of the same areas, months and draws"]
    return [
        f"{baseline.areas[area]}, {months_of(baseline)[month]}: untouched, and not the same draw by draw"
        for area, month in untouched
        if (baseline.values[area, month] != other.values[area, month]).any()
    ]


def tails_unread(chances: Iterable[Chance]) -> list[str]:
    """No chance is a number where under FEWEST draws speak for it or against it, and every other one is."""
    return [
        f"{chance.hits} of {chance.draws} draws are given as {chance.probability or chance.bound}"
        for chance in chances
        if (FEWEST <= chance.hits <= chance.draws - FEWEST) != (chance.probability is not None)
        or (chance.probability is None) == (chance.bound is None)
    ]


def of_release(
    paths: Paths, published: Forecasts, members: Mapping[str, Sequence[str]], *, behind: int | None = None
) -> list[str]:
    """What a release breaks of all laws that concern one: thresholds are tried at draws themselves and between them."""
    middle = np.unique(np.quantile(paths.values, (0.05, 0.5, 0.95), method="nearest"))
    thresholds = [0.0, *(float(value) for value in middle), *(float(value) + 0.5 for value in middle)]
    return [
        *whole(paths),
        *exact_sums(paths, members),
        *marginals(paths, published, members, behind=behind),
        *strict_and_monotone(paths, thresholds),
        *tails_unread(_chances(paths, thresholds)),
    ]


def _chances(paths: Paths, thresholds: Iterable[float]) -> Iterator[Chance]:
    """Every chance that is answered about some thresholds per month."""
    each_limit = [limits(threshold, months_of(paths), "month") for threshold in thresholds]
    for values in paths.values:
        for limit in each_limit:
            exceeded = exceedance(values, limit)
            yield from (*exceeded.above, *exceeded.first, exceeded.any, exceeded.never)
