"""Forecasts as the bytes of an answer, in every shape and format; CSV and Parquet are those of `release.shapes`. Reads no clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date

from forecast.core.areas import Panel
from forecast.release import columns, shapes
from forecast.release.columns import UNITS, Unit
from forecast.release.once import per_release
from forecast.release.read import AreaForecast, Release
from forecast.release.shapes import Chosen, area
from service import bodies, correction
from service.ask import Ask, Format

__all__ = ["forecasts_json", "rows_json", "written"]

_QUOTE = json.JSONEncoder(ensure_ascii=False).encode


def written(chosen: Chosen, ask: Ask, form: Format, *, today: date | None) -> Iterator[bytes]:
    """The answer to a question piece by piece: one piece per area, or a single one where it is Parquet.

    `today` marks stale releases; None for an answer that never changes. Raises LevelsError where a release does not store an interval.
    """
    if ask.shape != "intervals":
        if form == "json":
            return rows_json(chosen, ask, today=today)
        long = shapes.LONG[ask.shape]
        table = long.csv(chosen, horizon=ask.horizon)
        return table if form == "csv" else iter([shapes.parquet(long.types, table)])
    if form == "json":
        return forecasts_json(chosen, ask, today=today)
    guard = form == "csv"
    pieces = shapes.forecasts_csv(chosen, coverage=ask.coverage, unit=ask.unit, horizon=ask.horizon, today=today, guard=guard)
    if form == "csv":
        return pieces
    return iter([shapes.parquet(shapes.forecast_types(ask.coverage, stale=today is not None), pieces)])


def forecasts_json(chosen: Chosen, ask: Ask, *, today: date | None) -> Iterator[bytes]:
    """The forecasts of CONTRACT's shape, one piece per area."""
    before = b'%s,"forecasts":[' % _told(chosen, ask, today)
    for release, forecast in chosen:
        months = columns.months(release, forecast, coverage=ask.coverage, unit=ask.unit, horizon=ask.horizon, form="json", between=b"]},")
        yield b"%s%s%s]}]}" % (before, _area_json(release, forecast), months)
        before = b","
    yield b"]}"


def rows_json(chosen: Chosen, ask: Ask, *, today: date | None) -> Iterator[bytes]:
    """The rows of a long table as objects, one piece per area; days as text."""
    assert ask.shape != "intervals"  # noqa: S101 (`written` asks for the others only)
    long = shapes.LONG[ask.shape]
    before = b'%s,"rows":[' % _told(chosen, ask, today)
    for pair in chosen:
        rows = [
            {name: str(cell) if isinstance(cell, date) else cell for name, cell in zip(long.types, row, strict=True)}
            for row in long.rows([pair], horizon=ask.horizon)
        ]
        yield before + bodies.render(rows)[1:-1]
        before = b","
    yield b"]}"


def _told(chosen: Chosen, ask: Ask, today: date | None) -> bytes:
    """What an answer says before its figures: the releases that they are from, and their unit."""
    if len(chosen) == 1:
        release = chosen[0][0]
        return _told_of_one(release)[None if today is None else bodies.is_stale(release, today), ask.unit]
    heads = {
        release.manifest.panel: _release_json(release)[None if today is None else bodies.is_stale(release, today)] for release, _ in chosen
    }
    return _telling(heads, ask.unit)


@per_release
def _told_of_one(release: Release) -> dict[tuple[bool | None, Unit], bytes]:
    """The same of one release: stale, not stale, and without a word of it."""
    told = _release_json(release).items()
    return {(stale, unit): _telling({release.manifest.panel: head}, unit) for stale, head in told for unit in UNITS}


def _telling(heads: Mapping[Panel, bytes], unit: Unit) -> bytes:
    told = b",".join([b'"%s":%s' % (panel.encode(), head) for panel, head in heads.items()])
    return b'{"releases":{%s},"unit":"%s"' % (told, UNITS[unit].encode())


@per_release
def _release_json(release: Release) -> dict[bool | None, bytes]:
    """A release's head as JSON: stale, not stale, and without a word of it."""
    head = bodies.head(release)
    corrected = [correction.document(one) for one in release.corrections]
    return {
        None: bodies.render(head),
        **{stale: bodies.render(head | {"stale": stale, "corrections": corrected}) for stale in (True, False)},
    }


def _area_json(release: Release, forecast: AreaForecast) -> bytes:
    """What stands before an area's months."""
    known = _areas_json(release)
    found = known.get(forecast.slug)
    if found is None:
        found = known[forecast.slug] = _written_area(release, forecast)
    return found


@per_release
def _areas_json(_: Release) -> dict[str, bytes]:
    return {}


def _written_area(release: Release, forecast: AreaForecast) -> bytes:
    one, fallback = area(forecast.slug), release.manifest.fallbacks.get(forecast.slug)
    said = "null" if fallback is None else _QUOTE(fallback)
    head = f'{{"area":"{one.slug}","name":{_QUOTE(one.name)},"kind":"{one.kind}","panel":"{one.panel}","release":"{release.id}"'
    return f'{head},"origin":"{release.manifest.origin}","fallback":{said},"months":['.encode()
