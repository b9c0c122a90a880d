"""Forecasts as JSON and CSV, put together from columns: one interval of one area, written month by month. Reads no clock.

A question chooses among columns, so that one which was never asked is put together from what others left. Columns are kept while there is
room; where there is none, the figures are written into the answer itself, so that many areas cost no more memory and little more time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import chain, islice, repeat
from operator import itemgetter, truediv
from typing import Literal

from forecast.core.months import Month, month_range
from forecast.release.read import AreaForecast, Release
from service import bodies
from service.ask import Ask, Unit, area
from service.bodies import UNITS
from service.once import per_release

__all__ = ["Chosen", "forecasts_csv", "forecasts_json"]

Chosen = Sequence[tuple[Release, AreaForecast]]
_Form = Literal["json", "csv"]

# How a figure is written, for Python's `%`: as `bodies.scaled` rounds it. Bytes, which Python fills in faster than text.
_FIGURES: dict[Unit, str] = {"month": "%.0f", "day": "%.1f"}
# Bytes of columns that are kept per release: every column of some 500 areas.
_ROOM = 12_000_000
# What Python needs around a column, in bytes.
_AROUND = 250
_QUOTE = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(slots=True)
class _Columns:
    """Columns of a release that were asked for, by area, unit, form and coverage (0: median and mean); `room`: bytes for more."""

    kept: dict[tuple[str, Unit, _Form, int], bytes] = field(default_factory=dict)
    room: int = _ROOM


def forecasts_json(chosen: Chosen, ask: Ask, *, today: date | None) -> Iterator[bytes]:
    """The forecasts of CONTRACT's shape, one piece per area. `today` marks stale releases; None for an answer that never changes.

    Raises LevelsError where a release does not store the ends of an interval.
    """
    heads = {release.manifest.panel: _release_json(release)[_stale(release, today)] for release, _ in chosen}
    told = b",".join([b'"%s":%s' % (panel.encode(), head) for panel, head in heads.items()])
    before = b'{"releases":{%s},"unit":"%s","forecasts":[' % (told, UNITS[ask.unit].encode())
    for release, forecast in chosen:
        months = b"]},".join(_months(release, forecast, ask, "json"))
        yield b"%s%s%s]}]}" % (before, _area_json(release, forecast), months)
        before = b","
    yield b"]}"


def forecasts_csv(chosen: Chosen, ask: Ask, *, today: date | None) -> Iterator[bytes]:
    """The same as one row per area and month, one piece per area. Without `today` there is no column `stale`."""
    names = [f"{end}_{per_cent}" for per_cent in ask.coverage for end in ("lower", "upper")]
    columns = ["panel", "release", "data_through", "stale_after", *(["stale"] if today else []), "area", "name", "kind"]
    yield bodies.table([*columns, "month", "horizon", "lead", "unit", "median", "mean", *names, "fallback"], [])
    for release, forecast in chosen:
        one, fallback = area(forecast.slug), release.manifest.fallbacks.get(forecast.slug)
        start = _release_csv(release)[_stale(release, today)] + bodies.line([one.slug, one.name, one.kind]) + b","
        end = b"," + (bodies.line([fallback]) if fallback else b"") + b"\r\n"
        yield start + (end + start).join(_months(release, forecast, ask, "csv")) + end


def _months(release: Release, forecast: AreaForecast, ask: Ask, form: _Form) -> list[bytes]:
    """Each month with its intervals, as JSON without the brackets that end them, or as cells of CSV."""
    columns, lines = _columns(release), []
    for per_cent in (0, *ask.coverage):
        key = forecast.slug, ask.unit, form, per_cent
        column = columns.kept.get(key)
        if column is None:
            if columns.room <= 0:
                return _written(release, forecast, ask.unit, form, (0, *ask.coverage), ask.horizon).split(b"\n")
            column = _written(release, forecast, ask.unit, form, (per_cent,), None)
            columns.kept[key] = column
            columns.room -= len(column) + _AROUND
        lines.append(column.split(b"\n"))
    return _beside(form, islice(zip(*lines, strict=True), ask.horizon))


def _beside(form: _Form, months: Iterable[tuple[bytes, ...]]) -> list[bytes]:
    """Columns beside each other, month by month."""
    if form == "json":  # the first one opens the list of intervals
        return [first + b",".join(ends) for first, *ends in months]
    return [b",".join(cells) for cells in months]


@per_release
def _columns(_: Release) -> _Columns:
    return _Columns()


def _written(release: Release, forecast: AreaForecast, unit: Unit, form: _Form, columns: tuple[int, ...], horizon: int | None) -> bytes:
    """Columns beside each other from the figures, a line per month.

    Raises ValueError for a figure that is no finite number: a fault, never a value.
    """
    months = forecast.months[:horizon]
    figures = list(chain.from_iterable(map(itemgetter(*_places(release, columns)), forecast.quantiles[:horizon])))
    if columns[0] == 0:
        figures[1 :: 2 * len(columns)] = forecast.means[:horizon]  # in place of the median's second
    if unit == "day":
        figures = list(
            map(truediv, figures, chain.from_iterable([repeat(days, 2 * len(columns)) for days in _days(months[0], len(months))]))
        )
    if not math.isfinite(sum(figures)):
        raise ValueError(f"{forecast.slug} has a figure that is no finite number.")
    return _template(form, unit, columns, months[0], len(months), release.lead(months[0])) % tuple(figures)


@lru_cache(maxsize=512)
def _template(form: _Form, unit: Unit, columns: tuple[int, ...], first: Month, count: int, lead: int) -> bytes:
    """Columns beside each other without their figures; `lead`: of the first month."""
    return b"\n".join(_beside(form, zip(*[_lines(form, unit, per_cent, first, count, lead) for per_cent in columns], strict=True)))


@lru_cache(maxsize=512)
def _lines(form: _Form, unit: Unit, per_cent: int, first: Month, count: int, lead: int) -> tuple[bytes, ...]:
    """One of them, line by line."""
    figure = _FIGURES[unit]
    if per_cent:
        line = f'{{"coverage":{per_cent},"lower":{figure},"upper":{figure}}}' if form == "json" else f"{figure},{figure}"
        return (line.encode(),) * count
    months = [(month, f"{at + 1}", f"{lead + at}") for at, month in enumerate(month_range(first, count))]
    if form == "csv":
        return tuple(f"{month},{ahead},{late},{UNITS[unit]},{figure},{figure}".encode() for month, ahead, late in months)
    figures = f'"median":{figure},"mean":{figure},"intervals":['
    return tuple(f'{{"month":"{month}","horizon":{ahead},"lead":{late},{figures}'.encode() for month, ahead, late in months)


@lru_cache(maxsize=64)
def _days(first: Month, count: int) -> tuple[int, ...]:
    """How many days each month has."""
    return tuple(month.days for month in month_range(first, count))


def _places(release: Release, columns: tuple[int, ...]) -> list[int]:
    """Places of the ends of intervals among the levels, two each; of 0 per cent: of the median, twice."""
    known = _known_places(release)
    if not known.keys() >= set(columns):
        known |= bodies.level_places(release.levels, columns)
    return [place for per_cent in columns for place in known[per_cent]]


@per_release
def _known_places(_: Release) -> dict[int, tuple[int, int]]:
    return {}


def _stale(release: Release, today: date | None) -> bool | None:
    """Whether newer counts are overdue; None in an answer that never changes."""
    return None if today is None else bodies.is_stale(release, today)


@per_release
def _release_json(release: Release) -> dict[bool | None, bytes]:
    """A release's head as JSON: stale, not stale, and without a word of it."""
    head = bodies.head(release)
    return {stale: bodies.render(head | ({} if stale is None else {"stale": stale})) for stale in (True, False, None)}


@per_release
def _release_csv(release: Release) -> dict[bool | None, bytes]:
    """The same as the first cells of every row. `true` as JSON and pandas have it."""
    manifest = release.manifest
    cells = [manifest.panel, release.id, str(manifest.origin), str(manifest.stale_after)]
    return {stale: bodies.line([*cells, *more]) + b"," for stale, more in ((True, ["true"]), (False, ["false"]), (None, []))}


def _area_json(release: Release, forecast: AreaForecast) -> bytes:
    """What stands before an area's months."""
    one, fallback = area(forecast.slug), release.manifest.fallbacks.get(forecast.slug)
    said = "null" if fallback is None else _QUOTE(fallback)
    head = f'{{"area":"{one.slug}","name":{_QUOTE(one.name)},"kind":"{one.kind}","panel":"{one.panel}","release":"{release.id}"'
    return f'{head},"origin":"{release.manifest.origin}","fallback":{said},"months":['.encode()
