"""Seasonal patterns that are learnt as time goes on,
and shrunk by how well they foretold each new year. Knows no level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.core.tables import Floats, Ints
from forecast.models.bank.options import Pattern
from forecast.models.bank.panel import PanelArrays

__all__ = ["changes_of_groups", "patterns_over_time"]


def patterns_over_time(panel: PanelArrays, pattern: Pattern) -> Floats:
    """(steps, series, season) the effects known after each step, on the working scale; they sum to zero over the
    season.

    The change into each phase is a discounted mean over the years. Its error is judged by how well it foresaw each new
    year's change; every effect is shrunk by signal / (signal + error): towards zero, or where `pattern.pooled` the
    group's mean change towards zero and the series' deviation from it towards zero. Empirical Bayes as in Efron and
    Morris 1975.
    """
    effects = np.zeros((*panel.values.shape, panel.season))
    if panel.season < 2:
        return effects
    changes = np.diff(panel.values, axis=0)
    if pattern.pooled:
        # The first half of the columns is what is left to each series, the second its group's mean.
        shared = changes_of_groups(panel)
        changes = np.concatenate([changes - shared, shared], axis=1)
    judged = list(_judged(changes, panel.phase, panel.season, pattern.half_life))
    if pattern.pooled:
        _share_signals(judged, panel, pattern)
    for step, seen in enumerate(judged, start=1):
        if seen is not None:
            levels = np.cumsum(_centred(_shrunk(seen, len(effects[0]), pooled=pattern.pooled)), axis=0)
            effects[step] = _centred(levels).T
    return effects


def changes_of_groups(panel: PanelArrays) -> Floats:
    """(steps - 1, series) the mean change of each one's group into every step after the first."""
    return panel.means("changes", np.diff(panel.values, axis=0))


@dataclass(frozen=True)
class _Judged:
    """After a step: (season, columns) the mean change into each phase and its `error`; (columns,) the `signal` of all,
    and whether a column is `ready`, as it has seen two years.
    """

    mean: Floats
    error: Floats
    signal: Floats
    ready: NDArray[np.bool_]


def _judged(changes: Floats, phase: Ints, season: int, half_life: float) -> Iterator[_Judged | None]:
    """What is known after each change; None where no column is ready."""
    keep = 0.5 ** (1 / half_life)
    shape = (season, changes.shape[1])
    total, weight, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    misses, missed = np.zeros(shape), np.zeros(shape)
    for step, new in enumerate(changes, start=1):
        at = int(phase[step])
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
        if not ready.any():
            yield None
            continue
        mean = _centred(total / np.maximum(weight, 1e-12))
        away = misses / np.maximum(missed, 1e-12)
        away = 0.5 * away + 0.5 * away.mean(axis=0)  # half its own phase's, half the mean phase's
        years = weight**2 / np.maximum(squares, 1e-12)
        error = away / (years + 1) + 1e-9  # a miss holds the noise of one year and of the mean: s^2 (1 + 1 / years)
        signal = np.maximum((mean**2).mean(axis=0) - error.mean(axis=0), 0.0)
        yield _Judged(mean, error, signal, ready)


def _share_signals(judged: Sequence[_Judged | None], panel: PanelArrays, pattern: Pattern) -> None:
    """Give the deviations of the series one signal for the whole group: its mean over those that are ready."""
    number = panel.values.shape[1]
    own = np.full((len(judged), number), np.nan)
    for row, seen in zip(own, judged, strict=True):
        if seen is not None:
            row[:] = np.where(seen.ready[:number], seen.signal[:number], np.nan)
    shared = panel.means_by_step(f"signal of {pattern.half_life} years", own)
    for row, seen in zip(shared, judged, strict=True):
        if seen is not None:
            seen.signal[:number] = np.nan_to_num(row)


def _shrunk(seen: _Judged, number: int, *, pooled: bool) -> Floats:
    """(season, series) mean changes into each phase, shrunk; zero for a series that is not ready."""
    effects = np.where(seen.ready, seen.mean * seen.signal / (seen.signal + seen.error), 0.0)
    return effects[:, :number] + effects[:, number:] if pooled else effects


def _centred(changes: Floats) -> Floats:
    return np.asarray(changes - changes.mean(axis=0))
