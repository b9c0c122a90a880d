"""What a release's method would have said at past months: kept with the release, and read again. Fits nothing.

A replay was never issued. It is made when the release is, from what was public then where the archive knows it, else
from the newest counts without the months after the origin; and it is no part of the release's checksum. Numpy is
loaded by those who write, never by those who read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Row, select

from forecast.core.errors import StoreError
from forecast.core.months import Month
from forecast.core.scorecard import SCORED_COVERAGES
from forecast.release import schema
from forecast.release.hindsight import Held
from forecast.release.intervals import level_places
from forecast.release.observations import Observation
from forecast.release.rows import intact, numbers
from forecast.release.store import reading

if TYPE_CHECKING:
    from forecast.core.tables import Forecasts

__all__ = ["BACK", "KEPT", "Replay", "Replayed", "held", "replayed", "rows"]

# Months before a release's own origin from which its method is replayed.
BACK = (1, 3, 6, 12)
# The intervals that are kept beside the median, in per cent: those that scores weigh.
KEPT = SCORED_COVERAGES
_DECIMALS = 2


@dataclass(frozen=True)
class Replay:
    """`forecasts` of a past origin. `as_of`: they know what was public on this day; None: the newest counts, cut."""

    forecasts: Forecasts
    as_of: date | None


@dataclass(frozen=True)
class Replayed:
    """What a `release`'s method would have said of an area from counts through `origin`. `quantiles`: for each month
    after it one number per level, in counts per month; `as_of` as in `Replay`.
    """

    release: str
    area: str
    origin: Month
    as_of: date | None
    levels: tuple[float, ...]
    quantiles: tuple[tuple[float, ...], ...]

    @property
    def months(self) -> tuple[Month, ...]:
        """The months that are forecast."""
        return tuple(self.origin + step for step in range(1, len(self.quantiles) + 1))


def rows(release_id: str, replays: Iterable[Replay]) -> Iterator[dict[str, Any]]:
    """The rows of `release_replay` that hold some replays: the median and the ends of the KEPT intervals."""
    import numpy as np

    for replay in replays:
        table = replay.forecasts
        places = sorted({place for pair in level_places(table.levels, (0, *KEPT)) for place in pair})
        levels = json.dumps([table.levels[place] for place in places])
        # Adding zero turns a negative zero, which rounding can leave behind, into zero.
        values = (np.round(table.values[:, :, places], _DECIMALS) + 0.0).tolist()
        for area, own in zip(table.areas, values, strict=True):
            yield {
                "release": release_id,
                "area": area,
                "origin": table.origin,
                "as_of": replay.as_of,
                "levels": levels,
                "quantiles": json.dumps(own, separators=(",", ":")),
            }


def replayed(engine: Engine, release_ids: Iterable[str], areas: Sequence[str]) -> list[Replayed]:
    """What is kept of some areas with some releases, by area in the order asked for, newest origin first; none where
    a release was issued before replays were kept. Raises StoreError.
    """
    table = schema.release_replay.c
    query = select(schema.release_replay).where(table.release.in_(sorted(release_ids)), table.area.in_(areas))
    with reading(engine) as connection:
        kept = [_replayed(row) for row in connection.execute(query.order_by(table.origin.desc()))]
    place = {slug: at for at, slug in enumerate(areas)}
    return sorted(kept, key=lambda one: place[one.area])


def held(replays: Iterable[Replayed], counts: Iterable[Observation], *, through: Month) -> Held:
    """How often replays of one area held its counts, each month once, by the last origin before it. `through`: the
    origin of the release that they are kept with; later months judge what it forecast itself. Quantiles are rounded as
    the count is.
    """
    last: dict[Month, tuple[tuple[float, ...], tuple[float, ...]]] = {}
    for replay in sorted(replays, key=lambda one: one.origin):
        last |= {month: (replay.levels, row) for month, row in zip(replay.months, replay.quantiles, strict=True)}
    inside = []
    for one in counts:
        if one.month in last and one.month <= through:
            levels, row = last[one.month]
            ends = [(_round(row[low], one), _round(row[high], one)) for low, high in level_places(levels, (50, 80, 95))]
            inside.append([low <= one.count <= high for low, high in ends])
    return Held(len(inside), *(sum(held) for held in zip(*inside, strict=True))) if inside else Held(0, 0, 0, 0)


def _round(value: float, count: Observation) -> float:
    return round(value / count.precision) * count.precision


def _replayed(row: Row[Any]) -> Replayed:
    place = f"{row.area} of {row.origin}, replayed with {row.release},"
    levels = numbers(row.levels, place=place)
    with intact(place):
        quantiles = tuple(tuple(float(value) for value in line) for line in json.loads(row.quantiles))
    for line in quantiles:
        if len(line) != len(levels):
            raise StoreError(
                f"{place} holds {len(line)} numbers instead of {len(levels)}. Restore the store from a backup."
            )
    return Replayed(row.release, row.area, row.origin, row.as_of, levels, quantiles)
