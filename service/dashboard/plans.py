"""What a reader asks of an area beside its forecast: a threshold, events, a shelter. Read from the fields of the page,
answered as the addresses `/v1/exceedance`, `/v1/scenarios` and `/v1/capacity` answer it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from forecast.core.areas import Area
from forecast.core.errors import EncountersError, PlanError, one_line
from forecast.core.months import Month
from forecast.planning.limits import MOST_BEDS, MOST_FACTOR, MOST_PEOPLE
from forecast.release import what_if
from forecast.release.what_if import Prepared
from service import exceeding
from service.context import Context
from service.dashboard.choices import Choices
from service.dashboard.typed import number, numbers
from service.exceeding import Thresholds
from service.problems import Problem
from service.questions import in_turn, source_of

__all__ = ["Plans", "answered", "beds_ahead"]

log = logging.getLogger(__name__)

Document = dict[str, Any]


@dataclass(frozen=True)
class Plans:
    """The answers of the API; a sentence where none could be made, None where not asked. `complete`: may be kept."""

    chance: Document | str | None = None
    scenario: Document | str | None = None
    capacity: Document | str | None = None
    complete: bool = True


async def answered(here: Context, area: Area, choices: Choices) -> Plans:
    """The answers to what is asked."""
    words = dict(choices.asked)
    answers: dict[str, Document | str | None] = {}
    complete = True
    for name, work in (("chance", _chance), ("scenario", _scenario), ("capacity", _capacity)):
        try:
            prepared = await run_in_threadpool(work, here, area, choices, words)
            answers[name] = None if prepared is None else await in_turn(here, prepared.size, prepared.answer)
        except PlanError as error:
            answers[name] = _of_the_page(error)
        except Problem as error:
            answers[name] = str(error)
        except (EncountersError, SQLAlchemyError) as error:
            log.warning("What was asked of %s cannot be answered: %s", area.slug, one_line(error)[:500])
            answers[name], complete = "This cannot be answered now. Try again shortly.", False
    return Plans(**answers, complete=complete)


def beds_ahead(choices: Choices, months: Sequence[Month]) -> list[tuple[Month, float]]:
    """How many beds a shelter has in each of some months, the middle of what is possible; never fewer than none.

    Raises PlanError for fields that hold no numbers; `answered` has read them before.
    """
    words = dict(choices.asked)
    beds = number(words, "beds", "Beds", most=MOST_BEDS) or 0
    opened = numbers(words, "opened", "Beds that open", least=-MOST_BEDS, most=MOST_BEDS) or 0
    more = sum(opened) / 2 if isinstance(opened, list) else opened
    since = words.get("opened_since", "")
    return [(month, max(beds + (more if since and str(month) >= since else 0), 0)) for month in months]


_ALONE = "Beds that open change no arrivals. Fill in “Beds of a shelter” too, where they count."
# How the body's messages begin, and what the page calls the members that its fields fill.
_MEMBER = re.compile(r"(?:Event [0-9]+ \((?P<kind>[a-z ]+)\), )?(?P<member>[a-z_.]+): ")
_FIELDS = {
    ("change", "month"): "What comes changes, from",
    ("change", "multiplier"): "By a factor of",
    ("change", "analogue"): "As after",
    ("group arrival", "people"): "People of the group",
    ("group arrival", "arrive"): "Months in which the group comes",
    ("group arrival", "show_up"): "Share that is counted here",
    ("transfer", "to"): "To the area",
    ("transfer", "share"): "Share that is moved",
    ("transfer", "from_month"): "Some are moved, from",
    ("capacity", "month"): "Beds open, in",
    ("capacity", "beds"): "Beds that open",
    ("", "area"): "This area",
    ("", "areas"): "This area",
    ("", "beds"): "Beds",
    ("", "occupied"): "Occupied today",
    ("", "stay.mean"): "Nights that people stay",
    ("", "share"): "Share of those who come",
    ("", "months"): "Months",
}


def _chance(here: Context, area: Area, choices: Choices, words: Mapping[str, str]) -> Prepared | None:
    threshold = number(words, "more", "More than")
    release = here.release_cache.newest.get(area.panel)
    if threshold is None or release is None or area.slug not in release.by_slug:
        return None
    asked = Thresholds((threshold,), (), choices.unit, None)
    chosen = [(release, release.by_slug[area.slug])]

    return Prepared(1, lambda: next(exceeding.areas(chosen, asked, here.release_cache)))


def _scenario(here: Context, area: Area, choices: Choices, words: Mapping[str, str]) -> Prepared | None:
    events = _arrivals(area, words)
    if not events:
        if words.get("opened") and not words.get("beds"):
            raise PlanError(_ALONE)
        return None
    body = {"areas": [area.slug], "events": events, "coverage": [80]}
    return what_if.scenario(source_of(here), body, today=here.today())


def _capacity(here: Context, area: Area, choices: Choices, words: Mapping[str, str]) -> Prepared | None:
    beds = number(words, "beds", "Beds", most=MOST_BEDS)
    if beds is None:
        if words.get("opened") and _arrivals(area, words):
            raise PlanError(_ALONE)
        return None
    body: Document = {
        "area": area.slug,
        "beds": beds,
        "occupied": number(words, "occupied", "Occupied today", most=MOST_BEDS) or 0,
        "stay": {"mean": _needed(words, "stay", "Nights that people stay")},
    }
    if (share := numbers(words, "share", "Share of those who come", per_cent=True)) is not None:
        body["share"] = share
    if (months := number(words, "months", "Months")) is not None:
        body["months"] = months
    if events := _events(area, words):
        body["scenario"] = {"events": events}
    return what_if.capacity(source_of(here), body, today=here.today())


def _arrivals(area: Area, words: Mapping[str, str]) -> list[Document]:
    """The events that change who arrives."""
    return [event for event in _events(area, words) if event["kind"] != "capacity"]


def _events(area: Area, words: Mapping[str, str]) -> list[Document]:
    """The events of a what-if, as its body has them."""
    events: list[Document] = []
    change: Document = {"kind": "change", "month": words.get("since", ""), "areas": [area.slug]}
    if (times := numbers(words, "times", "By a factor of", most=MOST_FACTOR)) is not None:
        change["multiplier"] = times
    if like := words.get("like"):
        change["analogue"] = like
    if "multiplier" in change and "analogue" in change:
        raise PlanError("What comes changes by a factor or as after a past event, not by both. Leave one of them out.")
    if "multiplier" in change or "analogue" in change:
        events.append(change)
    if (people := numbers(words, "people", "People of the group", most=MOST_PEOPLE)) is not None:
        first = words.get("arrive", "")
        group: Document = {"kind": "group_arrival", "people": people, "arrive": [first, words.get("arrive_to", first)]}
        group |= {"share": {area.slug: 1}} if area.is_leaf() else {"share": "learnt", "towards": area.slug}
        if (show := numbers(words, "show", "Share that is counted here", per_cent=True)) is not None:
            group["show_up"] = show
        events.append(group)
    if (share := numbers(words, "moved", "Share that is moved", per_cent=True)) is not None:
        if not (into := words.get("moved_into")):
            raise PlanError("To the area: name the area that they are moved to, such as laredo.")
        month = words.get("moved_since", "")
        events.append({"kind": "transfer", "from": area.slug, "to": {into: 1}, "share": share, "from_month": month})
    if (beds := numbers(words, "opened", "Beds that open", least=-MOST_BEDS, most=MOST_BEDS)) is not None:
        events.append({"kind": "capacity", "month": words.get("opened_since", ""), "beds": beds})
    return events


def _needed(words: Mapping[str, str], name: str, label: str) -> float:
    value = number(words, name, label)
    if value is None:
        raise PlanError(f"{label}: write a number, such as 3.")
    return value


def _of_the_page(error: PlanError) -> str:
    """What an error says of a member of the body, said of the field that it was read from."""
    said = str(error)
    if not (at := _MEMBER.match(said)):
        return said
    kind, member = at["kind"] or "", at["member"]
    return f"{_FIELDS[kind, member]}: {said[at.end() :]}" if (kind, member) in _FIELDS else said
