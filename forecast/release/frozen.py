"""Frozen scenarios: what was asked of a release on a day, kept as it was, and scored when the counts come out.

A set of events is kept as its question and the release that it was put to: neither changes, so that the answer can be
made again at any time. Its id is a letter and the day on which it was frozen: `A-2026-11-27`; several that were frozen
together share letter and day and are numbered: `A-2026-11-27.1`, `A-2026-11-27.2`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, or_, select

from forecast.core.errors import StoreError
from forecast.core.months import Month
from forecast.release import read, schema, what_if
from forecast.release.read import Release
from forecast.release.store import reading, writing
from forecast.release.what_if import Source

__all__ = [
    "MOST_TOGETHER",
    "NAME",
    "Frozen",
    "ScoredMonth",
    "called",
    "freeze",
    "freeze_together",
    "frozen",
    "scores",
    "then",
]

# The id of one, or the name that several share.
NAME = r"[A-Z]-[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[1-9][0-9]?)?"
MOST_TOGETHER = 20
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Who freezes is alone at it: the letters of a day are shared by all panels.
_SUBJECT = "frozen scenarios"


@dataclass(frozen=True)
class Frozen:
    """A question `body` that was put to a `release` at a moment, under a `title`."""

    id: str
    release: str
    frozen_at: datetime
    title: str
    body: Mapping[str, Any]

    @property
    def together(self) -> str:
        """The name that it shares with those that were frozen with it."""
        return self.id.partition(".")[0]


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
    return _freeze(engine, [("", title, values)], now=now)[0]


def freeze_together(
    engine: Engine, scenarios: Sequence[tuple[str, Mapping[str, Any]]], *, title: str, now: datetime
) -> list[Frozen]:
    """The same of several, all or none, each with a title of its own behind the one that they share."""
    numbered = [(f".{number}", f"{title}: {own}", body) for number, (own, body) in enumerate(scenarios, start=1)]
    return _freeze(engine, numbered, now=now)


def _freeze(engine: Engine, scenarios: Sequence[tuple[str, str, Mapping[str, Any]]], *, now: datetime) -> list[Frozen]:
    """Keep what stands behind letter and day, title and body of each."""
    source = what_if.of_store(engine)
    releases = [what_if.asked(source, body)[1].release for _, _, body in scenarios]
    day, table = now.astimezone(UTC).date(), schema.frozen_scenario
    with writing(engine, subject=_SUBJECT) as connection:
        kept = connection.execute(select(table.c.id).where(table.c.id.like(f"_-{day}%"))).scalars()
        taken = {identity[0] for identity in kept}
        free = next((letter for letter in _LETTERS if letter not in taken), None)
        if free is None:
            raise StoreError(f"{len(_LETTERS)} scenarios were frozen on {day} already. Freeze this one tomorrow.")
        made = [
            Frozen(f"{free}-{day}{number}", release.id, now, title, dict(body))
            for (number, title, body), release in zip(scenarios, releases, strict=True)
        ]
        connection.execute(insert(table), [_row(one) for one in made])
    return made


def frozen(engine: Engine) -> list[Frozen]:
    """All that were frozen, oldest first. Raises StoreError where one is damaged."""
    table = schema.frozen_scenario
    with reading(engine) as connection:
        rows = [_frozen(row) for row in connection.execute(select(table))]
    return sorted(rows, key=lambda one: (one.frozen_at, one.together, _number(one)))


def called(engine: Engine, name: str) -> list[Frozen]:
    """The one of an id, or all that share a name, in their order; none where none is. Raises StoreError."""
    table = schema.frozen_scenario
    query = select(table).where(or_(table.c.id == name, table.c.id.like(f"{name}.%")))
    with reading(engine) as connection:
        rows = [_frozen(row) for row in connection.execute(query)]
    return sorted(rows, key=_number)


def _number(one: Frozen) -> int:
    """Its number among those that it was frozen with; 0 where it was frozen alone."""
    return int(one.id.partition(".")[2] or 0)


def then(source: Source, release: Release) -> Source:
    """The same source, for whom every panel serves the release that a question was put to."""
    return replace(source, served=lambda _: release)


def scores(
    engine: Engine, one: Frozen, *, source: Source | None = None, release: Release | None = None
) -> list[ScoredMonth]:
    """What came of a frozen scenario: its areas and months whose counts are known by now, newest figures. A month whose
    count was public on the day of freezing is no forecast, and is left out. Raises NoRelease, StoreError.

    `source`, `release`: where they are at hand; the store's own otherwise.
    """
    import numpy as np

    from forecast.core.scoring import crps_of_samples

    release = release or read.load(engine, one.release)
    _, work = what_if.asked(then(source or what_if.of_store(engine), release), one.body)
    outcome = work.outcome()
    origin, members = release.manifest.origin, work.members
    leaves = list(dict.fromkeys(leaf for area in work.areas for leaf in members[area]))
    day = one.frozen_at.astimezone(UTC).date()
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


def _row(one: Frozen) -> dict[str, Any]:
    values = one.__dict__ | {"body": json.dumps(one.body, separators=(",", ":"), allow_nan=False)}
    return values | {"checksum": _checksum(values)}


def _frozen(row: Row[Any]) -> Frozen:
    values = dict(row._mapping)
    if _checksum(values) != values.pop("checksum"):
        raise StoreError(f"The frozen scenario {row.id} is damaged. Restore the store from a backup.")
    return Frozen(**values | {"body": json.loads(row.body)})


def _checksum(values: Mapping[str, Any]) -> str:
    """sha256 over all that is kept, the moment to the second."""
    moment = values["frozen_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = [values["id"], values["release"], moment, values["title"], values["body"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
