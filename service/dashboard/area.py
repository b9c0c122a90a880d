"""The page of one area: what is expected, the chart with its table, questions, what was said before, files."""

from __future__ import annotations

from collections.abc import Sequence

from forecast.core.areas import Area
from forecast.release.intervals import in_words
from service.context import Context
from service.dashboard.caution import caution
from service.dashboard.choices import MOST_BESIDE, SPANS, Choices
from service.dashboard.downloads import downloads
from service.dashboard.fan import LETTERS, fan, together
from service.dashboard.fields import legend, stroke
from service.dashboard.figures import COVERAGES, Figures, figures
from service.dashboard.frame import page
from service.dashboard.history import counts_of
from service.dashboard.listing import link, search
from service.dashboard.numbers import compared, numbers
from service.dashboard.past import past
from service.dashboard.plans import Plans
from service.dashboard.plot import text
from service.dashboard.questions import questions
from service.dashboard.words import RISK, day, expected, long, promise

__all__ = ["area_page", "shown"]

_UP = "../"


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
    own, panel = drawn[0], drawn[0].panel
    parts = [
        f"<h1>{text(area.name)}</h1><p>{_place(area, own)}</p>{search(_UP)}",
        caution(here, list(dict.fromkeys(one.panel for one in drawn)), history=complete),
        _expected(own),
    ]
    if own.months:
        parts.append(_figure(drawn, choices))
        parts.append(_form(area, drawn, choices, unknown))
        parts.append(numbers(own) if len(drawn) == 1 else compared(drawn))
        if complete:
            section, complete = past(here, own, choices)
            parts.append(section)
        parts.append(questions(own, choices, plans))
        parts.append(downloads(here, own, choices, up=_UP))
    else:
        parts.append('<p class="note">There is neither a count nor a forecast of this area.</p>')
    marks = " ".join(dict.fromkeys(one.release.id for one in drawn if one.release))
    title = f"{area.name}: forecast of {panel.unit}"
    return page(title, "".join(parts), up=_UP, marks=marks), complete and plans.complete


def _place(area: Area, own: Figures) -> str:
    """What the area is and what it is part of."""
    areas = own.panel.areas
    parents = [
        f'<a href="{link(areas[slug], _UP)}">{text(areas[slug].name)}</a>' for slug in area.parents if slug in areas
    ]
    part = f", part of {' and '.join(parents)}" if parents else ""
    closed = f" It closed in {long(area.closed)}." if area.closed else ""
    kind = text(area.kind.replace("-", " and ").capitalize())
    return f"{kind} of “{text(own.panel.title)}”{part}.{closed}"


def _expected(own: Figures) -> str:
    """Risk first, then what is expected, then how far that can be trusted."""
    if own.release is None or own.next is None:
        return '<p class="note">There is no forecast of this area; the chart shows its counts.</p>'
    manifest = own.release.manifest
    name, row = own.next
    reason = manifest.fallbacks.get(own.area.slug)
    fallback = f'<p class="note">Floor model: {text(reason)}</p>' if reason else ""
    trust = promise(manifest.scores)
    return (
        f'<section aria-labelledby="expected"><h2 id="expected">What is expected</h2><p>{text(RISK)}</p>'
        f'<p class="lead">{text(expected(name, row, own.panel, own.unit))}</p><p>{text(trust)}</p>{fallback}'
        f"<p><small>Counts through {long(manifest.origin)}, release {text(own.release.id)}, issued "
        f"{day(manifest.issued_at.date())}.</small></p></section>"
    )


