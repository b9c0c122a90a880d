"""The application: routes, errors, the front, and the task that watches the store. Loads releases, never a model."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from importlib import metadata

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from forecast.release.store import connect
from service import openapi, problems
from service.ask import known_parameters
from service.context import Context, utc_now
from service.front import Front
from service.releases import Shelf
from service.routes import areas, forecasts, health, observations, pages, releases, status
from service.settings import Settings

__all__ = ["create", "create_app"]

_DESCRIPTION = """\
Forecasts of monthly U.S. border encounters per sector, state, region and nation, with intervals, from official counts.

An encounter is an event (an apprehension, an inadmissibility or a Title 42 expulsion), not a person: one person can be encountered twice.
A release never changes: its id names its figures for ever. `/v1/forecasts` serves the newest release of each panel and says which.
`lead` counts months from the month of issue: a negative lead is a month that was past when the forecast was issued.
Unknown and repeated parameters are refused, never ignored. Errors are `application/problem+json` (RFC 9457) and say what to do.
"""


def create() -> FastAPI:
    """The application as the environment sets it: `uvicorn --factory service.app:create`."""
    return create_app(Settings())


def create_app(settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """The application. Raises StoreError where the database URL cannot be read; a store that is down or empty is waited for.

    `clock` gives the moment with its time zone, by which staleness is judged.
    """
    here = Context(Shelf(connect(settings.database), kept=settings.kept_releases), clock, _version())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(here.shelf.refresh)
        watch = asyncio.create_task(here.shelf.keep_fresh(settings.poll_seconds))
        try:
            yield
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
            here.shelf.engine.dispose()

    app = FastAPI(
        title="Encounter forecasts",
        version=here.version,
        summary="Monthly U.S. border encounters: forecasts with intervals.",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.context = here
    problems.install(app)
    for module in (status, areas, forecasts, observations, releases):
        app.include_router(module.router, prefix="/v1", dependencies=[Depends(known_parameters)])
    app.include_router(health.router)
    app.include_router(pages.router)
    app.add_middleware(Front, stamp=here.stamp, kept_bytes=settings.kept_bytes)
    openapi.install(app)
    return app


def _version() -> str:
    try:
        return metadata.version("encounter-forecast")
    except metadata.PackageNotFoundError:
        return "unknown"
