"""Scenarios and questions of beds answered on the releases that are served. Knows no HTTP and no command line.

Whoever asks gives a `Source`: the store itself, or what a service has of it in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from forecast.core.area_names import AreaNames
from forecast.core.areas import Area
from forecast.core.errors import NoRelease, PlanError
from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.release import read
from forecast.release.intervals import in_words
from forecast.release.read import Release

if TYPE_CHECKING:
    from forecast.core.tables import Paths
    from forecast.planning.events import Event
    from forecast.planning.question import ScenarioQuestion
    from forecast.planning.scenario import ScenarioOutcome
    from forecast.planning.substitution import RecentCounts

__all__ = [
    "MOST_LEAVES",
    "MOST_WITH_DRAWS",
    "Prepared",
    "Source",
    "Work",
    "asked",
    "capacity",
    "of_store",
    "recent",
    "scenario",
]

# Areas whose draws one answer holds: some megabytes.
MOST_WITH_DRAWS = 10
# Leaves that one answer takes: some 70 MB of draws, three times over.
MOST_LEAVES = 250
# How many leaves of a scenario the nights of one area are worth.
_NIGHTS = 20


@dataclass(frozen=True)
class Source:
    """Where answers come from. `named`: the area of a name (raises AreaError); `served`: the release of a panel (raises
    NoRelease); `paths`: of some of its areas, jointly; `recent`: the last counts of some leaves that it saw.
    """

    named: Callable[[str], Area]
    served: Callable[[str], Release]
    paths: Callable[[Release, Sequence[str]], Paths]
    recent: Callable[[Release, Sequence[str]], RecentCounts]


def of_store(engine: Engine) -> Source:
    """The releases that a store's panels serve. Raises StoreError, NoRelease where nothing was published."""
    releases = {panel: read.load(engine, identity) for panel, identity in read.pointers(engine).items()}
    if not releases:
        raise NoRelease("No panel has a release yet. Publish one: encounters retrain.")
    names = AreaNames(release.panel for release in releases.values())

    def served(panel: str) -> Release:
        if panel not in releases:
            raise NoRelease(f"{panel} has no release yet. Publish one: encounters retrain --panel {panel}.")
        return releases[panel]

    draws = cache(lambda identity: read.joint_draws(engine, identity))
    return Source(
        names.named,
        served,
        lambda release, areas: draws(release.id).paths(areas),
        lambda release, areas: recent(engine, release, areas),
    )


def recent(engine: Engine, release: Release, areas: Sequence[str]) -> RecentCounts:
    """The counts of the last months up to a release's origin, as they were public when it was made."""
    import numpy as np

    from forecast.planning.substitution import MONTHS, RecentCounts

    origin = release.manifest.origin
    values = np.full((MONTHS, len(areas)), np.nan)
    place = {area: column for column, area in enumerate(areas)}
    for row in read.observations(engine, areas, first=origin + (1 - MONTHS), last=origin, as_of=release.manifest.as_of):
        values[row.month - origin + MONTHS - 1, place[row.area]] = row.count
    return RecentCounts(tuple(areas), values)


def scenario(source: Source, values: Mapping[str, Any], *, today: date, draws: bool = False) -> Prepared:
    """The answer to a scenario's body, to be made: both sides and their difference per area and month, all assumptions.

    `draws`: with every world. Raises PlanError for what cannot be asked, NoRelease, StoreError; nothing is computed.
    """
    from forecast.planning.answer import areas_answered, assumptions, draws_answered

    question, work = asked(source, values)
    if draws and len(question.areas) > MOST_WITH_DRAWS:
        raise PlanError(
            f"areas: {len(question.areas)} areas with every draw; at most {MOST_WITH_DRAWS} can be had. Name fewer.",
            member="areas",
        )
    release = work.release
    lead = release.lead(release.manifest.origin + 1)

    def answer() -> dict[str, Any]:
        outcome = work.outcome()
        forecasts = [
            {
                **_area(release.panel, entry["area"]),
                "release": release.id,
                "origin": str(release.manifest.origin),
                "months": [
                    {"month": month["month"], "horizon": month["horizon"], "lead": lead + month["horizon"] - 1, **month}
                    for month in entry["months"]
                ],
                "total": entry["total"],
                "peak": entry["peak"],
            }
            for entry in areas_answered(outcome, question.coverage)
        ]
        return {
            "releases": {question.panel: head(release, today)},
            "unit": in_words(release.panel, "month"),
            "worlds": outcome.baseline.values.shape[2],
            "seed": question.seed,
            "forecasts": forecasts,
            "assumptions": assumptions(outcome, question.coverage),
            **({"draws": draws_answered(outcome)} if draws else {}),
        }

    return Prepared(len(work.leaves) * (10 if draws else 1), answer)


