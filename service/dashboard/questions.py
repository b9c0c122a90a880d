"""The forms of an area's page and the answers to them: the chance of more than a number, what if, and beds.

The forms work without a script: what is asked stands in the address, and the server draws the answer.
"""

from __future__ import annotations

from typing import Any

from forecast.core.months import Month
from forecast.planning import released
from forecast.planning.analogues import analogues
from forecast.planning.chance import in_words
from service.dashboard.choices import EVENTS, SHELTER, THRESHOLD, Choices
from service.dashboard.fields import (
    area_field,
    asked_any,
    assumptions,
    choice,
    field,
    fold,
    form,
    legend,
    month_field,
    section,
    stroke,
    table,
)
from service.dashboard.figures import Figures
from service.dashboard.plans import Document, Plans, beds_ahead
from service.dashboard.plot import text
from service.dashboard.sides import Row, columns, sides
from service.dashboard.words import amount, long, month, spread

__all__ = ["questions"]

_SIDES = ((stroke("k1 own"), "without"), (stroke("k2 own"), "with what was asked"))


def questions(own: Figures, choices: Choices, plans: Plans) -> str:
    """The three forms with their answers; empty where the area has no forecast."""
    if not own.ahead:
        return ""
    asked = (
        ("chance", "Chance of more than a number", _threshold_form, plans.chance, _chance),
        ("what-if", "What if", _events_form, plans.scenario, _scenario),
        ("shelter", "Beds of a shelter", _shelter_form, plans.capacity, _beds),
    )
    return "".join(
        section(
            key, title, asking(own, choices), answer, shown(own, choices, answer) if isinstance(answer, dict) else ""
        )
        for key, title, asking, answer, shown in asked
    )


def _threshold_form(own: Figures, choices: Choices) -> str:
    most = max(row.ends[-1] for _, row in own.ahead)
    step = max(10 ** (len(str(int(most))) - 2), 1)
    now = text(dict(choices.asked).get("more") or f"{own.next[1].median if own.next else 0:g}")
    return form(
        own,
        choices,
        "chance",
        THRESHOLD,
        '<label for="more">More than</label> <input id="more" name="more" type="number" inputmode="decimal" min="0" '
        f'step="any" value="{now}"> <span>{text(own.panel.unit)} per {own.unit}</span> '
        f'<input id="slide" type="range" min="0" max="{step * (int(most / step) + 1)}" step="{step}" value="{now}" '
        'aria-label="More than, as a slider" data-for="more" hidden>',
    )


def _chance(own: Figures, choices: Choices, answer: Document) -> str:
    threshold = answer["thresholds"][0]
    limit = amount(threshold["threshold"], own.unit)
    rows = [(Month.parse(row["month"]), row) for row in threshold["months"]]
    name = f"Chance of more than {limit} by month; see the table"
    body = "".join(
        f'<tr><th scope="row">{month(one)}</th><td class="figure">{_in_words(row)}</td>'
        f'<td class="figure">{_in_words(row["first"])}</td></tr>'
        for one, row in rows
    )
    return (
        f'<p class="lead">More than {limit} in at least one of these months: {_in_words(threshold["any"])}.</p>'
        f'<div class="plot">{columns([(one, _share(row)) for one, row in rows], name=name)}</div>'
        + table(
            "chances",
            f"Chance of more than {limit} {own.panel.unit} per {own.unit}",
            ("Month", "Chance", "First such month"),
            body,
        )
    )


def _events_form(own: Figures, choices: Choices) -> str:
    """What most ask for first, and the rest folded: on a phone the whole would be three screens long."""
    return form(
        own,
        choices,
        "what-if",
        EVENTS,
        f"<fieldset><legend>What comes changes</legend>{field('times', 'by a factor of', choices)}"
        f"{field('times_to', 'to', choices)}{_analogues(own, choices)}{month_field(own, 'since', 'from', choices)}"
        "</fieldset>"
        + fold(
            "group",
            "A group comes",
            f"{field('people', 'of', choices)}{field('people_to', 'to', choices)}<span>people,</span> "
            f"{month_field(own, 'arrive', 'between', choices)}"
            f"{month_field(own, 'arrive_to', 'and', choices, plain='the same month')}"
            f"{field('show', 'counted here:', choices)}{field('show_to', 'to', choices)}<span>per cent</span>",
            opened=asked_any(choices, "people", "show"),
        )
        + fold(
            "moved-away",
            "Some are moved elsewhere",
            f"{field('moved', 'from', choices)}{field('moved_to', 'to', choices)}<span>per cent of those here</span> "
            f"{area_field('moved_into', 'to the area', choices)}{month_field(own, 'moved_since', 'from', choices)}",
            opened=asked_any(choices, "moved", "moved_into"),
        ),
        hint="Each quantity is a number, or with a second one a range.",
    )


def _analogues(own: Figures, choices: Choices) -> str:
    """The past events whose factors can be taken, for who counts what they are of."""
    if own.panel.unit != "encounters":
        return ""
    known = [(one.name, f"{one.date:%b %Y}: {one.title}") for one in analogues().values()]
    return choice("like", "or as after", choices, known, none="no past event")


