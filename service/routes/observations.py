"""`/v1/observations`: the official counts, as they are known now or were public on a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from forecast.core.areas import area as area_of
from forecast.release import read
from forecast.release.read import Observation
from service import ask, bodies
from service.ask import Format
from service.context import context
from service.front import ALIAS, Answer
from service.problems import Problem, declared
from service.responses import ObservationsAnswer, answered
from service.routes.parameters import AsOf

__all__ = ["router"]

router = APIRouter(tags=["observations"])

_PROBLEMS = declared(
    "unknown-parameter", "repeated-parameter", "invalid-parameter", "not-acceptable", "nothing-published", "store-unreachable", "internal"
)
_ROWS = 'area,name,month,count,precision,published\r\nel-paso,"El Paso, TX",2024-11,9120,1,2024-12-19\r\n'

Areas = Annotated[str, Query(description="Slugs, separated by commas, in the order wanted.", examples=["el-paso", "southwest,nation"])]
From = Annotated[str | None, Query(alias="from", description="First month (YYYY-MM).", examples=["2023-10"])]
To = Annotated[str | None, Query(description="Last month, included (YYYY-MM).", examples=["2024-11"])]


def _observed(
    request: Request, area: str, first: str | None, last: str | None, as_of: str | None
) -> tuple[dict[str, list[Observation]], date | None]:
    """Slug -> its months in order, in the order asked for."""
    slugs = ask.slugs(area) or ()
    start, end, by = ask.month("from", first), ask.month("to", last), ask.day("as_of", as_of)
    if start is not None and end is not None and start > end:
        raise Problem("invalid-parameter", f"from: {start} comes after {end}. Exchange from and to.", parameter="from")
    series: dict[str, list[Observation]] = {slug: [] for slug in slugs}
    for one in read.observations(context(request).shelf.engine, slugs, first=start, last=end, as_of=by):
        series[one.area].append(one)
    return series, by


def _answer(series: dict[str, list[Observation]], by: date | None, form: Format) -> Answer:
    if form == "csv":
        columns = ["area", "name", "month", "count", "precision", "published"]
        rows = [
            [slug, area_of(slug).name, one.month, one.count, one.precision, one.published]
            for slug, months in series.items()
            for one in months
        ]
        return Answer(bodies.table(columns, rows), "text/csv", cache=ALIAS)
    entries = []
    for slug, months in series.items():
        place = area_of(slug)
        entries.append(
            {
                "area": slug,
                "name": place.name,
                "kind": place.kind,
                "panel": place.panel,
                "months": [
                    {"month": str(one.month), "count": one.count, "precision": one.precision, "published": str(one.published)}
                    for one in months
                ],
            }
        )
    document = {"as_of": None if by is None else str(by), "unit": bodies.UNITS["month"], "observations": entries}
    return Answer(bodies.render(document), "application/json", cache=ALIAS)


@router.get(
    "/observations",
    summary="Official counts",
    response_model=ObservationsAnswer,
    responses=answered(ObservationsAnswer, rows=_ROWS) | _PROBLEMS,
)
def observations(request: Request, area: Areas, first: From = None, to: To = None, as_of: AsOf = None) -> Answer:
    """Encounters per month of the areas named. Of each month the newest figure published by `as_of`; a month without one is left out.

    JSON, or CSV with `Accept: text/csv`.
    """
    form = ask.format_of(request)
    return _answer(*_observed(request, area, first, to, as_of), form)


@router.get(
    "/observations.csv", summary="Official counts, as CSV", response_class=Response, responses=answered(None, rows=_ROWS) | _PROBLEMS
)
def observations_csv(request: Request, area: Areas, first: From = None, to: To = None, as_of: AsOf = None) -> Answer:
    """One row per area and month, for `pandas.read_csv` and spreadsheets."""
    return _answer(*_observed(request, area, first, to, as_of), "csv")
