"""The name under which a browser saves a table: what it is of, from its address alone."""

from __future__ import annotations

import re

from service import query

__all__ = ["file_name"]

# Endings of addresses that are saved as files.
_FILES = frozenset({"csv", "parquet"})


def file_name(path: str, query_string: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The name of a file for whoever saves a table: address, then model, then area, as far as it is letters and digits;
    a hub calls a file's forecasts by its name.
    """
    name, _, suffix = path.removeprefix("/v1/").rpartition(".")
    if suffix not in _FILES:
        return ()
    asked = dict(query.pairs(query_string))
    words = re.findall("[a-z0-9.]+", f"{name} {asked.get('model', '')[:60]} {asked.get('area', '')[:60]}".lower())
    return ((b"content-disposition", f'attachment; filename="{"-".join(words)}.{suffix}"'.encode()),)
