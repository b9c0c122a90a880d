"""What an area's page shows of what can be asked on it: the chance of more than a number, what if, beds."""

from __future__ import annotations

from typing import Any

from forecast.core.months import Month
from forecast.planning import released
from forecast.planning.analogues import analogues
from forecast.planning.chance import in_words
from service.dashboard.choices import EVENTS, SHELTER, THRESHOLD, Choices
from service.dashboard.figures import Figures
from service.dashboard.plans import Document, Plans, beds_ahead
from service.dashboard.sides import Row, columns, sides
from service.dashboard.words import amount, long, spread

__all__ = ["questions", "stroke"]


def stroke(kind: str) -> str:
    """The picture of a line in a legend, by its class."""
    return f'<path class="{kind}" d="M0 7H28"/>'


_SIDES = ((stroke("k1 own"), "without"), (stroke("k2 own"), "with what was asked"))


def questions(own: Figures, choices: Choices, plans: Plans) -> dict[str, Any]:
    """What the forms and their answers show; nothing where the area has no forecast."""
    if not own.ahead:
        return {}
    known = [(one.name, f"{one.date:%b %Y}: {one.title}") for one in analogues().values()]
    return {
        "answers": {
            "chance": _chance(own, plans.chance) if isinstance(plans.chance, dict) else None,
            "scenario": _scenario(plans.scenario) if isinstance(plans.scenario, dict) else None,
            "beds": _beds(choices, plans.capacity) if isinstance(plans.capacity, dict) else None,
        },
        "slider": _slider(own, choices),
        "months_ahead": [(str(month), long(month)) for month, _ in own.ahead],
        "next_month": str(own.next[0]) if own.next else "",
        "analogues": [("", "no past event"), *known],
        "shares_known": _shares_known(own),
        "likely": lambda chance: in_words(chance["probability"], chance["bound"]),
        "level": lambda value: "not known" if value is None else f"{value:,}",
        "signed": _signed,
        "ends": _ends,
        "SIDES": _SIDES,
        "THRESHOLD": THRESHOLD,
        "EVENTS": EVENTS,
        "SHELTER": SHELTER,
    }


def _slider(own: Figures, choices: Choices) -> dict[str, Any]:
    """What is asked of the chance now, and how far a slider goes, in which steps."""
    most = max(row.ends[-1] for _, row in own.ahead)
    step = max(10 ** (len(str(int(most))) - 2), 1)
    now = choices.typed("more") or f"{own.next[1].median if own.next else 0:g}"
    return {"now": now, "most": step * (int(most / step) + 1), "step": step}


def _chance(own: Figures, answer: Document) -> dict[str, Any]:
    threshold = answer["thresholds"][0]
    limit = amount(threshold["threshold"], own.unit)
    rows = [(Month.parse(row["month"]), _share(row)) for row in threshold["months"]]
    chart = columns(rows, name=f"Chance of more than {limit} by month; see the table")
    return {"limit": limit, "chart": chart, "threshold": threshold}


def _scenario(answer: Document) -> dict[str, Any]:
    forecast = answer["forecasts"][0]
    months = forecast["months"]
    by_side = {
        side: [_row(Month.parse(row["month"]), row[side]) for row in months]
        for side in ("baseline", "scenario", "difference")
    }
    both = sides([by_side["baseline"], by_side["scenario"]], name="Without and with what was asked; see the table")
    apart = sides([by_side["difference"]], name="The difference; see the table", places=(4,))
    return {"months": months, "total": forecast["total"]["difference"], "both": both, "apart": apart}


def _shares_known(own: Figures) -> str:
    """Which months the table of released people has of the area's panel."""
    if own.panel.id not in released.panels():
        return "of which nothing is known here"
    months = released.released_shares(own.panel.id).months
    return f"{long(months[0])} to {long(months[-1])}"


def _beds(choices: Choices, answer: Document) -> dict[str, Any]:
    months = [Month.parse(row["month"]) for row in answer["months"]]
    with_events = list(map(_occupancy, months, answer["months"]))
    without = list(map(_occupancy, months, answer["months_without"] or ()))
    lines, places = ([without, with_events], (1, 2)) if without else ([with_events], (1,))
    beds = beds_ahead(choices, months)
    name = "Beds in use on an average night, and up to the busiest; see the table"
    return {
        "chart": sides(lines, name=name, rule=beds, places=places),
        "without": bool(without),
        "none_left": choices.asked_any("opened") and not min(count for _, count in beds),
    }


def _share(chance: dict[str, Any]) -> float:
    """A chance as a number; one that is only bounded lies at the end that it is near."""
    if chance["probability"] is not None:
        return float(chance["probability"])
    return 1.0 if chance["bound"].startswith("over") else 0.0


def _row(name: Month, values: dict[str, Any]) -> Row:
    ends = values["intervals"][0]
    return name, values["median"], ends["lower"], ends["upper"]


def _occupancy(name: Month, values: dict[str, Any]) -> Row:
    middle = values["occupancy"]["median"]
    return name, middle, middle, values["busiest_night"]["90"]


def _ends(values: dict[str, Any], *, signs: bool = False) -> str:
    low, high = (values["intervals"][0][end] for end in ("lower", "upper"))
    if low is None or high is None:
        return "a range that nothing here can tell"
    return f"{_signed(low)} to {_signed(high)}" if signs else spread(low, high)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{value:,.0f}"
