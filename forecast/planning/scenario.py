"""Applies events to joint paths: the same worlds with and without them, draw by draw. Fits nothing, reads no store.

Leaves are changed, in the order of the events, and sums are made of them again, so that every draw stays coherent. What
an event holds for possible is drawn once per draw and event from the seed: the same question has the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.core.errors import PlanError
from forecast.core.months import Month
from forecast.core.tables import Floats, Paths
from forecast.planning.analogues import analogues
from forecast.planning.body import Range, percent
from forecast.planning.events import BedsEvent, ChangeEvent, Event, GroupEvent, TransferEvent
from forecast.planning.substitution import LearntShares, RecentCounts, learnt

__all__ = ["ScenarioOutcome", "Tag", "apply", "leaves_needed"]

Members = Mapping[str, Sequence[str]]
# The first of the words that seeds an event's draws: a stream of its own, apart from others of the same seed.
_STREAM = 13


@dataclass(frozen=True)
class Tag:
    """What the draws of event `number` are: `people`, `show_up` (draws,), `share` by area (draws,), `multiplier`
    (months from the event's on, draws) and `beds` (draws,); None where the event has none.
    """

    number: int
    kind: str
    words: str
    people: Floats | None = None
    show_up: Floats | None = None
    share: Mapping[str, Floats] | None = None
    multiplier: Floats | None = None
    beds: Floats | None = None
    month: Month | None = None


@dataclass(frozen=True)
class ScenarioOutcome:
    """`baseline` and `scenario`: the same areas, months and draws; `tags`: one per event, in order."""

    baseline: Paths
    scenario: Paths
    tags: tuple[Tag, ...]


def leaves_needed(areas: Sequence[str], events: Sequence[Event], members: Members, groups: Members) -> tuple[str, ...]:
    """The leaves whose paths an answer about some areas takes: theirs, and those that events move people between.

    `groups`: area -> the leaves of its group, among which a group's destination is learnt. Raises KeyError for an area
    that `members` lacks, PlanError for a transfer between areas that overlap.
    """
    named = list(areas)
    for number, event in enumerate(events, start=1):
        if isinstance(event, GroupEvent):
            named += event.share or groups[event.towards or ""]
        elif isinstance(event, TransferEvent):
            named += [event.source, *event.to]
            if twice := [area for area in event.to if set(members[area]) & set(members[event.source])]:
                raise PlanError(
                    f"Event {number} (transfer), to: {twice[0]} and {event.source} have places in common, so that some "
                    "would be moved to where they were. Name areas apart from it.",
                    member="to",
                    event=number,
                )
    return tuple(dict.fromkeys(leaf for area in named for leaf in members[area]))


def apply(
    paths: Paths,
    events: Sequence[Event],
    *,
    areas: Sequence[str],
    members: Members,
    groups: Members,
    seed: int,
    recent: RecentCounts | None = None,
) -> ScenarioOutcome:
    """The paths of `areas` without and with some events.

    `paths`: of all leaves that `leaves_needed` names, whole encounters per month; `members`: area -> its leaves;
    `groups`: area -> the leaves that stand in for it; `recent`: counts of those, needed where shares are to be learnt.
    """
    worlds = _Worlds(paths, members, groups, recent)
    tags = []
    for number, event in enumerate(events, start=1):
        rng = np.random.default_rng([_STREAM, seed, number])
        tags.append(_APPLIED[type(event)](worlds, event, number, rng))
    baseline = _summed(np.asarray(paths.values, dtype=float), areas, worlds)
    scenario = _summed(worlds.values, areas, worlds)
    return ScenarioOutcome(
        Paths(paths.model, paths.origin, tuple(areas), baseline),
        Paths(f"{paths.model} with events", paths.origin, tuple(areas), scenario),
        tuple(tags),
    )


class _Worlds:
    """Leaves' paths that events change: `values` (leaves, months, draws)."""

    def __init__(self, paths: Paths, members: Members, groups: Members, recent: RecentCounts | None) -> None:
        self.values = np.array(paths.values, dtype=float)
        self.origin, self.draws, self.horizon = paths.origin, paths.values.shape[2], paths.horizon
        self.members, self.groups, self.recent = members, groups, recent
        self.place = {leaf: row for row, leaf in enumerate(paths.areas)}

    def step(self, month: Month) -> int:
        """The place of a month."""
        return month - self.origin - 1

    def rows(self, area: str) -> list[int]:
        """The places of the leaves of an area, those at hand."""
        return [self.place[leaf] for leaf in self.members[area] if leaf in self.place]

    def add(self, area: str, months: slice, amount: Floats) -> None:
        """Add (months, draws) people to an area, whole ones; to the leaves of a sum by their arrivals in that draw."""
        rows = self.rows(area)
        if len(rows) == 1:
            self.values[rows[0], months] += amount
            return
        now = self.values[rows, months]
        total = now.sum(axis=0)
        parts = np.where(total > 0, now / np.maximum(total, 1), 1 / len(rows))
        # Whole people, and none lost: rounded sums of the first leaves, and their differences.
        upto = np.rint(np.cumsum(parts * amount, axis=0))
        upto[-1] = amount
        self.values[rows, months] += np.diff(upto, axis=0, prepend=0)


def _group_arrival(worlds: _Worlds, event: Event, number: int, rng: np.random.Generator) -> Tag:
    assert isinstance(event, GroupEvent)  # noqa: S101 (looked up by its type)
    n = worlds.draws
    people = event.people.drawn(rng, n)
    show_up = (event.show_up or Range(1, 1)).drawn(rng, n)
    first, last = worlds.step(event.first), worlds.step(event.last)
    when = rng.dirichlet(np.ones(last - first + 1), n).T
    where = _shares(worlds, event, rng)
    for area, share in where.share.items():
        worlds.add(area, slice(first, last + 1), np.rint(people * show_up * share * when))
    met = "all of them are" if event.show_up is None else f"a share of {event.show_up.words(percent)} of them is"
    months = f"in {event.first}" if first == last else f"between {event.first} and {event.last}"
    spread = "" if first == last else "; how they spread over these months is open, each way as likely"
    words = (
        f"{event.people.words()} people arrive {months}, beside those who come anyway; {met} encountered{spread}. "
        f"Where: {where.words}."
    )
    return Tag(number, event.kind, words, people=people, show_up=show_up, share=where.share)


def _shares(worlds: _Worlds, event: GroupEvent, rng: np.random.Generator) -> LearntShares:
    """Each area's share of a group, as it is given or as it is learnt."""
    if event.share is not None:
        # In order of the areas' names, so that the order in which they are written changes no draw.
        drawn = {area: event.share[area].drawn(rng, worlds.draws) for area in sorted(event.share)}
        named = ", ".join(f"{area} {part.words(percent)}" for area, part in event.share.items())
        rest = 1 - sum(part.high for part in event.share.values())
        more = "; the others are encountered in none of these areas" if rest > 1e-6 else ""
        return LearntShares(drawn, f"as given, {named}{more}")
    assert worlds.recent is not None  # noqa: S101 (`apply` asks for it)
    assert event.towards is not None  # noqa: S101 (`read_events` sees to it)
    return learnt(worlds.recent, event.towards, worlds.groups[event.towards], rng, worlds.draws)


def _change(worlds: _Worlds, event: Event, number: int, rng: np.random.Generator) -> Tag:
    assert isinstance(event, ChangeEvent)  # noqa: S101 (looked up by its type)
    step = worlds.step(event.month)
    months = worlds.horizon - step
    where = ", ".join(event.areas) or "all areas"
    if event.multiplier is not None:
        factor = np.broadcast_to(event.multiplier.drawn(rng, worlds.draws), (months, worlds.draws))
        words = f"Arrivals of {where} are {event.multiplier.words()} times as many from {event.month} on, to the end."
    else:
        past = analogues()[event.analogue or ""]
        factor = past.drawn(Range(0, 1).drawn(rng, worlds.draws), months)
        known = ", ".join(f"{past.middle(month):.2g}" for month in range(min(months, len(past.ratios))))
        words = (
            f"Arrivals of {where} from {event.month} on differ from the forecast as those of the {past.area} did after "
            f"the {past.title} ({past.instrument}; {past.date}): {known} times what was forecast just before, "
            f"month by month, and then as in the last of these. That is one event, with much else in the same months; "
            f"the five events of the catalogue did {_skill(past.skill)} to foretell one another."
        )
    leaves = event.areas or tuple(worlds.place)
    rows = list(dict.fromkeys(row for area in leaves for row in worlds.rows(area)))
    worlds.values[rows, step:] = np.rint(worlds.values[rows, step:] * factor)
    return Tag(number, event.kind, words, multiplier=np.asarray(factor), month=event.month)


def _transfer(worlds: _Worlds, event: Event, number: int, rng: np.random.Generator) -> Tag:
    assert isinstance(event, TransferEvent)  # noqa: S101 (looked up by its type)
    share = event.share.drawn(rng, worlds.draws)
    months = slice(worlds.step(event.month), None)
    rows = worlds.rows(event.source)
    moved = np.rint(worlds.values[rows, months] * share)
    worlds.values[rows, months] -= moved
    leaving, before = moved.sum(axis=0), np.zeros_like(moved[0])
    upto = 0.0
    for place, (area, part) in enumerate(event.to.items(), start=1):
        upto += part
        # Whole people, and none lost: the last area gets what the rounding of the others left.
        reached = leaving if place == len(event.to) else np.rint(leaving * upto)
        worlds.add(area, months, reached - before)
        before = reached
    named = ", ".join(f"{area} {percent(part)}" for area, part in event.to.items())
    words = (
        f"{event.share.words(percent)} of the arrivals of {event.source} are counted elsewhere from {event.month} on, "
        f"to the end: {named}. The total stays."
    )
    return Tag(number, event.kind, words, share={event.source: share}, month=event.month)


def _capacity(worlds: _Worlds, event: Event, number: int, rng: np.random.Generator) -> Tag:
    assert isinstance(event, BedsEvent)  # noqa: S101 (looked up by its type)
    beds = event.beds.drawn(rng, worlds.draws)
    floor = ", down to none" if event.beds.low < 0 else ""
    words = f"{_beds(event.beds)} from {event.month} on{floor}. Arrivals do not change with it."
    return Tag(number, event.kind, words, beds=beds, month=event.month)


_APPLIED: dict[type[Event], Callable[[_Worlds, Event, int, np.random.Generator], Tag]] = {
    GroupEvent: _group_arrival,
    ChangeEvent: _change,
    TransferEvent: _transfer,
    BedsEvent: _capacity,
}


def _summed(values: Floats, areas: Sequence[str], worlds: _Worlds) -> Floats:
    """(areas, months, draws): every area the sum of its leaves."""
    sums = np.empty((len(areas), *values.shape[1:]))
    for row, area in enumerate(areas):
        first, *others = worlds.rows(area)
        sums[row] = values[first]
        for leaf in others:
            sums[row] += values[leaf]
    return sums


def _beds(beds: Range) -> str:
    """`40 to 60 beds more`, `40 beds fewer`, or both where it is open which."""
    if beds.low >= 0:
        return f"{beds.words()} beds more"
    fewer = Range(max(-beds.high, 0), -beds.low)
    if beds.high <= 0:
        return f"{fewer.words()} beds fewer"
    return f"Between {-beds.low:,.12g} beds fewer and {beds.high:,.12g} more"


def _skill(ratio: float) -> str:
    return "nothing" if ratio >= 1 else "a little"
