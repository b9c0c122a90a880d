"""`/v1/observations`: the official counts, as they are known now or were public on a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request

from forecast.release import read, shapes
from forecast.release.intervals import UNITS
from forecast.release.read import Observation
from forecast.release.shapes import area as area_of
from service import ask, bodies
from service.ask import Format
from service.context import context
from service.front import ALIAS, Answer
from service.problems import Problem, declared
from service.responses import ObservationsAnswer
from service.routes.formats import EVERY, offered
from service.routes.parameters import SLUGS, AsOf

__all__ = ["router"]

router = APIRouter(tags=["observations"])

_PROBLEMS = declared(
    "unknown-parameter", "repeated-parameter", "invalid-parameter", "not-acceptable", "nothing-published", "store-unreachable", "internal"
)
_ROWS = 'area,name,month,count,precision,published\r\nel-paso,"El Paso, TX",2024-11,9120,1,2024-12-19\r\n'

# The columns of the tables and their Arrow types; months are timestamps of their first day.
_TYPES = {
    "area": "string",
    "name": "string",
    "month": "timestamp[us]",
    "count": "int64",
    "precision": "int64",
    "published": "date32",
}

Areas = Annotated[
    str,
    Query(
        description="Slugs, separated by commas, in the order wanted.", examples=["el-paso", "southwest,nation"], json_schema_extra=SLUGS
    ),
]
_MONTH = {"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
From = Annotated[str | None, Query(alias="from", description="First month (YYYY-MM).", examples=["2023-10"], json_schema_extra=_MONTH)]
To = Annotated[str | None, Query(description="Last month, included (YYYY-MM).", examples=["2024-11"], json_schema_extra=_MONTH)]


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
    if form != "json":
        rows = (
            [slug, area_of(slug).name, one.month, one.count, one.precision, one.published]
            for slug, months in series.items()
            for one in months
        )
        table = shapes.csv_table(tuple(_TYPES), rows, guard=form == "csv")
        body = table if form == "csv" else shapes.parquet(_TYPES, [table])
        return Answer(body, ask.MEDIA[form], cache=ALIAS)
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
    document = {"as_of": None if by is None else str(by), "unit": UNITS["month"], "observations": entries}
    return Answer(bodies.render(document), "application/json", cache=ALIAS)


@offered(
    router,
    "/observations",
    formats=EVERY,
    summary="Official counts",
    model=ObservationsAnswer,
    rows=_ROWS,
    each="area and month",
    problems=_PROBLEMS,
)
def observations(request: Request, area: Areas, first: From = None, to: To = None, as_of: AsOf = None) -> Answer:
    """Encounters per month of the areas named. Of each month the newest figure published by `as_of`; a month without one is left out."""
    form = ask.format_of(request, EVERY)
    return _answer(*_observed(request, area, first, to, as_of), form)
