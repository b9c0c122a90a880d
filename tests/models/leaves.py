"""Leaves of a panel that end together, and counts that wander as theirs do."""

import numpy as np

from forecast.core.months import Month
from forecast.core.tables import Series

END = Month.of(2023, 12)


def series(values, area="el-paso", group="southwest", end=END, **more):
    table = np.asarray(values, dtype=float)
    return Series(area, end + (1 - len(table)), table, group=group, **more)


def wandering(seed, months=120, level=1000.0, season=0.0):
    rng = np.random.default_rng(seed)
    wave = season * np.sin(2 * np.pi * np.arange(months) / 12)
    return np.round(level * np.exp(np.cumsum(rng.normal(0, 0.12, months)) + wave))
