"""`/v1/exceedance`: the chances of more encounters than a threshold, counted in a release's joint draws."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from forecast.release.intervals import Wanted
from service import exceeding, query
from service.answers import ALIAS, Answer
from service.context import context
from service.exceeding import Thresholds
from service.packed import in_pieces
from service.query import ForecastQuery
from service.routes.formats import TABLES, offered
from service.routes.parameters import (
    AreaParameter,
    AsOf,
    HorizonParameter,
    KindParameter,
    PanelParameter,
    UnitParameter,
    listed,
)
from service.routes.served import PROBLEMS, ReleaseParameter, asked_about
from service.schemas.exceedance import ExceedanceAnswer

__all__ = ["router"]


async def _threshold_named(request: Request) -> None:
    """Refuse a question without a threshold in words of its own, before the framework does."""
    if "threshold" not in request.query_params:
        detail = "name at least one, in encounters per month, or with unit=day per day: threshold=1500."
        raise query.invalid("threshold", detail)


router = APIRouter(tags=["exceedance"], dependencies=[Depends(_threshold_named)])

_HEAD = 'usbp-sectors,usbp-sectors-2024-11-0f3a9c2b71,2024-11,2025-02-28,true,el-paso,"El Paso, TX",sector'
_ROWS = (
    f"{','.join(exceeding.COLUMNS)}\r\n"
    f"{_HEAD},above,1500,,2024-12,1,-1,encounters per month,0.1325,,2000,\r\n"
    f"{_HEAD},first,1500,,2024-12,1,-1,encounters per month,0.1325,,2000,\r\n"
    f"{_HEAD},any,1500,,,,,encounters per month,0.3105,,2000,\r\n"
    f"{_HEAD},never,1500,,,,,encounters per month,0.6895,,2000,\r\n"
    f"{_HEAD},change,,50,,,,encounters per month,,under 1 in 400,2000,\r\n"
)
# Thresholds, and changes, of one request; chances from which an answer is heavy: areas times thresholds.
_MOST, _HEAVY = 20, 60
# Without leading zeros: 5,000 would be two thresholds, 5 and 0. Of 10,500 nobody can tell: it is two, and the answer's
# note says so.
_NUMBER = r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?"
_PERCENT = r"[+-]?[0-9]{1,4}(\.[0-9]{1,6})?"

ThresholdParameter = Annotated[
    str,
    Query(
        description=f"Encounters per `unit`, 0 or more, at most {_MOST} separated by commas. What is asked is the "
        "chance of more. Thousands have no separator: `10,500` is two thresholds.",
        examples=["1500", "1000,1500,2000.5"],
        json_schema_extra=listed(_NUMBER),
    ),
]
ChangeParameter = Annotated[
    str,
    Query(
        description=f"Changes in per cent of the last observed month, at most {_MOST} separated by commas: more than "
        f"that above it, or where negative below it, in one of the {exceeding.WITHIN} months after it.",
        examples=["-50,-25,25,50"],
        json_schema_extra=listed(_PERCENT),
    ),
]


def _numbers(name: str, text: str, pattern: str, like: str) -> tuple[float, ...]:
    parts = [part.strip(" ") for part in text.split(",")]
    if len(parts) > _MOST:
        raise query.invalid(
            name, f"{len(parts)} are named; at most {_MOST} are answered at once. Ask in several requests."
        )
    for part in parts:
        if not re.fullmatch(pattern, part, re.ASCII):
            raise query.invalid(name, f"{part[:20]!r} is not {like}")
    values = tuple(float(part) for part in parts)
    if len(set(values)) != len(values):
        raise query.invalid(name, "one is named twice. Name each once.")
    return tuple(int(value) if value.is_integer() else value for value in values)


def _thresholds(text: str) -> tuple[float, ...]:
    return _numbers(
        "threshold", text, _NUMBER, "a threshold. Use numbers of 0 or more without separators, such as 1500 or 2000.5."
    )


def _changes(text: str) -> tuple[float, ...]:
    values = _numbers("change", text, _PERCENT, "a change in per cent. Use numbers such as 25 or -50.")
    if odd := [value for value in values if value == 0 or value <= -100]:
        raise query.invalid("change", f"{odd[0]} % has no chance to speak of. Use numbers above -100 other than 0.")
    return values


async def _answer(
    request: Request, question: ForecastQuery, asked: Thresholds, as_of: str | None, release: str | None
) -> Answer:
    form, here = query.format_of(request, TABLES), context(request)
    chosen, today = await asked_about(request, question, as_of, release), here.today()
    write = exceeding.in_csv if form == "csv" else exceeding.in_json
    pieces = partial(write, chosen, asked, here.release_cache, today)
    heavy = len(chosen) * len(asked.thresholds) > _HEAVY
    return await in_pieces(here.heavy, pieces, query.MEDIA[form], heavy=heavy, cache=ALIAS, keep=as_of is None)


@offered(
    router,
    "/exceedance",
    formats=TABLES,
    summary="Chances of more than a threshold",
    model=ExceedanceAnswer,
    rows=_ROWS,
    each="area and chance, which `question` names: `above` and `first` by month, `any`, `never`, `change`",
    problems=PROBLEMS,
)
async def exceedance(
    request: Request,
    threshold: ThresholdParameter,
    area: AreaParameter = None,
    unit: UnitParameter = "month",
    change: ChangeParameter = "-50,-25,25,50",
    panel: PanelParameter = None,
    kind: KindParameter = None,
    horizon: HorizonParameter = None,
    as_of: AsOf = None,
    release: ReleaseParameter = None,
) -> Answer:
    """By month the chance of more than a threshold, that it is the first such month, and of any such month.

    Counted in the release's joint draws, in which all areas and months belong together. With `unit=day` a threshold is
    compared with the month's mean per day: the busiest day is higher, and another question. No chance is given that
    under five draws speak for, or against: `bound` says in words what is known, such as `under 1 in 400`.
    """
    question = ForecastQuery(query.slugs(request, area), panel, kind, Wanted(unit=unit, horizon=horizon))
    asked = Thresholds(_thresholds(threshold), _changes(change), unit, horizon)
    return await _answer(request, question, asked, as_of, release)
