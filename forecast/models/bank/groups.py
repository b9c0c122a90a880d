"""What the series of a group teach each other: means over them, of a panel that is at hand whole or in batches.

A panel too large to be held at once is worked on in batches of series. A batch that comes to a mean over its groups
which is not known yet says what it adds to it and is left; when all have, the mean is known and they go on (`batches`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from forecast.core.tables import Floats, Ints

__all__ = ["Learnt", "Share", "Sums", "Unlearnt", "group_means"]


class Share(Protocol):
    """What batches add to something that all series of a panel teach."""

    def after(self, before: Share | None) -> Share:
        """Adds this share to that of all batches before it, which may be written into; None: there are none."""
        ...

    def result(self) -> Floats:
        """(steps, groups, ...) what the shares of all batches, added in their order, come to. Ends the share."""
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
    """Of the `groups` (k,) that batches have, out of `many`: (steps, k, ...) the `total` of the known values and their
    `number`, whose further axes have length one where the number is the same all along them.
    """

    total: Floats
    number: Ints
    groups: Ints
    many: int

    @classmethod
    def of(cls, values: Floats, groups: Ints, many: int) -> Sums:
        """Sums over the series of `values` (steps, series, ...), each in one of `many` groups."""
        present = np.unique(groups)
        totals, numbers = zip(*(_sums(values[:, groups == group]) for group in present), strict=True)
        number = np.concatenate(numbers, axis=1)
        most = number.max(axis=tuple(range(2, number.ndim)), keepdims=True)
        alike = bool((number == most).all())
        return cls(np.concatenate(totals, axis=1), most if alike else number, present, many)

    def after(self, before: Share | None) -> Sums:
        """Sums over all `many` groups."""
        whole = before if isinstance(before, Sums) else self._nothing()
        wide = np.broadcast_shapes(whole.number.shape[2:], self.number.shape[2:])
        if wide != whole.number.shape[2:]:
            whole = replace(whole, number=np.broadcast_to(whole.number, (*whole.number.shape[:2], *wide)).copy())
        whole.total[:, self.groups] += self.total
        whole.number[:, self.groups] += self.number
        return whole

    def _nothing(self) -> Sums:
        """Sums of all groups before any batch."""
        steps, _, *further = self.total.shape
        number = np.zeros((steps, self.many, *self.number.shape[2:]), dtype=np.int64)
        return Sums(np.zeros((steps, self.many, *further)), number, np.arange(self.many), self.many)

    def result(self) -> Floats:
        """(steps, groups, ...) means, in the place of the totals; NaN where nothing is known."""
        np.divide(self.total, np.maximum(self.number, 1), out=self.total)
        self.total[np.broadcast_to(self.number == 0, self.total.shape)] = np.nan
        return self.total


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
