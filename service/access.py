"""The access log: one record per request, and one per connection that was refused. Decides nothing of a request.

As JSON its members are those of `record`; as text they stand in one line. What a client wrote can forge no line (see
`core.logs`), and what may be a secret in an address is left out.
"""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from starlette.types import Scope

from forecast.core.logs import escaped

__all__ = ["log", "record", "refusal"]

log = logging.getLogger("service.access")
# A path that is longer says nothing more of what was asked.
_LONGEST = 2000
# Parameters whose value may be a secret, by any part of their name; keys belong into a header, but people put them
# here.
_SECRET = re.compile(rb"(?i)key|token|secret|passw|pwd|auth|credential|signature")
# The service's own keys by their form, wherever they stand.
_KEY = re.compile(rb"enc_[A-Za-z0-9_-]{8,}")
_HIDDEN = b"***"


def record(scope: Scope, *, identity: str, status: int, sent: int, seconds: float, key: str | None) -> None:
    """Log a request that was answered. `sent`: bytes of the body; `key`: the name of the key that came with it."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    path = escaped(_target(raw, scope["query_string"])[:_LONGEST].decode("latin-1"))
    peer, ms = (scope.get("client") or (None,))[0], round(1000 * seconds, 3)
    _write("request", identity, scope["method"], path, status, sent, ms, peer, key)


def refusal(peer: str, kind: str, *, identity: str, status: int, sent: int) -> None:
    """Log a connection that was refused before a request was read; `kind`: of the problem it was answered."""
    _write("refused", identity, "-", kind, status, sent, 0.0, peer or None, None)


_MEMBERS = ("request_id", "method", "path", "status", "bytes", "ms", "peer", "key")


def _write(event: str, *values: Any) -> None:
    fields = dict(zip(_MEMBERS, values, strict=True))
    who = f"{fields['peer'] or '-'} {fields['key'] or '-'}"
    line = (
        f"{who} {fields['method']} {fields['path']} {fields['status']} {fields['bytes']} bytes {fields['ms']} ms "
        f"{fields['request_id']}"
    )
    log.info("%s", line, extra={"event": event, **fields})


def _target(path: bytes, query: bytes) -> bytes:
    """Path and query as they were sent, without what may be a secret."""
    target = path
    if query:
        target += b"?" + b"&".join(map(_shown, query.split(b"&")))
    if b"enc" in target or b"%" in target:
        plain = unquote_to_bytes(target)
        if _KEY.search(plain):
            return quote_from_bytes(_KEY.sub(_HIDDEN, plain), safe="/?&=,:*").encode()
    return target


def _shown(parameter: bytes) -> bytes:
    name, _, value = parameter.partition(b"=")
    return name + b"=" + _HIDDEN if value and _SECRET.search(unquote_to_bytes(name)) else parameter
