"""Admission of heavy answers: a few are worked on, a few wait for a while, others are refused. Knows no route."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from forecast.core import memory
from forecast.core.errors import EncountersError

__all__ = ["MANY_COUNTED", "Heavy", "TooBusy"]

T = TypeVar("T")

# Areas beyond which reading counts is heavy.
MANY_COUNTED = 20


class TooBusy(EncountersError):
    """Heavy work that is not taken on now."""


class Heavy:
    """Runs heavy work in threads of its own. `most` works at a time, `queue` more wait for at most `seconds`."""

    def __init__(self, *, most: int, queue: int, seconds: float) -> None:
        self.most, self.queue, self.seconds = most, queue, seconds
        self.refused = 0
        self.waiting = 0
        self._slots = anyio.Semaphore(most)
        self._threads = anyio.CapacityLimiter(most)

    @property
    def running(self) -> int:
        """Works under way."""
        return int(self._threads.borrowed_tokens)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` gives, called in another thread. Raises TooBusy where too many wait, or no turn came in time."""
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            await self._turn()
        try:
            return await anyio.to_thread.run_sync(self._work, work, limiter=self._threads)
        finally:
            self._slots.release()

    async def _turn(self) -> None:
        """Wait for a slot."""
        if self.waiting >= self.queue:
            raise self._busy(f"{self.waiting} more are waiting for their turn")
        self.waiting += 1
        try:
            with anyio.fail_after(self.seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise self._busy(f"no turn came within {self.seconds:g} seconds") from None
        finally:
            self.waiting -= 1

    def _work(self, work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            memory.give_back()

    def _busy(self, why: str) -> TooBusy:
        self.refused += 1
        return TooBusy(f"Long answers are written {self.most} at a time, and {why}. Short ones are answered as ever.")
