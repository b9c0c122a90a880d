"""Observations of an archive: which vintage first gave each area's count of each month. Reads no store."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from forecast.core.tables import Counts, Vintage
from forecast.release.observations import Observation

__all__ = ["observed"]


def observed(history: Iterable[tuple[Vintage, Counts]]) -> list[Observation]:
    """Every cell that a vintage added or changed, aggregates included, in the order of publication.

    `history`: each vintage with what was public from its day on, oldest first. A month with an unknown leaf has no
    aggregate.
    """
    observations: list[Observation] = []
    known: dict[tuple[str, int], tuple[int, int]] = {}
    for vintage, counts in history:
        place = {slug: column for column, slug in enumerate(counts.areas)}
        coarsest = counts.precision.max(axis=1)
        for slug, values in counts.totals().items():
            precision = counts.precision[:, place[slug]] if slug in place else coarsest
            for row in np.flatnonzero(~np.isnan(values)):
                month = counts.first + int(row)
                cell = (int(values[row]), max(int(precision[row]), 1))
                if known.get((slug, month.ordinal)) != cell:
                    known[slug, month.ordinal] = cell
                    observations.append(
                        Observation(slug, month, vintage.published, *cell, vintage.credit, vintage.sha256)
                    )
    return observations
