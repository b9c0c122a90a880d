"""Reads the bodies of requests within bounds: how long one is, how long it may take, how many are waited for at once.

A body that comes slowly keeps a place among the requests that are worked on: of those a share at most. Knows no route.
"""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from service.problems import Problem

__all__ = ["Bodies"]


class Bodies:
    """`longest`: bytes of one; `seconds`: that one may take; `most`: that are waited for at once."""

    def __init__(self, *, longest: int, seconds: float, most: int) -> None:
        self.longest, self.seconds, self.most = longest, seconds, most
        self.waiting = 0

    async def read(self, request: Request) -> bytes:
        """The whole body. Raises Problem where it is too long or too slow, or where too many are waited for."""
        if self.waiting >= self.most:
            raise Problem("too-busy", f"{self.waiting} bodies are waited for, as many as this process does at once.")
        content = bytearray()
        self.waiting += 1
        try:
            async with asyncio.timeout(self.seconds):
                async for piece in request.stream():  # a body in pieces says nothing of its length before
                    content += piece
                    if len(content) > self.longest:
                        raise Problem(
                            "body-too-long", f"The body has more than {self.longest} bytes.", limit=self.longest
                        )
        except TimeoutError:
            raise Problem("head-too-slow", f"The body did not arrive within {self.seconds:g} seconds.") from None
        except ClientDisconnect:
            raise Problem("malformed-request", "The connection ended within the body.") from None
        finally:
            self.waiting -= 1
        return bytes(content)
