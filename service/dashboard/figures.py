"""The figures that a chart and its table show of an area: counts and months ahead, in one unit. Draws nothing.

A store that is down leaves the charts without counts, and they say so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from forecast.core.areas import Area
from forecast.core.errors import StoreError, one_line
from forecast.core.months import SEASON, Month
from forecast.core.panels import Panel
from forecast.release import read
from forecast.release.intervals import MonthAhead, Unit, Wanted, months_ahead, scaled
from forecast.release.read import Observation, Release

__all__ = ["COVERAGES", "Figures", "counts_of", "figures", "upcoming"]

log = logging.getLogger(__name__)

# The intervals of every chart and table, in per cent.
COVERAGES = (50, 80, 95)


@dataclass(frozen=True)
class Figures:
    """An area's `counts`, those of them that are shown as `observed`, and the months `ahead` of its release; in `unit`.
    None is `release` where the area has no forecast.
    """

    area: Area
    panel: Panel
    release: Release | None
    unit: Unit
    counts: tuple[tuple[Month, float], ...]
    observed: tuple[tuple[Month, float], ...]
    ahead: tuple[tuple[Month, MonthAhead], ...]

    @property
    def origin(self) -> Month | None:
        """The last month that the forecast saw, or the last that was observed; None where there is neither."""
        if self.release is not None:
            return self.release.manifest.origin
        return self.observed[-1][0] if self.observed else None

    @property
    def start(self) -> tuple[Month, float] | None:
        """The last observed month at or before the origin, from which the forecast is drawn."""
        before = [point for point in self.observed if self.origin is not None and point[0] <= self.origin]
        return before[-1] if before else None

    @property
    def months(self) -> list[Month]:
        """All months that are shown, in order."""
        return sorted({month for month, _ in (*self.observed, *self.ahead)})

    @property
    def next(self) -> tuple[Month, MonthAhead] | None:
        """The month that a reader looks for, and what is said of it."""
        if self.release is None:
            return None
        first = upcoming(self.release, self.area)
        return next(((month, row) for month, row in self.ahead if month == first), None)

    @property
    def past(self) -> list[tuple[Month, float]]:
        """The counts that are shown of months that are not forecast, newest first."""
        future = {name for name, _ in self.ahead}
        return [point for point in reversed(self.observed) if point[0] not in future]

    def values(self, coverages: Sequence[int] = COVERAGES) -> list[float]:
        """Every value that a chart has to hold."""
        ends = 2 * len(coverages)
        return [value for _, value in self.observed] + [
            value for _, row in self.ahead for value in (row.median, *row.ends[:ends])
        ]


def upcoming(release: Release, area: Area) -> Month | None:
    """The month of a forecast that a reader looks for: that of the issue; the last one where all were past by then;
    None where the release has no forecast of the area.
    """
    forecast = release.by_slug.get(area.slug)
    months = [] if forecast is None else forecast.months
    return next((month for month in months if release.lead(month) >= 0), months[-1] if months else None)


def figures(
    area: Area,
    panel: Panel,
    release: Release | None,
    observations: Sequence[Observation],
    *,
    unit: Unit = "month",
    years: int = 5,
) -> Figures:
    """An area's figures. `years`: of history, counted from the origin; 0: all of it."""
    forecast = None if release is None else release.by_slug.get(area.slug)
    ahead: list[MonthAhead] = []
    if release is not None and forecast is not None:
        ahead = months_ahead(release, forecast, Wanted(COVERAGES, unit))
    else:
        release = None
    counts = observed = [(one.month, scaled(one.count, one.month.days, unit)) for one in observations]
    if years and observed:
        last = observed[-1][0] if release is None else release.manifest.origin
        observed = [point for point in observed if point[0] > last + -years * SEASON]
    months = [] if forecast is None else forecast.months
    return Figures(area, panel, release, unit, tuple(counts), tuple(observed), tuple(zip(months, ahead, strict=True)))


def counts_of(
    engine: Engine, slugs: Iterable[str], *, first: Month | None = None
) -> Mapping[str, Sequence[Observation]] | None:
    """The newest counts of some areas by slug, in order, from a month on; None where they cannot be read."""
    asked = tuple(dict.fromkeys(slugs))
    if not asked:
        return {}
    try:
        rows = read.observations(engine, asked, first=first)
    except (StoreError, SQLAlchemyError) as error:
        log.warning("The counts of a page cannot be read: %s", one_line(error)[:500])
        return None
    series: dict[str, list[Observation]] = {slug: [] for slug in asked}
    for row in rows:
        series[row.area].append(row)
    return series
