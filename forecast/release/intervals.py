"""The months ahead of one area as plain columns: median, mean and the ends of central intervals, rounded.
Writes no format.

Per-month figures are whole numbers, per-day figures have one decimal. Rounding is monotone, so the ends of intervals
keep their order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from operator import truediv
from typing import Any, Literal, NamedTuple

from forecast.core.errors import LevelsError
from forecast.core.months import Month, month_range
from forecast.core.panels import Panel
from forecast.release.read import AreaForecast, Release

__all__ = [
    "COVERAGE",
    "MonthAhead",
    "Unit",
    "Wanted",
    "columns_ahead",
    "in_words",
    "level_places",
    "months_ahead",
    "scaled",
]

Unit = Literal["month", "day"]
Columns = list[Sequence[Any]]
# Central intervals in per cent, where nobody asks for others.
COVERAGE: tuple[int, ...] = (50, 80, 95)


class Wanted(NamedTuple):
    """Which figures of an area are wanted. `coverage`: of intervals, in per cent; `horizon`: months ahead at most, None
    for all; `first`, `last`: months that are wanted alone, None for no end.
    """

    coverage: tuple[int, ...] = COVERAGE
    unit: Unit = "month"
    horizon: int | None = None
    first: Month | None = None
    last: Month | None = None


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


def level_places(levels: Sequence[float], coverage: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The places of the lower and the upper level of each coverage, in per cent (0: the median, twice).

    Raises LevelsError where one is not stored.
    """
    place, places = _place(tuple(levels)), []
    for per_cent in coverage:
        lower = (100 - per_cent) * 5
        if lower not in place or 1000 - lower not in place:
            raise LevelsError(
                f"The release does not store the ends of the {per_cent} % interval; its levels are {list(levels)}."
            )
        places.append((place[lower], place[1000 - lower]))
    return tuple(places)


def columns_ahead(release: Release, forecast: AreaForecast, wanted: Wanted) -> Columns:
    """An area's months as columns: month, horizon, lead, median, mean, then both ends of each interval in turn.

    Raises LevelsError for a coverage that the release does not store, ValueError or OverflowError for a figure that is
    not finite: a fault, never a value.
    """
    coverage, unit, horizon, first, last = wanted
    begin, count = forecast.months[0], len(forecast.months)
    start = 0 if first is None else max(first - begin, 0)
    stop = count if horizon is None else min(horizon, count)
    stop = max(start, stop if last is None else min(last - begin + 1, stop))
    ((middle, _), *pairs) = level_places(release.levels, (0, *coverage))
    months, days = _calendar(begin, count)
    length, lead, figures = days[start:stop], release.lead(begin), forecast.figures
    return [
        months[start:stop],
        range(start + 1, stop + 1),
        range(lead + start, lead + stop),
        _scaled(figures[middle * count + start : middle * count + stop], length, unit),
        [None] * len(length) if forecast.means is None else _scaled(forecast.means[start:stop], length, unit),
        *(
            _scaled(figures[place * count + start : place * count + stop], length, unit)
            for pair in pairs
            for place in pair
        ),
    ]


def months_ahead(release: Release, forecast: AreaForecast, wanted: Wanted) -> list[MonthAhead]:
    """The same as rows."""
    rows = zip(*columns_ahead(release, forecast, wanted), strict=True)
    return [MonthAhead(month, at, lead, median, mean, ends) for month, at, lead, median, mean, *ends in rows]


# As `round` does it, without looking for it at each value.
_rounded = float.__round__


def _scaled(values: Sequence[float], days: Sequence[int], unit: Unit) -> list[float]:
    """`scaled` of a column: this is what most of an answer's time goes into."""
    if unit == "month":
        return list(map(_rounded, values))
    figures: list[float] = list(map(_rounded, map(truediv, values, days), repeat(1)))
    if not math.isfinite(sum(figures)):
        raise ValueError("A figure is not finite.")
    return figures


@lru_cache(maxsize=64)
def _place(levels: tuple[float, ...]) -> dict[int, int]:
    """Level in thousandths -> its place."""
    return {round(level * 1000): at for at, level in enumerate(levels)}


@lru_cache(maxsize=64)
def _calendar(first: Month, count: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Months as text, and how many days each has."""
    months = month_range(first, count)
    return tuple(map(str, months)), tuple(month.days for month in months)