def _scenario(own: Figures, choices: Choices, answer: Document) -> str:
    forecast = answer["forecasts"][0]
    rows = [(Month.parse(row["month"]), row) for row in forecast["months"]]
    both = [[_row(one, row[side]) for one, row in rows] for side in ("baseline", "scenario")]
    apart = [_row(one, row["difference"]) for one, row in rows]
    total = forecast["total"]["difference"]
    body = "".join(
        f'<tr><th scope="row">{month(one)}</th>'
        + "".join(f'<td class="figure">{_spread(row[side])}</td>' for side in ("baseline", "scenario", "difference"))
        + "</tr>"
        for one, row in rows
    )
    return (
        f'<p class="lead">All months together: {_signed(total["median"])} {text(own.panel.unit)}, 8 times in 10 from '
        f"{_ends(total, signed=True)}.</p>"
        f"{legend(*_SIDES, (stroke('k4 own'), 'the difference'))}"
        f'<div class="plot">{sides(both, name="Without and with what was asked; see the table")}</div>'
        f'<div class="plot">{sides([apart], name="The difference; see the table", places=(4,))}</div>'
        + table(
            "scenario",
            f"{own.panel.unit.capitalize()} per month: the middle, and below it 8 times in 10",
            ("Month", "Without", "With", "Difference"),
            body,
        )
        + assumptions("scenario", answer)
    )


def _shelter_form(own: Figures, choices: Choices) -> str:
    return form(
        own,
        choices,
        "shelter",
        SHELTER,
        field("beds", "Beds", choices)
        + field("occupied", "occupied today", choices)
        + field("stay", "nights that people stay", choices)
        + fold(
            "coming",
            "How many of those counted come",
            f"{field('share', 'from', choices)}{field('share_to', 'to', choices)}<span>per cent; where nothing is "
            f"given, as many as were released in past months, {_shares_known(own)}</span>",
            opened=asked_any(choices, "share"),
        )
        + fold(
            "opening",
            "Beds open or close",
            f"{field('opened', 'from', choices)}{field('opened_to', 'to', choices)}"
            f"{month_field(own, 'opened_since', 'in', choices)}<span>Beds that close have a minus.</span>",
            opened=asked_any(choices, "opened"),
        ),
        hint="What was filled in under “What if” counts here too.",
    )


def _shares_known(own: Figures) -> str:
    """Which months the table of released people has of the area's panel."""
    if own.panel.id not in released.panels():
        return "of which nothing is known here"
    months = released.released_shares(own.panel.id).months
    return f"{long(months[0])} to {long(months[-1])}"


def _beds(own: Figures, choices: Choices, answer: Document) -> str:
    rows = [(Month.parse(row["month"]), row) for row in answer["months"]]
    with_events = [_occupancy(one, row) for one, row in rows]
    without = [_occupancy(one, row) for (one, _), row in zip(rows, answer["months_without"] or (), strict=False)]
    lines, places = ([without, with_events], (1, 2)) if without else ([with_events], (1,))
    key = legend(*_SIDES) if without else ""
    beds = beds_ahead(choices, [one for one, _ in rows])
    closing = asked_any(choices, "opened") and not min(count for _, count in beds)
    none = " Where more close than there are, none is left." if closing else ""
    name = "Beds in use on an average night, and up to the busiest; see the table"
    body = "".join(
        f'<tr><th scope="row">{month(one)}</th><td class="figure">{row["occupancy"]["median"]:,}</td>'
        f'<td class="figure">{_level(row["busiest_night"]["90"])}</td>'
        f'<td class="figure">{_in_words(row["full"])}</td><td class="figure">{_level(row["beds_for"]["90"])}</td></tr>'
        for one, row in rows
    )
    return (
        '<p class="lead">For 9 chances in 10 that no night lacks a bed: '
        f"{_level(answer['beds_for']['90'])} beds.</p>{_outdated(answer)}{key}"
        f'<div class="plot">{sides(lines, name=name, rule=beds, places=places)}</div>'
        '<p class="hint">Line: the average night; shading: up to the busiest night in 9 cases of 10; broken line: the '
        f"beds there are.{none}</p>"
        + table(
            "beds-by-month",
            "Beds by month",
            (
                "Month",
                "Average night",
                "Busiest night, 9 in 10",
                "Chance that beds run out",
                "Beds for 9 in 10",
            ),
            body,
        )
        + assumptions("beds", answer)
    )


def _outdated(answer: Document) -> str:
    """That the share which comes is an old one, where none was given."""
    if (table := answer["released_shares"]) is None:
        return ""
    through, due = (long(Month.parse(table[name])) for name in ("through", "stale_since"))
    return (
        f'<p class="note">How many come is taken from a table of people released through {through}. Nothing newer is '
        f"here, and it is out of date since {due}. If you know how many come to you, write it above.</p>"
    )


def _share(chance: dict[str, Any]) -> float:
    """A chance as a number; one that is only bounded lies at the end that it is near."""
    if chance["probability"] is not None:
        return float(chance["probability"])
    return 1.0 if chance["bound"].startswith("over") else 0.0


def _in_words(chance: dict[str, Any]) -> str:
    return text(in_words(chance["probability"], chance["bound"]))


def _row(name: Month, values: dict[str, Any]) -> Row:
    ends = values["intervals"][0]
    return name, values["median"], ends["lower"], ends["upper"]


def _occupancy(name: Month, values: dict[str, Any]) -> Row:
    middle = values["occupancy"]["median"]
    return name, middle, middle, values["busiest_night"]["90"]


def _level(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"


def _spread(values: dict[str, Any]) -> str:
    return f"{values['median']:,}<br><small>{_ends(values)}</small>"


def _ends(values: dict[str, Any], *, signed: bool = False) -> str:
    low, high = (values["intervals"][0][end] for end in ("lower", "upper"))
    if low is None or high is None:
        return "a range that nothing here can tell"
    return f"{_signed(low)} to {_signed(high)}" if signed else spread(low, high, "month")


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{value:,.0f}"
