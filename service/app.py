"""The application: routes, errors, the response cache, and the task that watches the store.
Loads releases, never a model.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from importlib import metadata

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from forecast.core import logs, memory
from forecast.release.store import connect
from service import admission, openapi, problems
from service.bounds import Bounds
from service.context import Context, utc_now
from service.cors import Cors
from service.heavy import Heavy
from service.metrics import Metrics
from service.prefix import Prefix
from service.query import json_alone, known_parameters
from service.rates import Rates
from service.releases import ReleaseCache
from service.request_bodies import Bodies
from service.response_cache import ResponseCache
from service.routes import (
    accuracy,
    areas,
    capacity,
    compare,
    exceedance,
    feed,
    forecasts,
    frozen,
    health,
    live,
    models,
    observations,
    pages,
    releases,
    scenarios,
    status,
)
from service.settings import ServiceSettings, words
from service.shutdown import Shutdown

__all__ = ["create", "create_app"]

# How long a thread that writes a long answer keeps the interpreter from the event loop, which takes it several times
# for each request; by itself Python lets it for five milliseconds.
_SWITCH_SECONDS = 0.0005

_DESCRIPTION = """\
Forecasts of monthly U.S. border encounters per sector, state, region and nation, with intervals, from official counts.

An encounter is an event (an apprehension, an inadmissibility or a Title 42 expulsion), not a person:
one person can be encountered twice.
A release never changes: its id names its figures for ever.
`/v1/forecasts` serves the newest release of each panel and says which.
`lead` counts months from the month of issue: a negative lead is a month that was past when the forecast was issued.
Unknown and repeated parameters are refused, never ignored.
Errors are `application/problem+json` (RFC 9457) and say what to do.
"""


def create() -> FastAPI:
    """The application as the environment sets it: `uvicorn --factory service.app:create`.
    Its log goes to stderr, uvicorn's with it.
    """
    settings = ServiceSettings()
    logs.configure(settings.log)
    memory.keep_together()
    sys.setswitchinterval(_SWITCH_SECONDS)
    app = create_app(settings)
    gc.freeze()  # all that is loaded by now stays: collections need not look at it again
    return app


def create_app(settings: ServiceSettings, *, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """The application. Raises StoreError where the database URL cannot be read;
    a store that is down or empty is waited for.

    `clock` gives the moment with its time zone, by which staleness is judged.
    """
    release_cache = ReleaseCache(
        connect(settings.database),
        kept=settings.kept_releases,
        draw_bytes=settings.draw_bytes,
        keyed=settings.keys != "off",
    )
    heavy = Heavy(most=settings.heavy, queue=settings.heavy_queue, seconds=settings.heavy_seconds)
    measured, shutdown = Metrics(release_cache, clock, heavy), Shutdown(settings.drain_seconds)
    # A body that is waited for keeps a place among the requests that are worked on: a quarter of them at most.
    bodies = Bodies(longest=settings.body_bytes, seconds=settings.head_seconds, most=max(settings.in_flight // 4, 1))
    here = Context(release_cache, clock, _version(), measured, settings, heavy, bodies=bodies, shutdown=shutdown)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(here.release_cache.refresh)
        watch = asyncio.create_task(here.release_cache.keep_fresh(settings.poll_seconds))
        try:
            with here.shutdown.listening():
                yield
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
            here.release_cache.engine.dispose()

    app = FastAPI(
        title="Encounter forecasts",
        version=here.version,
        summary="Monthly U.S. border encounters: forecasts with intervals.",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # its route is one of `pages`
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        # Its look for providers costs as much as a ready answer does; the project measures by itself.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.context = here
    problems.install(app)
    shown = (
        status, areas, forecasts, exceedance, observations, releases, accuracy, compare, models, live, scenarios,
        frozen, capacity,
    )  # fmt: skip
    for module in shown:
        app.include_router(module.router, prefix="/v1", dependencies=[Depends(known_parameters), Depends(json_alone)])
    app.include_router(feed.router, prefix="/v1", dependencies=[Depends(known_parameters)])
    app.include_router(health.router)
    app.include_router(pages.router)
    _set_before(app, here, settings)
    openapi.install(app, lambda: here.catalogue)
    return app


def _set_before(app: FastAPI, here: Context, settings: ServiceSettings) -> None:
    """Prefix, admission, response cache and bounds before the whole of the application:
    what is at hand goes out without passing any other layer.
    """

    def cached(inner: ASGIApp) -> ResponseCache:
        bounds = Bounds(inner, most=settings.in_flight, seconds=settings.request_seconds, refuse=problems.refusal)
        at_once = partial(forecasts.at_once, here)
        return ResponseCache(
            bounds, stamp=here.stamp, kept_bytes=settings.kept_bytes, at_once=at_once, gzip_bytes=settings.gzip_bytes
        )

    admission.install(
        app,
        cached,
        settings=settings,
        rates=Rates(most=settings.rate_clients, clock=time.monotonic),
        cors=Cors(words(settings.origins)),
        keys=lambda: here.release_cache.keys,
        metrics=here.metrics,
        shutdown=here.shutdown,
    )
    if settings.root_path:
        build = app.build_middleware_stack
        app.build_middleware_stack = lambda: Prefix(build(), settings.root_path)  # type: ignore[method-assign]


def _version() -> str:
    try:
        return metadata.version("encounter-forecast")
    except metadata.PackageNotFoundError:
        return "unknown"
