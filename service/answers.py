"""What a route answers with: a finished body, its tag and headers, and the same in gzip. Knows no cache, no route."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service import query
from service.problems import SECURITY_HEADERS

__all__ = ["ALIAS", "IMMUTABLE", "LEFT", "LIVE", "PIECE", "SECURITY", "Answer", "file_name", "matches", "packed_tag"]

# How long a client or a proxy may use an answer without asking: an alias moves with the next release, a release never
# changes.
ALIAS = "public, max-age=60"
IMMUTABLE = "public, max-age=31536000, immutable"
LIVE = "no-cache"

# Where an answer from the routes is put down for the response cache, which sends it.
LEFT = "encounters.answer"
SECURITY = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
# Endings of addresses that are saved as files.
_FILES = frozenset({"csv", "parquet"})
# Of zlib's levels the one beyond which figures hardly shrink any more.
_LEVEL = 6
# Bytes that are sent before others have their turn.
PIECE = 65_536


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
        self.tag = self.tag_of(hashlib.sha256(body).hexdigest())
        self.same = _same(media_type, cache) if headers is None else _with(media_type, cache, headers)

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override]  # an attribute there
        """Names and values: two of its own, and those that answers of its kind share."""
        return [(b"etag", self.tag), (b"content-length", b"%d" % self.size), *self.same]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the answer to the response cache, which every request passes."""
        scope[LEFT].append(self)

    @staticmethod
    def tag_of(digest: str) -> bytes:
        """The ETag of bytes with this SHA-256."""
        return b'"%s"' % digest[:32].encode()

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
        packed.body, packed.tag = self.in_gzip(), packed_tag(self.tag)
        packed.same = (*self.same, (b"content-encoding", b"gzip"))
        return packed

    async def deliver(self, send: Send, *, head: bool, known: bytes, turns: asyncio.Semaphore) -> None:
        """Send it, or 304 where the client has it. `head`: without the body; `known`: the If-None-Match header.

        `turns`: held while a piece of a long body is made, so that those of many clients do not all keep the event loop
        at once.
        """
        if known and matches(known, self.tag):
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


@lru_cache(maxsize=64)
def _same(media_type: str, cache: str) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that answers of one kind share."""
    if media_type.startswith("text/") and "charset" not in media_type:
        media_type += "; charset=utf-8"
    return (
        (b"cache-control", cache.encode()),
        (b"vary", b"Accept, Accept-Encoding"),
        (b"content-type", media_type.encode()),
        *SECURITY,
    )


def _with(media_type: str, cache: str, headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """The same with others, which may take the place of some."""
    own = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    names = {name for name, _ in own}
    return (*(pair for pair in _same(media_type, cache) if pair[0] not in names), *own)


def packed_tag(tag: bytes) -> bytes:
    """The tag of the same in gzip."""
    return tag[:-1] + b'-gzip"'


def matches(known: bytes, tag: bytes) -> bool:
    """Whether an If-None-Match names the tag (weak comparison: RFC 9110, section 13.1.2)."""
    return known.strip() == b"*" or tag in (one.strip().removeprefix(b"W/") for one in known.split(b","))


def file_name(path: str, query_string: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The name of a table's file: address, model, area, in letters and digits; a hub calls its forecasts so."""
    name, _, suffix = path.removeprefix("/v1/").rpartition(".")
    if suffix not in _FILES:
        return ()
    asked = dict(query.pairs(query_string))
    words = re.findall("[a-z0-9.]+", f"{name} {asked.get('model', '')[:60]} {asked.get('area', '')[:60]}".lower())
    return ((b"content-disposition", f'attachment; filename="{"-".join(words)}.{suffix}"'.encode()),)
