"""What a vintage changes against what was public before it: revisions,
new months, and cross-checks of published totals. Reads no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.core.months import Month
from forecast.core.tables import Check, Vintage
from forecast.counts.overlay import Known, agrees, known_from

__all__ = ["Revision", "checks_against", "cross_checks", "new_months", "revisions", "uncompared"]


@dataclass(frozen=True)
class Revision:
    """A figure that a newer vintage changes by more than rounding:
    encounters of `area` in `month`, before and after.
    """

    area: str
    month: Month
    before: int
    after: int


def _both(vintage: Vintage, before: Known) -> tuple[Known, Known]:
    """The vintage and what was known, on the grid of its months and the areas that it speaks for."""
    leaves = tuple(sorted({*vintage.areas, *(before.areas if vintage.covers_panel else ())}))
    return known_from(vintage, leaves), before.on(vintage.first, len(vintage.values), leaves)


def revisions(vintage: Vintage, before: Known | None) -> tuple[Revision, ...]:
    """The figures that a vintage changes, by month and area. A rounding of the same figure is no revision."""
    if before is None or not vintage.areas:
        return ()
    now, was = _both(vintage, before)
    changed = np.argwhere(~np.isnan(was.values) & ~np.isnan(now.values) & ~agrees(now, was))
    return tuple(
        Revision(now.areas[at], now.first + int(step), int(was.values[step, at]), int(now.values[step, at]))
        for step, at in changed
    )


def new_months(vintage: Vintage, before: Known | None) -> tuple[Month, ...]:
    """The months in which a vintage is the first to tell an area that it names."""
    if before is None or not vintage.areas:
        return vintage.months if vintage.areas else ()
    was = before.on(vintage.first, len(vintage.values), vintage.areas)
    return tuple(vintage.months[int(step)] for step in np.flatnonzero(np.isnan(was.values).any(axis=1)))


def uncompared(vintage: Vintage, checks: Sequence[Check]) -> tuple[Month, ...]:
    """The months in which a vintage without areas gives a total and none of the `checks` compares it:
    no counts to compare with.
    """
    if vintage.areas:
        return ()
    given = np.flatnonzero(np.any([published >= 0 for published in vintage.totals.values()], axis=0))
    return tuple(
        month for step in given if (month := vintage.first + int(step)) not in {check.month for check in checks}
    )


def checks_against(vintage: Vintage, before: Known | None, published: Vintage) -> tuple[Check, ...]:
    """The totals that a vintage without areas has `published`, beside sums of the leaves that `vintage` gives."""
    if not vintage.areas:
        return ()
    leaves = tuple(sorted({*vintage.areas, *(before.areas if before is not None else ())}))
    return cross_checks(published, known_from(vintage, leaves))


def cross_checks(vintage: Vintage, before: Known | None) -> tuple[Check, ...]:
    """The file's published totals beside sums of leaves: its own, or where it names none, those known `before`.

    Rounding moves each rounded figure, and a rounded total, by at most half the precision; exact figures must agree to
    the unit.
    """
    if vintage.areas or before is None:
        return vintage.checks()
    members = before.panel.hierarchy(before.areas)
    checks = []
    for slug, published in vintage.totals.items():
        was = before.on(vintage.first, len(vintage.values), members.get(slug, ()))
        if not was.areas:
            continue
        for step in np.flatnonzero((published >= 0) & ~np.isnan(was.values).any(axis=1)):
            steps = [int(precision) for precision in (*was.precision[step], vintage.precision) if precision > 1]
            summed = int(was.values[step].sum())
            checks.append(
                Check(slug, vintage.first + int(step), int(published[step]), summed, tolerance=sum(steps) // 2)
            )
    return tuple(checks)
