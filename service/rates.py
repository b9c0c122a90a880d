"""How often one client may ask: a fixed window of a minute from its first request. Knows no request.

Counts are of one process: behind several workers a client may ask so often of each. The library that counts so
(`limits` 5.8) was tried:
its store in memory grows with every client and starts a thread every ten milliseconds that looks at all of them; with a
bounded store put under it, one comparison of it is left, which takes a tenth of the time of a ready answer.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Rates"]

_MINUTE = 60.0


class Rates:
    """Counts requests by client: `most` clients in memory, `clock` in seconds. For the event loop's thread alone."""

    def __init__(self, *, most: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = most, clock
        # Client -> requests in its window, and when that ends; in the order in which the windows were opened.
        self._open: OrderedDict[str, list[float]] = OrderedDict()

    def wait(self, client: str, limit: int) -> int:
        """Count a request: 0 where the client may ask, else the seconds until it may. `limit` per minute; 0: none."""
        if not limit:
            return 0
        now = self._clock()
        window = self._open.get(client)
        if window is None or window[1] <= now:
            self._begin(client, now)
        elif window[0] < limit:
            window[0] += 1
        else:  # a refusal does not count
            return max(1, math.ceil(window[1] - now))
        return 0

    def give_back(self, client: str) -> None:
        """Take a request out of the count again."""
        window = self._open.get(client)
        if window is not None and window[0] > 0:  # it may have been counted in a window that has ended
            window[0] -= 1

    def __len__(self) -> int:
        """How many clients are held."""
        return len(self._open)

    def _begin(self, client: str, now: float) -> None:
        """A window with its first request. Of too many clients the one whose window ends soonest is forgotten."""
        self._open.pop(client, None)
        self._open[client] = [1, now + _MINUTE]
        if len(self._open) > self._most:
            self._open.popitem(last=False)
