"""Seasonal patterns that are learnt as time goes on,
and shrunk by how well they foretold each new year. Knows no level.
"""

from __future__ import annotations

import numpy as np

from forecast.core.tables import Floats, Ints
from forecast.models.bank.options import Pattern
from forecast.models.bank.panel import PanelArrays, group_means

__all__ = ["patterns_over_time"]


def patterns_over_time(panel: PanelArrays, pattern: Pattern) -> Floats:
    """(steps, series, season) the effects known after each step, on the working scale; they sum to zero over the
    season.

    The change into each phase is a discounted mean over the years. Its error is judged by how well it foresaw each new
    year's change; every effect is shrunk by signal / (signal + error): towards zero, or where `pattern.pooled` the
    group's mean change towards zero and the series' deviation from it towards zero. Empirical Bayes as in Efron and
    Morris 1975.
    """
    steps, number = panel.values.shape
    patterns = np.zeros((steps, number, panel.season))
    if panel.season < 2:
        return patterns
    changes = np.diff(panel.values, axis=0)
    if not pattern.pooled:
        _learn(patterns, changes, panel.phase, pattern.half_life, number, None)
        return patterns
    shared = group_means(changes, panel.groups)
    # The first half of the columns is what is left to each series, the second its group's mean.
    _learn(patterns, np.concatenate([changes - shared, shared], axis=1), panel.phase, pattern.half_life, number, panel)
    return patterns


def _learn(
    patterns: Floats, changes: Floats, phase: Ints, half_life: float, number: int, panel: PanelArrays | None
) -> None:
    keep = 0.5 ** (1 / half_life)
    shape = (patterns.shape[2], changes.shape[1])
    total, weight, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    misses, missed = np.zeros(shape), np.zeros(shape)
    for step in range(1, len(patterns)):
        at, new = int(phase[step]), changes[step - 1]
        known = ~np.isnan(new)
        change = np.where(known, new, 0.0)
        foretold = known & (weight[at] > 0)
        miss = (change - total[at] / np.maximum(weight[at], 1e-12)) ** 2
        misses[at] = np.where(foretold, keep * misses[at] + miss, misses[at])
        missed[at] = np.where(foretold, keep * missed[at] + 1, missed[at])
        total[at] = np.where(known, keep * total[at] + change, total[at])
        weight[at] = np.where(known, keep * weight[at] + 1, weight[at])
        squares[at] = np.where(known, keep**2 * squares[at] + 1, squares[at])
        ready = missed.min(axis=0) > 0
        if ready.any():
            effects = _shrunk(total, weight, squares, misses, missed, ready, number, panel)
            levels = np.cumsum(effects - effects.mean(axis=0), axis=0)
            patterns[step] = (levels - levels.mean(axis=0)).T


def _shrunk(
    total: Floats,
    weight: Floats,
    squares: Floats,
    misses: Floats,
    missed: Floats,
    ready: Floats,
    number: int,
    panel: PanelArrays | None,
) -> Floats:
    """(season, series) mean changes into each phase, shrunk; zero for a series that has not seen two years."""
    mean = total / np.maximum(weight, 1e-12)
    mean = mean - mean.mean(axis=0)
    miss = misses / np.maximum(missed, 1e-12)
    miss = 0.5 * miss + 0.5 * miss.mean(axis=0)  # half its own phase's, half the mean phase's
    years = weight**2 / np.maximum(squares, 1e-12)
    error = miss / (years + 1) + 1e-9  # a miss holds the noise of one year and of the mean: s^2 (1 + 1 / years)
    signal = np.maximum((mean**2).mean(axis=0) - error.mean(axis=0), 0.0)
    if panel is not None:  # deviations of the series: one signal for the whole group
        own = np.where(ready[:number], signal[:number], np.nan)[None]
        signal[:number] = np.nan_to_num(group_means(own, panel.groups)[0])
    effects = np.where(ready, mean * signal / (signal + error), 0.0)
    return effects if panel is None else effects[:, :number] + effects[:, number:]
