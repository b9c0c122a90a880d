"""`/metrics`, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.answers import Answer
from service.context import context

__all__ = ["router"]

router = APIRouter(tags=["health"])

# Prometheus' text format.
_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_EXAMPLE = """\
# HELP encounters_release_stale 1 where newer counts should be out and are not in.
# TYPE encounters_release_stale gauge
encounters_release_stale{panel="usbp-sectors",worker="4711"} 1.0
"""


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
