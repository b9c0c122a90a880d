"""`/v1/compare`: what each release said of a month, beside one another and beside what came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from forecast.core.areas import Area
from forecast.core.months import Month
from forecast.release import read
from forecast.release.intervals import Unit, in_words, level_places, scaled
from forecast.release.read import Observation
from forecast.release.said import Said, said
from service import bodies, query
from service.answers import Answer
from service.context import Context, context
from service.problems import PARAMETERS, declared
from service.routes.formats import TABLES, offered, tabled
from service.routes.parameters import (
    MONTH,
    SLUGS,
    CoverageParameter,
    FromParameter,
    HindcastsParameter,
    ToParameter,
    UnitParameter,
)
from service.schemas import CompareAnswer, ComparedMonth, SaidByRelease

__all__ = ["router"]

router = APIRouter(tags=["accuracy"])

_COLUMNS = (
    "panel", "area", "name", "kind", "month", "observed", "published", "release", "issued_at", "data_through",
    "hindcast", "horizon", "lead", "unit", "median", "mean",
)  # fmt: skip
_ROWS = (
    f"{','.join(_COLUMNS)},lower_80,upper_80\r\n"
    'usbp-sectors,el-paso,"El Paso, TX",sector,2024-12,9120,2025-01-19,usbp-sectors-2024-11-0f3a9c2b71,'
    "2024-12-20T06:00:00Z,2024-11,false,1,0,encounters per month,8790,8920,6900,11000\r\n"
)
# Areas whose every release may be read at once: some hundred releases of 18 months each.
_MOST = 12

_Areas = Annotated[
    str,
    Query(
        description=f"Areas, separated by commas, in the order wanted; at most {_MOST}.",
        examples=["el-paso", "El Paso, TX"],
        json_schema_extra=SLUGS,
    ),
]
_Month = Annotated[
    str | None,
    Query(description="The one month (YYYY-MM) that was forecast.", examples=["2024-12"], json_schema_extra=MONTH),
]


def _months(month: str | None, first: str | None, last: str | None) -> tuple[Month | None, Month | None]:
    one = query.month("month", month)
    if one is None:
        return query.months_between(first, last)
    if first is not None or last is not None:
        raise query.invalid("month", "it excludes from and to. Name one month, or a first and a last one.")
    return one, one


@offered(
    router,
    "/compare",
    formats=TABLES,
    summary="What each release said of a month",
    model=CompareAnswer,
    rows=_ROWS,
    each="area, month and release",
    problems=declared(*PARAMETERS, "not-acceptable", "nothing-published", "store-unreachable", "internal"),
)
def compare(
    request: Request,
    area: _Areas,
    month: _Month = None,
    first: FromParameter = None,
    last: ToParameter = None,
    coverage: CoverageParameter = "50,80,95",
    unit: UnitParameter = "month",
    hindcasts: HindcastsParameter = False,
) -> Answer:
    """Every issued release's forecast of an area's month (or of the months `from` to `to`; absent: all), newest first,
    with the count that came: how a forecast changed as its month came near, and how it did.
    """
    here, form = context(request), query.format_of(request, TABLES)
    slugs = query.slugs(request, area) or ()
    if len(slugs) > _MOST:
        raise query.invalid("area", f"{len(slugs)} are named; at most {_MOST} are compared at once. Name fewer.")
    between, wanted = _months(month, first, last), query.coverages(coverage)
    rows = [
        _month(here.catalogue.area(slug), name, count, releases, wanted, unit)
        for (slug, name), (count, releases) in _compared(here, slugs, between, hindcasts).items()
    ]
    ends = (f"{end}_{per_cent}" for per_cent in wanted for end in ("lower", "upper"))
    panels = dict.fromkeys(here.catalogue.area(slug).panel for slug in slugs)
    words = " or ".join(dict.fromkeys(in_words(here.catalogue.panels[panel], unit) for panel in panels))
    return tabled(form, {"unit": words, "compare": rows}, (*_COLUMNS, *ends), _lines(rows, unit, here))


def _compared(
    here: Context, slugs: tuple[str, ...], between: tuple[Month | None, Month | None], hindcasts: bool
) -> dict[tuple[str, Month], tuple[Observation | None, list[Said]]]:
    """Area and month -> the count, and the forecasts."""
    engine, (first, last) = here.release_cache.engine, between
    counts = {(one.area, one.month): one for one in read.observations(engine, slugs, first=first, last=last)}
    compared: dict[tuple[str, Month], tuple[Observation | None, list[Said]]] = {}
    for forecast in said(engine, slugs, first=first, last=last, hindcasts=hindcasts):
        cell = (forecast.area, forecast.month)
        compared.setdefault(cell, (counts.get(cell), []))[1].append(forecast)
    return compared


def _month(
    area: Area, month: Month, count: Observation | None, releases: list[Said], coverage: tuple[int, ...], unit: Unit
) -> dict[str, Any]:
    return bodies.filled(
        ComparedMonth,
        area,
        area=area.slug,
        month=month,
        observed=None if count is None else scaled(count.count, month.days, unit),
        published=None if count is None else count.published,
        releases=[_release(forecast, coverage, unit) for forecast in releases],
    )


def _release(forecast: Said, coverage: tuple[int, ...], unit: Unit) -> dict[str, Any]:
    def figure(place: int) -> float:
        return scaled(forecast.quantiles[place], forecast.month.days, unit)

    (middle, _), *pairs = level_places(forecast.levels, (0, *coverage))
    return bodies.filled(
        SaidByRelease,
        forecast.manifest,
        release=forecast.release,
        data_through=forecast.manifest.origin,
        horizon=forecast.horizon,
        lead=forecast.lead,
        median=figure(middle),
        mean=scaled(forecast.mean, forecast.month.days, unit),
        intervals=[
            {"coverage": per_cent, "lower": figure(low), "upper": figure(high)}
            for per_cent, (low, high) in zip(coverage, pairs, strict=True)
        ],
    )


def _lines(rows: list[dict[str, Any]], unit: Unit, here: Context) -> Iterator[dict[str, Any]]:
    """A line per release: what `_COLUMNS` names, and the ends of the intervals."""
    for row in rows:
        words = in_words(here.catalogue.panels[row["panel"]], unit)
        for one in row["releases"]:
            ends = {f"{end}_{held['coverage']}": held[end] for held in one["intervals"] for end in ("lower", "upper")}
            yield row | one | ends | {"unit": words, "issued_at": bodies.moment(one["issued_at"])}
