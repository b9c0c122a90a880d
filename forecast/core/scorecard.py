"""What forecasts are judged by: the names of scores and alarms, and a forecast beside the count that came out later.

Computes no score and loads no numpy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

from forecast.core.months import Month

__all__ = [
    "ALARMS",
    "COST_RATIOS",
    "FIGURES",
    "SCORED_COVERAGES",
    "SCORED_INTERVALS",
    "Alarm",
    "Finding",
    "Scored",
    "Truth",
    "level_for",
]

# The central intervals that the weighted interval score weighs beside the median, in per cent.
SCORED_COVERAGES: tuple[int, ...] = (50, 80, 90, 95)
# The same in words, for those who read the score.
SCORED_INTERVALS = (
    f"the median and the {', '.join(map(str, SCORED_COVERAGES[:-1]))} and {SCORED_COVERAGES[-1]} % intervals"
)

# The figures of an evaluation: column -> what it means. In a summary each is the mean over cells (area x origin x
# month); models are sorted by the first.
FIGURES = {
    "sWIS": f"weighted interval score of {SCORED_INTERVALS} over the area's own mean |y(t) - y(t-12)| up to the origin",
    "logWIS": "weighted interval score of log(1 + count), unscaled",
    "MASE": "|median - count|, scaled as sWIS",
    "coverage_50": "share of counts inside the central 50 % interval",
    "coverage_80": "share of counts inside the central 80 % interval",
    "coverage_95": "share of counts inside the central 95 % interval",
}

# What a missing place costs, in idle ones, where decisions that rest on forecasts are priced.
COST_RATIOS: tuple[int, ...] = (4, 9, 19)


def level_for(ratio: float) -> float:
    """The level to plan on where a missing place costs `ratio` idle ones: 0.8 for 4, 0.9 for 9, 0.95 for 19."""
    return ratio / (1 + ratio)


Alarm = Literal["intervals-narrow", "intervals-wide", "drift", "big-miss"]
# The kinds of alarm, in the order in which they are shown.
ALARMS: tuple[Alarm, ...] = get_args(Alarm)


@dataclass(frozen=True, slots=True)
class Truth:
    """An official count: encounters of an area in a month, out on the day `published`.
    `precision`: 1 exact, 10 rounded to ten.
    """

    area: str
    month: Month
    published: date
    count: int
    precision: int


@dataclass(frozen=True, slots=True)
class Scored:
    """What a release said of an area's month, beside the count that was `published` later.

    Figures are in encounters per month. `lead`: months from the release's month of issue. `wis`: weighted interval
    score; `floor_wis`:
    that of the naive floor from the same counts; `scale`: the area's mean |y(t) - y(t-12)| in those counts, by which
    both are divided before they are averaged over areas. `inside_*`: whether the central interval held the count.
    Quantiles are rounded as the count is.
    """

    release: str
    area: str
    target_month: Month
    published: date
    lead: int
    observed: int
    precision: int
    median: float
    lower_95: float
    upper_95: float
    wis: float
    floor_wis: float
    scale: float
    inside_50: bool
    inside_80: bool
    inside_95: bool


@dataclass(frozen=True)
class Finding:
    """What a rule makes of the scores: whether its alarm is `raised`,
    and why or why not in a sentence. `figures`: JSON values.
    """

    kind: Alarm
    raised: bool
    detail: str
    figures: dict[str, Any] = field(default_factory=dict)
