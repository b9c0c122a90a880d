"""The options of the bank, and why each value is what it is. Computes nothing.

The values were chosen on development origins (January, March, July and September, 2006 to 2023; the later ones also on
April, June and December), those of the spread also on simulated breaks (experiments/simulated_breaks.py) and on the
state panel. A step of any of them moves the sectors' scores there by half a per cent at most, the states' by up to 1.7
(`own_record`), 1.1 (`near`), .8 (`own_scale`), .6 (`member_horizons`, `busy`) or half a per cent:
experiments/constants.py prints the steps, experiments/RESULTS.md keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Options", "Pattern", "TrendVariant"]


@dataclass(frozen=True)
class Pattern:
    """A seasonal pattern: learnt from the group and then the series (`pooled`),
    or from the series alone; `half_life` in years.
    """

    pooled: bool
    half_life: float


@dataclass(frozen=True)
class TrendVariant:
    """How a smoother goes on after the origin.

    `trend`: gain of the slope as a share of the level's; `damping` of the slope per step; `persistence`: share of the
    distance from the long-run mean that is left after a step (1: no return); `prior` weight before any error was seen.
    """

    trend: float
    damping: float
    persistence: float
    prior: float


@dataclass(frozen=True)
class Options:
    """The bank's settings. Half-lives in steps (months) unless said otherwise."""

    gains: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
    patterns: tuple[Pattern, ...] = (Pattern(True, 4.0), Pattern(False, 1.0), Pattern(False, 8.0))
    # A level; a slow trend; a slow return to the mean; a quick trend, for panels whose growth turns within years
    # (U.S. employment: MASE a quarter lower; border counts: the same to four digits).
    trends: tuple[TrendVariant, ...] = (
        TrendVariant(0.0, 0.0, 1.0, 0.25),
        TrendVariant(0.05, 0.97, 1.0, 0.1),
        TrendVariant(0.0, 0.0, 0.985, 4.0),
        TrendVariant(0.2, 0.97, 1.0, 0.1),
    )
    # Logarithms below the long-run mean beyond which it pulls no harder: after so deep a fall the world is another.
    # From above it pulls freely: records were followed by returns (bounded there too: sWIS 0.7 % worse on April, June
    # and December origins).
    pull: float = 1.0
    offset: float = 15.0  # encounters per month added before the logarithm: by its scores (rounding hides 10)
    # Weights of the bank: softmax of -sharpness x log mean absolute error, half the series' own record, half its
    # group's.
    member_horizons: tuple[int, ...] = (1, 2)
    member_sharpness: float = 50.0
    trend_horizons: tuple[int, ...] = (3, 6, 9, 12)
    trend_sharpness: float = 50.0
    memory: float = 120.0
    own_record: float = 0.5
    # Spread.
    slow: float = 36.0  # a series' own error scale
    fast: float = 3.0  # the volatility that a group shares
    # An error counts for the scales as at most so many times what was expected: one event is one.
    surprise: float = 2.25
    calming: float = 24.0  # steps of lead after which half of the shared volatility's excess is over
    own_scale: float = 0.6  # share of a series' own error scale against its group's
    growth: float = 0.6  # of (1 + (h - 1) gain^2); 0.5 is the law of a random walk with independent steps
    # How much of each logarithm that the level lies below its long-run mean the spread's logarithm loses: low counts
    # have erred less, on logs too (simulated falls: sWIS of months 1 to 6 12 % better; development origins 0.2 % when
    # it came, 0.4 % today).
    level_effect: float = 0.2
    # Shape.
    near: int = 3  # horizons whose errors are pooled
    shape_memory: float = 48.0
    symmetric: float = (
        0.5  # share of the shape that is Student's; the rest is that of the errors themselves, never mirrored
    )
    warm_up: int = 18  # steps of a series before its errors count
    # Upper tail: growth beyond the highest step so far runs out at so many logarithms (0.5: a factor of 1.65), counted
    # from that step and a room above it: half of it, or in areas with fewer than `busy` a month `small`, what a single
    # event can bring.
    beyond: float = 0.5
    small: float = 1000.0
    busy: float = 30.0