def _figure(drawn: Sequence[Figures], choices: Choices) -> str:
    own, several = drawn[0], len(drawn) > 1
    first = min(one.months[0] for one in drawn if one.months)
    last = max(one.months[-1] for one in drawn if one.months)
    picture = together([one for one in drawn if one.months], choices) if several else fan(own, choices)
    unit = text(in_words(own.panel, own.unit))
    names = ", ".join(one.area.name for one in drawn)
    start = own.next[0] - first if own.next else last - first
    axis = ", logarithmic axis" if choices.scale == "log" else ""
    return (
        f'<figure id="chart" tabindex="0" aria-labelledby="chart-name" aria-describedby="chart-how" '
        f'aria-details="numbers" data-span="{last - first}" data-start="{start}" data-unit="{unit}">'
        f'<figcaption id="chart-name">{text(names)}: {unit}{axis}</figcaption>'
        f'<div class="plot">{picture}</div><p id="readout" role="status" aria-live="polite"></p>{_legend(drawn)}'
        '<p id="chart-how" class="hint" hidden>Left and right arrow keys, or the pointer, read the chart by month; '
        "Page Up and Page Down go a year, Escape leaves.</p></figure>"
    )


def _legend(drawn: Sequence[Figures]) -> str:
    if len(drawn) > 1:
        rows = [
            (stroke(f"k{place + 1} own"), f"{LETTERS[place]}: {text(one.area.name)}") for place, one in enumerate(drawn)
        ]
        return legend(*rows, (stroke("k1 said"), "thin: middle of the forecast, and 8 times in 10"))
    rows = [(stroke("seen"), "observed")]
    if drawn[0].ahead:
        rows.append((stroke("median"), "middle of the forecast"))
        rows += [(f'<path class="b{one}" d="M0 1H28V13H0Z"/>', f"{one} % interval") for one in COVERAGES[:2]]
        rows.append(('<path class="b95" d="M0 2H28M0 12H28"/>', "95 % interval"))
    return legend(*rows)


def _form(area: Area, drawn: Sequence[Figures], choices: Choices, unknown: Sequence[str]) -> str:
    """How to see it otherwise. Without a script the button shows it; with one every change does."""

    def radio(name: str, value: str, label: str, now: str) -> str:
        key, on = f"{name}-{value}", " checked" if value == now else ""
        return f'<label><input type="radio" id="{key}" name="{name}" value="{value}"{on}> {label}</label>'

    spans = "".join(
        f'<option value="{span or "all"}"{" selected" if span == choices.years else ""}>'
        f"{f'{span} years' if span else 'all years'}</option>"
        for span in SPANS
    )
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{text(value)}">'
        for name, value in choices.but("scale", "unit", "years")
    )
    chips = "".join(
        f'<li>{text(one.area.name)} <a href="{text(area.slug)}{text(choices.without(one.area.slug).query)}" '
        f'data-swap aria-label="Leave out {text(one.area.name)}">leave out</a></li>'
        for one in drawn[1:]
    )
    beside = (
        ""
        if len(drawn) > MOST_BESIDE
        else (
            '<label for="with">Compare with</label> <span class="combo"><input id="with" name="with" type="search" '
            f'autocomplete="off" spellcheck="false" maxlength="100" data-find="{_UP}areas"></span>'
        )
    )
    wrong = [f"No single area is called “{word[:60]}”." for word in unknown]
    wrong += [
        f"{slug} is not counted in {drawn[0].panel.unit}: it cannot be compared here."
        for slug in choices.beside
        if slug not in {one.area.slug for one in drawn} and slug != area.slug
    ]
    said = f'<p class="note">{text(" ".join(wrong))}</p>' if wrong else ""
    return (
        f'<form class="choices" method="get" action="{text(area.slug)}" aria-label="How the chart is drawn">'
        f"<fieldset><legend>Axis</legend>{radio('scale', 'linear', 'linear', choices.scale)}"
        f"{radio('scale', 'log', 'logarithmic', choices.scale)}</fieldset>"
        f"<fieldset><legend>Figures</legend>{radio('unit', 'month', 'per month', choices.unit)}"
        f"{radio('unit', 'day', 'mean per day', choices.unit)}</fieldset>"
        f'<span><label for="years">History</label> <select id="years" name="years">{spans}</select></span>'
        f'{kept}<span>{beside}</span><button id="show-chart">Show</button>'
        f'{f"""<ul class="chips">{chips}</ul>""" if chips else ""}</form>{said}'
    )
