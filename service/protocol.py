"""The server's side of a connection, with bounds: how many, how long a head is and may take. Answers no request.

Uvicorn's own protocol reads a head of any length for as long as it takes. `encounters serve` uses this one; with
uvicorn itself:
`uvicorn --factory service.app:create --http service.protocol:Bounded --ws none`.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from functools import cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service import access, problems
from service.bounds import ALWAYS
from service.connections import REFUSED, Connections
from service.identity import request_id
from service.settings import ServiceSettings, words

__all__ = ["Bounded"]


# Connections beyond the limits that probes may use, and the seconds that each may take for its head.
_RESERVE, _PROBE_SECONDS = 16, 2.0
_PROBES = frozenset(path.encode() for path in ALWAYS)


@cache
def _settings() -> ServiceSettings:
    return ServiceSettings()


@cache
def _connections() -> Connections:
    limits = _settings()
    return Connections(
        most=limits.connections, each=limits.address_connections, reserve=_RESERVE, proxies=words(limits.proxies)
    )


class Bounded(HttpToolsProtocol):
    """One connection. A client that breaks a bound is answered once, with a problem, and the connection ends."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as the base class has it
        """Take a connection; where there are too many, for a probe alone."""
        super().connection_made(transport)
        self.bounds = _settings()
        # Since when a head is awaited, None while none is; whether it began with the bytes at hand, and how many of it
        # came after those.
        self.awaited: float | None = self.loop.time()
        self.begun, self.unread = False, 0
        # Whether what comes belongs to a body.
        self.inside = False
        self.stuck = False
        # What the connection ends with: at once, or after the answers that are on their way.
        self.last_word: tuple[str, str] | None = None
        self.host = self.client[0] if self.client else ""
        self.admitted = _connections().admit(self.host, self)
        self.seconds = (
            self.bounds.head_seconds if self.admitted == "open" else min(_PROBE_SECONDS, self.bounds.head_seconds)
        )
        self.watch: TimerHandle = self.loop.call_later(self.seconds, self.look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.watch.cancel()
        _connections().leave(self.host, self, self.admitted)
        super().connection_lost(exc)

    def give_way(self) -> None:
        """End, where there are too many connections and another one may be a probe."""
        self.refuse("too-busy", _connections().why(self.host))

    def look(self) -> None:
        """End the connection where a head takes too long, or where the client has not read for two looks."""
        if self.flow.write_paused and self.stuck:
            self.transport.abort()
            return
        self.stuck = self.flow.write_paused
        # Timers may come a little early.
        if (
            self.last_word is None
            and self.awaited is not None
            and self.loop.time() - self.awaited >= 0.999 * self.seconds
        ):
            if self.admitted == "probe":
                self.give_way()
            else:
                self.refuse("head-too-slow", f"The request's head did not arrive within {self.seconds:g} seconds.")
        if not self.transport.is_closing():
            self.watch = self.loop.call_later(self.seconds, self.look)

    def on_message_begin(self) -> None:
        """A request begins."""
        self.awaited, self.begun, self.unread = self.loop.time(), True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        if self.last_word is not None:
            return
        self.awaited, self.inside = None, True
        if not self.url.startswith(b"/") and b"://" in self.url and not self.read_absolute_form():
            return
        if self.admitted == "probe" and self.url.partition(b"?")[0] not in _PROBES:
            self.refuse("too-busy", _connections().why(self.host))
            return
        super().on_headers_complete()
        if self.admitted == "probe":
            self.cycle.keep_alive = False

    def read_absolute_form(self) -> bool:
        """Take the host from `GET http://host/path`; the Host header counts for nothing (RFC 9112, section 3.2.2)."""
        scheme, _, rest = self.url.partition(b"://")
        host = rest[: min((place for sign in b"/?#" if (place := rest.find(sign)) >= 0), default=len(rest))]
        if scheme.lower() not in (b"http", b"https") or not host or b"@" in host:
            self.refuse("malformed-request", "The request's target is no address of this service. Send the path alone.")
            return False
        self.headers[:] = [(name, value) for name, value in self.headers if name != b"host"] + [(b"host", host)]
        path = rest[len(host) :]
        self.url = path if path.startswith(b"/") else b"/" + path
        return True

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        if self.last_word is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self.inside = False
        if self.last_word is None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next head, no longer than for the first: one stray byte ends uvicorn's own waiting for ever."""
        super().on_response_complete()
        if self.cycle is None or not self.cycle.response_complete or self.pipeline:
            return
        if self.last_word is not None and not self.transport.is_closing():
            self.say(*self.last_word)
        elif self.awaited is None:
            self.awaited, self.unread = self.loop.time(), 0

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has become too long."""
        if self.last_word is not None:
            return
        self.begun = False
        super().data_received(data)
        if (
            self.awaited is not None and not self.begun and not self.inside
        ):  # what came before a head in the same bytes is not of it
            self.unread += len(data)
            if self.unread > self.bounds.url_bytes + self.bounds.header_bytes and not self.transport.is_closing():
                kind = "headers-too-long" if self.headers else "address-too-long"
                self.refuse(kind, f"The request's head has not ended after {self.unread} bytes and more.")

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP at all is answered as every other error is."""
        long = len(getattr(self, "url", b""))
        if long > self.bounds.url_bytes:  # the parser gives up on an address of more than 65,535 bytes
            self.refuse("address-too-long", f"The address has {long} bytes; {self.bounds.url_bytes} are read.")
            return
        self.refuse("malformed-request", "This is not a request that HTTP/1.1 knows.")

    def refuse(self, kind: str, detail: str) -> None:
        """End the connection with a problem, after the answers to the requests that came before."""
        if self.last_word is not None:
            return
        self.last_word = (kind, detail)
        if self.cycle is None or (self.cycle.response_complete and not self.pipeline):
            self.say(kind, detail)

    def say(self, kind: str, detail: str) -> None:
        """Send the problem, count and log it, and close."""
        identity = request_id(None)
        answer = problems.refusal({problems.REQUEST_ID: identity}, kind, detail)
        lines: list[Any] = [STATUS_LINE[answer.status_code]]
        own = [(b"x-request-id", identity.encode()), (b"connection", b"close")]
        for name, value in [*self.server_state.default_headers, *answer.raw_headers, *own]:
            lines += [name, b": ", value, b"\r\n"]
        self.transport.write(b"".join([*lines, b"\r\n", answer.body]))
        self.transport.close()
        REFUSED[kind] += 1
        if self.bounds.access_log:
            access.refusal(self.host, kind, identity=identity, status=answer.status_code, sent=len(answer.body))
