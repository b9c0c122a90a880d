"""Reads the official counts that the store holds, as they are known now or were public on a day. Loads no numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from forecast.core.months import Month
from forecast.release import schema
from forecast.release.columns import months_between
from forecast.release.store import reading

__all__ = ["Observation", "observations", "observations_in_slices"]


@dataclass(frozen=True, slots=True)
class Observation:
    """An official count of a `month`, first `published` by the file `sha256`; `precision`: 1 exact, 10 to ten."""

    area: str
    month: Month
    published: date
    count: int
    precision: int
    source: str
    sha256: str


def observations(
    engine: Engine,
    areas: Iterable[str],
    *,
    first: Month | None = None,
    last: Month | None = None,
    as_of: date | None = None,
) -> list[Observation]:
    """Of each month of some areas the newest count published by `as_of`, in the order asked for, then by month.

    `first` and `last` are both included. Raises StoreError.
    """
    asked = tuple(dict.fromkeys(areas))
    slices = observations_in_slices(engine, asked, first=first, last=last, as_of=as_of, slice_size=len(asked) or 1)
    return [observation for series in slices for months in series.values() for observation in months]


def observations_in_slices(
    engine: Engine,
    areas: Sequence[str],
    *,
    first: Month | None,
    last: Month | None,
    as_of: date | None,
    slice_size: int,
) -> Iterator[dict[str, list[Observation]]]:
    """The same for a few areas at a time, by slug, so that no more is in memory; all of one state of the store."""
    table = schema.observation
    query = select(table).where(*months_between(table.c.month, first, last)).order_by(table.c.month, table.c.published)
    if as_of is not None:
        query = query.where(table.c.published <= as_of)
    with reading(engine) as connection:
        for start in range(0, len(areas), slice_size):
            asked = areas[start : start + slice_size]
            newest: dict[str, dict[Month, Observation]] = {slug: {} for slug in asked}
            for row in connection.execute(query.where(table.c.area.in_(asked))):
                newest[row.area][row.month] = Observation(*row)
            yield {slug: list(months.values()) for slug, months in newest.items()}
