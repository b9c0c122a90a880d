"""A question that comes as a body: its type looked at, its length bounded while it is read, its answer made in turn.

Knows no route. What the body asks is read and answered by `release.what_if`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from forecast.core.errors import PlanError
from forecast.release import what_if
from forecast.release.read import Release
from forecast.release.what_if import Prepared, Source
from service.context import Context, context
from service.problems import Problem

__all__ = ["ask", "body_of", "in_turn", "source_of"]

T = TypeVar("T")

# Leaves of a scenario that are answered at once; more share the turns of heavy work.
_LIGHT = 5


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises Problem: 415 for another type, 400 for what is no JSON, and others."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        said = f"{media[:60]!r} is" if media else "The body has no Content-Type, and is"
        raise Problem("unsupported-media-type", f"{said} not taken for JSON here.", supported=["application/json"])
    from forecast.planning.body import parsed

    content = await context(request).bodies.read(request)
    try:
        return parsed(content)
    except PlanError as error:
        raise Problem("malformed-request", str(error)) from None


async def ask(
    request: Request, prepare: Callable[[Source], Prepared], write: Callable[[dict[str, Any]], Response]
) -> Response:
    """The answer to a question, written. Raises PlanError, Problem, NoRelease, StoreError, TooBusy."""
    here = context(request)
    work = await run_in_threadpool(lambda: prepare(source_of(here)))
    return await in_turn(here, work.size, lambda: write(work.answer()))


async def in_turn(here: Context, size: int, make: Callable[[], T]) -> T:
    """What `make` gives: at once, or of more than a few leaves in the turns of heavy work. Raises TooBusy."""
    return await (run_in_threadpool(make) if size <= _LIGHT else here.heavy.run(make))


def source_of(here: Context) -> Source:
    """What the service has in memory, and the store for the rest."""
    cache = here.release_cache

    def served(panel: str) -> Release:
        if panel in cache.newest:
            return cache.newest[panel]
        kind = "no-forecast" if cache.newest else "nothing-published"
        raise Problem(kind, f"{panel} has no release yet.")

    return Source(
        here.catalogue.named,
        served,
        lambda release, areas: cache.joint_draws(release).paths(areas),
        lambda release, areas: what_if.recent(cache.engine, release, areas),
    )
