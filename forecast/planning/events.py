"""The four kinds of events that a scenario is made of, read strictly. Applies none of them.

A group arrives, arrivals change by a factor, a share of them moves elsewhere, beds open or close. Areas are slugs of
one panel, months lie after the origin. Whatever cannot be taken is one PlanError with the event's number and the
member.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from forecast.core.areas import Area
from forecast.core.errors import AreaError, PlanError
from forecast.core.months import Month
from forecast.planning.analogues import analogues
from forecast.planning.body import Body, Range
from forecast.planning.limits import MOST_BEDS, MOST_FACTOR, MOST_PEOPLE

__all__ = [
    "MOST_EVENTS",
    "BedsEvent",
    "ChangeEvent",
    "Event",
    "GroupEvent",
    "TransferEvent",
    "Window",
    "areas_named",
    "read_events",
]

MOST_EVENTS = 50
# Areas that one event may name.
MOST_AREAS = 100
# By how much shares may miss one through rounding.
_ROUNDING = 1e-6

_KINDS: dict[str, tuple[str, ...]] = {
    "group_arrival": ("kind", "people", "share", "towards", "arrive", "show_up"),
    "change": ("kind", "month", "multiplier", "analogue", "areas"),
    "transfer": ("kind", "from", "to", "share", "from_month"),
    "capacity": ("kind", "month", "beds"),
}


@dataclass(frozen=True)
class Window:
    """What may be named: areas of `panel` by `named`, months after `origin` up to `last`."""

    panel: str
    origin: Month
    last: Month
    named: Callable[[str], Area]

    def area(self, body: Body, member: str, text: Any) -> str:
        """The slug of an area's name. Raises PlanError for one that is unknown, or of another panel."""
        if not isinstance(text, str):
            raise body.refused(member, "an area is named by a text. Write its slug in quotes")
        try:
            area = self.named(text)
        except AreaError as error:
            raise body.refused(member, str(error)) from None
        if area.panel != self.panel:
            raise body.refused(
                member, f"{area.slug} is of {area.panel}, the question of {self.panel}. Ask of one panel at a time"
            )
        return area.slug


@dataclass(frozen=True)
class GroupEvent:
    """People on their way: `people` of whom the share `show_up` is encountered, in months `first` to `last`.

    `share`: by area, of those who are encountered; what they leave is encountered nowhere here. None: it is learnt from
    past months, for a group that comes `towards` an area.
    """

    kind: ClassVar = "group_arrival"
    people: Range
    share: Mapping[str, Range] | None
    towards: str | None
    first: Month
    last: Month
    show_up: Range | None


@dataclass(frozen=True)
class ChangeEvent:
    """Arrivals of `areas` (none: of all) times a factor from `month` on: `multiplier`, or that of a past `analogue`."""

    kind: ClassVar = "change"
    month: Month
    multiplier: Range | None
    analogue: str | None
    areas: tuple[str, ...]


@dataclass(frozen=True)
class TransferEvent:
    """The share `share` of the arrivals of `source`, from `month` on, moved to other areas; their parts `to` add up to
    one, so that the total stays.
    """

    kind: ClassVar = "transfer"
    source: str
    to: Mapping[str, float]
    share: Range
    month: Month


@dataclass(frozen=True)
class BedsEvent:
    """Beds opened from `month` on, or closed where the number is negative. Changes no arrivals."""

    kind: ClassVar = "capacity"
    month: Month
    beds: Range


Event = GroupEvent | ChangeEvent | TransferEvent | BedsEvent


def areas_named(events: Sequence[Event]) -> Iterator[tuple[int, str, str]]:
    """Each area that events name, with the event's number and the member that names it."""
    by_member: dict[str, Iterable[str]]
    for number, event in enumerate(events, start=1):
        if isinstance(event, GroupEvent):
            by_member = {"share": event.share or (), "towards": filter(None, [event.towards])}
        elif isinstance(event, TransferEvent):
            by_member = {"from": [event.source], "to": event.to}
        else:
            by_member = {"areas": event.areas if isinstance(event, ChangeEvent) else ()}
        yield from ((number, member, area) for member, areas in by_member.items() for area in areas)


def read_events(values: Any, window: Window, *, under: str = "") -> tuple[Event, ...]:
    """The events of a body's list, in its order. Raises PlanError."""
    prefix = f"{under}." if under else ""
    if not isinstance(values, list):
        raise PlanError(f"{prefix}events: it is no list. Write the events in brackets.", member=f"{prefix}events")
    if len(values) > MOST_EVENTS:
        raise PlanError(
            f"{prefix}events: {len(values)} events; at most {MOST_EVENTS} are taken at once. Put some together.",
            member=f"{prefix}events",
        )
    return tuple(_event(number, value, window) for number, value in enumerate(values, start=1))


