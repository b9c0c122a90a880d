"""Small panels of counts for tests, drawn from a seed."""

from __future__ import annotations

from datetime import date

import numpy as np

from forecast.core.months import Month
from forecast.core.tables import Counts

FIRST = Month.of(2018, 10)
CELLS = ("state-az-southwest", "state-tx-other", "state-tx-southwest", "state-wa-northern")


def cell_counts(months: int = 72, first: Month = FIRST, areas: tuple[str, ...] = CELLS, seed: int = 7) -> Counts:
    """Counts of a few cells that share part of their changes; whole numbers, all known and exact."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 0.15, (months, 1))
    own = rng.normal(0, 0.1, (months, len(areas)))
    level = np.linspace(4, 8, len(areas))
    away = np.zeros((months, len(areas)))
    for row in range(1, months):
        away[row] = 0.9 * away[row - 1] + shared[row] + own[row]
    values = np.round(np.exp(level + away))
    return Counts("cbp-states", date(2024, 12, 31), first, areas, values, np.ones(values.shape, dtype=np.int64))
