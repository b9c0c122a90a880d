"""How long people stay: the share of them still there after so many nights, per world. Draws no arrivals.

A stay is a table of nights, a mean with a variation around it (lognormal), or one length for all of a world's people.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecast.core.tables import Floats
from forecast.planning.body import Body, Range, percent

__all__ = ["LONGEST", "Stay", "read_stay", "remaining"]

# Nights after which everybody has left, whatever the stay's shape: two years.
LONGEST = 730
# The largest mean, and how uneven stays may be: their standard deviation over their mean.
_MOST_MEAN, _MOST_VARIATION = 365.0, 3.0
# Of whoever gives a mean alone: stays of half to half as much again are common.
VARIATION = 0.5
_ROUNDING = 1e-6
# What is left of stays and not counted any more.
_LEFT = 1e-4


@dataclass(frozen=True)
class Stay:
    """`table`: the shares that stay 0, 1, 2 ... nights; otherwise the `mean` nights, one value per world, and the
    `variation` around it. `words`: the same for a reader.
    """

    table: tuple[float, ...]
    mean: Range
    variation: float
    words: str

    def survival(self, rng: np.random.Generator, draws: int) -> Floats:
        """(draws or 1, nights): the share of a day's arrivals who need a bed in their first, second ... night."""
        if self.table:
            return 1 - np.cumsum(self.table)[None, :-1] if len(self.table) > 1 else np.zeros((1, 1))
        means = np.array([[self.mean.low]]) if self.mean.is_fixed else self.mean.drawn(rng, draws)[:, None]
        until = _until(self.variation)
        nights = np.arange(LONGEST + 1)
        # Nights that are over by the k-th, of a stay with the mean 1 that is as uneven, stretched to each mean.
        spent = means * until(nights / means)
        survival = np.diff(spent, axis=1)
        known = np.flatnonzero(survival.max(axis=0) > _LEFT)
        return np.asarray(survival[:, : known[-1] + 1 if len(known) else 1])


def read_stay(body: Body) -> Stay:
    """The member `stay` of a body: `{"days": [0, 0, 0.5, 0.5]}`, `{"mean": 3, "variation": 0.5}`, 3 or [2, 5]."""
    value = body.needed("stay")
    if not isinstance(value, dict):
        mean = body.range("stay", least=0, most=_MOST_MEAN)
        _positive(body, "stay", mean)
        return Stay((), mean, 0.0, f"Everybody of one world stays alike, {mean.words()} nights.")
    own = Body(value, under="stay", known=("days", "mean", "variation"))
    if own.has("days") == own.has("mean"):
        raise own.refused("days", "give either a table of days, or a mean and its variation")
    if own.has("days"):
        if own.has("variation"):
            raise own.refused("variation", "a table of days has its own. Leave one of the two out")
        entries = own.list_of("days", most=LONGEST)
        table = tuple(own.number("days", least=0, most=1, of=one) for one in entries)
        if abs(sum(table) - 1) > _ROUNDING:
            raise own.refused("days", f"the shares add up to {sum(table):.9g}. Make them add up to 1")
        named = ", ".join(f"{share:.3g} stay {night}" for night, share in enumerate(table) if share > 0)
        return Stay(table, Range(0, 0), 0.0, f"Of those who come, these shares stay so many nights: {named}.")
    mean = own.range("mean", least=0, most=_MOST_MEAN)
    _positive(own, "mean", mean)
    given = own.has("variation")
    variation = own.number("variation", least=0, most=_MOST_VARIATION) if given else VARIATION
    note = "" if given else " (no variation was given)"
    words = (
        f"Stays have a mean of {mean.words()} nights and differ by {percent(variation)} of it, as a rule{note}; "
        f"none is longer than {LONGEST} nights."
    )
    return Stay((), mean, variation, words)


def remaining(survival: Floats) -> Floats:
    """(draws or 1, nights + 1): the share of those who are there on one evening who are there 0, 1, 2 ... nights later,
    where for how long each has been there is not known and arrivals were steady: longer stays are met more often.
    """
    ahead = np.cumsum(survival[:, ::-1], axis=1)[:, ::-1]
    total = np.maximum(ahead[:, :1], np.finfo(float).tiny)
    return np.concatenate([ahead / total, np.zeros((len(survival), 1))], axis=1)


def _positive(body: Body, member: str, mean: Range) -> None:
    if mean.low <= 0:
        raise body.refused(member, "a stay of no night takes no bed. Give a mean above 0")


def _until(variation: float) -> Callable[[Floats], Floats]:
    """The mean of min(stay, x) where stays have the mean 1: lognormal with that coefficient of variation."""
    if variation == 0:
        return lambda x: np.minimum(x, 1.0)
    spread = math.sqrt(math.log1p(variation**2))
    middle = -(spread**2) / 2

    def below(z: float) -> float:
        return 0.5 * math.erfc(-z / math.sqrt(2))

    def upto(x: float) -> float:
        if x <= 0:
            return 0.0
        place = (math.log(x) - middle) / spread
        return below(place - spread) + x * (1 - below(place))

    # On a grid, because an answer takes a million of them.
    grid = np.concatenate([[0.0], np.geomspace(1e-4, 1e4, 4000)])
    known = np.array([upto(float(x)) for x in grid])
    return lambda x: np.interp(x, grid, known)
