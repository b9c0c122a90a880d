"""What draws say in a few figures: median, mean, intervals, the size and the month of the peak. Makes no draws.

No figure is read beyond the last five draws on either side: an end that fewer would have to carry is None, and a chance
is a bound in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from forecast.core.tables import Floats, Ints
from forecast.planning.chance import FEWEST, Chance

__all__ = ["chance", "levels_of", "peak_months", "peaks", "quantiles", "readable", "spreads"]

# Rounding of what is counted as draws: 0.025 of 200 is five of them.
_HAIR = 1e-9
# Whole numbers up to which a float of 32 bit is exact.
_EXACT = 2**24


def readable(level: float, draws: int) -> bool:
    """Whether at least five draws lie beyond a level, on its nearer side."""
    return min(level, 1 - level) * draws >= FEWEST - _HAIR


def levels_of(coverage: Sequence[int]) -> list[float]:
    """The median, then the lower and the upper level of each interval, in per cent, in turn."""
    ends = [(100 - per_cent) / 200 for per_cent in coverage]
    return [0.5, *(level for end in ends for level in (end, 1 - end))]


def quantiles(values: Floats, levels: Sequence[float], *, whole: bool = False) -> Floats:
    """(..., levels) of (..., draws), by linear interpolation (Hyndman and Fan 1996, type 7); NaN: not readable.

    `whole`: the values are whole numbers. Small ones are then exact in half the memory, which sorts in half the time.
    """
    draws = values.shape[-1]
    small = whole and values.min(initial=0) > -_EXACT and values.max(initial=0) < _EXACT
    ordered = values.astype(np.float32 if small else np.float64)
    ordered.sort(axis=-1)
    places = np.array(levels) * (draws - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, draws - 1)
    lower, upper = ordered[..., below].astype(float), ordered[..., above].astype(float)
    at_levels = lower + (places - below) * (upper - lower)
    at_levels[..., [level != 0.5 and not readable(level, draws) for level in levels]] = np.nan
    return np.asarray(at_levels)


def spreads(values: Floats, coverage: Sequence[int]) -> list[dict[str, Any]]:
    """Median, mean and intervals of each row of (rows, draws), which are whole encounters."""
    at_levels = quantiles(values, levels_of(coverage), whole=True)
    means = values.mean(axis=-1)
    rows = []
    for row, mean in zip(np.round(at_levels).tolist(), np.round(means).tolist(), strict=True):
        ends = [None if end != end else int(end) for end in row]
        rows.append(
            {
                "median": ends[0],
                "mean": int(mean),
                "intervals": [
                    {"coverage": per_cent, "lower": ends[1 + 2 * place], "upper": ends[2 + 2 * place]}
                    for place, per_cent in enumerate(coverage)
                ],
            }
        )
    return rows


def chance(hits: int, draws: int) -> dict[str, Any]:
    """A chance as answers show it: a number, or in its place the bound in words."""
    probability, bound = _read(int(hits), draws)
    return {"probability": probability, "bound": bound}


@lru_cache(maxsize=4096)
def _read(hits: int, draws: int) -> tuple[float | None, str | None]:
    """The same as a pair; an answer has a thousand of them, most of them alike."""
    estimate = Chance(hits, draws)
    return estimate.probability, estimate.bound


def peaks(values: Floats) -> tuple[Floats, Ints]:
    """The largest of (areas, months, draws) in each world, (areas, draws), and in how many worlds it is each month's,
    (areas, months); the first month's where several are alike.
    """
    highest = values[:, 0].copy()
    place = np.zeros(highest.shape, dtype=np.int16)
    for month in range(1, values.shape[1]):
        np.copyto(place, np.int16(month), where=values[:, month] > highest)
        np.maximum(highest, values[:, month], out=highest)
    counts = [np.bincount(row, minlength=values.shape[1]) for row in place]
    return highest, np.array(counts)


def peak_months(counts: Sequence[int], months: Sequence[str]) -> list[dict[str, Any]]:
    """How likely each month is the one with the most, where it is so in `counts` worlds."""
    draws = sum(counts)
    return [{"month": month, **chance(hits, draws)} for month, hits in zip(months, counts, strict=True)]
