"""The access log: one record per request. Decides nothing of a request.

As JSON its members are those of `record`; as text they stand in one line. What a client wrote can forge no line: see `core.logs`.
"""

from __future__ import annotations

import logging
from typing import Any

from starlette.types import Scope

from forecast.core.logs import escaped

__all__ = ["log", "record"]

log = logging.getLogger("service.access")
# A path that is longer says nothing more of what was asked.
_LONGEST = 2000


def record(scope: Scope, *, identity: str, status: int, sent: int, seconds: float, key: str | None) -> None:
    """Log a request that was answered. `sent`: bytes of the body; `key`: the name of the key that came with it."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    query: bytes = scope["query_string"]
    target = escaped((raw + b"?" + query if query else raw)[:_LONGEST].decode("latin-1"))
    client = scope.get("client")
    fields: dict[str, Any] = {
        "request_id": identity,
        "method": scope["method"],
        "path": target,
        "status": status,
        "bytes": sent,
        "ms": round(1000 * seconds, 3),
        "peer": client[0] if client else None,
        "key": key,
    }
    line = f"{fields['peer'] or '-'} {key or '-'} {fields['method']} {target} {status} {sent} bytes {fields['ms']} ms {identity}"
    log.info("%s", line, extra={"event": "request", **fields})
