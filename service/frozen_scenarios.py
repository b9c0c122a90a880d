"""What-ifs that the operator froze, found by their names, and what each said and what came of it. Knows no route."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from forecast.core.errors import PlanError
from forecast.core.logs import escaped
from forecast.release import frozen, what_if
from forecast.release.frozen import Frozen, ScoredMonth
from forecast.release.what_if import Prepared
from service import bodies
from service.context import Context
from service.problems import Problem
from service.questions import source_of
from service.schemas import FrozenScenario, FrozenScore

__all__ = ["called", "entry", "named_alone", "said"]

_NAME = re.compile(frozen.NAME)


def called(here: Context, name: str) -> list[Frozen]:
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
    scenarios = called(here, name)
    if len(scenarios) > 1:
        known = ", ".join(one.id for one in scenarios)
        raise PlanError(f"name: {name} is the name of {len(scenarios)} scenarios. Name one: {known}.", member="name")
    return scenarios[0]


def entry(one: Frozen) -> dict[str, Any]:
    """A frozen scenario without its answer."""
    return bodies.filled(FrozenScenario, one, question=one.body)


def said(here: Context, scenarios: Sequence[Frozen]) -> Prepared:
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
            entries.append(entry(one) | {"answer": work.answer(), "scores": list(map(_score, came))})
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
