"""Many series side by side on the bank's working scale: log(offset + rate per standard month). Learns nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from forecast.core.errors import FitError
from forecast.core.tables import Floats, Ints, Series
from forecast.models.bank.groups import Learnt, Sums, group_means

__all__ = ["PanelArrays", "panel_of", "require_common_end", "running_means"]

# Days of a mean Gregorian month, so that a rate reads like a month's count.
STANDARD_MONTH = 30.4375


@dataclass(frozen=True)
class PanelArrays:
    """`values`: (steps, series) on the working scale, NaN where unknown; `phase`: (steps,) place in the season, from 0.

    `groups`: (series,) number of the group that a series belongs to; `began`: (series,) its first known step.
    `learnt`: what the whole panel taught, where these series are a batch of it; None where they are all.
    """

    series: tuple[Series, ...]
    values: Floats
    phase: Ints
    groups: Ints
    began: Ints
    season: int
    offset: float
    learnt: Learnt | None = None

    def means(self, name: str, values: Floats) -> Floats:
        """(steps, series, ...) -> the same shape: the mean over each one's group, of a batch over the whole panel's.

        `name`: what the mean is called among all that a panel teaches. Raises Unlearnt in a batch as long as it is not
        known.
        """
        if self.learnt is None:
            return group_means(values, self.groups)
        return self.learnt.of(name, self.groups, partial(Sums.of, values, self.groups, self.learnt.groups))

    def means_by_step(self, name: str, values: Floats) -> Floats:
        """The same of values (steps, series), one step after the other: the last digit of a long sum depends on how its
        terms lie in memory.
        """
        if self.learnt is None:
            return np.concatenate([group_means(row[None], self.groups) for row in values])
        return self.means(name, values)

    @property
    def digest(self) -> str:
        """sha256 over everything that a fit follows from."""
        parts = [self.values.astype("<f8").tobytes(), self.phase.tobytes(), self.groups.tobytes()]
        return hashlib.sha256(b"".join(parts) + f"{self.season} {self.offset}".encode()).hexdigest()

    def counts(self, working: Floats, place: int) -> Floats:
        """(horizon, ...) working values of one series after the origin -> counts per step, >= 0."""
        horizon = len(working)
        rates = np.maximum(np.exp(np.minimum(working, 40.0)) - self.offset, 0.0)
        days = self.series[place].days(horizon) / _standard(self.series[place])
        return np.asarray(rates * days.reshape(-1, *([1] * (working.ndim - 1))))


def panel_of(
    series: Sequence[Series], offset: float, *, groups: Sequence[str] | None = None, steps: int | None = None
) -> PanelArrays:
    """Lay series of different starts and one end side by side. Raises FitError where they do not end together or repeat
    differently.

    `groups`, `steps`: the names of the groups in order, and how many steps the longest series has, where the series are
    a batch of a panel.
    """
    require_common_end(series)
    last = series[0]
    steps = steps or max(len(one.values) for one in series)
    values = np.full((steps, len(series)), np.nan)
    for place, one in enumerate(series):
        values[steps - len(one.values) :, place] = np.log(one.values / one.days() * _standard(one) + offset)
    first = last.origin.ordinal - steps + 1
    names = groups or sorted({one.group for one in series})
    known = ~np.isnan(values)
    return PanelArrays(
        tuple(series),
        values,
        (first + np.arange(steps)) % last.season,
        np.array([names.index(one.group) for one in series]),
        known.argmax(axis=0),
        last.season,
        offset,
    )


def require_common_end(series: Sequence[Series]) -> None:
    """Raise FitError where series do not end together or repeat differently."""
    last = series[0]
    if any((one.origin, one.season, one.calendar) != (last.origin, last.season, last.calendar) for one in series):
        raise FitError("The series of a panel must end in one month and share one season. Cut them at a common origin.")


def running_means(values: Floats) -> Floats:
    """(steps, series) mean of all known values up to each step; 0 before the first one."""
    known = ~np.isnan(values)
    return np.asarray(np.cumsum(np.where(known, values, 0.0), axis=0) / np.maximum(np.cumsum(known, axis=0), 1))


def _standard(series: Series) -> float:
    return STANDARD_MONTH if series.calendar else 1.0
