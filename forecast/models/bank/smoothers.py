"""The smoothers themselves: levels,
slopes and distances from the long-run mean after every step, for all series at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecast.core.tables import Floats, Ints
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays, running_means
from forecast.models.bank.seasonality import patterns_over_time

__all__ = ["Smoothed", "Smoothers", "smooth"]


@dataclass(frozen=True)
class Smoothers:
    """The members that share a pattern, one per gain and trend variant: (members,) arrays. `trend`: number of the
    variant.
    """

    gain: Floats
    slope_gain: Floats
    damping: Floats
    persistence: Floats
    trend: Ints

    @classmethod
    def of(cls, options: Options) -> Smoothers:
        """Every gain of every trend variant."""
        rows = [
            (gain, gain * variant.trend, variant.damping, variant.persistence, number)
            for number, variant in enumerate(options.trends)
            for gain in options.gains
        ]
        gain, slope, damping, persistence, number = (np.array(column) for column in zip(*rows, strict=True))
        return cls(gain, slope, damping, persistence, number)


@dataclass(frozen=True)
class Smoothed:
    """What the members of one pattern know after each step.

    `level`, `slope`, `gap` (long-run mean minus level, bounded above): (steps, series, members); `pattern`: (steps,
    series, season).
    """

    members: Smoothers
    level: Floats
    slope: Floats
    gap: Floats
    pattern: Floats
    phase: Ints

    def at_last(self) -> Smoothed:
        """What is known after the last step alone."""
        return Smoothed(
            self.members, self.level[-1:], self.slope[-1:], self.gap[-1:], self.pattern[-1:], self.phase[-1:]
        )

    def ahead(self, horizon: int) -> Floats:
        """(steps, series, members) forecasts of the step `horizon` after each step, on the working scale."""
        m = self.members
        damped = np.sum([m.damping**step for step in range(1, horizon + 1)], axis=0)
        ahead = self.slope * damped
        ahead += self.level
        ahead += self.gap * (1 - m.persistence**horizon)
        ahead += self.season(horizon)[..., None]
        return np.asarray(ahead)

    def season(self, horizon: int) -> Floats:
        """(steps, series) effect of the phase `horizon` steps after each step, as known then."""
        season = self.pattern.shape[2]
        at = ((self.phase + horizon) % season)[:, None, None]
        return np.take_along_axis(self.pattern, np.broadcast_to(at, (*self.pattern.shape[:2], 1)), axis=2)[..., 0]


def smooth(panel: PanelArrays, options: Options) -> Iterator[Smoothed]:
    """Run the bank over the panel, one pattern after the other. An unknown month moves nothing but the trend."""
    members = Smoothers.of(options)
    steps = len(panel.values)
    for pattern in options.patterns:
        effects = patterns_over_time(panel, pattern)
        seasonal = effects[np.arange(steps), :, panel.phase]
        adjusted = panel.values - seasonal  # what each step says of the level, by the pattern known with it
        level, slope = _run(adjusted, members)
        gap = np.minimum(running_means(adjusted)[..., None] - level, options.pull)
        yield Smoothed(members, level, slope, gap, effects, panel.phase)


def _run(adjusted: Floats, members: Smoothers) -> tuple[Floats, Floats]:
    """(steps, series, members) levels and slopes after each step of `adjusted` (steps, series)."""
    level = np.empty((*adjusted.shape, len(members.gain)))
    slope = np.zeros(level.shape)
    known = ~np.isnan(adjusted)
    started = np.logical_or.accumulate(known)
    level[0] = adjusted[0][:, None]
    for step in range(1, len(adjusted)):
        here = adjusted[step][:, None]
        turned = members.damping * slope[step - 1]
        expected = level[step - 1] + turned
        error = here - expected
        if not known[step].all():
            error[~known[step]] = 0.0
        np.add(expected, members.gain * error, out=level[step])
        np.add(turned, members.slope_gain * error, out=slope[step])
        # A series starts with its first known step, as its own level.
        if not started[step - 1].all():
            new = ~started[step - 1]
            level[step, new], slope[step, new] = here[new], 0.0
    return level, slope
