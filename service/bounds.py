"""How many requests are worked on at once, and for how long. Stands behind the ready answers, which need no work. Knows no route."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Bounds"]

log = logging.getLogger(__name__)

# An answer that is a problem: kind and detail.
Refuse = Callable[[Scope, str, str], ASGIApp]
# Asked by whatever watches over the process, at its worst moments too.
ALWAYS = frozenset({"/livez", "/readyz"})


class Bounds:
    """ASGI application before `app`. `most`: requests at once; `seconds`: for each; `refuse` makes the answer to one that is not served.

    A request that is given up goes on counting until its work has ended: a query cannot be called back.
    """

    def __init__(self, app: ASGIApp, *, most: int, seconds: float, refuse: Refuse) -> None:
        self.app, self.most, self.seconds, self.refuse = app, most, seconds, refuse
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self.app(scope, receive, send)
            return
        if len(self._running) >= self.most:
            detail = f"{self.most} requests are being worked on, as many as this process takes at once."
            await self.refuse(scope, "too-busy", detail)(scope, receive, send)
            return
        given_up = started = False

        async def passing(message: Message) -> None:
            nonlocal started
            if not given_up:
                started = True
                await send(message)

        task = asyncio.create_task(_run(self.app(scope, receive, passing)))
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
        await self.refuse(scope, "too-slow", f"The answer took longer than {self.seconds:g} seconds.")(scope, receive, send)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("A request ended with %r", error)


async def _run(work: Awaitable[None]) -> None:
    await work
