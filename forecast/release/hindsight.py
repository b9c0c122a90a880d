"""What earlier releases said of one area, and how often their intervals held it; for those who compare with what came.

Reads a few rows of the store, never a whole release. Computes no score and loads no pandas or numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, or_, select

from forecast.core.months import Month
from forecast.release import schema
from forecast.release.intervals import level_places
from forecast.release.issued_scores import newest
from forecast.release.rows import numbers
from forecast.release.store import reading

__all__ = ["Held", "PastForecast", "held", "past_forecasts"]


@dataclass(frozen=True)
class PastForecast:
    """What a release said of an area. `rows`: month, median, and the ends of the 80 % interval, in counts per month.
    `hindcast`: made later from what was public then, never served. `issued_at`: None where nothing was issued, and the
    release says what its method would have said: from what was public on `as_of`, or, where that is None too, from the
    counts behind the release, cut after `origin`.
    """

    release: str
    origin: Month
    issued_at: datetime | None
    hindcast: bool
    rows: tuple[tuple[Month, float, float, float], ...]
    as_of: date | None = None

    @property
    def replayed(self) -> bool:
        """Whether it was neither issued nor made as a release of its own."""
        return self.issued_at is None


@dataclass(frozen=True)
class Held:
    """Months that forecasts spoke of and that have a count since: `n` of them, in how many of which the 50, 80 and 95 %
    interval held it.
    """

    n: int
    inside_50: int
    inside_80: int
    inside_95: int


def past_forecasts(
    engine: Engine, panel: str, area: str, windows: Sequence[tuple[Month, Month]]
) -> list[PastForecast | None]:
    """What was said of an area from counts that ended in each of some windows of months, first and last included; None
    where no release tells. Raises StoreError.

    In each window an issued release goes before a hindcast, a later last month before an earlier one, and a later issue
    before an earlier one.
    """
    heads = schema.release.c
    query = (
        select(heads.id, heads.origin, heads.issued_at, heads.hindcast, heads.levels)
        .where(heads.panel == panel, or_(*(heads.origin.between(first, last) for first, last in windows)))
        .order_by(heads.hindcast, heads.origin.desc(), heads.issued_at.desc())
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        return [
            next(
                filter(None, (_forecast_of(connection, row, area) for row in rows if first <= row.origin <= last)),
                None,
            )
            for first, last in windows
        ]


def _forecast_of(connection: Connection, head: Any, area: str) -> PastForecast | None:
    """What one release said of an area; None where it has no such area."""
    figures = schema.release_quantiles.c
    query = select(figures.target_month, figures.quantiles).where(figures.release == head.id, figures.area == area)
    (middle, _), (low, high) = level_places(numbers(head.levels, place=f"{head.id}, its levels,"), (0, 80))
    lines = [
        (row.target_month, numbers(row.quantiles, place=f"{area} in {head.id}"))
        for row in connection.execute(query.order_by(figures.horizon))
    ]
    rows = tuple((month, values[middle], values[low], values[high]) for month, values in lines)
    return PastForecast(head.id, head.origin, head.issued_at, head.hindcast, rows) if rows else None


def held(engine: Engine, area: str, *, first: Month) -> Held:
    """How often issued releases held an area's counts from a month on. Raises StoreError.

    Each month counts once, by its newest count, for the release that was issued last and not after the month; where
    all were, for the earliest of them.
    """
    scores, heads = schema.accuracy.c, schema.release.c
    columns = (scores.target_month, scores.lead, scores.inside_50, scores.inside_80, scores.inside_95)
    query = newest(select(*columns)).where(scores.area == area, scores.target_month >= first, heads.hindcast.is_(False))
    months: dict[Month, tuple[int, tuple[bool, ...]]] = {}
    with reading(engine) as connection:
        for month, lead, *inside in connection.execute(query.order_by(heads.issued_at)):
            before = months.get(month)
            # Of one month of issue the later release, unless the month was past by then.
            if before is None or (_nearness(lead), lead < 0) < (_nearness(before[0]), True):
                months[month] = (lead, tuple(inside))
    return Held(len(months), *(sum(inside[place] for _, inside in months.values()) for place in range(3)))


def _nearness(lead: int) -> tuple[bool, int]:
    """Sorts leads: those not past at issue first, the nearest first."""
    return lead < 0, abs(lead)
