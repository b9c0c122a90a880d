"""Reads the bodies of requests within bounds: how long one is, how long it may take, how many are waited for at once.

A body that comes slowly keeps a place among the requests that are worked on: of those a share at most. Knows no route.
"""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from forecast.core.errors import EncountersError

__all__ = ["Bodies", "BodyRefused"]


class BodyRefused(EncountersError):
    """A body that is not read to its end. `kind`: of the problem that says so."""

    def __init__(self, kind: str, message: str, **more: int) -> None:
        super().__init__(message)
        self.kind, self.more = kind, more


class Bodies:
    """`longest`: bytes of one; `seconds`: that one may take; `most`: that are waited for at once."""

    def __init__(self, *, longest: int, seconds: float, most: int) -> None:
        self.longest, self.seconds, self.most = longest, seconds, most
        self.waiting = 0

    async def read(self, request: Request) -> bytes:
        """The whole body. Raises BodyRefused where it is too long or too slow, or where too many are waited for."""
        if self.waiting >= self.most:
            raise BodyRefused(
                "too-busy", f"{self.waiting} bodies are waited for, as many as this process does at once."
            )
        content = bytearray()
        self.waiting += 1
        try:
            async with asyncio.timeout(self.seconds):
                async for piece in request.stream():  # a body in pieces says nothing of its length before
                    content += piece
                    if len(content) > self.longest:
                        raise BodyRefused(
                            "body-too-long", f"The body has more than {self.longest} bytes.", limit=self.longest
                        )
        except TimeoutError:
            raise BodyRefused("head-too-slow", f"The body did not arrive within {self.seconds:g} seconds.") from None
        except ClientDisconnect:
            raise BodyRefused("malformed-request", "The connection ended within the body.") from None
        finally:
            self.waiting -= 1
        return bytes(content)
