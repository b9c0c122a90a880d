"""The response cache before the application: ready answers given again,
304 where a client has the answer already, HEAD, security headers, gzip.

Gzip is our own: Starlette's packs an answer anew each time and gives it the tag of the unpacked one.

Knows no release and no route; `stamp` says what makes an answer old.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.accept import takes_gzip
from service.bounds import ALWAYS
from service.file_names import file_name
from service.problems import MEDIA_TYPE, REQUEST_ID, SECURITY_HEADERS
from service.single_flight import SingleFlight

__all__ = ["ALIAS", "HEADERS", "IMMUTABLE", "LIVE", "PIECE", "ROUTE", "Answer", "ResponseCache"]

# How long a client or a proxy may use an answer without asking: an alias moves with the next release, a release never
# changes.
ALIAS = "public, max-age=60"
IMMUTABLE = "public, max-age=31536000, immutable"
LIVE = "no-cache"

# Where the scope holds the headers of a request that are read, each once, and the template of the route that answered
# it.
HEADERS, ROUTE = "encounters.headers", "encounters.route"
# Where an answer from the routes is put down for the response cache, which sends it.
_LEFT = "encounters.answer"
_SECURITY = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
# A single answer may fill this share of the memory for answers, so that one wide question cannot throw out all the
# others.
_LARGEST_SHARE = 8
# Answers kept at most, however small they are.
_MOST = 8192
# Bytes from which packing is left to another thread: it takes some milliseconds and lets others run meanwhile.
_LONG = 50_000
# Of zlib's levels the one beyond which figures hardly shrink any more.
_LEVEL = 6
# Bytes that are sent before others have their turn.
PIECE = 65_536
# Clients for whom a piece is made in one round of the event loop.
_TURNS = 2
# What Python needs around a kept answer and its key, in bytes (measured, and the same for every answer).
_AROUND = 600


class Digest(Protocol):
    """A hash that has read some bytes."""

    def hexdigest(self) -> str:
        """In hexadecimal digits."""


class Answer(Response):
    """A finished body with a strong ETag: its own digest, so that the same bytes have the same tag on every worker.

    `keep`: the body depends only on the address, the format asked for and the response cache's stamp, and may be given
    again.
    """

    def __init__(
        self, body: bytes, media_type: str, *, cache: str, keep: bool = False, headers: dict[str, str] | None = None
    ) -> None:
        # Set here one by one: what the base class does to find the headers out takes longer than the digest.
        self.status_code, self.media_type, self.background, self.body, self.keep = 200, media_type, None, body, keep
        # The route that it came from, and the same in gzip once somebody took it so.
        self.route = ""
        self.packed: Answer | None = None
        self.tag = self.tag_of(hashlib.sha256(body))
        self.same = _same(media_type, cache) if headers is None else _with(media_type, cache, headers)

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override]  # an attribute there
        """Names and values: two of its own, and those that answers of its kind share."""
        return [(b"etag", self.tag), (b"content-length", b"%d" % self.size), *self.same]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the answer to the response cache, which every request passes."""
        scope[_LEFT].append(self)

    @staticmethod
    def tag_of(digest: Digest) -> bytes:
        """The ETag of the bytes that a SHA-256 has read."""
        return b'"%s"' % digest.hexdigest()[:32].encode()

    @property
    def size(self) -> int:
        """Bytes of the body as it is sent."""
        return len(self.body)

    @property
    def held(self) -> int:
        """Bytes of the body in memory."""
        return len(self.body)

    def whole(self) -> bytes:
        """The body."""
        return bytes(self.body)

    def pieces(self) -> Iterator[bytes | memoryview]:
        """The body, a piece at a time."""
        body = memoryview(self.body)
        return (body[start : start + PIECE] for start in range(0, len(body), PIECE))

    def in_gzip(self) -> bytes:
        """The body in gzip."""
        return gzip.compress(self.body, compresslevel=_LEVEL, mtime=0)

    def pack(self) -> Answer:
        """The same in gzip, with a tag of its own: other bytes, so another representation (RFC 9110, section 8.8.3)."""
        packed = Answer.__new__(Answer)
        packed.__dict__.update(self.__dict__)
        packed.body, packed.tag = self.in_gzip(), _packed_tag(self.tag)
        packed.same = (*self.same, (b"content-encoding", b"gzip"))
        return packed

    async def deliver(self, send: Send, *, head: bool, known: bytes, turns: asyncio.Semaphore) -> None:
        """Send it, or 304 where the client has it. `head`: without the body; `known`: the If-None-Match header.

        `turns`: held while a piece of a long body is made, so that those of many clients do not all keep the event loop
        at once.
        """
        if known and _matches(known, self.tag):
            headers = [pair for pair in self.raw_headers if pair[0] not in (b"content-length", b"content-type")]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if not head and self.size > PIECE:
            # Into the socket goes no more than the client reads, and between two pieces others have their turn.
            pieces, left = self.pieces(), self.size
            while left:
                async with turns:
                    piece = next(pieces)
                    left -= len(piece)
                    await asyncio.sleep(0)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.body", "body": b"" if head else self.whole()})


