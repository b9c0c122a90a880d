"""`/v1/compare`: what each release said of a month, beside one another and beside what came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from forecast.core.months import Month
from forecast.release import read
from forecast.release.intervals import Unit, in_words, level_places, scaled
from forecast.release.replays import KEPT, Replayed, replayed
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
from service.schemas.compare import CompareAnswer, ComparedMonth, SaidByRelease, SaidInReplay

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
# Of replays, as CSV too.
_REPLAY_COLUMNS = ("replayed", "as_of")
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
_Include = Annotated[
    Literal["replayed"] | None,
    Query(
        description="`replayed`: beside what was issued, what the method of the release that is served would have said "
        "from 1, 3, 6 and 12 months before its counts end. Replays keep the intervals of "
        f"{', '.join(map(str, KEPT[:-1]))} and {KEPT[-1]} %; others are left out, and empty as CSV, which has them in "
        "rows of their own, where `replayed` is true.",
        examples=["replayed"],
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
    include: _Include = None,
) -> Answer:
    """Every issued release's forecast of an area's month (or of the months `from` to `to`; absent: all), newest first,
    with the count that came: how a forecast changed as its month came near, and how it did. A new home has issued
    nothing yet: `include=replayed` says what its method would have said.
    """
    here, form = context(request), query.format_of(request, TABLES)
    slugs = query.slugs(request, area) or ()
    if len(slugs) > _MOST:
        raise query.invalid("area", f"{len(slugs)} are named; at most {_MOST} are compared at once. Name fewer.")
    between, wanted = _months(month, first, last), query.coverages(coverage)
    replays = _replays(here, slugs, between) if include else {}
    rows = list(_compared(here, slugs, between, wanted, unit, hindcasts, replays))
    ends = (f"{end}_{per_cent}" for per_cent in wanted for end in ("lower", "upper"))
    columns = (*_COLUMNS, *(_REPLAY_COLUMNS if include else ()), *ends)
    panels = dict.fromkeys(here.catalogue.area(slug).panel for slug in slugs)
    words = " or ".join(dict.fromkeys(in_words(here.catalogue.panels[panel], unit) for panel in panels))
    return tabled(form, {"unit": words, "compare": rows}, columns, _lines(rows, unit, here))


_Replays = dict[tuple[str, Month], list[Replayed]]


def _replays(here: Context, slugs: tuple[str, ...], between: tuple[Month | None, Month | None]) -> _Replays:
    """The replays kept with the releases that are served, by the months that they speak of, newest origin first."""
    newest, (first, last) = here.release_cache.newest, between
    served = [newest[panel].id for panel in {here.catalogue.area(slug).panel for slug in slugs} if panel in newest]
    kept: _Replays = {}
    for one in replayed(here.release_cache.engine, served, slugs):
        for month in one.months:
            if (first is None or first <= month) and (last is None or month <= last):
                kept.setdefault((one.area, month), []).append(one)
    return kept


def _compared(
    here: Context,
    slugs: tuple[str, ...],
    between: tuple[Month | None, Month | None],
    coverage: tuple[int, ...],
    unit: Unit,
    hindcasts: bool,
    replays: _Replays,
) -> Iterator[dict[str, Any]]:
    """Per area and month the count and the forecasts, as `ComparedMonth`."""
    engine, (first, last) = here.release_cache.engine, between
    counts = {(one.area, one.month): one for one in read.observations(engine, slugs, first=first, last=last)}
    grouped: dict[tuple[str, Month], list[Said]] = {}
    for forecast in said(engine, slugs, first=first, last=last, hindcasts=hindcasts):
        grouped.setdefault((forecast.area, forecast.month), []).append(forecast)
    place = {slug: at for at, slug in enumerate(slugs)}
    for slug, month in sorted({*grouped, *replays}, key=lambda cell: (place[cell[0]], cell[1])):
        count = counts.get((slug, month))
        yield bodies.filled(
            ComparedMonth,
            here.catalogue.area(slug),
            area=slug,
            month=month,
            observed=None if count is None else scaled(count.count, month.days, unit),
            published=None if count is None else count.published,
            releases=[_release(one, coverage, unit) for one in grouped.get((slug, month), ())],
            replayed=[_replay(one, month, coverage, unit) for one in replays.get((slug, month), ())],
        )


def _replay(one: Replayed, month: Month, coverage: tuple[int, ...], unit: Unit) -> dict[str, Any]:
    horizon = month - one.origin
    row = [scaled(value, month.days, unit) for value in one.quantiles[horizon - 1]]
    kept = tuple(per_cent for per_cent in coverage if per_cent in KEPT)
    (middle, _), *pairs = level_places(one.levels, (0, *kept))
    return bodies.filled(
        SaidInReplay,
        one,
        data_through=one.origin,
        horizon=horizon,
        replayed=True,
        median=row[middle],
        intervals=_intervals(kept, pairs, row),
    )


def _release(forecast: Said, coverage: tuple[int, ...], unit: Unit) -> dict[str, Any]:
    days = forecast.month.days
    row = [scaled(value, days, unit) for value in forecast.quantiles]
    (middle, _), *pairs = level_places(forecast.levels, (0, *coverage))
    return bodies.filled(
        SaidByRelease,
        forecast.manifest,
        release=forecast.release,
        data_through=forecast.manifest.origin,
        horizon=forecast.horizon,
        lead=forecast.lead,
        median=row[middle],
        mean=scaled(forecast.mean, days, unit),
        intervals=_intervals(coverage, pairs, row),
    )


def _intervals(
    coverage: Sequence[int], places: Sequence[tuple[int, int]], row: Sequence[float]
) -> list[dict[str, float]]:
    return [
        {"coverage": per_cent, "lower": row[low], "upper": row[high]}
        for per_cent, (low, high) in zip(coverage, places, strict=True)
    ]


def _lines(rows: list[dict[str, Any]], unit: Unit, here: Context) -> Iterator[dict[str, Any]]:
    """A line per release, then one per replay, which lacks some columns: with the ends of the intervals."""
    for row in rows:
        words = in_words(here.catalogue.panels[row["panel"]], unit)
        for one in (*row["releases"], *row["replayed"]):
            issued = {"issued_at": bodies.moment(one["issued_at"])} if "issued_at" in one else {}
            ends = {f"{end}_{held['coverage']}": held[end] for held in one["intervals"] for end in ("lower", "upper")}
            yield row | {"replayed": False} | one | ends | {"unit": words} | issued
