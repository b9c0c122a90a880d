"""`GET /v1/scenarios` and `/v1/scenarios/{name}`: what-ifs that the operator froze, what each said and what came."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool

from forecast.core.errors import PlanError
from forecast.core.logs import escaped
from forecast.release import frozen, what_if
from forecast.release.frozen import Frozen, ScoredMonth
from forecast.release.what_if import Prepared
from service import bodies
from service.answers import ALIAS, Answer
from service.context import Context, context
from service.examples import answered
from service.problems import Problem, declared
from service.questions import in_turn, source_of
from service.schemas.frozen import FrozenScenario, FrozenScenariosAnswer, FrozenScore, NamedScenariosAnswer

__all__ = ["named_alone", "router"]

router = APIRouter(tags=["planning"])

_NAME = re.compile(frozen.NAME)
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
    entries = [_entry(one) for one in frozen.frozen(context(request).release_cache.engine)]
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
    scenarios = await run_in_threadpool(_called, here, name)
    work = await run_in_threadpool(_said, here, scenarios)
    document = await in_turn(here, work.size, work.answer)
    return Answer(bodies.render(document), "application/json", cache=ALIAS, keep=True)


def _called(here: Context, name: str) -> list[Frozen]:
    """The frozen scenarios of an id, or of the name that several share. Raises Problem where none is; StoreError."""
    # No other text reaches the store.
    what_ifs = frozen.called(here.release_cache.engine, name) if _NAME.fullmatch(name) else []
    if not what_ifs:
        raise Problem("unknown-scenario", f"No frozen scenario has the id {name[:60]!r}.", scenario=name[:60])
    return what_ifs


def named_alone(here: Context, values: Mapping[str, Any]) -> Frozen:
    """The one that a body names. Raises PlanError where the name stands not alone, or is that of several; Problem."""
    name = values["name"]
    if not isinstance(name, str):
        raise PlanError("name: it is no text. Write the id in quotes, such as A-2026-11-27.", member="name")
    if len(values) > 1:
        more = escaped(", ".join(sorted(set(values) - {"name"}))[:100])
        raise PlanError(
            f"name: a frozen scenario is answered as it was asked. Leave out {more}, or the name.", member="name"
        )
    scenarios = _called(here, name)
    if len(scenarios) > 1:
        known = ", ".join(one.id for one in scenarios)
        raise PlanError(f"name: {name} is the name of {len(scenarios)} scenarios. Name one: {known}.", member="name")
    return scenarios[0]


def _entry(one: Frozen) -> dict[str, Any]:
    """A frozen scenario without its answer."""
    return bodies.filled(FrozenScenario, one, question=one.body)


def _said(here: Context, scenarios: Sequence[Frozen]) -> Prepared:
    """What each said on its release, and its scores so far, to be made. Raises PlanError, NoRelease, StoreError."""
    source, cache, today = source_of(here), here.release_cache, here.today()
    releases = {one.release: cache.release(one.release) for one in scenarios}
    prepared = [
        what_if.scenario(frozen.then(source, releases[one.release]), one.body, today=today) for one in scenarios
    ]

    def answer() -> dict[str, Any]:
        entries = []
        for one, work in zip(scenarios, prepared, strict=True):
            came = frozen.scores(cache.engine, one, source=source, release=releases[one.release])
            entries.append(_entry(one) | {"answer": work.answer(), "scores": list(map(_score, came))})
        return {"scenarios": entries}

    return Prepared(2 * sum(work.size for work in prepared), answer)


def _score(month: ScoredMonth) -> dict[str, Any]:
    figures = {
        "baseline": round(month.baseline),
        "scenario": round(month.scenario),
        "baseline_crps": round(month.baseline_crps, 1),
        "scenario_crps": round(month.scenario_crps, 1),
    }
    return bodies.filled(FrozenScore, month, **figures)
