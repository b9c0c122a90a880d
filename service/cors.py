"""CORS of our own: Starlette's gives a preflight a text, and leaves the headers out where no page asks.

Which pages of other sites may read answers in a browser. Cookies and the like are never sent along.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Cors"]

_METHODS = b"GET, HEAD, POST"
# What a page may send and may read beyond what browsers allow anyway.
_SENT = b"Authorization, Content-Type, X-Api-Key, X-Request-Id, If-None-Match"
_READ = b"ETag, X-Request-Id, Retry-After"
_DAY = b"86400"

Pairs = tuple[tuple[bytes, bytes], ...]


class Cors:
    """`allowed`: origins such as https://example.org; `*` among them allows every one, none at all allows none.

    Every answer carries the same headers whoever asks, or says that they depend on the origin: a cache between may give
    it to both.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self._every = "*" in allowed
        self._allowed = frozenset(origin.encode() for origin in allowed)
        self._always: Pairs = (
            ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", _READ)) if self._every else ()
        )

    def headers(self, origin: bytes | None) -> Pairs:
        """What an answer to a request from that origin carries; None: from no page."""
        if self._every or not self._allowed:
            return self._always
        if origin not in self._allowed or origin is None:
            return ((b"vary", b"Origin"),)
        return (
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _READ),
        )

    def preflight(self, origin: bytes | None) -> Pairs:
        """What the answer to a browser's question before a request carries; nothing for an origin that may not ask."""
        if not self._every and (origin is None or origin not in self._allowed):
            return ()
        return (
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", _SENT),
            (b"access-control-max-age", _DAY),
        )
