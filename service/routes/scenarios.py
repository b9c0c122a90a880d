"""`POST /v1/scenarios`: what if. The answer is made of a release's draws, and of nothing that was fitted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from forecast.release import what_if
from forecast.release.frozen import then
from forecast.release.what_if import Prepared, Source
from service.context import Context, context
from service.examples import answered
from service.problems import declared
from service.questions import ask, body_of
from service.routes.frozen import named_alone
from service.schemas.planning import ScenarioAnswer, ScenarioDrawsAnswer
from service.schemas.questions import SCENARIO_EXAMPLE, FrozenScenarioBody, ScenarioBody

__all__ = ["BODY_PROBLEMS", "router", "taken"]

router = APIRouter(tags=["planning"])

BODY_PROBLEMS = (
    *("unknown-parameter", "repeated-parameter", "invalid-parameter", "not-acceptable", "malformed-request"),
    *("unsupported-media-type", "body-too-long", "invalid-body", "no-forecast", "nothing-published"),
    *("store-unreachable", "too-busy", "internal"),
)


def taken(**bodies: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """The request body of an operation in the OpenAPI document, by the name of an example: one of some shapes."""
    shapes = [{"$ref": f"#/components/schemas/{shape}"} for shape, _ in bodies.values()]
    content = {
        "schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes},
        "examples": {name: {"value": example} for name, (_, example) in bodies.items()},
    }
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def _prepared(here: Context, source: Source, values: dict[str, Any], *, draws: bool) -> Prepared:
    """The answer to a body, which names a frozen scenario or is one itself."""
    if "name" in values:
        one = named_alone(here, values)
        source, values = then(source, here.release_cache.release(one.release)), dict(one.body)
    return what_if.scenario(source, values, today=here.today(), draws=draws)


@router.post(
    "/scenarios",
    summary="What if: a forecast with and without some events",
    response_model=ScenarioAnswer | ScenarioDrawsAnswer,
    responses=answered(ScenarioAnswer) | declared(*BODY_PROBLEMS, "unknown-scenario", "unknown-release"),
    openapi_extra=taken(
        question=(ScenarioBody.__name__, SCENARIO_EXAMPLE),
        frozen=(FrozenScenarioBody.__name__, {"name": "A-2026-11-27"}),
    ),
)
async def scenarios(
    request: Request,
    include: Annotated[
        Literal["draws"] | None,
        Query(
            description="`draws`: every world too, with what it drew of each event; at most ten areas.",
            examples=["draws"],
        ),
    ] = None,
) -> Response:
    """Baseline, scenario and the difference between them, per area and month, in the worlds of the served release.

    Events apply in the order given: a group arrives, arrivals change by a factor, a share of them moves elsewhere, beds
    open or close. Each quantity is a number or a range. The same question has the same answer while the release is
    served. `assumptions` says in plain words everything that is taken for granted. A body that is a name alone, such as
    `{"name": "A-2026-11-27"}`, is a scenario that the operator froze: it is answered on the release that it was put to.
    """
    values, here = await body_of(request), context(request)
    return await ask(
        request,
        lambda source: _prepared(here, source, values, draws=include == "draws"),
        lambda answer: Response(orjson.dumps(answer), media_type="application/json", headers=NEVER_KEPT),
    )


# An answer to a body is nobody else's.
NEVER_KEPT = {"Cache-Control": "no-store"}
