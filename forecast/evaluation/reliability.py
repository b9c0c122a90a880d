"""How often counts fall below each quantile, and what each level costs.
Reads intervals level by level, where scores add them up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from forecast.core.scoring import pinball
from forecast.core.tables import Counts, Forecasts
from forecast.evaluation.cells import Cells, cells

__all__ = ["by_level", "pit_histogram"]


def by_level(*, forecasts: Iterable[Forecasts], truth: Counts, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    """One row per group of `by` and level: `below`, `pinball`, `cells`.

    `below`: the share of counts under the quantile, those that equal it (after rounding to the truth's precision) as
    one half; it is the level where forecasts are reliable. `pinball`: mean loss of the level, over the area's own mean
    |y(t) - y(t-12)| up to the origin.
    """
    keys = list(by)
    sums = [_sums(compared, keys) for compared in cells(forecasts=forecasts, truth=truth)]
    if not sums:
        return pd.DataFrame(columns=[*keys, "level", "below", "pinball", "cells"])
    total = pd.concat(sums).groupby([*keys, "level"], sort=False).sum()
    return total.assign(below=total["below"] / total["cells"], pinball=total["pinball"] / total["cells"]).reset_index()


def _sums(compared: Cells, keys: list[str]) -> pd.DataFrame:
    """Sums over one table's cells: a row per group and level."""
    grouped = compared.keys.groupby(keys, sort=False)
    groups, codes = grouped.size(), grouped.ngroup().to_numpy()
    observed = compared.observed[:, None]
    below = (observed < compared.quantiles) + 0.5 * (observed == compared.quantiles)
    loss = np.stack(
        [
            pinball(compared.quantiles[:, place], level, compared.observed)
            for place, level in enumerate(compared.levels)
        ],
        axis=1,
    )
    loss = loss / compared.scale[:, None]
    rows = groups.rename("cells").reset_index()
    places = range(len(compared.levels))
    return pd.concat([rows] * len(compared.levels)).assign(
        level=np.repeat(compared.levels, len(rows)),
        below=np.concatenate([np.bincount(codes, below[:, place], minlength=len(rows)) for place in places]),
        pinball=np.concatenate([np.bincount(codes, loss[:, place], minlength=len(rows)) for place in places]),
    )


def pit_histogram(scores: pd.DataFrame, *, bins: int = 10, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    """Share of PIT values in each of `bins` equal stretches of (0,
    1), one column per stretch, one row per group of `by`.

    Equal shares: right. A hump in the middle: too wide; at the ends: too narrow; a slope: forecasts lie too high or too
    low.
    """
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, scores["pit"].to_numpy(float), side="right") - 1, 0, bins - 1)
    names = [f"{low:.2f}" for low in edges[:-1]]
    counted = (
        scores[list(by)]
        .assign(bin=[names[at] for at in place])
        .groupby([*by, "bin"])
        .size()
        .unstack("bin", fill_value=0)
    )
    counted = counted.reindex(columns=names, fill_value=0)
    return counted.div(counted.sum(axis=1), axis=0).reset_index()
