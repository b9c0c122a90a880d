"""Sentences about figures, in plain words: a month, a range, how often an interval held, what it leaves out."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.release.intervals import MonthAhead, Unit

__all__ = ["RISK", "amount", "day", "listed", "long", "month", "months", "outlook", "promise", "spread"]

# The largest risk that no interval holds; said before the first of them.
RISK = (
    "What no interval here contains: a change of law, policy or enforcement without precedent in these counts. "
    "It can move them by a multiple within weeks, in either direction."
)
_NUMBERS = ("no time", "once", "2 times", "3 times", "4 times", "5 times", "6 times", "7 times", "8 times", "9 times")


def long(name: Month | str) -> str:
    """`March 2027`."""
    name = Month.parse(name) if isinstance(name, str) else name
    return f"{calendar.month_name[name.number]} {name.year}"


def month(name: Month | str) -> Markup:
    """A month as HTML, which programs can read too."""
    return Markup(f'<time datetime="{name}">{long(name)}</time>')  # noqa: S704 (digits and a month's name)


def months(number: int) -> str:
    """The word behind a number of months."""
    return "month" if number == 1 else "months"


def day(name: date) -> str:
    """`30 November 2026`."""
    return f"{name.day} {calendar.month_name[name.month]} {name.year}"


def amount(value: float, unit: Unit = "month") -> str:
    """`4,500`, or `150.3` per day."""
    return f"{value:,.0f}" if unit == "month" else f"{value:,.1f}"


def spread(low: float, high: float, unit: Unit = "month") -> str:
    """`4,500 to 21,800`."""
    return f"{amount(low, unit)} to {amount(high, unit)}"


def outlook(name: Month, row: MonthAhead, panel: Panel, unit: Unit) -> str:
    """What is expected of a month, with the 50 and the 80 % interval."""
    return (
        f"{long(name)}: about {amount(row.median, unit)} {panel.unit}{'' if unit == 'month' else ' per day'}. "
        f"Half the time {spread(row.ends[0], row.ends[1], unit)}, "
        f"8 times in 10 from {spread(row.ends[2], row.ends[3], unit)}."
    )


def _times_in_ten(share: float) -> str:
    """0.79 -> `8 times in 10`."""
    tenths = round(10 * share)
    return "10 times in 10" if tenths == 10 else f"{_NUMBERS[tenths]} in 10"


def promise(scores: Mapping[str, Any]) -> str:
    """How often 80 % intervals held in replays of past months, by lead, as the release itself says; may be empty."""
    said = [
        f"{_times_in_ten(row['coverage_80'])} for months {row['lead'].replace('-', ' to ')} ahead"
        for row in scores.get("confidence", [])
        if row.get("coverage_80") is not None
    ]
    if not said:
        return ""
    return (
        "An 80 % interval should hold the outcome 8 times in 10. In replays of the last 12 months with counts, over "
        f"all areas by which this release was judged, it held {listed(said)}."
    )


def listed(parts: Sequence[str]) -> str:
    """`1, 3 and 6`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
