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
    client = scope.get("client")
    fields: dict[str, Any] = {
        "request_id": identity,
        "method": scope["method"],
        "path": escaped(_target(raw, scope["query_string"])[:_LONGEST].decode("latin-1")),
        "status": status,
        "bytes": sent,
        "ms": round(1000 * seconds, 3),
        "peer": client[0] if client else None,
        "key": key,
    }
    _write("request", fields)


def refusal(peer: str, kind: str, *, identity: str, status: int, sent: int) -> None:
    """Log a connection that was refused before a request was read; `kind`: of the problem it was answered."""
    fields = {
        "request_id": identity,
        "method": "-",
        "path": kind,
        "status": status,
        "bytes": sent,
        "ms": 0.0,
        "peer": peer or None,
    }
    _write("refused", {**fields, "key": None})


def _write(event: str, fields: dict[str, Any]) -> None:
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
