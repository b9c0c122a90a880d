"""Frozen scenarios: what was asked of a release on a day, kept as it was, and scored when the counts come out.

A set of events is kept as its question and the release that it was put to: neither changes, so that the answer can be
made again at any time. Its id is a letter and the day on which it was frozen: `A-2026-11-27`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select

from forecast.core.errors import StoreError
from forecast.core.months import Month
from forecast.release import read, schema, what_if
from forecast.release.store import reading, writing

__all__ = ["Frozen", "ScoredMonth", "freeze", "frozen", "scores"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Frozen:
    """A question `body` that was put to a `release` at a moment, under a `title`."""

    id: str
    release: str
    frozen_at: datetime
    title: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class ScoredMonth:
    """One month of one area: the count that came, the medians without and with the events, and the CRPS of both."""

    area: str
    month: Month
    count: int
    baseline: float
    scenario: float
    baseline_crps: float
    scenario_crps: float


def freeze(engine: Engine, values: Mapping[str, Any], *, title: str, now: datetime) -> Frozen:
    """Keep a scenario's body with the release that its panel serves now. Raises PlanError where it cannot be answered,
    NoRelease, StoreError where the alphabet is used up on that day.
    """
    source = what_if.of_store(engine)
    question, work = what_if.asked(source, values)
    panel, release = question.panel, work.release
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    day = now.astimezone(UTC).date()
    table = schema.frozen_scenario
    with writing(engine, subject=panel) as connection:
        taken = set(connection.execute(select(table.c.id).where(table.c.id.like(f"_-{day}"))).scalars())
        free = next((letter for letter in _LETTERS if f"{letter}-{day}" not in taken), None)
        if free is None:
            raise StoreError(f"{len(_LETTERS)} scenarios were frozen on {day} already. Freeze this one tomorrow.")
        identity = f"{free}-{day}"
        row = {"id": identity, "release": release.id, "frozen_at": now, "title": title, "body": text}
        connection.execute(insert(table), [{**row, "checksum": _checksum(row)}])
    return Frozen(identity, release.id, now, title, dict(values))


def frozen(engine: Engine) -> list[Frozen]:
    """All that were frozen, oldest first. Raises StoreError where one is damaged."""
    table = schema.frozen_scenario
    with reading(engine) as connection:
        return [_frozen(row) for row in connection.execute(select(table).order_by(table.c.frozen_at, table.c.id))]


def scores(engine: Engine, one: Frozen) -> list[ScoredMonth]:
    """What came of a frozen scenario: its areas and months whose counts are known by now, newest figures. A month whose
    count was public on the day of freezing is no forecast, and is left out. Raises NoRelease, StoreError.
    """
    import numpy as np

    from forecast.core.scoring import crps_of_samples

    release = read.load(engine, one.release)
    source = what_if.of_store(engine)
    draws = read.joint_draws(engine, release.id)
    past = what_if.Source(source.named, lambda _: release, lambda _, areas: draws.paths(areas), source.recent)
    _, work = what_if.asked(past, one.body)
    outcome = work.outcome()
    origin = release.manifest.origin
    members = release.panel.hierarchy(draws.stored)
    leaves, day = _leaves(members, work.areas), one.frozen_at.astimezone(UTC).date()
    counts = {(row.area, row.month): row.count for row in read.observations(engine, leaves, first=origin + 1)}
    foreknown = {(row.area, row.month) for row in read.observations(engine, leaves, first=origin + 1, as_of=day)}
    scored = []
    for place, area in enumerate(work.areas):
        for step in range(outcome.baseline.horizon):
            month = origin + 1 + step
            known = [counts.get((leaf, month)) for leaf in members[area]]
            if any(count is None for count in known) or all((leaf, month) in foreknown for leaf in members[area]):
                continue
            count = sum(count for count in known if count is not None)
            sides = [paths.values[place, step] for paths in (outcome.baseline, outcome.scenario)]
            medians = [float(np.median(side)) for side in sides]
            scored.append(
                ScoredMonth(
                    area, month, count, *medians, *(float(crps_of_samples(side, np.array(count))) for side in sides)
                )
            )
    return scored


def _leaves(members: Mapping[str, tuple[str, ...]], areas: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(leaf for area in areas for leaf in members[area]))


def _frozen(row: Row[Any]) -> Frozen:
    values = {name: getattr(row, name) for name in ("id", "release", "frozen_at", "title", "body")}
    if _checksum(values) != row.checksum:
        raise StoreError(f"The frozen scenario {row.id} is damaged. Restore the store from a backup.")
    return Frozen(row.id, row.release, row.frozen_at, row.title, json.loads(row.body))


def _checksum(values: Mapping[str, Any]) -> str:
    """sha256 over all that is kept, the moment to the second."""
    moment = values["frozen_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = [values["id"], values["release"], moment, values["title"], values["body"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
