"""How many connections are open, in all and from one address, and which were refused. Reads no byte of them.

The counts are of one process. Proxies that are trusted have no limit of their own: each of them stands for many
clients.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence
from typing import Literal, Protocol

from service.identity import address_of

__all__ = ["REFUSED", "Admitted", "Connection", "Connections"]

# Requests that the connection itself refused, by the kind of problem: too many connections, heads too slow or too long,
# no HTTP.
REFUSED: Counter[str] = Counter()

# `probe`: beyond a limit, for a probe alone.
Admitted = Literal["open", "probe"]


class Connection(Protocol):
    """What of a connection is known here."""

    def give_way(self) -> None:
        """End, because a newer connection takes the place."""


class Connections:
    """Admits connections: `most`; `each` from one address, `proxies` (addresses, `*`) aside; `reserve` for probes."""

    def __init__(self, *, most: int, each: int, reserve: int, proxies: Sequence[str]) -> None:
        self.most, self.each, self.reserve = most, each, reserve
        self._every = "*" in proxies
        self._proxies = [network for word in proxies if (network := _network(word)) is not None]
        self._open: Counter[str] = Counter()
        self.total = 0
        # In the order in which they came: where the reserve is full too, the oldest gives way, so that a probe always
        # gets in.
        self._probes: dict[Connection, None] = {}

    def admit(self, host: str, connection: Connection) -> Admitted:
        """Count a connection from an address, which `leave` takes out again."""
        address = address_of(host)
        if self.total < self.most and (self._open[address] < self.each or self._trusted(host)):
            self.total += 1
            self._open[address] += 1
            return "open"
        if len(self._probes) >= self.reserve:
            oldest = next(iter(self._probes))
            del self._probes[oldest]
            oldest.give_way()
        self._probes[connection] = None
        return "probe"

    def leave(self, host: str, connection: Connection, admitted: Admitted) -> None:
        """A connection has ended."""
        if admitted == "probe":
            self._probes.pop(connection, None)
            return
        address = address_of(host)
        self.total -= 1
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]

    def why(self, host: str) -> str:
        """Which limit an address has met, in a sentence."""
        if self.total >= self.most:
            return f"{self.total} connections are open, as many as this process takes."
        return f"{self._open[address_of(host)]} connections from this address are open, as many as one may have here."

    def _trusted(self, host: str) -> bool:
        if self._every or not host:  # a socket of this machine has no address
            return True
        if not self._proxies:
            return False
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._proxies)


def _network(word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(word, strict=False)
    except ValueError:  # a name, which uvicorn compares as text
        return None
