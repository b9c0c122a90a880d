"""A scenario's answer as plain structures: both sides and their difference per area and month, peaks, assumptions.

The difference is that of the same worlds, draw by draw; its median is not the difference of the medians. Writes no
JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from forecast.core.months import month_range
from forecast.core.tables import Floats
from forecast.planning.scenario import ScenarioOutcome, Tag
from forecast.planning.spread import levels_of, peak_months, peaks, readable, spreads

__all__ = ["GENERAL", "areas_answered", "assumptions", "draws_answered"]

GENERAL = (
    "Policy is the largest risk, and no forecast knows what will be decided: read every figure as what follows while "
    "the rules stay as they were in the last month with counts, but for the events named here.",
    "Both sides are the same worlds of the published forecast; nothing was fitted again, and nothing else differs.",
    "Of each range every value is as likely, one value per world and event, drawn apart from all others.",
    "An encounter is an event, not a person: one person can be encountered twice, and some arrive without being "
    "encountered.",
)


def areas_answered(outcome: ScenarioOutcome, coverage: Sequence[int]) -> list[dict[str, Any]]:
    """Per area: `months` with baseline, scenario and difference; `total` of all months; `peak`, its size and month."""
    before, after = outcome.baseline.values, outcome.scenario.values
    more = after - before
    months = [str(month) for month in month_range(outcome.baseline.origin + 1, outcome.baseline.horizon)]
    sides = _by_area(before, after, more, coverage)
    totals = [spreads(values.sum(axis=1), coverage) for values in (before, after, more)]
    highest, when = zip(*(peaks(values) for values in (before, after)), strict=True)
    sizes = [spreads(values, coverage) for values in (*highest, highest[1] - highest[0])]
    names = ("baseline", "scenario", "difference")
    return [
        {
            "area": area,
            "months": [
                {
                    "month": month,
                    "horizon": step + 1,
                    **{name: sides[at][row][step] for at, name in enumerate(names)},
                }
                for step, month in enumerate(months)
            ],
            "total": {name: totals[at][row] for at, name in enumerate(names)},
            "peak": {
                "baseline": {"size": sizes[0][row], "months": peak_months(when[0][row].tolist(), months)},
                "scenario": {"size": sizes[1][row], "months": peak_months(when[1][row].tolist(), months)},
                "difference": sizes[2][row],
            },
        }
        for row, area in enumerate(outcome.baseline.areas)
    ]


def assumptions(outcome: ScenarioOutcome, coverage: Sequence[int]) -> list[str]:
    """Everything that the answer takes for granted, in plain words: first what holds always, then event by event."""
    draws = outcome.baseline.values.shape[2]
    lost = [str(one) for one in coverage if not all(readable(level, draws) for level in levels_of([one])[1:])]
    few = (
        [f"Of {draws} worlds under five lie beyond the ends of {', '.join(lost)} %: these are not read."]
        if lost
        else []
    )
    return [*GENERAL, *few, *(f"Event {tag.number}: {tag.words}" for tag in outcome.tags)]


def draws_answered(outcome: ScenarioOutcome) -> dict[str, Any]:
    """Every world: what it drew of each event, and its encounters per area and month, (months, draws)."""
    return {
        "events": [_tag(tag) for tag in outcome.tags],
        "areas": [
            {"area": area, "baseline": _whole(before), "scenario": _whole(after)}
            for area, before, after in zip(
                outcome.baseline.areas, outcome.baseline.values, outcome.scenario.values, strict=True
            )
        ],
    }


def _tag(tag: Tag) -> dict[str, Any]:
    """A tag with what it has; people and beds whole, shares and factors to six decimals."""
    entry: dict[str, Any] = {"event": tag.number, "kind": tag.kind}
    for name, values in (("people", tag.people), ("beds", tag.beds)):
        if values is not None:
            entry[name] = _whole(values)
    if tag.show_up is not None:
        entry["show_up"] = tag.show_up.round(6).tolist()
    if tag.share is not None:
        entry["share"] = {area: values.round(6).tolist() for area, values in tag.share.items()}
    if tag.multiplier is not None:
        # One factor per draw where it is the same in all months, otherwise (months, draws) from `month` on.
        same = bool((tag.multiplier == tag.multiplier[0]).all())
        entry["multiplier"] = (tag.multiplier[0] if same else tag.multiplier).round(6).tolist()
    if tag.month is not None:
        entry["month"] = str(tag.month)
    return entry


def _by_area(before: Floats, after: Floats, more: Floats, coverage: Sequence[int]) -> list[list[list[dict[str, Any]]]]:
    """Of baseline, scenario and difference, the figures by area and month. What no event touched is looked at once."""
    areas, months, draws = before.shape
    touched = (more != 0).any(axis=2)
    usual = spreads(before.reshape(areas * months, draws), coverage)
    changed, by_how_much = (iter(spreads(values[touched], coverage)) for values in (after, more))
    (nothing,) = spreads(np.zeros((1, draws)), coverage)
    flat = touched.ravel().tolist()
    rows = (
        usual,
        [next(changed) if moved else row for moved, row in zip(flat, usual, strict=True)],
        [next(by_how_much) if moved else nothing for moved in flat],
    )
    return [[side[start : start + months] for start in range(0, len(side), months)] for side in rows]


def _whole(values: Floats) -> Any:
    return np.rint(values).astype(np.int64).tolist()
