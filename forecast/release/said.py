"""What each release said of an area's months, beside one another: how a forecast changed as its month came near.
Reads the store; writes nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, select

from forecast.core.months import Month
from forecast.release import schema
from forecast.release.columns import months_between
from forecast.release.manifest import Manifest
from forecast.release.rows import manifest_of, numbers
from forecast.release.store import reading

__all__ = ["Said", "said"]


@dataclass(frozen=True)
class Said:
    """One release's forecast of one area and month: its `mean` and its `quantiles` at the release's `levels`, in counts
    per month; `horizon`: months after the last one that it knew.
    """

    area: str
    month: Month
    release: str
    manifest: Manifest
    horizon: int
    mean: float
    levels: tuple[float, ...]
    quantiles: array[float]

    @property
    def lead(self) -> int:
        """Months from the month of issue to the month; negative where it was past."""
        return self.month - self.manifest.month_of_issue


def said(
    engine: Engine, areas: Sequence[str], *, first: Month | None, last: Month | None, hindcasts: bool = False
) -> list[Said]:
    """Every release's forecasts of some areas, from `first` to `last` (both included; None: no end), by area in the
    order asked for, then by month, then by issue, newest first. `hindcasts`: those in place of what was issued.

    Raises StoreError.
    """
    figures = schema.release_quantiles.c
    between = months_between(figures.target_month, first, last)
    query = select(schema.release_quantiles).where(figures.area.in_(areas), *between)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        heads = {
            row.id: (manifest_of(row.manifest), numbers(row.levels, place=f"{row.id}, its levels,"))
            for row in connection.execute(
                select(schema.release).where(schema.release.c.id.in_({row.release for row in rows}))
            )
        }
    forecasts = [_said(row, *heads[row.release]) for row in rows]
    kept = [forecast for forecast in forecasts if forecast.manifest.hindcast == hindcasts]
    kept.sort(key=lambda forecast: (-forecast.manifest.issued_at.timestamp(), forecast.release))
    place = {slug: at for at, slug in enumerate(areas)}
    return sorted(kept, key=lambda forecast: (place[forecast.area], forecast.month))


def _said(row: Row[Any], manifest: Manifest, levels: tuple[float, ...]) -> Said:
    quantiles = numbers(row.quantiles, expected=len(levels), place=f"{row.area} in {row.release}")
    return Said(row.area, row.target_month, row.release, manifest, row.horizon, row.mean, levels, array("d", quantiles))
