"""`/v1/forecasts`, the alias of the newest releases, and `/v1/releases/{id}/forecasts`, whose figures never change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from forecast.release import parquet, read, shapes
from forecast.release.intervals import Wanted
from forecast.release.read import Observation
from forecast.release.shapes import Chosen
from service import query, serializers
from service.answers import ALIAS, IMMUTABLE, Answer
from service.catalogue import Catalogue
from service.choosing import choose
from service.compared_models import releases_of_model
from service.context import Context, context
from service.heavy import MANY_COUNTED
from service.packed import in_pieces
from service.problems import PARAMETERS, ROOT, declared
from service.query import ForecastQuery, Format
from service.routes.formats import EVERY, offered
from service.routes.parameters import (
    AreaParameter,
    AsOf,
    CoverageParameter,
    FromParameter,
    HorizonParameter,
    KindParameter,
    ModelParameter,
    PanelParameter,
    ReleasePath,
    ShapeParameter,
    ToParameter,
    UnitParameter,
)
from service.routes.releases import cache_of, release_of
from service.routes.served import PROBLEMS, ReleaseParameter, asked_about
from service.sampled import sampled
from service.schemas.forecasts import (
    ForecastRowsAnswer,
    ForecastsAndCountsAnswer,
    ForecastsAnswer,
    ReleaseForecastRowsAnswer,
    ReleaseForecastsAnswer,
)

__all__ = ["at_once", "router"]

router = APIRouter(tags=["forecasts"])

_ROWS = (
    "panel,release,data_through,stale_after,stale,area,name,kind,month,horizon,lead,unit,median,mean,lower_80,upper_80,fallback\r\n"
    'usbp-sectors,usbp-sectors-2024-11-0f3a9c2b71,2024-11,2025-02-28,true,el-paso,"El Paso, TX",sector,2024-12,1,-1,'
    "encounters per month,8790,8920,6900,11000,\r\n"
)
_RELEASE_PROBLEMS = declared(
    *(*PARAMETERS, "no-forecast", "unknown-release", "not-acceptable", "too-busy", "internal", "store-unreachable")
)

# Months of counts before a forecast, where nobody asks for others.
_BEFORE = 24

IncludeParameter = Annotated[
    Literal["observed"] | None,
    Query(
        description="`observed`: each area's counts beside its forecast, in JSON; absent: forecasts alone. With it, "
        f"`from` is by default the month {_BEFORE} months before the first one ahead.",
        examples=["observed"],
    ),
]


class ReleaseForecastParameters(BaseModel):
    """What can be asked of one release's forecasts."""

    area: AreaParameter = None
    kind: KindParameter = None
    coverage: CoverageParameter = "50,80,95"
    unit: UnitParameter = "month"
    horizon: HorizonParameter = None
    shape: ShapeParameter = "intervals"
    model: ModelParameter = None


class ForecastParameters(BaseModel):
    """What can be asked of the newest releases' forecasts, and of those of other days."""

    area: AreaParameter = None
    panel: PanelParameter = None
    kind: KindParameter = None
    coverage: CoverageParameter = "50,80,95"
    unit: UnitParameter = "month"
    horizon: HorizonParameter = None
    as_of: AsOf = None
    release: ReleaseParameter = None
    shape: ShapeParameter = "intervals"
    include: IncludeParameter = None
    first: FromParameter = None
    last: ToParameter = None
    model: ModelParameter = None


