"""What the series of a group teach each other: means over them, of a panel that is at hand whole or in batches.

A panel too large to be held at once is worked on in batches of series. A batch that comes to a mean over its groups
which is not known yet says what it adds to it and is left; when all have, the mean is known and they go on (`batches`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from forecast.core.tables import Floats, Ints

__all__ = ["Learnt", "Share", "Sums", "Unlearnt", "group_means"]


class Share(Protocol):
    """What a batch adds to something that all series of a panel teach."""

    def result(self, others: Sequence[Share]) -> Floats:
        """(steps, groups, ...) what this share and those of the other batches, in their order, come to."""
        ...


class Unlearnt(Exception):
    """A batch needs what is not known yet: its `name`, and the `share` that the batch adds to it."""

    def __init__(self, name: str, share: Share) -> None:
        super().__init__(name, share)  # as it crosses from one process to another
        self.name, self.share = name, share


@dataclass(frozen=True)
class Learnt:
    """What the whole of a panel taught so far: `known`, by name, (steps, groups, ...).

    `groups`: how many the panel has.
    """

    groups: int
    known: Mapping[str, Floats] = field(default_factory=dict)

    def of(self, name: str, groups: Ints, share: Callable[[], Share]) -> Floats:
        """(steps, series, ...) what the group of each series taught.

        Raises Unlearnt with the `share` of these series as long as it is not known.
        """
        if name not in self.known:
            raise Unlearnt(name, share())
        return np.asarray(self.known[name][:, groups])


@dataclass(frozen=True)
class Sums:
    """Of each group: (steps, groups, ...) the `total` of the known values, and their `number`."""

    total: Floats
    number: Ints

    @classmethod
    def of(cls, values: Floats, groups: Ints, many: int) -> Sums:
        """Sums over the series of `values` (steps, series, ...), each in one of `many` groups."""
        shape = (len(values), many, *values.shape[2:])
        total, number = np.zeros(shape), np.zeros(shape, dtype=np.int64)
        for group in np.unique(groups):
            total[:, group, None], number[:, group, None] = _sums(values[:, groups == group])
        return cls(total, number)

    def result(self, others: Sequence[Share]) -> Floats:
        """(steps, groups, ...) means; NaN where nothing is known."""
        total, number = self.total.copy(), self.number.copy()
        for share in others:
            if isinstance(share, Sums):
                total += share.total
                number += share.number
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def group_means(values: Floats, groups: Ints) -> Floats:
    """(steps, series, ...) -> the same shape: the mean over the series of each one's group, unknown ones left out."""
    means = np.empty_like(values)
    for group in np.unique(groups):
        inside = groups == group
        total, number = _sums(values[:, inside])
        means[:, inside] = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return means


def _sums(part: Floats) -> tuple[Floats, Ints]:
    """(steps, 1, ...) the sum over the series of one group, and how many of them are known."""
    known = ~np.isnan(part)
    return np.where(known, part, 0.0).sum(axis=1, keepdims=True), known.sum(axis=1, keepdims=True)
