"""Long answers, which are never whole in memory: packed as they are written, unpacked as they are sent."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator

from starlette.concurrency import run_in_threadpool

from service.answers import PIECE, Answer
from service.heavy import Heavy

__all__ = ["PackedAnswer", "in_pieces"]

# As gzip (RFC 1952), at the level at which figures hardly shrink any more on the next.
_GZIP, _LEVEL = 16 + zlib.MAX_WBITS, 6


class PackedAnswer(Answer):
    """An answer of the same bytes, headers and tag as `Answer` of the joined pieces, which holds them in gzip alone."""

    def __init__(self, pieces: Iterable[bytes], media_type: str, *, cache: str, keep: bool = False) -> None:
        packer, digest = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP), hashlib.sha256()
        packed, self.length = bytearray(), 0
        for piece in pieces:
            digest.update(piece)
            packed += packer.compress(piece)
            self.length += len(piece)
        packed += packer.flush()
        super().__init__(b"", media_type, cache=cache, keep=keep)
        self.gzip = bytes(packed)
        self.tag = self.tag_of(digest.hexdigest())

    @property
    def size(self) -> int:
        """Bytes of the body as it is sent unpacked."""
        return self.length

    @property
    def held(self) -> int:
        """Bytes of the body in memory."""
        return len(self.gzip)

    def whole(self) -> bytes:
        """The body."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """The body, a piece at a time."""
        unpacker = zlib.decompressobj(_GZIP)
        left = self.gzip
        while not unpacker.eof:
            yield unpacker.decompress(left, PIECE)
            left = unpacker.unconsumed_tail

    def in_gzip(self) -> bytes:
        """The body in gzip, which is at hand."""
        return self.gzip


async def in_pieces(
    turns: Heavy, pieces: Callable[[], Iterable[bytes]], media_type: str, *, heavy: bool, cache: str, keep: bool
) -> Answer:
    """The answer that some pieces make, written in another thread; a `heavy` one in its turn. Raises TooBusy."""
    if heavy:
        return await turns.run(lambda: PackedAnswer(pieces(), media_type, cache=cache, keep=keep))
    return await run_in_threadpool(lambda: Answer(b"".join(pieces()), media_type, cache=cache, keep=keep))
