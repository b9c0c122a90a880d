"""The front of the application: ready answers given again, 304 where a client has the answer already, HEAD, security headers.

Knows no release and no route; what makes an answer old is told by `stamp`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import SECURITY_HEADERS

__all__ = ["ALIAS", "IMMUTABLE", "LIVE", "Answer", "Front"]

# How long a client or a proxy may use an answer without asking: an alias moves with the next release, a release never changes.
ALIAS = "public, max-age=60"
IMMUTABLE = "public, max-age=31536000, immutable"
LIVE = "no-cache"

_KEEP = "encounters.keep"
_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
# A single answer may fill this share of the memory for answers, so that one wide question cannot throw out all the others.
_LARGEST_SHARE = 8


class Answer(Response):
    """A finished body with a strong ETag: its own digest, so that the same bytes have the same tag on every worker.

    `keep`: the body depends only on the address, the format asked for and the front's stamp, and may be given again.
    """

    def __init__(self, body: bytes, media_type: str, *, cache: str, keep: bool = False, headers: dict[str, str] | None = None) -> None:
        tag = hashlib.blake2b(body, digest_size=16).hexdigest()
        super().__init__(body, 200, {"ETag": f'"{tag}"', "Cache-Control": cache, "Vary": "Accept", **(headers or {})}, media_type)
        self.keep = keep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; tells the front whether it may keep it."""
        scope.get(_KEEP, []).append(self.keep)
        await super().__call__(scope, receive, send)


@dataclass(slots=True)
class _Ready:
    """An answer as it goes over the wire. `tag`: its ETag, empty where it has none."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    tag: bytes

    async def send(self, send: Send, *, head: bool, known: bytes) -> None:
        if self.tag and known and _matches(known, self.tag):
            headers = [pair for pair in self.headers if pair[0] not in (b"content-length", b"content-type")]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"" if head else self.body})


class Front:
    """ASGI middleware. `stamp()` changes when kept answers grow old; `kept_bytes` bounds them, least recently used first out."""

    def __init__(self, app: ASGIApp, *, stamp: Callable[[], Hashable], kept_bytes: int) -> None:
        self.app, self.stamp, self.kept_bytes = app, stamp, kept_bytes
        self._kept: OrderedDict[Hashable, _Ready] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        accept = known = b""
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = accept + b"," + value if accept else value
            elif name == b"if-none-match":
                known = known + b"," + value if known else value
        reads = method in ("GET", "HEAD")
        key = (self.stamp(), scope["path"], scope["query_string"], accept)
        ready = self._kept.get(key) if reads else None
        if ready is None:
            inner = {**scope, "method": "GET" if reads else method, _KEEP: []}
            ready = await self._ask(inner, receive)
            if reads and ready.status == 200 and inner[_KEEP] == [True]:
                self._keep(key, ready)
        else:
            self._kept.move_to_end(key)
        await ready.send(send, head=method == "HEAD", known=known if reads else b"")

    async def _ask(self, scope: Scope, receive: Receive) -> _Ready:
        """The application's answer, whole: no route streams."""
        ready = _Ready(500, [], b"", b"")
        pieces: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                ready.status = message["status"]
                ready.headers = [(bytes(name).lower(), bytes(value)) for name, value in message["headers"]]
            elif message["type"] == "http.response.body":
                pieces.append(message.get("body", b""))

        await self.app(scope, receive, collect)
        ready.body = b"".join(pieces)
        given = dict(ready.headers)
        ready.tag = given.get(b"etag", b"") if ready.status == 200 else b""
        ready.headers += [pair for pair in _SECURITY if pair[0] not in given]
        return ready

    def _keep(self, key: Hashable, ready: _Ready) -> None:
        size = len(ready.body)
        if size * _LARGEST_SHARE > self.kept_bytes or key in self._kept:
            return
        self._kept[key] = ready
        self._bytes += size
        while self._bytes > self.kept_bytes:
            self._bytes -= len(self._kept.popitem(last=False)[1].body)


def _matches(known: bytes, tag: bytes) -> bool:
    """Whether an If-None-Match names the tag (weak comparison: RFC 9110, section 13.1.2)."""
    return known.strip() == b"*" or tag in (one.strip().removeprefix(b"W/") for one in known.split(b","))
