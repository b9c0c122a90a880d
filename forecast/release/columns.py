"""Figures of forecasts as text, put together from columns: one interval of one area, written month by month as JSON or as cells of CSV.

A question chooses among columns, so that one which was never asked is put together from what others left. Columns are kept of areas that
were asked for a few times, while there is room; otherwise the figures are written into the answer itself, so that many areas cost no more
memory.
Per-month figures are whole numbers, per-day figures have one decimal. Rounding is monotone, so the ends of intervals keep their order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice, repeat
from operator import add, itemgetter, truediv
from typing import Literal

from forecast.core.errors import LevelsError
from forecast.core.months import Month, month_range
from forecast.release.once import per_release
from forecast.release.read import AreaForecast, Release

__all__ = ["UNITS", "Form", "Unit", "level_places", "months", "scaled"]

Unit = Literal["month", "day"]
Form = Literal["json", "csv"]

UNITS: dict[Unit, str] = {"month": "encounters per month", "day": "encounters per day"}
# How a figure is written, for Python's `%`: as `scaled` rounds it. Bytes, which Python fills in faster than text.
_FIGURES: dict[Unit, str] = {"month": "%.0f", "day": "%.1f"}
# Bytes of columns that are kept per release: every column of some 500 areas.
_ROOM = 12_000_000
# What Python needs around a column, in bytes.
_AROUND = 250
# How often an area is written into the answer itself before columns of it are kept: what they cost is paid back after as many.
_SELDOM = 3


@dataclass(slots=True)
class _Columns:
    """Columns of a release that were asked for, by area, unit and form in one word, and by coverage (0: median and mean).

    `asked`: how often an area was written without them; `room`: bytes for more.
    """

    kept: dict[str, dict[int, bytes]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    room: int = _ROOM


def scaled(value: float, month: Month, unit: Unit) -> float:
    """Encounters per month, rounded: whole per month, or the mean per day of that month with one decimal."""
    return round(value) if unit == "month" else round(value / month.days, 1)


def level_places(levels: Sequence[float], coverage: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Coverage in per cent -> places of its lower and upper level. Raises LevelsError where one is not stored."""
    place = {round(level * 1000): at for at, level in enumerate(levels)}
    found = {}
    for per_cent in coverage:
        lower = (100 - per_cent) * 5
        if lower not in place or 1000 - lower not in place:
            raise LevelsError(f"The release does not store the ends of the {per_cent} % interval; its levels are {list(levels)}.")
        found[per_cent] = (place[lower], place[1000 - lower])
    return found


def months(
    release: Release, forecast: AreaForecast, *, coverage: tuple[int, ...], unit: Unit, horizon: int | None, form: Form, between: bytes
) -> bytes:
    """Each month with its median, mean and intervals, as JSON without the brackets that end them, or as cells of CSV.

    `coverage` in per cent; `horizon`: months at most; `between`: what stands between two months. Raises LevelsError where the release
    does not store the ends of an interval.
    """
    columns, key = _columns(release), f"{forecast.slug} {unit} {form}"
    kept = columns.kept.get(key)
    if kept is None:
        columns.asked[key] += 1
        if columns.asked[key] <= _SELDOM:
            return _written(release, forecast, unit, form, (0, *coverage), horizon, between)
        kept = columns.kept.setdefault(key, {})
    lines = []
    for per_cent in (0, *coverage):
        column = kept.get(per_cent)
        if column is None:
            if columns.room <= 0:
                return _written(release, forecast, unit, form, (0, *coverage), horizon, between)
            column = kept[per_cent] = _written(release, forecast, unit, form, (per_cent,), None, b"\n")
            columns.room -= len(column) + _AROUND
        lines.append(column.split(b"\n", horizon or -1))
    return between.join(islice(_beside(form, lines), horizon))


def _beside(form: Form, lines: Sequence[Iterable[bytes]]) -> Iterator[bytes]:
    """Columns beside each other, month by month."""
    if form == "csv" or len(lines) == 1:
        return map(b",".join, zip(*lines, strict=True))
    # The first column opens the list that the others are members of.
    return map(add, lines[0], map(b",".join, zip(*lines[1:], strict=True)))


@per_release
def _columns(_: Release) -> _Columns:
    return _Columns()


def _written(
    release: Release, forecast: AreaForecast, unit: Unit, form: Form, columns: tuple[int, ...], horizon: int | None, between: bytes
) -> bytes:
    """Columns beside each other from the figures, month by month.

    Raises ValueError for a figure that is no finite number: a fault, never a value.
    """
    ahead = forecast.months[:horizon]
    figures = list(chain.from_iterable(map(itemgetter(*_places(release, columns)), forecast.quantiles[:horizon])))
    if columns[0] == 0:
        figures[1 :: 2 * len(columns)] = forecast.means[:horizon]  # in place of the median's second
    if unit == "day":
        figures = list(map(truediv, figures, chain.from_iterable([repeat(days, 2 * len(columns)) for days in _days(ahead[0], len(ahead))])))
    if not math.isfinite(sum(figures)):
        raise ValueError(f"{forecast.slug} has a figure that is no finite number.")
    first, count, lead = ahead[0], len(forecast.months), release.lead(ahead[0])
    lines = _beside(form, [_lines(form, unit, per_cent, first, count, lead) for per_cent in columns])
    # What stands between is text of the release, and may hold a sign that Python would fill in.
    return between.replace(b"%", b"%%").join(islice(lines, horizon)) % tuple(figures)


@lru_cache(maxsize=512)
def _lines(form: Form, unit: Unit, per_cent: int, first: Month, count: int, lead: int) -> tuple[bytes, ...]:
    """A column without its figures, line by line; `lead`: of the first month."""
    figure = _FIGURES[unit]
    if per_cent:
        line = f'{{"coverage":{per_cent},"lower":{figure},"upper":{figure}}}' if form == "json" else f"{figure},{figure}"
        return (line.encode(),) * count
    ahead = [(month, f"{at + 1}", f"{lead + at}") for at, month in enumerate(month_range(first, count))]
    if form == "csv":
        return tuple(f"{month},{horizon},{late},{UNITS[unit]},{figure},{figure}".encode() for month, horizon, late in ahead)
    figures = f'"median":{figure},"mean":{figure},"intervals":['
    return tuple(f'{{"month":"{month}","horizon":{horizon},"lead":{late},{figures}'.encode() for month, horizon, late in ahead)


@lru_cache(maxsize=64)
def _days(first: Month, count: int) -> tuple[int, ...]:
    """How many days each month has."""
    return tuple(month.days for month in month_range(first, count))


def _places(release: Release, columns: tuple[int, ...]) -> list[int]:
    """Places of the ends of intervals among the levels, two each; of 0 per cent: of the median, twice."""
    known = _known_places(release)
    if not known.keys() >= set(columns):
        known |= level_places(release.levels, columns)
    return [place for per_cent in columns for place in known[per_cent]]


@per_release
def _known_places(_: Release) -> dict[int, tuple[int, int]]:
    return {}
