"""`GET /v1/scenarios` and `/v1/scenarios/{name}`: what-ifs that the operator froze. No address freezes one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool

from forecast.release import frozen
from service import bodies
from service.answers import ALIAS, Answer
from service.context import context
from service.examples import answered
from service.frozen_scenarios import called, entry, said
from service.problems import declared
from service.questions import in_turn
from service.schemas import FrozenScenariosAnswer, NamedScenariosAnswer

__all__ = ["router"]

router = APIRouter(tags=["planning"])

_COMMON = ("unknown-parameter", "not-acceptable", "nothing-published", "store-unreachable", "internal")
_NONE = "No what-if was frozen yet. The operator freezes one: encounters scenario FILE --freeze TITLE."
NamePath = Annotated[
    str,
    Path(
        description="A frozen scenario's id, or the letter and day that several share.",
        examples=["A-2026-11-27"],
        json_schema_extra={"pattern": f"^{frozen.NAME}$"},
    ),
]


@router.get(
    "/scenarios",
    summary="Frozen what-ifs",
    response_model=FrozenScenariosAnswer,
    responses=answered(FrozenScenariosAnswer) | declared(*_COMMON),
)
def frozen_scenarios(request: Request) -> Answer:
    """What-ifs that the operator kept with the release that they were put to, oldest first.

    Several that were frozen together share a letter and a day, `together`. Each is answered by its id:
    `POST /v1/scenarios` with `{"name": "A-2026-11-27"}`, or at `/v1/scenarios/A-2026-11-27` with its scores.
    """
    entries = [entry(one) for one in frozen.frozen(context(request).release_cache.engine)]
    document = {"note": None if entries else _NONE, "scenarios": entries}
    return Answer(bodies.render(document), "application/json", cache=ALIAS, keep=True)


@router.get(
    "/scenarios/{name}",
    summary="One frozen what-if, or those of one name",
    response_model=NamedScenariosAnswer,
    responses=answered(NamedScenariosAnswer)
    | declared("unknown-scenario", "unknown-release", "invalid-body", "too-busy", *_COMMON),
)
async def frozen_scenario(request: Request, name: NamePath) -> Answer:
    """What it said on the release that it was put to, and how it fared against the counts that came out since.

    A score is the CRPS in counts per month, smaller is better: of the forecast as it was, and of the same with the
    events. A month whose count was public on the day of freezing is no forecast, and has none.
    """
    here = context(request)
    scenarios = await run_in_threadpool(called, here, name)
    work = await run_in_threadpool(said, here, scenarios)
    document = await in_turn(here, work.size, work.answer)
    return Answer(bodies.render(document), "application/json", cache=ALIAS, keep=True)