def _question(
    catalogue: Catalogue, given: ForecastParameters | ReleaseForecastParameters, panel: str | None = None
) -> ForecastQuery:
    """The question of parameters that `query.check` has seen.

    Raises Problem where an area or a coverage is unknown, and where a long table is asked for what only intervals have:
    that is never ignored.
    """
    areas, coverage = query.slugs_of(catalogue, given.area), query.coverages(given.coverage)
    if given.shape != "intervals":
        if "coverage" in given.model_fields_set:
            every = "draw" if given.shape == "samples" else "level"
            detail = f"the shape {given.shape} has every {every} that is stored. Leave coverage out."
            raise query.invalid("coverage", detail)
        if given.unit != "month":
            raise query.invalid("unit", f"the shape {given.shape} is per month, as stored. Leave unit out.")
    model = None if given.model == "recipe" else given.model
    if model is not None and given.shape == "samples":
        raise query.invalid("shape", f"{model[:60]} has quantiles and no draws. Ask for them: shape=quantiles.")
    first = last = None
    if isinstance(given, ForecastParameters):
        first, last = query.months_between(given.first, given.last)
        given_beside = {"include": given.include, "from": first, "to": last} if given.shape != "intervals" else {}
        for name, value in given_beside.items():
            if value is not None:
                raise query.invalid(name, f"the shape {given.shape} is whole and forecasts alone. Leave {name} out.")
    wanted = Wanted(coverage, given.unit, given.horizon, first, last)
    return ForecastQuery(areas, panel, given.kind, wanted, given.shape, model)


def _observed(here: Context, chosen: Chosen, question: ForecastQuery, by: date | None) -> dict[str, list[Observation]]:
    """The counts of the areas in question, by slug, as known by a day; `_BEFORE` months of them where nobody said."""
    counts: dict[str, list[Observation]] = {}
    # Each area's own, whichever areas of panels that end elsewhere are asked for beside it.
    begins = {forecast.slug: question.wanted.first or forecast.months[0] + -_BEFORE for _, forecast in chosen}
    slugs = [forecast.slug for _, forecast in chosen]
    for one in read.observations(
        here.release_cache.engine, slugs, first=min(begins.values()), last=question.wanted.last, as_of=by
    ):
        if one.month >= begins[one.area]:
            counts.setdefault(one.area, []).append(one)
    return counts


# Areas that are written without a pause: about two milliseconds. Others wait no longer for their answers.
_SLICE = 25
# Areas in one answer of a long table, which has a line for each of 23 levels: 80,000 lines, 15 MB of JSON.
_LONG = 200
# The parameters of a question about the newest releases.
_PLAIN = frozenset({"area", "panel", "kind", "coverage", "unit", "horizon"})
_AT_ONCE: dict[str, Format | None] = {
    "/v1/forecasts": None,
    "/v1/forecasts.csv": "csv",
    "/v1/forecasts.parquet": "parquet",
}


def at_once(here: Context, path: str, query_string: bytes, accept: bytes) -> Answer | None:
    """The same answer as from `/v1/forecasts`, without waiting,
    where the question is plain and about few areas; otherwise None.

    The short way for the questions that are asked most: it passes no layer of the framework. Without it every answer
    would be the same.
    """
    if path not in _AT_ONCE:
        return None
    pairs = query.pairs(query_string)
    given = dict(pairs)
    if len(given) != len(pairs) or "area" not in given or not _PLAIN.issuperset(given):
        return None
    try:
        query.check(given, here)
        asked = ForecastParameters.model_validate(given)
        question = _question(here.catalogue, asked, asked.panel)
        if question.areas is None or len(question.areas) > _SLICE:
            return None
        form = _AT_ONCE[path] or query.accepted(accept.decode("latin-1"))
        if form == "parquet" and (len(question.areas) > _HEAVY or not parquet.is_loaded()):
            return None
        chosen = choose(here.catalogue, here.release_cache.newest, question)
        body = b"".join(serializers.written(chosen, question, form, today=here.today()))
    except Exception:
        return None  # the route meets the same fault, and there it is answered, and logged where it must be
    return Answer(body, query.MEDIA[form], cache=ALIAS, keep=True)


# Areas beyond which an answer is heavy that is a long table, or Parquet.
_HEAVY = 10


