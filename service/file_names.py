"""The name under which a browser saves a table: what it is of, from its address alone."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

__all__ = ["file_name"]

# Endings of addresses that are saved as files.
_FILES = frozenset({"csv", "parquet"})


def file_name(path: str, query_string: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The name of a table's file: address, model, area, in letters and digits; a hub calls its forecasts so."""
    name, _, suffix = path.removeprefix("/v1/").rpartition(".")
    if suffix not in _FILES:
        return ()
    asked = dict(parse_qsl(query_string.decode("latin-1")))
    words = re.findall("[a-z0-9.]+", f"{name} {asked.get('model', '')[:60]} {asked.get('area', '')[:60]}".lower())
    return ((b"content-disposition", f'attachment; filename="{"-".join(words)}.{suffix}"'.encode()),)
