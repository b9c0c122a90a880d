"""How many requests are worked on at once, and for how long; ready answers are not counted. Knows no route."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Bounds"]

log = logging.getLogger(__name__)

# An answer that is a problem: kind and detail.
Refuse = Callable[[Scope, str, str], ASGIApp]
# Requests beyond the bound that wait for a place, for each one that is worked on, and the seconds that each waits at
# most.
_WAITING, _PATIENCE = 4, 5.0
# Asked by whatever watches over the process, at its worst moments too.
ALWAYS = frozenset({"/livez", "/readyz"})


class Bounds:
    """ASGI application before `app`: `most` requests at once, `seconds` for each; `refuse` answers the others.

    Others wait for a place, a bounded number for a few seconds: many that come at the same moment are no reason to
    refuse any.

    A request that is given up goes on counting until its work has ended: a query cannot be called back.
    """

    def __init__(self, app: ASGIApp, *, most: int, seconds: float, refuse: Refuse) -> None:
        self.app, self.most, self.seconds, self.refuse = app, most, seconds, refuse
        self._running: set[asyncio.Future[None]] = set()
        self._places = asyncio.Semaphore(most)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self.app(scope, receive, send)
            return
        if not await self._place():
            detail = f"{self.most} requests are being worked on, as many as this process takes at once."
            await self.refuse(scope, "too-busy", detail)(scope, receive, send)
            return
        given_up = started = False

        async def passing(message: Message) -> None:
            nonlocal started
            if not given_up:
                started = True
                await send(message)

        task = asyncio.ensure_future(self.app(scope, receive, passing))
        self._running.add(task)
        task.add_done_callback(self._ended)
        try:
            done, _ = await asyncio.wait({task}, timeout=self.seconds)
            if done or started:  # an answer that is on its way is short, and whole
                await task
                return
        except asyncio.CancelledError:
            task.cancel()
            raise
        given_up = True
        await self.refuse(scope, "too-slow", f"The answer took longer than {self.seconds:g} seconds.")(
            scope, receive, send
        )

    async def _place(self) -> bool:
        """Wait for a place; whether there is one."""
        if not self._places.locked():
            return await self._places.acquire()
        if self._waiting >= _WAITING * self.most:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(min(_PATIENCE, self.seconds)):
                return await self._places.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    def _ended(self, task: asyncio.Future[None]) -> None:
        self._running.discard(task)
        self._places.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("A request ended with %r", error)