async def _answer(
    here: Context,
    chosen: Chosen,
    question: ForecastQuery,
    form: Format,
    *,
    today: date | None,
    cache: str,
    keep: bool,
    observed: Mapping[str, list[Observation]] | None = None,
) -> Answer:
    if question.shape == "samples":
        return await sampled(here, chosen, question, form, cache=cache, keep=keep)
    if question.shape == "hubverse" and (rounds := shapes.rounds(chosen)):
        panels = " or ".join(sorted({f"panel={release.manifest.panel}" for release, _ in chosen}))
        detail = f"a hub takes one round at a time, and here are several: {rounds}. Ask for one: {panels}."
        raise query.invalid("shape", detail)
    if question.shape != "intervals" and len(chosen) > _LONG:
        detail = (
            f"{len(chosen)} areas are in question; at most {_LONG} are answered at once in the shape {question.shape}."
        )
        raise query.invalid("shape", f"{detail} Choose by area, panel or kind.")

    pieces = partial(serializers.written, chosen, question, form, today=today, observed=observed)
    write = partial(in_pieces, here.heavy, pieces, query.MEDIA[form], cache=cache, keep=keep)
    if question.shape != "intervals" or form == "parquet":
        return await write(heavy=len(chosen) > _HEAVY)
    if len(chosen) <= _SLICE:
        return Answer(b"".join(pieces()), query.MEDIA[form], cache=cache, keep=keep)
    async with here.writing:  # one at a time, so that short answers wait for one thread and not for many
        return await write(heavy=False)


@offered(
    router,
    "/forecasts",
    formats=EVERY,
    summary="Forecasts from the newest releases",
    model=ForecastsAnswer | ForecastsAndCountsAnswer | ForecastRowsAnswer,
    rows=_ROWS,
    each="area and month",
    problems=PROBLEMS,
)
async def forecasts(request: Request, given: Annotated[ForecastParameters, Query()]) -> Answer:
    """Median, mean and central intervals per area and month.
    Names the releases that the figures are from, and says whether they are stale.

    `as_of` gives the releases that were served at the end of that day (UTC), by every publication and rollback until
    then. `shape` gives every level instead of intervals, or every joint draw. `include=observed` puts each area's
    counts beside it. `model` gives a compared model's forecasts, as they were issued with the release.
    """
    here = context(request)
    question, form = _question(here.catalogue, given, given.panel), query.format_of(request, EVERY)
    if given.include is not None and form != "json":
        address = f"{request.scope.get(ROOT, '')}/v1/observations.{form}"
        raise query.invalid("include", f"counts go beside forecasts in JSON alone. As a table they are at {address}.")
    chosen, day = await asked_about(request, question, given.as_of, given.release), query.day("as_of", given.as_of)
    observed = None
    if given.include is not None:
        read_counts = partial(_observed, here, chosen, question, day)
        many = len(chosen) > MANY_COUNTED
        observed = await (here.heavy.run(read_counts) if many else run_in_threadpool(read_counts))
    return await _answer(
        here, chosen, question, form, today=here.today(), cache=ALIAS, keep=day is None, observed=observed
    )


@offered(
    router,
    "/releases/{release}/forecasts",
    formats=EVERY,
    summary="Forecasts of one release",
    model=ReleaseForecastsAnswer | ReleaseForecastRowsAnswer,
    rows=_ROWS.replace("stale,", "", 1).replace("true,", "", 1),
    each="area and month",
    problems=_RELEASE_PROBLEMS,
)
async def release_forecasts(
    request: Request, release: ReleasePath, given: Annotated[ReleaseForecastParameters, Query()]
) -> Answer:
    """The same shape as `/v1/forecasts`. Its figures never change, and it says nothing of what today makes of them.

    In JSON `run_id` is null until the release is logged to MLflow.
    """
    here = context(request)
    question, form = _question(here.catalogue, given), query.format_of(request, EVERY)
    one = await run_in_threadpool(release_of, here, release)
    releases = await releases_of_model(here, {one.manifest.panel: one}, question)
    chosen = choose(here.catalogue, releases, question, missing="no-forecast")
    cache = cache_of(one) if form == "json" else IMMUTABLE
    return await _answer(here, chosen, question, form, today=None, cache=cache, keep=True)
