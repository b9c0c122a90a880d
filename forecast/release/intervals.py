"""The months ahead of one area as plain rows: median,
mean and the ends of central intervals, rounded. Writes no format.

Per-month figures are whole numbers, per-day figures have one decimal. Rounding is monotone, so the ends of intervals
keep their order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from forecast.core.errors import LevelsError
from forecast.core.months import Month, month_range
from forecast.core.panels import Panel
from forecast.release.read import AreaForecast, Release

__all__ = ["MonthAhead", "Unit", "in_words", "level_places", "months_ahead", "scaled"]

Unit = Literal["month", "day"]


class MonthAhead(NamedTuple):
    """One month of one area. `ends`: lower and upper end of each interval in turn, in the unit that was asked for;
    `mean`: None where it is not kept.
    """

    month: str
    horizon: int
    lead: int
    median: float
    mean: float | None
    ends: list[float]


def in_words(panel: Panel, unit: Unit) -> str:
    """The unit of answers about a panel: `encounters per month`."""
    return f"{panel.unit} per {unit}"


def scaled(value: float, days: int, unit: Unit) -> float:
    """Encounters per month of so many days, rounded: whole per month, or their mean per day with one decimal."""
    return round(value) if unit == "month" else round(value / days, 1)


@lru_cache(maxsize=512)
def level_places(levels: Sequence[float], coverage: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The places of the lower and the upper level of each coverage, in per cent (0: the median, twice).

    Raises LevelsError where one is not stored.
    """
    place = {round(level * 1000): at for at, level in enumerate(levels)}
    places = []
    for per_cent in coverage:
        lower = (100 - per_cent) * 5
        if lower not in place or 1000 - lower not in place:
            raise LevelsError(
                f"The release does not store the ends of the {per_cent} % interval; its levels are {list(levels)}."
            )
        places.append((place[lower], place[1000 - lower]))
    return tuple(places)


def months_ahead(
    release: Release, forecast: AreaForecast, *, coverage: tuple[int, ...], unit: Unit, horizon: int | None
) -> list[MonthAhead]:
    """An area's months, at most `horizon` of them. `coverage` in per cent.

    Raises LevelsError for a coverage that the release does not store, ValueError for a figure that is not finite: a
    fault, never a value.
    """
    ((middle, _), *pairs) = level_places(release.levels, (0, *coverage))
    places = [place for pair in pairs for place in pair]
    lead = release.lead(forecast.months[0])
    rows = []
    for at, (month, days) in enumerate(_calendar(forecast.months[0], len(forecast.months))[:horizon]):
        stored, mean = forecast.quantiles[at], None if forecast.means is None else forecast.means[at]
        if not math.isfinite((mean or 0) + sum(stored)):
            raise ValueError(f"{forecast.slug} has a figure that is not finite in {month}.")
        median = scaled(stored[middle], days, unit)
        # The comprehension is `scaled` written out: this is what most of an answer's time goes into.
        ends: list[float] = (
            [round(stored[place]) for place in places]
            if unit == "month"
            else [round(stored[place] / days, 1) for place in places]
        )
        expected = None if mean is None else scaled(mean, days, unit)
        rows.append(MonthAhead(month, at + 1, lead + at, median, expected, ends))
    return rows


@lru_cache(maxsize=64)
def _calendar(first: Month, count: int) -> tuple[tuple[str, int], ...]:
    """Each month as text, with its days."""
    return tuple((str(month), month.days) for month in month_range(first, count))
