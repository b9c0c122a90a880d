"""Before everything else: each request gets an id, is held to the limits, counted and logged.
Knows no release, no answer and no route.

Hosts and bodies are judged here: Starlette's own middleware refuses hosts in a text that is no problem document, and
bodies only while the application reads them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import access, problems
from service.bounds import ALWAYS
from service.cors import Cors
from service.identity import address_of, holder, key_of, request_id
from service.metrics import Metrics
from service.problems import REQUEST_ID, Problem
from service.rates import Rates
from service.response_cache import HEADERS, ROUTE, ResponseCache
from service.settings import ServiceSettings, words
from service.shutdown import Shutdown

__all__ = ["Admission", "install"]

# Without a key even where keys are required: what watches over the process, and what says how to get in.
# Below the last lie scripts and the stylesheet, which the documentation needs too.
_OPEN, _OPEN_BELOW = ALWAYS | {"/docs", "/openapi.json"}, "/static/"
# Pages for browsers, which ask for a key by themselves where they are challenged so; and what lies below.
_PAGES, _PAGES_BELOW = frozenset({"/", "/areas", "/models"}), ("/areas/", "/charts/")
# Where a body is the question, the route refuses another method than POST, with or without a body; and where GET has an
# answer too, a GET with a body is answered that POST takes it.
_ASKED_BY_BODY, _ASKED_BOTH_WAYS = frozenset({"/v1/capacity", "/v1/capacity.csv"}), "/v1/scenarios"
_BASIC = 'Basic realm="The key is the password; the user name may be anything", charset="UTF-8"'
_READ = frozenset(
    b"accept accept-encoding access-control-request-method authorization content-length host if-none-match origin "
    b"transfer-encoding"
    b" x-api-key x-request-id".split()
)
# A name, an IPv4 or an IPv6 address, and a port: RFC 9110, section 7.2.
_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_LOCAL = frozenset({"", "127.0.0.1", "::1"})
# Two years, as browsers ask for; only said where the connection is safe already.
_ONLY_HTTPS = ((b"strict-transport-security", b"max-age=63072000"),)
_CLOSE = ((b"connection", b"close"),)
# Hosts that were looked at, held so that the next request from there need not be.
_MOST_HOSTS = 256


class Admission:
    """ASGI application before the response cache.
    `settings`: what a request may be, and how many a client may send; `keys` gives the keys in force, digest -> name;
    None while they are not known.
    """

    def __init__(
        self,
        cache: ResponseCache,
        *,
        settings: ServiceSettings,
        rates: Rates,
        cors: Cors,
        keys: Callable[[], Mapping[str, str] | None],
        metrics: Metrics,
        shutdown: Shutdown,
    ) -> None:
        self.app, self.settings, self.rates, self.cors, self.keys = cache, settings, rates, cors, keys
        self.metrics, self.shutdown, self.local_rate = metrics, shutdown, settings.local_rate
        self._named = words(settings.hosts.lower())
        self._any_host = "*" in self._named
        self._hosts: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin, size = perf_counter(), 0
        headers: dict[bytes, bytes] = {}
        for header, value in scope["headers"]:
            size += len(header) + len(value) + 4
            if header in _READ:
                headers[header] = headers[header] + b"," + value if header in headers else value
        identity = scope[REQUEST_ID] = request_id(headers.get(b"x-request-id"))
        scope[HEADERS], scope[ROUTE] = headers, "none"
        always = ((b"x-request-id", identity.encode()), *self.cors.headers(headers.get(b"origin")))
        if scope.get("scheme") == "https":
            always += _ONLY_HTTPS
        if self.shutdown.begun:
            always += _CLOSE
        status = sent = 0
        name: str | None = None
        private = self.settings.keys == "required" and not _is_open(scope)

        async def sending(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = _private(message["headers"]) if private else message["headers"]
                message = {"type": "http.response.start", "status": status, "headers": [*headers, *always]}
            else:
                sent += len(message.get("body", b""))
            await send(message)

        # A browser asks before it sends a key, and without one.
        preflight = (
            scope["method"] == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers
        )
        try:
            self._admit(scope, headers, size)
            name = None if preflight else self._key(scope, headers)
            client, limit = self._client(scope, name)
            # What the client has already costs nothing, and is not counted.
            free = limit == 0 or self.app.has(scope)
            if not free and (wait := self.rates.wait(client, limit)):
                detail = f"{limit} requests per minute are answered here; the next one in {wait} seconds."
                raise Problem("too-many-requests", detail, {"Retry-After": str(wait)}, limit=limit, retry_after=wait)
            if preflight:
                await self._allow(scope, headers[b"origin"], sending)
            else:
                await self.app(scope, receive, sending)
            # What had to be made to be known as the client's is given back only where it is at hand from now on, and
            # the client had it.
            if (
                status == 304
                and not free
                and headers.get(b"if-none-match", b"*").strip() != b"*"
                and self.app.has(scope)
            ):
                self.rates.give_back(client)
        except Problem as refusal:
            await self._refuse(scope, refusal, receive, sending)
        except Exception:
            if not status:
                await self._refuse(
                    scope, Problem("internal", "An unexpected error ended this request."), receive, sending
                )
            raise
        finally:
            seconds = perf_counter() - begin
            self.metrics.observe(scope[ROUTE], status, seconds)
            if self.settings.access_log:
                access.record(scope, identity=identity, status=status, sent=sent, seconds=seconds, key=name)

    async def _allow(self, scope: Scope, origin: bytes, send: Send) -> None:
        scope[ROUTE] = "preflight"
        headers = [(b"cache-control", b"no-store"), *self.cors.preflight(origin)]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _refuse(self, scope: Scope, refusal: Problem, receive: Receive, send: Send) -> None:
        scope[ROUTE] = "refused"
        answer = problems.refusal(scope, refusal.kind, refusal.detail, refusal.extra, headers=refusal.headers)
        if scope["method"] == "HEAD":
            answer.body = b""
        await answer(scope, receive, send)

    def _admit(self, scope: Scope, headers: Mapping[bytes, bytes], size: int) -> None:
        """Raises Problem for a request that is too long, or is none that HTTP knows."""
        limits = self.settings
        long = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
        if long > limits.url_bytes:
            detail = f"The path and the query have {long} bytes together; {limits.url_bytes} are read."
            raise Problem("address-too-long", detail, limit=limits.url_bytes)
        if size > limits.header_bytes:
            detail = f"The headers have {size} bytes together; {limits.header_bytes} are read."
            raise Problem("headers-too-long", detail, limit=limits.header_bytes)
        if scope["path"].endswith(
            "\n"
        ):  # a route takes a line's end behind its own path for nothing, and no format for it
            raise Problem("not-found", "The path ends with the end of a line, and no path here does.")
        host = headers.get(b"host")
        if host not in self._hosts:
            self._look_at_host(host, scope)
        if b"content-length" in headers or b"transfer-encoding" in headers:
            self._look_at_body(scope, headers)

    def _look_at_host(self, host: bytes | None, scope: Scope) -> None:
        if host is None:
            if scope.get("http_version") == "1.1":
                raise Problem("malformed-request", "HTTP/1.1 asks for one Host header, and there is none.")
            if self._any_host:
                return
            raise Problem("unknown-host", "The request names no host.")
        if not _HOST.fullmatch(host):
            raise Problem("malformed-request", f"{host[:100].decode('latin-1')!r} is no host name.")
        name = host.decode().lower()
        name = name if name.endswith("]") else re.sub(":[0-9]+$", "", name)
        if not self._any_host and name not in self._named:
            raise Problem("unknown-host", f"{name[:100]!r} is not served here.")
        if len(self._hosts) < _MOST_HOSTS:
            self._hosts.add(host)

    def _look_at_body(self, scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        """Whoever sends a body is not asked to go on with it: the connection ends with the refusal."""
        method = scope["method"]
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            raise Problem("malformed-request", "Content-Length is no number.", {"Connection": "close"})
        if (
            len(length) > 15 or int(length) > self.settings.body_bytes
        ):  # Python refuses to read a number of thousands of digits
            detail = f"The body has {length[:15].decode()} bytes; {self.settings.body_bytes} are read."
            raise Problem("body-too-long", detail, {"Connection": "close"}, limit=self.settings.body_bytes)
        if (
            method in ("GET", "HEAD")
            and scope["path"] not in _ASKED_BY_BODY
            and (int(length) or b"transfer-encoding" in headers)
        ):
            how = "Send the question by POST" if scope["path"] == _ASKED_BOTH_WAYS else "Ask in the address"
            raise Problem("malformed-request", f"A {method} has no body here. {how}.", {"Connection": "close"})

    def _key(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str | None:
        """The name of the key that came with a request.
        Raises Problem where it is none, or none came and one is needed.
        """
        if self.settings.keys == "off":
            return None
        key = key_of(headers.get(b"authorization"), headers.get(b"x-api-key"))
        if key is None and (self.settings.keys == "optional" or _is_open(scope)):
            return None
        if key is None:
            raise self._no_key(scope, "This service answers only with a key, sent as a header.")
        in_force = self.keys()
        if in_force is None:
            raise Problem("store-unreachable", "The keys have not been read yet.")
        name = holder(in_force, key)
        if name is None and not _is_open(scope):
            raise self._no_key(
                scope, "The key that came with this request is unknown, or was revoked.", ' error="invalid_token"'
            )
        return name

    def _no_key(self, scope: Scope, detail: str, error: str = "") -> Problem:
        """The refusal of a request without a key that works.
        Of one address so many are answered so per minute; a key that works counts not.
        """
        address, limit = address_of((scope.get("client") or ("",))[0]), self.settings.wrong_keys
        if wait := self.rates.wait(f"no key {address}", limit):
            often = (
                f"{limit} requests per minute without a key that works are answered here; the next one in {wait} "
                "seconds."
            )
            return Problem("too-many-requests", often, {"Retry-After": str(wait)}, limit=limit, retry_after=wait)
        if scope["path"] in _PAGES or scope["path"].startswith(_PAGES_BELOW):
            return Problem(
                "key-needed",
                f"{detail} A browser asks for it: type the key as the password.",
                {"WWW-Authenticate": _BASIC},
            )
        return Problem("key-needed", detail, {"WWW-Authenticate": f"Bearer{error}"})

    def _client(self, scope: Scope, name: str | None) -> tuple[str, int]:
        """Under which name a request is counted, and how many per minute it may be; 0: any number."""
        if scope["path"] in ALWAYS:
            return "", 0
        if name is not None:
            return f"key {name}", self.settings.key_rate
        host = (scope.get("client") or ("",))[0]
        return address_of(host), self.local_rate if host in _LOCAL else self.settings.rate


def _is_open(scope: Scope) -> bool:
    """Whether an address needs no key even where keys are required."""
    path: str = scope["path"]
    return path in _OPEN or path.startswith(_OPEN_BELOW)


def _private(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The same for an answer that only the holder of a key may have: no cache that others use keeps it."""
    return [
        (name, value.replace(b"public", b"private")) if name == b"cache-control" else (name, value)
        for name, value in headers
    ]


def install(app: FastAPI, cache: Callable[[ASGIApp], ResponseCache], **parts: Any) -> None:
    """Set admission, and the response cache behind it, before the whole of `app`. `parts`: those of `Admission`."""
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: Admission(cache(build()), **parts)  # type: ignore[method-assign]