@dataclass
class Other:
    """A response that is no answer: a problem. `identity`: the id of the request that it was made for."""

    identity: str
    messages: list[Message] = field(default_factory=list)
    error: Exception | None = None

    async def deliver(self, send: Send, *, identity: str) -> None:
        """Send it; to another request than that it was made for with that one's id.
        Raises what the application raised, once.
        """
        messages = self.messages
        if identity != self.identity and messages:
            messages = _readdressed(messages, identity)
        for message in messages:
            await send(message)
        if self.error is not None and identity == self.identity:
            raise self.error


AtOnce = Callable[[str, bytes, bytes], Answer | None]


class ResponseCache:
    """ASGI application before `app`, by which every request passes.

    `stamp()` changes when kept answers grow old. Of the answers at most `kept_bytes` and `_MOST` are kept, least
    recently used first out. `at_once(path, query, accept)` is asked before `app`: the answer, where it needs no waiting
    and has no fault, otherwise None. Bodies from `gzip_bytes` on are packed for whoever takes it, kept answers once.
    """

    def __init__(
        self, app: ASGIApp, *, stamp: Callable[[], Hashable], kept_bytes: int, at_once: AtOnce, gzip_bytes: int
    ) -> None:
        self.app, self.stamp, self.kept_bytes, self.at_once, self.gzip_bytes = (
            app,
            stamp,
            kept_bytes,
            at_once,
            gzip_bytes,
        )
        # By path, query and Accept header: on these and the stamp alone an answer depends that may be kept.
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()
        self._bytes = 0
        self._asking: SingleFlight[tuple[str, Answer | Other]] = SingleFlight()
        self._turns = asyncio.Semaphore(_TURNS)
        self._packing: SingleFlight[None] = SingleFlight()
        self._stamp: Hashable = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            scope[ROUTE], response = await self._ask(scope, receive)
            assert isinstance(response, Other)  # noqa: S101 (answers are to questions)
            await response.deliver(send, identity=scope[REQUEST_ID])
            return
        stamp, key = self._fresh(), _key(scope)
        answer = self._kept.get(key)
        if answer is not None:
            self._kept.move_to_end(key)
        else:
            path: str = scope["path"]
            answer = self.at_once(path, scope["query_string"], scope[HEADERS].get(b"accept", b""))
            if answer is not None:
                scope[ROUTE] = answer.route = path
                answer.same = (*answer.same, *file_name(path, scope["query_string"]))
            else:
                reply = await self._shared(scope, receive, (stamp, method, key))
                if isinstance(reply, Other):
                    await reply.deliver(send, identity=scope[REQUEST_ID])
                    return
                answer = reply
                answer.route = scope[ROUTE]
            if answer.keep and stamp == self._fresh():
                self._keep(key, answer)
        scope[ROUTE] = answer.route
        if self._packs(scope, answer):
            answer = await self._packed(key, answer)
        await answer.deliver(
            send, head=method == "HEAD", known=scope[HEADERS].get(b"if-none-match", b""), turns=self._turns
        )

    def has(self, scope: Scope) -> bool:
        """Whether the answer is at hand and the client has it already, so that it costs nothing."""
        known = scope[HEADERS].get(b"if-none-match")
        if known is None or scope["method"] not in ("GET", "HEAD"):
            return False
        self._fresh()
        answer = self._kept.get(_key(scope))
        if answer is None:
            return False
        return _matches(known, _packed_tag(answer.tag) if self._packs(scope, answer) else answer.tag)

    def _packs(self, scope: Scope, answer: Answer) -> bool:
        encoding = scope[HEADERS].get(b"accept-encoding")
        return encoding is not None and answer.size >= self.gzip_bytes and takes_gzip(encoding)

    def _fresh(self) -> Hashable:
        """The stamp; nothing is kept that was made under another one."""
        stamp = self.stamp()
        if stamp != self._stamp:
            self._kept.clear()
            self._bytes, self._stamp = 0, stamp
        return stamp

    async def _packed(self, key: bytes, answer: Answer) -> Answer:
        """The answer in gzip, made once for as long as it is kept."""
        if answer.packed is None:
            await self._packing.run((key, answer.tag), lambda: self._pack(key, answer))
        assert answer.packed is not None  # noqa: S101 (that is what was waited for)
        return answer.packed

    async def _pack(self, key: bytes, answer: Answer) -> None:
        packed = await run_in_threadpool(answer.pack) if answer.held >= _LONG else answer.pack()
        kept = self._kept.get(key) is answer
        if kept:
            self._bytes -= _size(key, answer)
        answer.packed = packed
        if kept:
            self._bytes += _size(key, answer)
            self._shrink()

    async def _shared(self, scope: Scope, receive: Receive, key: Hashable) -> Answer | Other:
        """The application's answer, which is worked out once for all that ask the same at the same time."""
        if scope["path"] in ALWAYS:
            route, reply = await self._ask(scope, receive)
        else:
            route, reply = await self._asking.run(key, lambda: self._ask(scope, receive))
        scope[ROUTE] = route
        return reply

    async def _ask(self, scope: Scope, receive: Receive) -> tuple[str, Answer | Other]:
        """The application's answer, or its other response, after the template of the route that it is from."""
        left: list[Answer] = []
        other = Other(scope[REQUEST_ID])

        async def relay(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_missing(message["headers"])]}
            elif scope["method"] == "HEAD" and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            other.messages.append(message)

        inner = {**scope, "method": "GET" if scope["method"] == "HEAD" else scope["method"], _LEFT: left}
        try:
            await self.app(inner, receive, relay)
        except Exception as error:
            if not other.messages:
                raise
            other.error = error
        route = _template(inner["path"], inner["route"].path) if "route" in inner else scope[ROUTE]
        for answer in left[:1]:
            answer.same = (*answer.same, *file_name(scope["path"], scope["query_string"]))
        return route, left[0] if left else other

    def _keep(self, key: bytes, answer: Answer) -> None:
        if answer.held * _LARGEST_SHARE > self.kept_bytes or key in self._kept:
            return
        self._kept[key] = answer
        self._bytes += _size(key, answer)
        self._shrink()

    def _shrink(self) -> None:
        while self._bytes > self.kept_bytes or len(self._kept) > _MOST:
            self._bytes -= _size(*self._kept.popitem(last=False))


