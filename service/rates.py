"""How often one client may ask: a fixed window of a minute from its first request, counted by `limits`. Knows no request.

Counts are of one process: behind several workers a client may ask so often of each. `limits` has a store in memory, which is not used: it
starts a thread every ten milliseconds that looks at every client, and holds as many as come. The one here holds a bounded number.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

__all__ = ["Rates"]


class _Windows(Storage):
    """Counts with the moment at which each begins anew; of more than `most` the one that was opened first is forgotten."""

    STORAGE_SCHEME = None

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        super().__init__()
        self._most, self._clock = most, clock
        self._open: OrderedDict[str, list[float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Memory does not fail in a way of its own."""
        return MemoryError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a new window where the last one is over."""
        now = self._clock()
        window = self._open.get(key)
        if window is None or window[1] <= now:
            self._open.pop(key, None)
            window = self._open[key] = [0.0, now + expiry]
            if len(self._open) > self._most:
                self._open.popitem(last=False)
        window[0] += amount
        return int(window[0])

    def get(self, key: str) -> int:
        """The count of the window that is open, 0 without one."""
        window = self._open.get(key)
        return 0 if window is None or window[1] <= self._clock() else int(window[0])

    def get_expiry(self, key: str) -> float:
        """The moment, on the same clock, at which the count begins anew."""
        window = self._open.get(key)
        return self._clock() if window is None else window[1]

    def check(self) -> bool:
        """Memory is there."""
        return True

    def reset(self) -> int:
        """Forget every count."""
        count = len(self._open)
        self._open.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one."""
        self._open.pop(key, None)


class _PerMinute(RateLimitItemPerMinute):
    """So many per minute; a client has one limit at a time, so that its name is the key of its count."""

    def key_for(self, *identifiers: bytes | str | float) -> str:
        """The client's name as it is."""
        return str(identifiers[0])


class Rates:
    """Counts requests by client. `most`: clients held in memory; `clock`: seconds that never go back. For the event loop's thread alone."""

    def __init__(self, *, most: int, clock: Callable[[], float]) -> None:
        self._windows, self._clock = _Windows(most, clock), clock
        self._limiter = FixedWindowRateLimiter(self._windows)
        self._items: dict[int, _PerMinute] = {}

    def wait(self, client: str, limit: int) -> int:
        """Count a request. 0 where the client may ask, otherwise the whole seconds until it may again. `limit` per minute; 0: none."""
        if not limit:
            return 0
        item = self._item(limit)
        if self._limiter.hit(item, client):
            return 0
        self.give_back(client, limit)  # a refusal does not count, so that the count stays small
        return max(1, math.ceil(self._windows.get_expiry(item.key_for(client)) - self._clock()))

    def give_back(self, client: str, limit: int) -> None:
        """Take a request out of the count again."""
        if limit:
            item = self._item(limit)
            self._windows.incr(item.key_for(client), item.get_expiry(), amount=-1)

    def _item(self, limit: int) -> _PerMinute:
        if limit not in self._items:
            self._items[limit] = _PerMinute(limit)
        return self._items[limit]
