"""What a reader asks of an area beside its forecast: a threshold, events, a shelter. Read from the fields of the page,
answered as the addresses `/v1/exceedance`, `/v1/scenarios` and `/v1/capacity` answer it.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from forecast.core.areas import Area
from forecast.core.errors import EncountersError, PlanError
from forecast.release import what_if
from service import exceeding
from service.context import Context
from service.dashboard.choices import Choices
from service.exceeding import Thresholds
from service.problems import Problem
from service.questions import in_turn, source_of

__all__ = ["Plans", "answered", "number"]

log = logging.getLogger(__name__)

Document = dict[str, Any]


@dataclass(frozen=True)
class Plans:
    """The answers, each as the API gives it, a sentence where it could not be made, None where nothing was asked.
    `complete`: whether the same question has the same answer the next time.
    """

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
            answers[name] = None if prepared is None else await in_turn(here, *prepared)
        except (PlanError, Problem) as error:
            answers[name] = str(error)
        except (EncountersError, SQLAlchemyError) as error:
            log.warning("What was asked of %s cannot be answered: %s", area.slug, " ".join(str(error).split())[:500])
            answers[name], complete = "This cannot be answered now. Try again shortly.", False
    return Plans(**answers, complete=complete)


Prepared = tuple[int, Callable[[], Document]]


def _chance(here: Context, area: Area, choices: Choices, words: Mapping[str, str]) -> Prepared | None:
    threshold = number(words, "more", "More than")
    release = here.release_cache.newest.get(area.panel)
    if threshold is None or release is None or area.slug not in release.by_slug:
        return None
    asked = Thresholds((threshold,), (), choices.unit, None)
    chosen = [(release, release.by_slug[area.slug])]

    def answer() -> Document:
        cache = here.release_cache
        pieces = exceeding.in_json(chosen, asked, engine=cache.engine, draws=cache.joint_draws, today=here.today())
        document: Document = json.loads(b"".join(pieces))["exceedance"][0]
        return document

    return 1, answer


def _scenario(here: Context, area: Area, choices: Choices, words: Mapping[str, str]) -> Prepared | None:
    events = [event for event in _events(area, words) if event["kind"] != "capacity"]
    if not events:
        if words.get("opened") and not words.get("beds"):
            raise PlanError("Beds that open change no arrivals. Fill in “Beds of a shelter” too, where they count.")
        return None
    body = {"areas": [area.slug], "events": events, "coverage": [80]}
    prepared = what_if.scenario(source_of(here), body, today=here.today())
    return prepared.size, prepared.answer


def _capacity(here: Context, area: Area, choices: Choices, words: Mapping[str, str]) -> Prepared | None:
    beds = number(words, "beds", "Beds")
    if beds is None:
        return None
    body: Document = {
        "area": area.slug,
        "beds": beds,
        "occupied": number(words, "occupied", "Occupied today") or 0,
        "stay": {"mean": _needed(words, "stay", "Nights that people stay")},
    }
    if (share := _range(words, "share", "Share of those who come", per_cent=True)) is not None:
        body["share"] = share
    if (months := number(words, "months", "Months")) is not None:
        body["months"] = months
    if events := _events(area, words):
        body["scenario"] = {"events": events}
    prepared = what_if.capacity(source_of(here), body, today=here.today())
    return prepared.size, prepared.answer


def _events(area: Area, words: Mapping[str, str]) -> list[Document]:
    """The events of a what-if, as its body has them."""
    events: list[Document] = []
    change: Document = {"kind": "change", "month": words.get("since", ""), "areas": [area.slug]}
    if (times := _range(words, "times", "Times")) is not None:
        change["multiplier"] = times
    if like := words.get("like"):
        change["analogue"] = like
    if "multiplier" in change or "analogue" in change:
        events.append(change)
    if (people := _range(words, "people", "People")) is not None:
        first = words.get("arrive", "")
        group: Document = {"kind": "group_arrival", "people": people, "arrive": [first, words.get("arrive_to", first)]}
        group |= {"share": {area.slug: 1}} if area.is_leaf() else {"share": "learnt", "towards": area.slug}
        if (show := _range(words, "show", "Share that arrives", per_cent=True)) is not None:
            group["show_up"] = show
        events.append(group)
    if (share := _range(words, "moved", "Share that is moved", per_cent=True)) is not None:
        if not (into := words.get("moved_into")):
            raise PlanError("To the area: name the area that they are moved to, such as laredo.")
        month = words.get("moved_since", "")
        events.append({"kind": "transfer", "from": area.slug, "to": {into: 1}, "share": share, "from_month": month})
    if (beds := _range(words, "opened", "Beds that open", least=-1e12)) is not None:
        events.append({"kind": "capacity", "month": words.get("opened_since", ""), "beds": beds})
    return events


def _range(
    words: Mapping[str, str], name: str, label: str, *, per_cent: bool = False, least: float = 0
) -> float | list[float] | None:
    """A number, or the two ends of a range; None where nothing was written. Raises PlanError."""
    written = (name, f"{name}_to")
    ends = [
        value for one in written if (value := number(words, one, label, per_cent=per_cent, least=least)) is not None
    ]
    scaled = [value / 100 for value in ends] if per_cent else ends
    return scaled[0] if len(set(scaled)) == 1 else sorted(scaled) or None


def _needed(words: Mapping[str, str], name: str, label: str) -> float:
    value = number(words, name, label)
    if value is None:
        raise PlanError(f"{label}: write a number, such as 3.")
    return value


def number(
    words: Mapping[str, str], name: str, label: str, *, per_cent: bool = False, least: float = 0
) -> float | None:
    """A number as somebody wrote it, with or without commas, and where it is `per_cent` with or without the sign; None
    where nothing was written. `least`: below which it is none. Raises PlanError.
    """
    word = words.get(name, "").replace(",", "").strip()
    word = word.removesuffix("%").strip() if per_cent else word
    if not word:
        return None
    try:
        value = float(word.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        value = math.nan
    if not least <= value < 1e12:
        kind = "number of 0 or more" if least == 0 else "number"
        raise PlanError(f"{label}: {words[name]!r} is no {kind}. Write it as 1500.")
    return int(value) if value.is_integer() else value
