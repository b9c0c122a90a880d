"""Pools the sample paths of several models into one set. Knows no model and no area."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.core.tables import Floats

__all__ = ["linear_pool", "shares"]


def shares(weights: Sequence[float], samples: int) -> list[int]:
    """How many of `samples` each weight gets: largest remainders, at least one each; they sum to `samples`."""
    wanted = np.asarray(weights, dtype=float) / sum(weights) * samples
    given = np.maximum(np.floor(wanted).astype(int), 1)
    for place in np.argsort(given - wanted, kind="stable")[: max(samples - int(given.sum()), 0)]:
        given[place] += 1
    while given.sum() > samples:  # those raised to one are paid for by the others
        given[int(np.argmax(np.where(given > 1, given - wanted, -np.inf)))] -= 1
    return [int(count) for count in given]


def linear_pool(paths: Sequence[tuple[Floats, float]], samples: int, rng: np.random.Generator) -> Floats:
    """A linear opinion pool of sample paths: each model gives its share of whole paths, drawn without replacement.

    `paths`: per model (n, horizon) counts with its weight, n >= its share. Returns (horizon, samples).
    Source: Stone 1961; Gneiting and Ranjan 2013 (a linear pool is at least as dispersed as its members on average).
    """
    counts = shares([weight for _, weight in paths], samples)
    drawn = [own[rng.permutation(len(own))[:count]] for (own, _), count in zip(paths, counts, strict=True)]
    return np.concatenate(drawn).T