def _event(number: int, value: Any, window: Window) -> Event:
    kinds = ", ".join(_KINDS)
    if not isinstance(value, dict):
        raise PlanError(f"Event {number}: it is no object. Write one with a kind: {kinds}.", member="", event=number)
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        said = "it has no kind" if kind is None else f"{str(kind)[:60]!r} is not a kind"
        raise PlanError(f"Event {number}, kind: {said}. Use one of {kinds}.", member="kind", event=number)
    body = Body(value, event=number, kind=kind.replace("_", " "), known=_KINDS[kind])
    return _READ[kind](body, window)


def _group_arrival(body: Body, window: Window) -> GroupEvent:
    people = body.range("people", least=0, most=MOST_PEOPLE)
    show_up = body.range("show_up", least=0, most=1) if body.has("show_up") else None
    first, last = (
        body.month("arrive", origin=window.origin, last=window.last, of=month) for month in _two(body, "arrive")
    )
    if first > last:
        raise body.refused("arrive", f"the months are reversed: {first} is after {last}. Write the first one first")
    towards = window.area(body, "towards", body.needed("towards")) if body.has("towards") else None
    if not body.has("share") or body.values["share"] == "learnt":
        if towards is None:
            raise body.refused("share", 'it is missing. Give a share by area, or "towards": an area to learn it for')
        return GroupEvent(people, None, towards, first, last, show_up)
    if towards is not None:
        raise body.refused("towards", "the shares are given, so that none is learnt. Leave one of the two out")
    shares = _by_area(body, window, "share")
    share = {slug: body.range("share", least=0, most=1, of=value) for slug, value in shares.items()}
    total = sum(part.high for part in share.values())
    if total > 1 + _ROUNDING:
        raise body.refused("share", f"the shares add up to {total:.9g}, which is over 1. Make them 1 or less")
    return GroupEvent(people, share, None, first, last, show_up)


def _change(body: Body, window: Window) -> ChangeEvent:
    month = body.month("month", origin=window.origin, last=window.last)
    if body.has("multiplier") == body.has("analogue"):
        raise body.refused("multiplier", "give either a multiplier or an analogue")
    multiplier, analogue = None, None
    if body.has("multiplier"):
        multiplier = body.range("multiplier", least=0, most=MOST_FACTOR)
    else:
        analogue = body.text("analogue")
        if analogue not in analogues():
            names = ", ".join(analogues())
            raise body.refused("analogue", f"{analogue[:60]!r} is not in the catalogue. Use one of {names}")
    named = body.list_of("areas", most=MOST_AREAS) if body.has("areas") else []
    areas = tuple(dict.fromkeys(window.area(body, "areas", text) for text in named))
    return ChangeEvent(month, multiplier, analogue, areas)


def _transfer(body: Body, window: Window) -> TransferEvent:
    source = window.area(body, "from", body.needed("from"))
    parts = _by_area(body, window, "to")
    to = {slug: body.number("to", least=0, most=1, of=value) for slug, value in parts.items()}
    if source in to:
        raise body.refused("to", f"{source} is where they are moved from. Name other areas")
    if abs(sum(to.values()) - 1) > _ROUNDING:
        total = sum(to.values())
        raise body.refused("to", f"the parts add up to {total:.9g}; all who are moved arrive. Make them add up to 1")
    share = body.range("share", least=0, most=1)
    return TransferEvent(source, to, share, body.month("from_month", origin=window.origin, last=window.last))


def _capacity(body: Body, window: Window) -> BedsEvent:
    beds = body.range("beds", least=-MOST_BEDS, most=MOST_BEDS)
    return BedsEvent(body.month("month", origin=window.origin, last=window.last), beds)


_READ: dict[str, Callable[[Body, Window], Event]] = {
    "group_arrival": _group_arrival,
    "change": _change,
    "transfer": _transfer,
    "capacity": _capacity,
}


def _two(body: Body, member: str) -> list[Any]:
    value = body.needed(member)
    if not isinstance(value, list) or len(value) != 2:
        raise body.refused(member, 'it takes the first and the last month. Write them as ["2024-12", "2025-01"]')
    return value


def _by_area(body: Body, window: Window, member: str) -> dict[str, Any]:
    """The values by slug; an area that is named twice, by two names, is refused."""
    by_slug: dict[str, Any] = {}
    for text, value in body.mapping(member, most=MOST_AREAS).items():
        slug = window.area(body, member, text)
        if slug in by_slug:
            raise body.refused(member, f"{slug} is named twice. Name each area once")
        by_slug[slug] = value
    return by_slug
