"""What a scenario's body asks: areas of one panel, events, intervals, a seed. Answers nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from forecast.core.areas import Area
from forecast.core.errors import AreaError
from forecast.core.months import Month
from forecast.planning.body import Body
from forecast.planning.events import Event, Window, read_events

__all__ = [
    "COVERAGE",
    "COVERAGES",
    "MOST_AREAS",
    "ScenarioQuestion",
    "coverage_of",
    "read_scenario",
    "read_together",
    "seed_of",
]

# As those of forecasts: per cent.
COVERAGES = (*range(10, 100, 10), 95, 98)
COVERAGE = (50, 80, 95)
MOST_AREAS = 200
# Any seed is as good as another; this is the one of whoever names none.
SEED = 1
_MEMBERS = ("areas", "events", "coverage", "seed")

# The last month with counts and the last month ahead of the release that a panel serves.
Months = Callable[[str], tuple[Month, Month]]


@dataclass(frozen=True)
class ScenarioQuestion:
    """`areas`: slugs in the order asked for, all of `panel`; `coverage`: per cent, ascending."""

    panel: str
    areas: tuple[str, ...]
    events: tuple[Event, ...]
    coverage: tuple[int, ...]
    seed: int


def read_scenario(values: Mapping[str, Any], *, named: Callable[[str], Area], months: Months) -> ScenarioQuestion:
    """The question of a body. Raises PlanError for what cannot be asked, and whatever `months` raises for a panel
    without a release.
    """
    body = Body(values, known=_MEMBERS)
    areas: dict[str, Area] = {}
    for text in body.list_of("areas", most=MOST_AREAS):
        if not isinstance(text, str):
            raise body.refused("areas", "an area is named by a text. Write its slug in quotes")
        try:
            area = named(text)
        except AreaError as error:
            raise body.refused("areas", str(error)) from None
        if area.slug in areas:
            raise body.refused("areas", f"{area.slug} is named twice. Name each area once")
        areas[area.slug] = area
    panels = list(dict.fromkeys(area.panel for area in areas.values()))
    if len(panels) > 1:
        raise body.refused(
            "areas",
            f"they are of {' and of '.join(panels)}, which are never added together. Ask of one panel at a time",
        )
    origin, last = months(panels[0])
    events = read_events(body.needed("events"), Window(panels[0], origin, last, named))
    return ScenarioQuestion(panels[0], tuple(areas), events, coverage_of(body), seed_of(body))


def read_together(values: Mapping[str, Any], *, most: int) -> list[tuple[str, dict[str, Any]]]:
    """Title and body of each of several scenarios, at most so many: `{"scenarios": [{"title": ..., "areas": ...}]}`.

    The bodies are not read yet. Raises PlanError.
    """
    body = Body(values, known=("scenarios",))
    made: dict[str, dict[str, Any]] = {}
    for number, value in enumerate(body.list_of("scenarios", most=most), start=1):
        if not isinstance(value, dict):
            raise body.refused("scenarios", f"number {number} is no object. Write one with a title, areas and events")
        own = Body(value, known=("title", *_MEMBERS), under=f"scenarios[{number}]")
        title = own.text("title").strip()
        if not 0 < len(title) <= 100:
            raise own.refused("title", "it has 1 to 100 characters. Write so many")
        if not title.isprintable():
            raise own.refused("title", "it has a line end or a control character. Write it on one line")
        if title in made:
            raise own.refused("title", f"{title!r} is taken. Give each its own")
        made[title] = {name: member for name, member in value.items() if name != "title"}
    return list(made.items())


def seed_of(body: Body) -> int:
    """The seed of a body, that of everybody where none is given."""
    return body.whole("seed", least=0, most=2**32 - 1) if body.has("seed") else SEED


def coverage_of(body: Body) -> tuple[int, ...]:
    """The intervals of a body, per cent, ascending; COVERAGE where none are given."""
    if not body.has("coverage"):
        return COVERAGE
    coverage = []
    for value in body.list_of("coverage", most=len(COVERAGES)):
        if isinstance(value, bool) or not isinstance(value, int) or value not in COVERAGES:
            known = ", ".join(map(str, COVERAGES))
            raise body.refused(
                "coverage", f"{str(value)[:20]!r} is not a coverage that is answered. Use some of {known}"
            )
        coverage.append(value)
    if len(set(coverage)) < len(coverage):
        raise body.refused("coverage", "a coverage is named twice. Name each once")
    return tuple(sorted(coverage))
