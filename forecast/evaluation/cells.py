"""Lays forecasts beside later counts, cell by cell (area x origin x month),
with what scores are grouped by. Computes no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.core.scoring import round_to, seasonal_scale, seasonal_square_scale
from forecast.core.tables import Counts, Floats, Forecasts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BANDS", "ENDLESS", "ERAS", "KEYS", "PUBLISHED_AFTER", "Cells", "band_of", "cells", "era_of", "in_columns"]

# The last of what has no last one.
ENDLESS = 9999
# First and last year of the origins of each era. The border of 2016-18 was quiet, of 2019-21 broken, of 2022 and later
# at its records.
ERAS: tuple[tuple[str, int, int], ...] = (
    ("-2015", 0, 2015),
    ("2016-18", 2016, 2018),
    ("2019-21", 2019, 2021),
    ("2022-", 2022, ENDLESS),
)
# First and last horizon of each band.
BANDS: tuple[tuple[str, int, int], ...] = (
    ("1", 1, 1),
    ("2-3", 2, 3),
    ("4-6", 4, 6),
    ("7-12", 7, 12),
    ("13-", 13, ENDLESS),
)
# Months from a month to the one in which its counts come out, and so from horizon to lead: those of November 2024 came
# in January 2025.
PUBLISHED_AFTER = 2
# What names a cell, and what it may be grouped by.
KEYS = ("model", "area", "group", "era", "origin", "target_month", "horizon", "band", "lead")


@dataclass(frozen=True)
class Cells:
    """The cells of one table of forecasts whose counts are known; n of them, area by area.

    `keys`: n rows of KEYS. `observed`, `precision`: (n,), encounters per month. `quantiles`: (n, levels), rounded to
    the precision of the count that they are compared with; `exact`: the same, not rounded; `mean`: (n,), rounded.
    `scale`, `square_scale`: (n,), the area's mean absolute and mean squared seasonal change up to the origin.
    """

    keys: pd.DataFrame
    levels: tuple[float, ...]
    observed: Floats
    precision: Floats
    quantiles: Floats
    exact: Floats
    mean: Floats
    scale: Floats
    square_scale: Floats


def era_of(origin: Month) -> str:
    """The era that an origin lies in."""
    return next(name for name, first, last in ERAS if first <= origin.year <= last)


def band_of(horizon: int) -> str:
    """The band that a horizon, from 1, lies in."""
    return next(name for name, first, last in BANDS if first <= horizon <= last)


def cells(*, forecasts: Iterable[Forecasts], truth: Counts) -> Iterator[Cells]:
    """Each table's cells that `truth` knows; a table without any is left out.
    The scales see no month after the origin.
    """
    totals = truth.totals()
    place = {slug: column for column, slug in enumerate(truth.areas)}
    precision = np.maximum(truth.precision, 1).astype(float)
    # A sum is as coarse as its coarsest leaf.
    digits_of = {
        slug: precision[:, [place[leaf] for leaf in leaves]].max(axis=1)
        for slug, leaves in truth.panel.hierarchy(truth.areas).items()
    }
    scales: dict[tuple[str, int], tuple[float, float]] = {}
    for table in forecasts:
        first = table.origin - truth.first + 1
        steps = slice(first, min(first + table.horizon, len(truth.values)))
        seen = steps.stop - first
        if first < 1 or seen < 1:
            continue
        for slug in table.areas:
            if (slug, first) not in scales:
                history = totals[slug][:first]
                scales[slug, first] = (seasonal_scale(history), seasonal_square_scale(history))
        observed = np.stack([totals[slug][steps] for slug in table.areas])
        known = ~np.isnan(observed)
        if not known.any():
            continue
        digits = np.stack([digits_of[slug][steps] for slug in table.areas])[known]
        exact = table.values[:, :seen][known]
        yield Cells(
            keys=_keys(table, known, truth.panel),
            levels=table.levels,
            observed=observed[known],
            precision=digits,
            quantiles=round_to(exact, digits[:, None]),
            exact=exact,
            mean=round_to(table.mean[:, :seen][known], digits),
            scale=_spread([scales[slug, first][0] for slug in table.areas], known),
            square_scale=_spread([scales[slug, first][1] for slug in table.areas], known),
        )


def in_columns(
    keys: Sequence[pd.DataFrame], figures: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> pd.DataFrame:
    """One table of cells: the rows of all `keys`, and a column beside them of each figure in `names`.

    `figures`: of each of `keys` its (n,) values by name. The table is made at once: to add a column at a time takes
    longer than the scores. Of nothing: an empty table with all of KEYS.
    """
    import pandas as pd

    if not keys:
        return pd.DataFrame(columns=[*KEYS, *names])
    columns = pd.DataFrame({name: np.concatenate([part[name] for part in figures]) for name in names})
    return pd.concat([pd.concat(keys, ignore_index=True), columns], axis=1)


def _spread(by_area: list[float], known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
    return np.broadcast_to(np.array(by_area)[:, None], known.shape)[known]


def _keys(table: Forecasts, known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], panel: Panel) -> pd.DataFrame:
    import pandas as pd

    rows, steps = np.nonzero(known)
    horizon = steps + 1
    months = np.array([str(month) for month in table.months], dtype=object)
    bands = np.array([band_of(step + 1) for step in range(known.shape[1])], dtype=object)
    return pd.DataFrame(
        {
            "model": table.model,
            "area": np.array(table.areas, dtype=object)[rows],
            "group": np.array([panel.group_of(slug) for slug in table.areas], dtype=object)[rows],
            "era": era_of(table.origin),
            "origin": str(table.origin),
            "target_month": months[steps],
            "horizon": horizon,
            "band": bands[steps],
            "lead": horizon - PUBLISHED_AFTER,
        }
    )
