"""How many beds: what a body asks of a shelter, and the nights that follow from it. Makes no answer of them.

Those who are there today, the share of encounters that comes, and how long people stay make people who need a bed,
night by night and world by world; beds are set against them. Nobody is turned away in these figures: a need above the
beds is a shortfall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from forecast.core.areas import Area
from forecast.core.errors import AreaError
from forecast.core.months import Month, month_range
from forecast.core.tables import Floats, Paths
from forecast.planning.body import Body, Range
from forecast.planning.events import Event, Window, read_events
from forecast.planning.limits import MOST_BEDS
from forecast.planning.nights import DAILY_VARIATION, arrivals_by_day, need_by_night
from forecast.planning.question import Months, coverage_of, read_scenario, seed_of
from forecast.planning.released import panels, released_shares
from forecast.planning.scenario import Tag
from forecast.planning.stay import Stay, read_stay

__all__ = ["BedsQuestion", "Nights", "nights", "read_capacity"]

_MEMBERS = ("area", "beds", "occupied", "share", "stay", "months", "from", "daily_variation", "scenario", "seed")
_MONTHS, _MOST_MONTHS = 6, 18
# Streams of random numbers of their own, apart from those of events.
_STREAM = 17


@dataclass(frozen=True)
class BedsQuestion:
    """`share`: of encounters that come to the shelter, None for those released in past months; `months`: the nights
    that are looked at, whole months in a row.
    """

    panel: str
    area: str
    beds: Range
    occupied: Range
    share: Range | None
    stay: Stay
    months: tuple[Month, ...]
    daily_variation: float
    events: tuple[Event, ...]
    seed: int
    event_seed: int


@dataclass(frozen=True)
class Nights:
    """`need`: (nights, draws) people who need a bed; `beds`: (months, draws); `months`: those of the nights."""

    need: Floats
    beds: Floats
    months: tuple[Month, ...]

    def by_month(self) -> list[tuple[Floats, Floats]]:
        """Of each month the (nights, draws) need and the (draws,) beds."""
        ends = np.cumsum([month.days for month in self.months])
        return [
            (self.need[end - month.days : end], beds)
            for month, end, beds in zip(self.months, ends.tolist(), self.beds, strict=True)
        ]


def read_capacity(
    values: Mapping[str, Any], *, named: Callable[[str], Area], months: Months, today: date
) -> BedsQuestion:
    """The question of a body. Without `from`, its nights begin with the first month that begins today or later, as the
    census is of today. Raises PlanError for what cannot be asked.
    """
    body = Body(values, known=_MEMBERS)
    text = body.text("area")
    try:
        area = named(text)
    except AreaError as error:
        raise body.refused("area", str(error)) from None
    origin, last = months(area.panel)
    beds = body.range("beds", least=0, most=MOST_BEDS)
    if not body.has("occupied"):
        raise body.refused(
            "occupied",
            "it is missing, and a shelter is seldom empty. Give today's number of people, 0 where nobody is there",
        )
    occupied = body.range("occupied", least=0, most=MOST_BEDS)
    share = (
        None if not body.has("share") or body.values["share"] == "released" else body.range("share", least=0, most=1)
    )
    if share is None and area.panel not in panels():
        raise body.refused(
            "share",
            f"no table of releases is about {area.panel}. Give the share of encounters that comes, such as [0.1, 0.3]",
        )
    stay = read_stay(body)
    window = _window(body, origin, last, today)
    daily = body.number("daily_variation", least=0, most=1) if body.has("daily_variation") else DAILY_VARIATION
    seed = seed_of(body)
    events, event_seed = _scenario(body, area, named, months, seed)
    return BedsQuestion(area.panel, area.slug, beds, occupied, share, stay, window, daily, events, seed, event_seed)


def nights(question: BedsQuestion, paths: Paths, tags: tuple[Tag, ...] = ()) -> Nights:
    """The nights of a question on the paths of its area. `tags`: of the events that the paths have seen, for beds."""
    # Streams apart, so that what one part draws moves no other: nights with and without events stay alike.
    rng, uneven, chance = (np.random.default_rng([_STREAM, question.seed, part]) for part in range(3))
    draws = paths.values.shape[2]
    first = question.months[0] - paths.origin - 1
    encounters = paths.values[0, first : first + len(question.months)]
    share = share_drawn(question, rng, draws)
    occupied = question.occupied.drawn(rng, draws)
    beds = np.tile(question.beds.drawn(rng, draws), (len(question.months), 1))
    for tag in tags:
        if tag.beds is not None and tag.month is not None:
            from_then = np.array([month >= tag.month for month in question.months])
            beds = beds + from_then[:, None] * tag.beds
    survival = question.stay.survival(rng, draws)
    arrivals = arrivals_by_day(encounters * share, question.months, uneven, variation=question.daily_variation)
    need = need_by_night(arrivals, survival, occupied, chance)
    return Nights(need, np.maximum(np.rint(beds), 0), question.months)


def share_drawn(question: BedsQuestion, rng: np.random.Generator, draws: int) -> Floats:
    """(draws,): the share of encounters that comes, one for all months of a world."""
    if question.share is not None:
        return question.share.drawn(rng, draws)
    return released_shares(question.panel).drawn(rng, draws)


def _window(body: Body, origin: Month, last: Month, today: date) -> tuple[Month, ...]:
    if body.has("from"):
        first = body.month("from", origin=origin, last=last)
    else:
        now = Month.containing(today)
        first = max(origin + 1, now if today.day == 1 else now + 1)
        if first > last:
            raise body.refused("from", f"the forecast ends with {last}, and today is {today}. A newer one is needed")
    ahead = last - first + 1
    months = body.whole("months", least=1, most=_MOST_MONTHS) if body.has("months") else min(_MONTHS, ahead)
    if months > ahead:
        raise body.refused(
            "months", f"from {first} on there are {ahead} months ahead, to {last}. Ask for at most so many"
        )
    return month_range(first, months)


def _scenario(
    body: Body, area: Area, named: Callable[[str], Area], months: Months, seed: int
) -> tuple[tuple[Event, ...], int]:
    """The events of the member `scenario`: an object with events, or the whole body of a scenario."""
    if not body.has("scenario"):
        return (), seed
    value = body.values["scenario"]
    if not isinstance(value, dict):
        raise body.refused("scenario", "it is no object. Write one with events")
    own = Body(value, under="scenario", known=("areas", "events", "coverage", "seed"))
    if own.has("areas"):
        question = read_scenario(value, named=named, months=months)
        if question.panel != area.panel:
            raise own.refused("areas", f"they are of {question.panel}, and {area.slug} of {area.panel}. Use one panel")
        return question.events, question.seed if own.has("seed") else seed
    coverage_of(own)  # beds have no intervals: it is read as in a scenario, and says nothing here
    origin, last = months(area.panel)
    events = read_events(own.needed("events"), Window(area.panel, origin, last, named), under="scenario")
    return events, seed_of(own) if own.has("seed") else seed
