"""Lays vintages over one another: what was public of a panel on a day. Reads no file.

For each area and month the newest vintage that covers it wins, with two exceptions: where it is rounded and an older
exact figure agrees with it, the exact one is kept, since nothing was revised; and a table that somebody else tabulated
yields to every exact official figure, whichever was published first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from forecast.core.errors import ArchiveError
from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.core.provenance import Provenance
from forecast.core.tables import Counts, Floats, Ints, Vintage

__all__ = ["Gap", "InForce", "Known", "agrees", "counts_of", "gaps", "in_force", "in_order", "known_from", "overlay"]


@dataclass(frozen=True)
class Known:
    """Figures on a grid: `values` (months, areas), encounters per month, NaN where unknown.

    `panel`: with the areas that are named; `precision`: the same shape, 1 exact, 10 rounded to ten, 0 unknown.
    """

    panel: Panel
    first: Month
    areas: tuple[str, ...]
    values: Floats
    precision: Ints

    def on(self, first: Month, count: int, areas: Sequence[str]) -> Known:
        """The same figures on another grid; unknown where this one does not reach."""
        values, precision = np.full((count, len(areas)), np.nan), np.zeros((count, len(areas)), dtype=np.int64)
        start, end = max(self.first - first, 0), min(self.first + len(self.values) - first, count)
        place = {slug: at for at, slug in enumerate(self.areas)}
        into = [at for at, slug in enumerate(areas) if slug in place]
        if start < end and into:
            rows = slice(start + (first - self.first), end + (first - self.first))
            columns = [place[areas[at]] for at in into]
            values[start:end, into] = self.values[rows, columns]
            precision[start:end, into] = self.precision[rows, columns]
        return Known(self.panel, first, tuple(areas), values, precision)


@dataclass(frozen=True)
class InForce:
    """How many of the `total` cells (area x month) of a vintage hold: `cells`.
    `others`: the vintages that the rest are from.
    """

    cells: int
    total: int
    others: tuple[Vintage, ...]


@dataclass(frozen=True)
class Gap:
    """Months from `first` to `last`, both included,
    that no vintage covers for `areas`, between months that are known.
    """

    first: Month
    last: Month
    areas: tuple[str, ...]


def in_order(vintages: Sequence[Vintage]) -> list[Vintage]:
    """Oldest publication first;
    of one day, in the order in which they were taken in, and those without such a record by digest.
    """
    return sorted(vintages, key=lambda vintage: (vintage.published, vintage.intake, vintage.sha256))


def known_from(vintage: Vintage, leaves: Sequence[str]) -> Known:
    """What a vintage says of each of `leaves` in its months.

    A leaf that it does not name is zero where it speaks for the whole panel, and unknown where it does not.
    """
    values = np.full((len(vintage.values), len(leaves)), 0.0 if vintage.covers_panel else np.nan)
    place = {slug: at for at, slug in enumerate(vintage.areas)}
    named = [at for at, slug in enumerate(leaves) if slug in place]
    values[:, named] = vintage.values[:, [place[leaves[at]] for at in named]]
    return Known(vintage.panel, vintage.first, tuple(leaves), values, np.where(np.isnan(values), 0, vintage.precision))


def agrees(one: Known, other: Known) -> NDArray[np.bool_]:
    """Where two figures on one grid differ by no more than rounding explains.
    (months, areas); False where one is unknown.

    Two of one precision agree when equal. An exact and a rounded one agree up to half the rounding: publishers don't
    say where a half goes.
    """
    slack = np.where(one.precision == other.precision, 0.0, np.maximum(one.precision, other.precision) / 2)
    agreed: NDArray[np.bool_] = np.abs(one.values - other.values) <= slack
    return agreed


def overlay(vintages: Sequence[Vintage]) -> Known | None:
    """The figures that hold when all of these vintages of one panel are public; None where they name no area.

    The areas are the union over them.
    """
    laid = _laid([vintage for vintage in in_order(vintages) if vintage.areas])
    return laid[0] if laid else None


def in_force(vintages: Sequence[Vintage], sha256: str) -> InForce:
    """What holds of the vintage with these bytes when all of `vintages`,
    of one panel, are public. It must be among them.
    """
    seen = [vintage for vintage in in_order(vintages) if vintage.areas]
    mine = next((place for place, vintage in enumerate(seen) if vintage.sha256 == sha256), None)
    laid = _laid(seen)
    if mine is None or laid is None:
        return InForce(0, 0, ())
    known, holder = laid
    own = known_from(seen[mine], known.areas).on(known.first, len(known.values), known.areas).precision > 0
    own &= ~_closed(known)
    elsewhere = sorted({int(place) for place in holder[own & (holder != mine)]})
    return InForce(int((own & (holder == mine)).sum()), int(own.sum()), tuple(seen[place] for place in elsewhere))


def _laid(seen: Sequence[Vintage]) -> tuple[Known, Ints] | None:
    """The figures of vintages in their order,
    and which of them each figure is from: (months, areas), -1 where unknown.
    """
    if not seen:
        return None
    leaves = tuple(sorted({slug for vintage in seen for slug in vintage.areas}))
    panel = reduce(Panel.joined, (vintage.panel for vintage in seen))
    first = min(vintage.first for vintage in seen)
    count = max(vintage.last for vintage in seen) - first + 1
    layers = _layers(seen, first, count, leaves)

    values, precision = layers[0].values.copy(), layers[0].precision.copy()
    rank: Ints = np.full(values.shape, -1, dtype=np.int64)
    for place, layer in enumerate(layers):
        says = layer.precision > 0
        values[says], precision[says], rank[says] = layer.values[says], layer.precision[says], place
    newest, holder = Known(panel, first, leaves, values.copy(), precision.copy()), rank.copy()
    for place, layer in enumerate(layers):
        # Not only the figure before last: an exact one may stand under several rounded ones.
        kept = (rank > place) & (newest.precision > 1) & (layer.precision == 1) & agrees(layer, newest)
        values[kept], precision[kept], holder[kept] = layer.values[kept], 1, place
    return Known(panel, first, leaves, values, precision), holder


def _layers(vintages: Sequence[Vintage], first: Month, count: int, leaves: Sequence[str]) -> list[Known]:
    """What each vintage says on one grid; what somebody else tabulated is left out where an official file is exact."""
    layers = [known_from(vintage, leaves).on(first, count, leaves) for vintage in vintages]
    official = np.zeros((count, len(leaves)), dtype=bool)
    for vintage, layer in zip(vintages, layers, strict=True):
        if not vintage.tabulated_by:
            official |= layer.precision == 1
    for vintage, layer in zip(vintages, layers, strict=True):
        if vintage.tabulated_by:
            layer.values[official], layer.precision[official] = np.nan, 0
    return layers


def gaps(known: Known) -> tuple[Gap, ...]:
    """The stretches of months that an area lacks between months that it has, in order of time;
    areas with the same stretch together.
    """
    stretches: dict[tuple[Month, Month], list[str]] = {}
    for column, slug in enumerate(known.areas):
        there = np.flatnonzero(known.precision[:, column] > 0)
        for at in np.flatnonzero(np.diff(there) > 1):
            stretch = known.first + int(there[at]) + 1, known.first + int(there[at + 1]) + -1
            stretches.setdefault(stretch, []).append(slug)
    return tuple(Gap(first, last, tuple(slugs)) for (first, last), slugs in sorted(stretches.items()))


def counts_of(vintages: Sequence[Vintage], panel: str, day: date) -> Counts:
    """What was public of a panel on a day; vintages published later are not looked at.

    The last month is the last one in which every leaf that is open by then is known. Raises ArchiveError where nothing
    was public yet.
    """
    seen = [
        vintage
        for vintage in in_order(vintages)
        if vintage.panel.id == panel and vintage.published <= day and vintage.areas
    ]
    laid = _laid(seen)
    if laid is None:
        since = min(
            (vintage.published for vintage in vintages if vintage.panel.id == panel and vintage.areas), default=None
        )
        held = (
            f"the first file is of {since}; choose a later day"
            if since
            else "no file has been ingested; ingest an official one"
        )
        raise ArchiveError(f"{panel} has no counts published by {day}: {held}.")
    known, holder = laid
    whole = np.flatnonzero((_closed(known) | (known.precision > 0)).all(axis=1))
    if len(whole) == 0:
        raise ArchiveError(
            f"{panel} has no month in which every area was known by {day}. Ingest a file that covers the whole panel."
        )
    start, end = int(np.argmax((known.precision > 0).any(axis=1))), int(whole[-1]) + 1
    return Counts(
        panel=known.panel,
        as_of=day,
        first=known.first + start,
        areas=known.areas,
        values=known.values[start:end].copy(),
        precision=known.precision[start:end].copy(),
        vintages=tuple(vintage.sha256 for vintage in seen),
        sources=_sources(seen, known.first + start, holder[start:end]),
    )


def _sources(seen: Sequence[Vintage], first: Month, holder: Ints) -> tuple[Provenance, ...]:
    """The vintages that hold a cell,
    with the months from the first to the last that they hold one in, in that order.
    """
    sources = []
    for place, vintage in enumerate(seen):
        rows = np.flatnonzero((holder == place).any(axis=1))
        if len(rows):
            months = first + int(rows[0]), first + int(rows[-1])
            sources.append(
                Provenance(vintage.source, vintage.file_name, vintage.published, *months, vintage.tabulated_by)
            )
    return tuple(sorted(sources, key=lambda source: (source.first.ordinal, source.last.ordinal, source.published)))


def _closed(known: Known) -> NDArray[np.bool_]:
    """(months, areas): where an area no longer exists."""
    ends = [known.panel.area(slug).closed for slug in known.areas]
    closed = [[end is not None and known.first + step >= end for end in ends] for step in range(len(known.values))]
    return np.array(closed, dtype=bool)
