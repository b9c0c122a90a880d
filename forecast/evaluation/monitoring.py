"""Scores issued forecasts against the counts that came out later, and says by written rules when to raise an alarm.

Knows no store and no clock. Scores are those of the evaluation (`core.scoring`, quantiles rounded as the count is); the
scale of an area is that of the counts which the release knew, so that a later revision does not change the unit.

The rules look at issued releases, never at hindcasts, at leads 0 to 11 and at the last twelve target months that have a
count. A month is one observation, however many areas and releases it has: a wave of arrivals moves them together.
Bounds are one-sided 95 % bounds of Student's t over months. Nothing here is fitted to past alarms.

intervals-narrow  the share of counts that 80 % intervals held lies below 0.70, and so does its upper bound
intervals-wide    that share lies above 0.90, and so does its lower bound
drift             the releases' sWIS over the naive floor's lies above 1, and so does its lower bound: a forecast that
                  costs months of training is worse than "the last month goes on"
big-miss          in the newest month the count of one of the panel's headline areas fell outside the 95 % interval of
                  the last release before it

Coverage is measured on the group of leaves that the panel is judged on, as the choice of the champion does: elsewhere
counts may be so small that rounding decides what an interval holds. Drift is measured on all leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import stdtrit

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.core.scorecard import Finding, Scored, Truth
from forecast.core.scoring import inside, interval_levels, round_to, seasonal_scale, weighted_interval_score
from forecast.core.tables import Counts, Floats, Forecasts

__all__ = ["WINDOW", "judge", "score"]

# Target months that the rules look back on: a year, so that every season weighs the same.
WINDOW = 12
# Leads, first and last, that the rules judge: what a reader plans by. Months that were past at issue are not judged.
FIRST_LEAD, LAST_LEAD = 0, 11
# An 80 % interval that holds less or more than these shares misleads. Ten points of leeway: neighbouring months share
# releases, so a bound over months is a little too sure of itself.
NARROW, WIDE = 0.70, 0.90
PROMISED = 0.80
# Months that a bound needs. The drift needs half a year: the errors of one quarter are often one error.
LEAST_MONTHS, LEAST_MONTHS_OF_DRIFT = 3, 6
CONFIDENCE = 0.95


def score(
    *, release: str, issued: Month, forecasts: Forecasts, floor: Forecasts, counts: Counts, truth: Sequence[Truth]
) -> list[Scored]:
    """One row per count of `truth`, in its order.
    `issued`: the month that leads count from; `counts`: what the release knew.

    Raises TableError where the release or the floor has no forecast for a count.
    """
    if not truth:
        return []
    observed = np.array([one.count for one in truth], dtype=float)
    precision = np.array([one.precision for one in truth], dtype=float)
    seen = counts.until(forecasts.origin).totals()
    scale = {slug: seasonal_scale(seen[slug]) for slug in {one.area for one in truth}}
    levels = forecasts.levels
    rows = round_to(_quantiles(forecasts, truth), precision[:, None])
    wis = weighted_interval_score(rows, levels, observed)
    floor_wis = weighted_interval_score(round_to(_quantiles(floor, truth), precision[:, None]), floor.levels, observed)
    held = {coverage: inside(rows, levels, observed, coverage) for coverage in (50, 80, 95)}
    low, high = (levels.index(level) for level in interval_levels(95))
    middle = levels.index(0.5)
    return [
        Scored(
            release=release,
            area=one.area,
            target_month=one.month,
            published=one.published,
            lead=one.month - issued,
            observed=one.count,
            precision=one.precision,
            median=float(rows[place, middle]),
            lower_95=float(rows[place, low]),
            upper_95=float(rows[place, high]),
            wis=float(wis[place]),
            floor_wis=float(floor_wis[place]),
            scale=scale[one.area],
            inside_50=bool(held[50][place]),
            inside_80=bool(held[80][place]),
            inside_95=bool(held[95][place]),
        )
        for place, one in enumerate(truth)
    ]


def _quantiles(forecasts: Forecasts, truth: Sequence[Truth]) -> Floats:
    """(counts, levels): what a table of forecasts says of each count's area and month."""
    place = {slug: row for row, slug in enumerate(forecasts.areas)}
    for one in truth:
        if one.area not in place or not 1 <= one.month - forecasts.origin <= forecasts.horizon:
            raise TableError(f"{forecasts.model} from {forecasts.origin} has no forecast of {one.area} in {one.month}.")
    return forecasts.values[[place[one.area] for one in truth], [one.month - forecasts.origin - 1 for one in truth]]


def judge(cells: Iterable[Scored], panel: Panel) -> list[Finding]:
    """What each rule says of a panel's issued releases, in the order of ALARMS; hindcasts must not be among them.

    `cells`: in the order of issue; `panel`: theirs. Before the first count that a release can be measured by, no rule
    raises anything.
    """
    cells = [cell for cell in cells if cell.area in panel.areas]  # a leaf of a table that was withdrawn is gone
    planned = [cell for cell in cells if FIRST_LEAD <= cell.lead <= LAST_LEAD]
    newest = max((cell.target_month for cell in planned), default=Month(0))
    recent = [cell for cell in planned if newest - cell.target_month < WINDOW]
    leaves = [cell for cell in recent if panel.area(cell.area).is_leaf()]
    return [*_coverage(leaves, panel), _drift(leaves), _big_miss(cells, panel)]


