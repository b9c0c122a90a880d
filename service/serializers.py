"""Forecasts as the bytes of an answer: JSON is made here from plain structures,
CSV and Parquet by `release.shapes`. Reads no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

import orjson

from forecast.release import shapes
from forecast.release.intervals import in_words, months_ahead, scaled
from forecast.release.read import AreaForecast, Observation, Release
from forecast.release.shapes import Chosen
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
    forecasts, in JSON alone. Raises LevelsError where a release does not
    store an interval.
    """
    if form == "json":
        return _json(chosen, question, today, observed)
    if question.shape in ("quantiles", "hubverse"):
        long = shapes.LONG[question.shape]
        table = long.csv(chosen, horizon=question.horizon)
        return table if form == "csv" else iter([shapes.parquet(long.types, table)])
    table = shapes.forecasts_csv(
        chosen,
        coverage=question.coverage,
        unit=question.unit,
        horizon=question.horizon,
        months=_wanted(question),
        today=today,
        guard=form == "csv",
    )
    model = shapes.of_compared(chosen)
    types = shapes.forecast_types(question.coverage, stale=today is not None, model=model)
    return table if form == "csv" else iter([shapes.parquet(types, table)])


def _wanted(question: ForecastQuery) -> Callable[[str], bool] | None:
    """Which months, as text, a question is about; None for all."""
    if question.first is None and question.last is None:
        return None
    first, last = str(question.first or ""), str(question.last or "9999-12")
    return lambda month: first <= month <= last


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
        "unit": " or ".join(dict.fromkeys(in_words(release.panel, question.unit) for release in releases.values())),
    }
    before = bodies.render(head)[:-1] + (b',"forecasts":[' if question.shape == "intervals" else b',"rows":[')
    for release, forecast in chosen:
        rows = (
            [_forecast(release, forecast, question) | _counts(forecast.slug, observed, question)]
            if question.shape == "intervals"
            else _rows(release, forecast, question)
        )
        yield before + orjson.dumps(rows)[1:-1]
        before = b","
    yield b"]}"


def _counts(slug: str, observed: Mapping[str, list[Observation]] | None, question: ForecastQuery) -> dict[str, Any]:
    """The member `observed` of an area, where counts were asked for."""
    if observed is None:
        return {}
    counts = observed.get(slug, [])
    return {
        "observed": [
            {"month": str(one.month), "count": scaled(one.count, one.month.days, question.unit)} for one in counts
        ]
    }


def _forecast(release: Release, forecast: AreaForecast, question: ForecastQuery) -> dict[str, Any]:
    """An area's forecast in CONTRACT's shape."""
    coverage, wanted = question.coverage, _wanted(question)
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
        for ahead in months_ahead(release, forecast, coverage=coverage, unit=question.unit, horizon=question.horizon)
        if wanted is None or wanted(ahead.month)
    ]
    return {**bodies.area_head(release, forecast), "months": months}


def _rows(release: Release, forecast: AreaForecast, question: ForecastQuery) -> list[dict[str, Any]]:
    """An area's rows of a long table as objects; orjson writes days as text."""
    assert question.shape in ("quantiles", "hubverse")  # noqa: S101 (`_json` asks for these only)
    long = shapes.LONG[question.shape]
    return [dict(zip(long.types, row, strict=True)) for row in long.of(release, forecast, question.horizon)]
