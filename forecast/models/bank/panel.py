"""Many series side by side on the bank's working scale: log(offset + rate per standard month). Learns nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.core.errors import FitError
from forecast.core.tables import Floats, Ints, Series

__all__ = ["PanelArrays", "group_means", "panel_of", "running_means"]

# Days of a mean Gregorian month, so that a rate reads like a month's count.
STANDARD_MONTH = 30.4375


@dataclass(frozen=True)
class PanelArrays:
    """`values`: (steps, series) on the working scale, NaN where unknown; `phase`: (steps,) place in the season, from 0.

    `groups`: (series,) number of the group that a series belongs to; `began`: (series,) its first known step.
    """

    series: tuple[Series, ...]
    values: Floats
    phase: Ints
    groups: Ints
    began: Ints
    season: int
    offset: float

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


def panel_of(series: Sequence[Series], offset: float) -> PanelArrays:
    """Lay series of different starts and one end side by side. Raises FitError where they do not end together or repeat
    differently.
    """
    last = series[0]
    if any((one.origin, one.season, one.calendar) != (last.origin, last.season, last.calendar) for one in series):
        raise FitError("The series of a panel must end in one month and share one season. Cut them at a common origin.")
    steps = max(len(one.values) for one in series)
    values = np.full((steps, len(series)), np.nan)
    for place, one in enumerate(series):
        values[steps - len(one.values) :, place] = np.log(one.values / one.days() * _standard(one) + offset)
    first = last.origin.ordinal - steps + 1
    names = sorted({one.group for one in series})
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


def group_means(values: Floats, groups: Ints) -> Floats:
    """(steps, series, ...) -> the same shape: the mean over the series of each one's group, unknown ones left out."""
    means = np.empty_like(values)
    for group in np.unique(groups):
        inside = groups == group
        part = values[:, inside]
        known = ~np.isnan(part)
        total = np.where(known, part, 0.0).sum(axis=1, keepdims=True)
        number = known.sum(axis=1, keepdims=True)
        means[:, inside] = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return means


def running_means(values: Floats) -> Floats:
    """(steps, series) mean of all known values up to each step; 0 before the first one."""
    known = ~np.isnan(values)
    return np.asarray(np.cumsum(np.where(known, values, 0.0), axis=0) / np.maximum(np.cumsum(known, axis=0), 1))


def _standard(series: Series) -> float:
    return STANDARD_MONTH if series.calendar else 1.0
