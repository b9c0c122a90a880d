"""Forecasts as the bytes of an answer: JSON is made here from plain structures, CSV and Parquet by `release.shapes`. Reads no clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson

from forecast.release import shapes
from forecast.release.intervals import UNITS, months_ahead
from forecast.release.read import AreaForecast, Release
from forecast.release.shapes import Chosen, area
from service import bodies
from service.ask import Ask, Format

__all__ = ["pieces", "whole"]


def pieces(chosen: Chosen, ask: Ask, form: Format, *, today: date | None) -> Iterator[bytes]:
    """The answer to a question in parts, for `whole` to join: one per area, or a single one where it is Parquet.

    `today` marks stale releases; None for an answer that never changes. Raises LevelsError where a release does not store an interval.
    """
    if form == "json":
        entry = _months if ask.shape == "intervals" else _rows
        for release, forecast in chosen:
            yield entry(release, forecast, ask)
    elif ask.shape != "intervals":
        long = shapes.LONG[ask.shape]
        table = long.csv(chosen, horizon=ask.horizon)
        yield from table if form == "csv" else [shapes.parquet(long.types, table)]
    else:
        question: dict[str, Any] = {"coverage": ask.coverage, "unit": ask.unit, "horizon": ask.horizon, "today": today}
        table = shapes.forecasts_csv(chosen, guard=form == "csv", **question)
        types = shapes.forecast_types(ask.coverage, stale=today is not None)
        yield from table if form == "csv" else [shapes.parquet(types, table)]


def whole(chosen: Chosen, ask: Ask, form: Format, parts: list[bytes], *, today: date | None) -> bytes:
    """The whole answer from its parts."""
    if form != "json":
        return b"".join(parts)
    document = {"releases": _heads(chosen, today), "unit": UNITS[ask.unit]}
    if ask.shape == "intervals":
        return orjson.dumps(document | {"forecasts": [orjson.Fragment(part) for part in parts]})
    return orjson.dumps(document | {"rows": [orjson.Fragment(part[1:-1]) for part in parts if part != b"[]"]})


def _heads(chosen: Chosen, today: date | None) -> dict[str, Any]:
    """What a reader must know of each release, and where `today` is given whether it is stale by then."""
    releases = {release.manifest.panel: release for release, _ in chosen}
    return {
        panel: bodies.head(release) | ({} if today is None else {"stale": bodies.is_stale(release, today)})
        for panel, release in releases.items()
    }


def _months(release: Release, forecast: AreaForecast, ask: Ask) -> bytes:
    """An area's forecast in CONTRACT's shape."""
    one, coverage = area(forecast.slug), ask.coverage
    months = [
        {
            "month": ahead.month,
            "horizon": ahead.horizon,
            "lead": ahead.lead,
            "median": ahead.median,
            "mean": ahead.mean,
            "intervals": [
                {"coverage": per_cent, "lower": lower, "upper": upper}
                for per_cent, lower, upper in zip(coverage, ahead.ends[::2], ahead.ends[1::2], strict=True)
            ],
        }
        for ahead in months_ahead(release, forecast, coverage=coverage, unit=ask.unit, horizon=ask.horizon)
    ]
    return orjson.dumps(
        {
            "area": one.slug,
            "name": one.name,
            "kind": one.kind,
            "panel": one.panel,
            "release": release.id,
            "origin": str(release.manifest.origin),
            "fallback": release.manifest.fallbacks.get(one.slug),
            "months": months,
        }
    )


def _rows(release: Release, forecast: AreaForecast, ask: Ask) -> bytes:
    """An area's rows of a long table as objects; days as text."""
    assert ask.shape != "intervals"  # noqa: S101 (`pieces` asks for the others only)
    long = shapes.LONG[ask.shape]
    rows = [dict(zip(long.types, row, strict=True)) for row in long.of(release, forecast, ask.horizon)]
    return orjson.dumps(rows)