def _coverage(leaves: Sequence[Scored], panel: Panel) -> tuple[Finding, Finding]:
    judged = [cell for cell in leaves if panel.group_of(cell.area) == panel.judged_on]
    months = _by_month(judged or leaves)
    if len(months) < LEAST_MONTHS:
        detail = f"too few months to tell: {_counted(len(months))} scored, {LEAST_MONTHS} needed"
        return Finding("intervals-narrow", False, detail), Finding("intervals-wide", False, detail)
    shares = np.array([np.mean([cell.inside_80 for cell in of_month]) for of_month in months.values()])
    width = np.array([len({cell.area for cell in of_month}) for of_month in months.values()])
    # Shares that happen to be alike prove nothing: a month is no surer than as many draws as it has leaves.
    least = float(np.sqrt(PROMISED * (1 - PROMISED) / width.mean()))
    share, reach = float(shares.mean()), _reach(shares, least)
    figures = _figures(months, coverage_80=share, low=max(share - reach, 0.0), high=min(share + reach, 1.0))
    held = f"80 % intervals held {100 * share:.0f} % of the counts of {_counted(len(months))} ({_span(months)})"
    return (
        Finding(
            "intervals-narrow",
            share + reach < NARROW,
            f"{held}; surely under {100 * NARROW:.0f} % is an alarm",
            figures,
        ),
        Finding("intervals-wide", share - reach > WIDE, f"{held}; surely over {100 * WIDE:.0f} % is an alarm", figures),
    )


def _drift(cells: Sequence[Scored]) -> Finding:
    months = _by_month(cells)
    if len(months) < LEAST_MONTHS_OF_DRIFT:
        detail = f"too few months to tell: {_counted(len(months))} scored, {LEAST_MONTHS_OF_DRIFT} needed"
        return Finding("drift", False, detail)
    own = np.array([np.mean([cell.wis / cell.scale for cell in of_month]) for of_month in months.values()])
    floor = np.array([np.mean([cell.floor_wis / cell.scale for cell in of_month]) for of_month in months.values()])
    if floor.sum() == 0:
        return Finding("drift", False, "the naive floor was right in every month, so there is no ratio to it")
    # The ratio of means, linearised: what each month's score exceeds its share of the floor's by.
    ratio = float(own.sum() / floor.sum())
    reach = _reach((own - ratio * floor) / floor.mean(), 0.0)
    figures = _figures(months, ratio=ratio, low=ratio - reach, high=ratio + reach)
    detail = (
        f"sWIS over {_counted(len(months))} ({_span(months)}) is {ratio:.2f} times the naive floor's; it should "
        "lie below 1"
    )
    return Finding("drift", ratio - reach > 1, detail, figures)


def _big_miss(cells: Sequence[Scored], panel: Panel) -> Finding:
    totals = [cell for cell in cells if cell.area in panel.headlines]
    if not totals:
        return Finding("big-miss", False, "too few months to tell: no total has been scored")
    newest = max(cell.target_month for cell in totals)
    last = {
        cell.area: cell for cell in totals if cell.target_month == newest
    }  # of each area the one that was issued last
    missed = [cell for cell in last.values() if not cell.inside_95]
    lines = [
        f"{panel.area(cell.area).name}: {cell.observed:,} {panel.unit} in {newest}, outside the 95 % interval"
        f" {cell.lower_95:,.0f} to {cell.upper_95:,.0f} of {cell.release}"
        for cell in missed
    ]
    figures = {"month": str(newest), "missed": [cell.area for cell in missed]}
    return Finding(
        "big-miss", bool(missed), "; ".join(lines) or f"the counts of {newest} lie inside the 95 % intervals", figures
    )


def _by_month(cells: Iterable[Scored]) -> dict[Month, list[Scored]]:
    by_month: dict[Month, list[Scored]] = {}
    for cell in sorted(cells, key=lambda cell: cell.target_month):
        by_month.setdefault(cell.target_month, []).append(cell)
    return by_month


def _reach(months: Floats, least: float) -> float:
    """How far the mean of `months` may be off, to one side:
    Student's t, with a standard deviation of at least `least`.
    """
    n = len(months)
    return float(stdtrit(n - 1, CONFIDENCE) * max(float(months.std(ddof=1)), least) / np.sqrt(n))


def _figures(months: Mapping[Month, object], **values: float) -> dict[str, Any]:
    return {
        "months": len(months),
        "first": str(min(months)),
        "last": str(max(months)),
        **{k: round(v, 4) for k, v in values.items()},
    }


def _counted(months: int) -> str:
    return "1 month" if months == 1 else f"{months} months"


def _span(months: Mapping[Month, object]) -> str:
    return f"{min(months)} to {max(months)}"
