"""The response cache before the application: ready answers given again,
304 where a client has the answer already, HEAD, security headers, gzip.

Gzip is our own: Starlette's packs an answer anew each time and gives it the tag of the unpacked one.

Knows no release and no route; `stamp` says what makes an answer old.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.accept import takes_gzip
from service.answers import LEFT, SECURITY, Answer, file_name, matches, packed_tag
from service.bounds import ALWAYS
from service.problems import MEDIA_TYPE, REQUEST_ID
from service.single_flight import SingleFlight

__all__ = ["HEADERS", "ROUTE", "ResponseCache"]

# Where the scope holds the headers of a request that are read, each once, and the template of the route that answered
# it.
HEADERS, ROUTE = "encounters.headers", "encounters.route"
# A single answer may fill this share of the memory for answers, so that one wide question cannot throw out all the
# others.
_LARGEST_SHARE = 8
# Answers kept at most, however small they are.
_MOST = 8192
# Bytes from which packing is left to another thread: it takes some milliseconds and lets others run meanwhile.
_LONG = 50_000
# Clients for whom a piece is made in one round of the event loop.
_TURNS = 2
# What Python needs around a kept answer and its key, in bytes (measured, and the same for every answer).
_AROUND = 600


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
        return matches(known, packed_tag(answer.tag) if self._packs(scope, answer) else answer.tag)

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

        inner = {**scope, "method": "GET" if scope["method"] == "HEAD" else scope["method"], LEFT: left}
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
    return [pair for pair in SECURITY if pair[0] not in given]


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
