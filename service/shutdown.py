"""A stop in two steps: not ready and still answering, then the server's own end, which waits for requests."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

__all__ = ["Shutdown"]


@dataclass
class Shutdown:
    """`begun`: the process was asked to stop; `/readyz` says so, and connections are closed after their next answer."""

    seconds: float
    begun: bool = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within this, SIGTERM is kept from the server for `seconds`, in which routers can turn away from it.

        To be entered on the event loop. Does nothing outside of the main thread, which alone may listen to signals, or
        for 0 seconds.
        """
        if not self.seconds or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = signal.getsignal(signal.SIGTERM)

        def end(number: int, frame: FrameType | None) -> None:
            if callable(before):
                before(number, frame)

        def stop(number: int, frame: FrameType | None) -> None:
            if self.begun:  # asked twice: whoever stops the process will not wait
                end(number, frame)
                return
            self.begun = True
            loop.call_soon_threadsafe(loop.call_later, self.seconds, end, number, frame)

        signal.signal(signal.SIGTERM, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