def _template(path: str, route: str) -> str:
    """`/v1/areas/{slug}` from the path that was asked for and `/areas/{slug}`:
    a route does not know where its router was included.
    """
    return "/".join(path.split("/")[: -route.count("/")]) + route


def _missing(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The security headers that are not among some headers."""
    given = {name.lower() for name, _ in headers}
    return [pair for pair in _SECURITY if pair[0] not in given]


@lru_cache(maxsize=64)
def _same(media_type: str, cache: str) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that answers of one kind share."""
    if media_type.startswith("text/") and "charset" not in media_type:
        media_type += "; charset=utf-8"
    return (
        (b"cache-control", cache.encode()),
        (b"vary", b"Accept, Accept-Encoding"),
        (b"content-type", media_type.encode()),
        *_SECURITY,
    )


def _with(media_type: str, cache: str, headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """The same with others, which may take the place of some."""
    own = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    names = {name for name, _ in own}
    return (*(pair for pair in _same(media_type, cache) if pair[0] not in names), *own)


def _key(scope: Scope) -> bytes:
    """Path, query and Accept header.
    A path as it was sent has no `?`, and neither it nor a query a blank, so that no two are alike.
    """
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    return bytes(path + b"?" + scope["query_string"] + b" " + scope[HEADERS].get(b"accept", b""))


def _size(key: bytes, answer: Answer) -> int:
    """Bytes that a kept answer fills, with its headers and all that it is kept under, in both its codings."""
    # Of a long answer the two are the same bytes.
    packed = 0 if answer.packed is None else _AROUND + (len(answer.packed.body) if answer.body else 0)
    return answer.held + packed + len(key) + _AROUND


def _readdressed(messages: list[Message], identity: str) -> list[Message]:
    """The messages of a problem as those of the same problem for another request, whose id it names."""
    start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    headers = dict(start["headers"])
    if body and headers.get(b"content-type", b"").startswith(MEDIA_TYPE.encode()):
        body = json.dumps(json.loads(body) | {"request_id": identity}, ensure_ascii=False).encode(errors="replace")
        headers[b"content-length"] = b"%d" % len(body)
    return [{**start, "headers": list(headers.items())}, {"type": "http.response.body", "body": body}]


def _packed_tag(tag: bytes) -> bytes:
    return tag[:-1] + b'-gzip"'


def _matches(known: bytes, tag: bytes) -> bool:
    """Whether an If-None-Match names the tag (weak comparison: RFC 9110, section 13.1.2)."""
    return known.strip() == b"*" or tag in (one.strip().removeprefix(b"W/") for one in known.split(b","))
