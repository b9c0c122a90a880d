"""Which releases a question is about: the newest, those served on a past day, or one by its id. Writes no answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool

from forecast.release import read
from forecast.release.read import Release
from forecast.release.shapes import Chosen
from service import query
from service.choosing import Missing, choose
from service.compared_models import releases_of_model
from service.context import Context, context
from service.problems import PARAMETERS, Problem, declared
from service.query import ForecastQuery
from service.routes.parameters import IDENTITY, RELEASE
from service.routes.releases import release_of

__all__ = ["PROBLEMS", "ReleaseParameter", "asked_about"]

ReleaseParameter = Annotated[
    str | None,
    Query(
        description="Figures of this release instead of the newest; `latest`: the newest. Not together with `as_of`.",
        examples=[RELEASE],
        json_schema_extra=IDENTITY,
    ),
]
# What may be said of a question about the newest releases, those of a day, or one.
PROBLEMS = declared(
    *(*PARAMETERS, "no-forecast", "unknown-release", "not-acceptable", "too-busy", "internal"),
    *("before-first-release", "nothing-published", "store-unreachable"),
)
# The last day that has an end.
_LAST_DAY = date.max - timedelta(days=1)


async def asked_about(request: Request, question: ForecastQuery, as_of: str | None, release: str | None) -> Chosen:
    """The forecasts that a question is about. Raises Problem where they are not there, StoreError."""
    here = context(request)
    releases: Mapping[str, Release] = here.release_cache.newest
    missing: Missing = "nothing-published"
    if release is not None and as_of is not None:
        raise Problem(
            "invalid-parameter", "as_of and release exclude each other. Leave one of the two out.", parameter="as_of"
        )
    if release is not None and release != "latest":
        one = await run_in_threadpool(release_of, here, release)
        releases, missing = {one.manifest.panel: one}, "no-forecast"
    elif (by := query.day("as_of", as_of)) is not None:
        releases, missing = await run_in_threadpool(_served, here, by, question), "before-first-release"
    releases = await releases_of_model(here, releases, question)
    return choose(here.catalogue, releases, question, missing=missing)


def _served(here: Context, by: date, question: ForecastQuery) -> Mapping[str, Release]:
    """Panel -> the release that was served at the end of a day (UTC), by its publications and rollbacks."""
    midnight = datetime.combine(min(by, _LAST_DAY), time(), UTC) + timedelta(days=1)
    served = read.pointers(here.release_cache.engine, before=midnight)
    wanted = [panel for panel in sorted(served, key=here.catalogue.panel_place) if question.panel in (None, panel)]
    if not wanted:
        raise Problem("before-first-release", f"No release was served by the end of {by} (UTC).", parameter="as_of")
    return {panel: here.release_cache.release(served[panel]) for panel in wanted}
