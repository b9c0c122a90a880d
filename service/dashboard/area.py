"""The page of one area: what is expected, the chart with its table, questions, what was said before, files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecast.core.areas import Area
from service.context import Context
from service.dashboard.caution import caution
from service.dashboard.choices import MOST_BESIDE, SPANS, Choices
from service.dashboard.fan import LETTERS, fan, together
from service.dashboard.figures import COVERAGES, Figures, counts_of, figures
from service.dashboard.frame import page
from service.dashboard.listing import link
from service.dashboard.past import past
from service.dashboard.picture import citation
from service.dashboard.plans import Plans
from service.dashboard.questions import questions, stroke

__all__ = ["area_page", "shown"]


def shown(here: Context, area: Area, choices: Choices) -> tuple[list[Figures], bool]:
    """The figures of an area and of those it is compared with, and whether the counts could be read. Only areas that
    are counted in the same unit are compared.
    """
    catalogue = here.catalogue
    unit = catalogue.panels[area.panel].unit
    others = [catalogue.area(slug) for slug in choices.beside if slug != area.slug]
    areas = [area, *(one for one in others if catalogue.panels[one.panel].unit == unit)]
    counts = counts_of(here.release_cache.engine, [one.slug for one in areas])
    drawn = [
        figures(
            one,
            catalogue.panels[one.panel],
            here.release_cache.newest.get(one.panel),
            (counts or {}).get(one.slug, ()),
            unit=choices.unit,
            years=choices.years,
        )
        for one in areas
    ]
    return drawn, counts is not None


def area_page(
    here: Context, area: Area, choices: Choices, plans: Plans, *, unknown: Sequence[str] = ()
) -> tuple[bytes, bool]:
    """The whole page, and whether it has all that belongs to it, so that it may be kept. `unknown`: words that were to
    be compared and name no area.
    """
    drawn, complete = shown(here, area, choices)
    own, areas = drawn[0], drawn[0].panel.areas
    values: dict[str, Any] = {
        "own": own,
        "drawn": drawn,
        "choices": choices,
        "plans": plans,
        "parents": [areas[slug] for slug in area.parents if slug in areas],
        "care": caution(here, list(dict.fromkeys(one.panel for one in drawn)), history=complete),
        "link": link,
        "stroke": stroke,
    }
    if own.months:
        earlier = None
        if complete:
            earlier, complete = past(here, own, choices)
        values |= _chart(drawn, choices) | questions(own, choices, plans) | {"earlier": earlier}
        values |= {"wrong": _wrong(drawn, choices, unknown), "citation": citation(here, own)}
    marks = " ".join(dict.fromkeys(one.release.id for one in drawn if one.release))
    return page("area.html", up="../", marks=marks, **values), complete and plans.complete


def _chart(drawn: Sequence[Figures], choices: Choices) -> dict[str, Any]:
    """What the template shows of the chart, its legend and its table."""
    own, several = drawn[0], len(drawn) > 1
    known = [one for one in drawn if one.months]
    first, last = min(one.months[0] for one in known), max(one.months[-1] for one in known)
    return {
        "picture": together(known, choices) if several else fan(own, choices),
        "keys": _keys(drawn),
        "span": last - first,
        "start": own.next[0] - first if own.next else last - first,
        "counts": dict(own.observed),
        "beside": _side_by_side(drawn) if several else [],
        "SPANS": SPANS,
        "MOST_BESIDE": MOST_BESIDE,
    }


def _keys(drawn: Sequence[Figures]) -> list[tuple[str, str]]:
    """The legend: a picture and what it is called."""
    if len(drawn) > 1:
        rows = [(stroke(f"k{at + 1} own"), f"{LETTERS[at]}: {one.area.name}") for at, one in enumerate(drawn)]
        return [*rows, (stroke("k1 said"), "thin: middle of the forecast, and 8 times in 10")]
    rows = [(stroke("seen"), "observed")]
    if drawn[0].ahead:
        rows.append((stroke("median"), "middle of the forecast"))
        rows += [(f'<path class="b{one}" d="M0 1H28V13H0Z"/>', f"{one} % interval") for one in COVERAGES[:2]]
        rows.append(('<path class="b95" d="M0 2H28M0 12H28"/>', "95 % interval"))
    return rows


def _side_by_side(areas: Sequence[Figures]) -> list[tuple[Any, ...]]:
    """By month its place in the chart, and of each area what is forecast and what was counted."""
    months = sorted({name for one in areas for name in one.months})
    ahead = {name for one in areas for name, _ in one.ahead}
    ordered = [*(name for name in months if name in ahead), *(name for name in reversed(months) if name not in ahead)]
    shown = [(dict(one.ahead), dict(one.observed)) for one in areas]
    return [(name, name - months[0], [(own.get(name), counts.get(name)) for own, counts in shown]) for name in ordered]


def _wrong(drawn: Sequence[Figures], choices: Choices, unknown: Sequence[str]) -> list[str]:
    """Why areas that were to be compared are not."""
    return [f"No single area is called “{word[:60]}”." for word in unknown] + [
        f"{slug} is not counted in {drawn[0].panel.unit}: it cannot be compared here."
        for slug in choices.beside
        if slug not in {one.area.slug for one in drawn}
    ]
