"""Seasonal patterns that are learnt as time goes on,
and shrunk by how well they foretold each new year. Knows no level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.core.tables import Floats, Ints
from forecast.models.bank.options import Pattern
from forecast.models.bank.panel import PanelArrays

__all__ = ["changes_of_groups", "patterns_over_time"]

# Changes that are judged at once: four years.
_AT_ONCE = 48


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
    judged = _judged(changes, panel.phase, panel.season, pattern.half_life)
    if pattern.pooled:
        _share_signals(judged, panel, pattern)
    for some in _blocks(len(changes)):
        shrunk = _shrunk(judged, some, panel.values.shape[1], pooled=pattern.pooled)
        levels = np.cumsum(_centred(shrunk), axis=1)
        effects[some.start + 1 : some.stop + 1] = np.moveaxis(_centred(levels), 1, 2)
    return effects


def changes_of_groups(panel: PanelArrays) -> Floats:
    """(steps - 1, series) the mean change of each one's group into every step after the first."""
    return panel.means("changes", np.diff(panel.values, axis=0))


@dataclass(frozen=True)
class _Judged:
    """After each change: (changes, season, columns) the mean change into each phase and its `error`; (changes, columns)
    the `signal` of all, and whether a column is `ready`, as it has seen two years.
    """

    mean: Floats
    error: Floats
    signal: Floats
    ready: NDArray[np.bool_]


def _judged(changes: Floats, phase: Ints, season: int, half_life: float) -> _Judged:
    """What is known after each change."""
    keep = 0.5 ** (1 / half_life)
    shape = (season, changes.shape[1])
    known_by = total, weight, squares, misses, missed = [np.zeros(shape) for _ in range(5)]
    made = _Judged(
        np.empty((len(changes), *shape)), np.empty((len(changes), *shape)), np.empty(changes.shape),
        np.empty(changes.shape, dtype=bool),
    )  # fmt: skip
    for some in _blocks(len(changes)):
        after = [np.empty((some.stop - some.start, *shape)) for _ in known_by]
        for place, step in enumerate(range(some.start + 1, some.stop + 1)):
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
            for history, now in zip(after, known_by, strict=True):
                history[place] = now
        made.mean[some], made.error[some], made.signal[some] = _judge(*after)
        made.ready[some] = after[-1].min(axis=1) > 0
    return made


def _judge(
    total: Floats, weight: Floats, squares: Floats, misses: Floats, missed: Floats
) -> tuple[Floats, Floats, Floats]:
    """(changes, season, columns) sums of changes, of their weights and squared weights, of squared misses and their
    weights -> mean, error and signal of `_Judged`. Many changes at once: one alone is too small to be worth the calls.
    """
    mean = _centred(total / np.maximum(weight, 1e-12))
    away = misses / np.maximum(missed, 1e-12)
    away = 0.5 * away + 0.5 * away.mean(axis=1, keepdims=True)  # half its own phase's, half the mean phase's
    years = weight**2 / np.maximum(squares, 1e-12)
    error = away / (years + 1) + 1e-9  # a miss holds the noise of one year and of the mean: s^2 (1 + 1 / years)
    return mean, error, np.maximum((mean**2).mean(axis=1) - error.mean(axis=1), 0.0)


def _blocks(changes: int) -> Iterator[slice]:
    """Changes that are judged at once: few enough that a batch of many series takes no more memory than its effects."""
    return (slice(start, min(start + _AT_ONCE, changes)) for start in range(0, changes, _AT_ONCE))


def _share_signals(judged: _Judged, panel: PanelArrays, pattern: Pattern) -> None:
    """Give the deviations of the series one signal for the whole group: its mean over those that are ready."""
    own = slice(panel.values.shape[1])
    signal = np.where(judged.ready[:, own], judged.signal[:, own], np.nan)
    shared = panel.means_by_step(f"signal of {pattern.half_life} years", signal)
    judged.signal[:, own] = np.nan_to_num(shared)


def _shrunk(judged: _Judged, some: slice, number: int, *, pooled: bool) -> Floats:
    """(changes, season, series) mean changes into each phase, shrunk; zero for a series that is not ready."""
    signal, ready = judged.signal[some, None], judged.ready[some, None]
    effects = np.where(ready, judged.mean[some] * signal / (signal + judged.error[some]), 0.0)
    return effects[..., :number] + effects[..., number:] if pooled else effects


def _centred(changes: Floats) -> Floats:
    """(changes, season, columns) less their mean over the season."""
    return np.asarray(changes - changes.mean(axis=1, keepdims=True))
