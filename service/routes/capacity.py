"""`POST /v1/capacity`: how many beds, as JSON, or as CSV at `.csv` and by Accept."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from forecast.release import what_if
from service import query
from service.context import context
from service.examples import answered
from service.problems import declared
from service.query import MEDIA, Format
from service.questions import ask, body_of
from service.routes.formats import TABLES
from service.routes.scenarios import BODY_PROBLEMS, NEVER_KEPT, taken
from service.schemas.planning import CapacityAnswer
from service.schemas.questions import CAPACITY_EXAMPLE, CapacityBody

__all__ = ["router"]

router = APIRouter(tags=["planning"])

_ROWS = (
    "month,occupancy_median,occupancy_75,occupancy_90,occupancy_95,busiest_night_median,busiest_night_75,"
    "busiest_night_90,busiest_night_95,full,first_full,nights_full,missing_beds,missing_beds_when_full,idle_beds,"
    "beds_for_80,beds_for_90,beds_for_95,area,release,data_through,stale_after,stale\r\n"
    "2025-01,610,700,820,900,720,830,960,1050,0.21,0.21,0.06,9.4,150,340.2,870,960,1050,"
    "el-paso,usbp-sectors-2024-11-0f3a9c2b71,2024-11,2025-02-28,false\r\n"
)
_CSV = {MEDIA["csv"]: {"schema": {"type": "string"}, "example": _ROWS}}
_BODY = taken(question=(CapacityBody.__name__, CAPACITY_EXAMPLE))


async def _answer(request: Request, form: Format) -> Response:
    values, today = await body_of(request), context(request).today()

    def write(answer: dict[str, Any]) -> Response:
        if form == "json":
            return Response(orjson.dumps(answer), media_type=MEDIA["json"], headers=NEVER_KEPT)
        from forecast.planning.beds_answer import as_csv

        return Response(as_csv(answer), media_type=f"{MEDIA['csv']}; charset=utf-8", headers=NEVER_KEPT)

    return await ask(request, lambda source: what_if.capacity(source, values, today=today), write)


@router.post(
    "/capacity",
    summary="How many beds a shelter needs",
    response_model=CapacityAnswer,
    responses=answered(CapacityAnswer, _CSV) | declared(*BODY_PROBLEMS),
    openapi_extra=_BODY,
)
async def capacity(request: Request) -> Response:
    """Nights in use, the chance that beds run out, and the beds to have, month by month, from today's census on.

    `occupied` is that census: forgetting who is there already is the commonest fault of such figures. `share` is the
    share of encounters that comes to the shelter; `released` takes those of past months, the newest the likeliest.
    Without `from` the nights begin with the first month that begins today or later.

    JSON, CSV with `Accept: text/csv`.
    """
    return await _answer(request, query.format_of(request, TABLES))


@router.post(
    "/capacity.csv",
    summary="How many beds a shelter needs, as CSV",
    response_class=Response,
    responses={200: {"description": "One row per month.", "content": _CSV}, **declared(*BODY_PROBLEMS)},
    openapi_extra=_BODY,
)
async def capacity_csv(request: Request) -> Response:
    """One row per month, for a spreadsheet. A chance that is too small or too large for a number stands as words."""
    return await _answer(request, query.format_of(request, TABLES))
