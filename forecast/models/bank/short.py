"""How much wider the bank's intervals are where all that a group knows is under two years: of few errors neither their
size nor the speed of the level is known. Changes nothing where more is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.core.tables import Floats, Ints
from forecast.models.bank.panel import PanelArrays
from forecast.models.bank.shape import PROBABILITIES

__all__ = ["KNOWN_STEPS", "known_by_group", "known_steps", "nearer_a_walk", "widening"]

KNOWN_STEPS = "known steps"

# Known steps of all of a group's series from which on nothing is wider.
_ENOUGH = 24
# With fewer than this nothing gets wider still; `encounters predict` refuses them.
_LEAST = 4
# How far the squared gain, by which the spread grows with the horizon, goes towards a random walk's (one) in a group
# with up to _HALF known steps; from there on less and less far.
_TOWARDS, _HALF = 0.25, 12


def known_steps(panel: PanelArrays) -> Ints:
    """(series,) how many steps each one's group knows, of all its series together."""
    by_group = known_by_group([panel]) if panel.learnt is None else panel.learnt.known[KNOWN_STEPS]
    return np.asarray(by_group[0, panel.groups], dtype=np.int64)


def known_by_group(batches: Sequence[PanelArrays]) -> Floats:
    """(1, groups) the same of each group of a whole panel, as batches learn it by the name KNOWN_STEPS."""
    known = np.concatenate([(~np.isnan(batch.values)).sum(axis=0) for batch in batches])
    return np.bincount(np.concatenate([batch.groups for batch in batches]), known)[None].astype(float)


def nearer_a_walk(squared_gain: Floats, known: Ints) -> Floats:
    """(series,) averaged squared gains, moved towards one where little is known."""
    share = _TOWARDS * np.clip((_ENOUGH - known) / _HALF, 0.0, 1.0)
    return np.asarray(squared_gain + share * (1 - squared_gain))


def widening(known: Ints) -> Floats:
    """(series, PROBABILITIES) factors of a shape's quantiles: Student's t over the one of _ENOUGH steps, with half as
    many degrees of freedom as there are errors, since the scale rests on the recent ones.
    """
    factors = np.ones((len(known), len(PROBABILITIES)))
    short = known < _ENOUGH
    if short.any():
        from scipy.special import stdtrit

        degrees = (np.maximum(known[short], _LEAST)[:, None] - 1) / 2
        ratios = stdtrit(degrees, PROBABILITIES) / stdtrit((_ENOUGH - 1) / 2, PROBABILITIES)
        middle = len(PROBABILITIES) // 2  # zero over zero
        ratios[:, middle] = ratios[:, middle - 1]
        factors[short] = ratios
    return factors
