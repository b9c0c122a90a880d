"""`/livez` and `/readyz`, for whatever starts, restarts and routes to the process; `/metrics`, for Prometheus."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from service import bodies
from service.answers import Answer
from service.context import context
from service.examples import answered
from service.problems import PARAMETERS, Problem, declared
from service.query import known_parameters
from service.schemas.resources import LiveAnswer, ReadyAnswer

__all__ = ["router"]

router = APIRouter(tags=["health"])

# Prometheus' text format.
_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_EXAMPLE = """\
# HELP encounters_release_stale 1 where newer counts should be out and are not in.
# TYPE encounters_release_stale gauge
encounters_release_stale{panel="usbp-sectors",worker="4711"} 1.0
"""

Strict = Annotated[
    bool,
    Query(
        description="`true`: also 503 while the forecasts of a panel are stale. For whoever watches over the figures, "
        "not the process."
    ),
]


@router.get("/livez", summary="The process answers", response_model=LiveAnswer, responses=answered(LiveAnswer))
async def live() -> Answer:
    """200 for as long as the process can answer at all; says nothing of the store."""
    return Answer(bodies.render({"status": "live"}), "application/json", cache="no-store")


@router.get(
    "/readyz",
    summary="Releases are in memory and the store answers",
    response_model=ReadyAnswer,
    responses=answered(ReadyAnswer)
    | declared(*PARAMETERS, "nothing-published", "store-unreachable", "stale", "stopping"),
    dependencies=[Depends(known_parameters)],
)
async def ready(request: Request, strict: Strict = False) -> Answer:
    """503 until a release of at least one panel is loaded,
    while the store did not answer the last look at it, and before a stop.

    What is in memory is served on meanwhile. With `strict=true` also 503 while a release that is served is stale.
    """
    here = context(request)
    release_cache = here.release_cache
    if here.shutdown.begun:
        raise Problem("stopping", "The process is stopping, and answers for a little while still.")
    if not release_cache.newest:
        raise Problem("nothing-published", f"No release is loaded. {release_cache.failure}".rstrip())
    if release_cache.failure:
        raise Problem(
            "store-unreachable", release_cache.failure, serving=[one.id for one in release_cache.newest.values()]
        )
    if strict and (stale := [one for one in release_cache.newest.values() if bodies.is_stale(one, here.today())]):
        since = ", ".join(f"{one.id} (newer counts should have been in by {one.manifest.stale_after})" for one in stale)
        raise Problem("stale", f"Stale: {since}.", stale=[one.id for one in stale])
    document = {"status": "ready", "releases": [one.id for one in release_cache.newest.values()]}
    return Answer(bodies.render(document), "application/json", cache="no-store")


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {"description": "Samples.", "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}}}
    },
)
async def metrics(request: Request) -> Answer:
    """Age and staleness of the served releases, open alarms,
    looks at the store, and requests by route, in Prometheus' text format.
    """
    return Answer(context(request).metrics.render(), _MEDIA_TYPE, cache="no-store")