def asked(source: Source, values: Mapping[str, Any]) -> tuple[ScenarioQuestion, Work]:
    """What a scenario's body asks, and the work that answers it. Raises PlanError, NoRelease, StoreError."""
    from forecast.planning.question import read_scenario

    question = read_scenario(values, named=source.named, months=lambda panel: months_of(source.served(panel)))
    return question, Work(source, source.served(question.panel), question.areas, question.events, question.seed)


def capacity(source: Source, values: Mapping[str, Any], *, today: date) -> Prepared:
    """The answer to a body about beds, to be made; with a `scenario`, `months_without` has the same without its events.

    Raises PlanError for what cannot be asked, NoRelease, StoreError; nothing is computed yet.
    """
    from forecast.planning import beds_answer
    from forecast.planning.answer import GENERAL
    from forecast.planning.capacity import nights, read_capacity

    question = read_capacity(
        values, named=source.named, months=lambda panel: months_of(source.served(panel)), today=today
    )
    release = source.served(question.panel)
    work = Work(source, release, (question.area,), question.events, question.event_seed, member="area")

    def answer() -> dict[str, Any]:
        outcome = work.outcome()
        answered = beds_answer.beds_answered(nights(question, outcome.scenario, outcome.tags))
        same = not question.events
        without = None if same else beds_answer.beds_answered(nights(question, outcome.baseline))["months"]
        return {
            "releases": {question.panel: head(release, today)},
            **_area(release.panel, question.area),
            "unit": "people who need a bed",
            "worlds": outcome.baseline.values.shape[2],
            "seed": question.seed,
            **answered,
            "months_without": without,
            "released_shares": beds_answer.shares_used(question),
            "assumptions": [
                GENERAL[0],
                *beds_answer.assumptions(question),
                GENERAL[-1],
                *(f"Event {tag.number}: {tag.words}" for tag in outcome.tags),
            ],
        }

    return Prepared(_NIGHTS * len(work.leaves), answer)


@dataclass(frozen=True)
class Prepared:
    """An answer that can be made: `size`, how much work it is, in leaves of a scenario; `answer()` makes it."""

    size: int
    answer: Callable[[], dict[str, Any]]


@dataclass
class Work:
    """Some areas of a release without and with events. `member`: what of a body names them, for messages.

    Raises PlanError for an area that the release has no draws of.
    """

    source: Source
    release: Release
    areas: Sequence[str]
    events: Sequence[Event]
    seed: int
    member: str = "areas"

    def __post_init__(self) -> None:
        from forecast.planning.events import areas_named
        from forecast.planning.scenario import leaves_needed

        release, panel, member = self.release, self.release.panel, self.member
        leaves = [slug for slug in release.by_slug if panel.area(slug).is_leaf()]
        self.members = panel.hierarchy(leaves)
        near = {leaf: [one for one in leaves if panel.group_of(one) == panel.group_of(leaf)] for leaf in leaves}
        self.groups = {**self.members, **near}
        for number, named_in, area in (*((0, member, area) for area in self.areas), *areas_named(self.events)):
            if area not in self.members:
                where = f"Event {number} ({self.events[number - 1].kind.replace('_', ' ')}), " if number else ""
                raise PlanError(
                    f"{where}{named_in}: {area} cannot be asked about: {release.id} has no draws of it, or not of all "
                    f"of its parts. Those with a forecast: /v1/areas?panel={release.manifest.panel}.",
                    member=named_in,
                    event=number or None,
                )
        self.leaves = leaves_needed(self.areas, self.events, self.members, self.groups)
        if len(self.leaves) > MOST_LEAVES:
            raise PlanError(
                f"{member}: the areas have {len(self.leaves)} parts with the events' own; at most {MOST_LEAVES} are "
                "answered at once. Ask of fewer areas, or of smaller ones.",
                member=member,
            )

    def outcome(self) -> ScenarioOutcome:
        """The paths of both sides."""
        from forecast.planning.scenario import apply

        learns = any(getattr(event, "towards", None) for event in self.events)
        return apply(
            self.source.paths(self.release, self.leaves),
            self.events,
            areas=self.areas,
            members=self.members,
            groups=self.groups,
            seed=self.seed,
            recent=self.source.recent(self.release, self.leaves) if learns else None,
        )


def months_of(release: Release) -> tuple[Month, Month]:
    """The last month with counts of a release, and its last month ahead."""
    return release.manifest.origin, release.areas[0].months[-1]


def head(release: Release, today: date) -> dict[str, Any]:
    """What to know of the release behind an answer."""
    manifest = release.manifest
    return {
        "id": release.id,
        "panel": manifest.panel,
        "issued_at": manifest.issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data_through": str(manifest.origin),
        "stale_after": str(manifest.stale_after),
        "stale": today > manifest.stale_after,
    }


def _area(panel: Panel, slug: str) -> dict[str, str]:
    area = panel.area(slug)
    return {"area": area.slug, "name": area.name, "kind": area.kind, "panel": area.panel}
