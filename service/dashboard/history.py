"""The counts behind a page, read from the store; a store that is down leaves the charts without them, and says so."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from forecast.core.errors import StoreError, one_line
from forecast.core.months import Month
from forecast.release import read
from forecast.release.read import Observation

__all__ = ["counts_of"]

log = logging.getLogger(__name__)


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
