"""`/v1/releases` and `/v1/releases/{id}`: every release that was ever published, hindcasts marked."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request

from forecast.core.errors import NoRelease
from forecast.release import read
from forecast.release.read import Release
from service import bodies, query
from service.answers import ALIAS, IMMUTABLE, Answer
from service.context import Context, context
from service.examples import answered, as_csv
from service.problems import Problem, declared
from service.routes.formats import TABLES, offered, tabled
from service.routes.parameters import PanelParameter, ReleasePath
from service.schemas.forecasts import ReleaseAnswer, ReleaseRow, ReleasesAnswer

__all__ = ["cache_of", "release_of", "router"]

router = APIRouter(tags=["releases"])

# No other text reaches the store.
_IDENTITY = re.compile(r"[a-z0-9-]{1,100}")


def release_of(here: Context, identity: str) -> Release:
    """The release of an id. Raises Problem where there is none, StoreError."""
    try:
        if _IDENTITY.fullmatch(identity):
            return here.release_cache.release(identity)
    except NoRelease:
        pass
    raise Problem("unknown-release", f"No release has the id {identity[:100]!r}.", release=identity[:100])


def cache_of(one: Release) -> str:
    """How long answers that name a release's run may be used: for ever once it is logged."""
    return ALIAS if one.run_id is None else IMMUTABLE


@offered(
    router,
    "/releases",
    formats=TABLES,
    summary="List releases",
    model=ReleasesAnswer,
    rows=as_csv(ReleaseRow),
    each="release",
    problems=declared("unknown-parameter", "invalid-parameter", "not-acceptable", "internal", "store-unreachable"),
)
def releases(request: Request, panel: PanelParameter = None) -> Answer:
    """Every release, newest first. `current` marks those that `/v1/forecasts` serves;
    hindcasts were made later and never served.
    """
    form = query.format_of(request, TABLES)
    rows = [
        bodies.filled(ReleaseRow, one.manifest, data_through=one.manifest.origin, current=one.current)
        for one in read.releases(context(request).release_cache.engine, panel)
    ]
    lines = (row | {"issued_at": bodies.moment(row["issued_at"])} for row in rows)
    return tabled(form, {"releases": rows}, tuple(ReleaseRow.model_fields), lines)


@router.get(
    "/releases/{release}",
    summary="One release",
    response_model=ReleaseAnswer,
    responses=answered(ReleaseAnswer)
    | declared("unknown-release", "unknown-parameter", "internal", "store-unreachable"),
)
def release(request: Request, release: ReleasePath) -> Answer:
    """Where a release's figures come from: counts, recipe, code version, run, scores.

    The answer never changes, except that `run_id` is null until the run is logged.
    """
    one = release_of(context(request), release)
    manifest = one.manifest
    document = bodies.head(one) | {
        "code_version": manifest.code_version,
        "data_digest": manifest.data_digest,
        "checksum": one.checksum,
        "horizon": max((len(forecast.months) for forecast in one.areas), default=0),
        "levels": one.levels,
        "areas": [forecast.slug for forecast in one.areas],
        "fallbacks": manifest.fallbacks,
        "scores": manifest.scores,
    }
    return Answer(bodies.render(document), "application/json", cache=cache_of(one), keep=True)
