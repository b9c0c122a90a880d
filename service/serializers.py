"""Forecasts as the bytes of an answer: JSON is made here from plain structures,
CSV and Parquet by `release.shapes`. Reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import orjson

from forecast.release import shapes
from forecast.release.intervals import columns_ahead, in_words, scaled
from forecast.release.read import AreaForecast, Observation, Release
from forecast.release.shapes import Chosen, Table
from service import bodies
from service.query import ForecastQuery, Format

__all__ = ["written"]


def written(
    chosen: Chosen,
    question: ForecastQuery,
    form: Format,
    *,
    today: date | None,
    observed: Mapping[str, list[Observation]] | None = None,
) -> Iterator[bytes]:
    """The answer to a question piece by piece: one piece per area, or a single one where it is Parquet.

    `today` marks stale releases; None for an answer that never changes. `observed`: counts by area that go beside the
    forecasts, in JSON alone. Raises LevelsError where a release does not store an interval.
    """
    if form == "json":
        return _json(chosen, question, today, observed)
    table = _long(chosen, question) or shapes.intervals(chosen, question.wanted, today=today)
    return table.csv() if form == "csv" else iter([table.parquet()])


def _long(chosen: Chosen, question: ForecastQuery) -> Table | None:
    """The long table that is asked for; None where it is intervals."""
    if question.shape not in ("quantiles", "hubverse"):
        return None
    return shapes.LONG[question.shape](chosen, horizon=question.wanted.horizon)


def _json(
    chosen: Chosen, question: ForecastQuery, today: date | None, observed: Mapping[str, list[Observation]] | None
) -> Iterator[bytes]:
    """One document, whose last member is a list that is written area by area."""
    releases = {release.manifest.panel: release for release, _ in chosen}
    head = {
        "releases": {
            panel: bodies.head(release) if today is None else bodies.served_head(release, today)
            for panel, release in releases.items()
        },
        "unit": " or ".join(
            dict.fromkeys(in_words(release.panel, question.wanted.unit) for release in releases.values())
        ),
    }
    before = bodies.render(head)[:-1] + (b',"forecasts":[' if question.shape == "intervals" else b',"rows":[')
    for pair in chosen:
        if table := _long([pair], question):
            rows = [dict(zip(table.types, row, strict=True)) for row in table.rows()]
        else:
            rows = [_forecast(*pair, question, observed)]
        yield before + orjson.dumps(rows)[1:-1]  # it writes days as text
        before = b","
    yield b"]}"


def _forecast(
    release: Release,
    forecast: AreaForecast,
    question: ForecastQuery,
    observed: Mapping[str, list[Observation]] | None,
) -> dict[str, Any]:
    """An area's forecast in CONTRACT's shape, with the member `observed` where counts were asked for."""
    columns = columns_ahead(release, forecast, question.wanted)
    lowers, uppers = columns[5::2], columns[6::2]
    intervals = [
        [{"coverage": per_cent, "lower": lower, "upper": upper} for lower, upper in zip(*ends, strict=True)]
        for per_cent, *ends in zip(question.wanted.coverage, lowers, uppers, strict=True)
    ]
    months = [
        {"month": month, "horizon": ahead, "lead": lead, "median": median, "mean": mean, "intervals": ends}
        for month, ahead, lead, median, mean, ends in zip(*columns[:5], zip(*intervals, strict=True), strict=True)
    ]
    answer = bodies.area_head(release, forecast) | {"months": months}
    if observed is not None:
        counts = observed.get(forecast.slug, [])
        answer["observed"] = [
            {"month": str(one.month), "count": scaled(one.count, one.month.days, question.wanted.unit)}
            for one in counts
        ]
    return answer
