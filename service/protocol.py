"""The server's side of a connection, with bounds: how many there are, how long a request's head is and may take. Reads no request.

Uvicorn's own protocol reads a head of any length for as long as it takes. `encounters serve` uses this one; with uvicorn itself:
`uvicorn --factory service.app:create --http service.protocol:Bounded --ws none`.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from functools import cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service import problems
from service.identity import request_id
from service.settings import Settings

__all__ = ["Bounded"]


@cache
def _settings() -> Settings:
    return Settings()


class Bounded(HttpToolsProtocol):
    """One connection. A client that breaks a bound is told once, as a problem, and the connection ends."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as the base class has it
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        self.bounds = _settings()
        # Since when a head is awaited, None while none is; whether it began with the bytes at hand, and how many of it came after those.
        self.awaited: float | None = self.loop.time()
        self.begun, self.unread = False, 0
        # Whether what comes belongs to a body.
        self.inside = False
        self.stuck = False
        self.watch: TimerHandle | None = None
        if len(self.connections) > self.bounds.connections:
            self.refuse("too-busy", f"{self.bounds.connections} connections are open, as many as this process takes.")
            return
        self.watch = self.loop.call_later(self.bounds.head_seconds, self.look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self.watch is not None:
            self.watch.cancel()
        super().connection_lost(exc)

    def look(self) -> None:
        """End the connection where a head takes too long, or where the client has not read for two looks."""
        seconds = self.bounds.head_seconds
        if self.flow.write_paused and self.stuck:
            self.transport.abort()
            return
        self.stuck = self.flow.write_paused
        # Timers may come a little early.
        if self.awaited is not None and self.loop.time() - self.awaited >= 0.999 * seconds:
            self.refuse("head-too-slow", f"The request's head did not arrive within {seconds:g} seconds.")
            return
        self.watch = self.loop.call_later(seconds, self.look)

    def on_message_begin(self) -> None:
        """A request begins."""
        self.awaited, self.begun, self.unread = self.loop.time(), True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self.awaited, self.inside = None, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is whole."""
        self.inside = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next head, and no longer than for the first: one stray byte ends uvicorn's own waiting for ever."""
        super().on_response_complete()
        if self.awaited is None and self.cycle is not None and self.cycle.response_complete and not self.pipeline:
            self.awaited, self.unread = self.loop.time(), 0

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has become too long."""
        self.begun = False
        super().data_received(data)
        if self.awaited is not None and not self.begun and not self.inside:  # what came before a head in the same bytes is not of it
            self.unread += len(data)
            if self.unread > self.bounds.url_bytes + self.bounds.header_bytes and not self.transport.is_closing():
                kind = "headers-too-long" if self.headers else "address-too-long"
                self.refuse(kind, f"The request's head has not ended after {self.unread} bytes and more.")

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP at all is told so as every other error is."""
        long = len(getattr(self, "url", b""))
        if long > self.bounds.url_bytes:  # the parser gives up on an address of more than 65,535 bytes
            self.refuse("address-too-long", f"The address has {long} bytes; {self.bounds.url_bytes} are read.")
            return
        self.refuse("malformed-request", "This is not a request that HTTP/1.1 knows.")

    def refuse(self, kind: str, detail: str) -> None:
        """Send a problem and end the connection. Nothing is sent into the midst of an answer."""
        if self.cycle is None or self.cycle.response_complete:
            identity = request_id(None)
            answer = problems.response(kind, detail, path="", identity=identity)
            lines: list[Any] = [STATUS_LINE[answer.status_code]]
            own = [(b"x-request-id", identity.encode()), (b"connection", b"close")]
            for name, value in [*self.server_state.default_headers, *answer.raw_headers, *own]:
                lines += [name, b": ", value, b"\r\n"]
            self.transport.write(b"".join([*lines, b"\r\n", answer.body]))
        self.transport.close()
