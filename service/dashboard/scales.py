"""Axes: where a month and a value lie in a chart, and which values get a line. Draws nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forecast.core.months import SEASON, Month

__all__ = ["Across", "Up", "short", "up_to"]


@dataclass(frozen=True)
class Across:
    """Months from left to right, from `first` to `last`, over `width` units."""

    first: Month
    last: Month
    width: float = 1000.0

    def at(self, month: Month) -> float:
        """Where a month lies."""
        return self.width * self.share(month)

    def share(self, month: Month) -> float:
        """The same as a share of the width."""
        return (month - self.first) / max(self.last - self.first, 1)

    def years(self) -> list[tuple[Month, str]]:
        """The Januaries that get a label, not more than a narrow screen has room for."""
        whole = [Month.of(year, 1) for year in range(self.first.year, self.last.year + 1)]
        shown = [january for january in whole if self.first <= january and self.share(january) <= 0.97]
        step = max(-(-(self.last - self.first) // (8 * SEASON)), 1)
        labels = [(january, str(january.year)) for january in shown if january.year % step == 0]
        # At the very left a label stands to the right of its place, where many of them leave no room for it.
        crowded = len(labels) > 5 and self.share(labels[0][0]) < 0.04
        return labels[1:] if crowded else labels


@dataclass(frozen=True)
class Up:
    """Values from the bottom up over `height` units, from `floor` to `top`; `floor` is 0 on a linear axis, or below it
    for differences, and the least value that is drawn on a logarithmic one.
    """

    top: float
    floor: float
    height: float
    log: bool = False

    def at(self, value: float) -> float:
        """Where a value lies, from the top of the chart."""
        if not self.log:
            return self.height * (1 - (min(max(value, self.floor), self.top) - self.floor) / (self.top - self.floor))
        value = min(max(value, self.floor), self.top)
        return self.height * (1 - math.log(value / self.floor) / math.log(self.top / self.floor))

    def lines(self) -> list[float]:
        """The values that get a line, ascending."""
        if self.log:
            powers = range(math.ceil(math.log10(self.floor) - 1e-9), math.floor(math.log10(self.top) + 1e-9) + 1)
            return [10.0**power for power in powers]
        step = _step(max(self.top, -self.floor))
        return [step * place for place in range(round(self.floor / step), round(self.top / step) + 1)]


def up_to(values: Iterable[float], *, log: bool, height: float, least: float) -> Up:
    """An axis that holds some values. `least`: the smallest value that a logarithmic one shows, above 0."""
    known: Sequence[float] = [value for value in values if math.isfinite(value)]
    largest = max([*known, *(() if log else (-value for value in known)), least])
    if not log:
        step = _step(largest)
        below = step * math.floor(min([*known, 0.0]) / step + 1e-9)
        return Up(step * math.ceil(max([*known, least]) / step - 1e-9), below, height)
    above = [value for value in known if value > least] or [least]
    floor = max(10.0 ** math.floor(math.log10(min(above))), least)
    return Up(max(10.0 ** math.ceil(math.log10(largest) - 1e-9), 10 * floor), floor, height, log=True)


def short(value: float) -> str:
    """A value on an axis: 250,000 -> `250k`, 1,500,000 -> `1.5M`."""
    if value < 0:
        return f"\N{MINUS SIGN}{short(-value)}"
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= 10 * size or (value >= size and value % (size / 10) == 0):
            return f"{value / size:.4g}{letter}"
    return f"{value:,.6g}"


def _step(largest: float) -> float:
    """The distance of lines so that about four fit: 1, 2, 2.5 or 5 times a power of ten."""
    power: float = 10.0 ** math.floor(math.log10(largest / 4))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step * 5 >= largest)
