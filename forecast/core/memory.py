"""Memory given back to the system after work that needed much of it. Does nothing where the C library is not glibc."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

__all__ = ["give_back", "keep_together"]

# glibc's name for the number of arenas, see mallopt(3).
_M_ARENA_MAX = -8
# By itself glibc makes eight arenas per core, one for each thread that is busy at the same time, and each keeps what it
# once needed.
_ARENAS = 2


@cache
def _library() -> Any:
    """The C library, None where it is another one."""
    try:
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None
    except OSError:
        return None


def keep_together() -> None:
    """Let all threads share two arenas. To be called before there are threads."""
    if _library() is not None:
        _library().mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return what is free to the system: some milliseconds, in which other threads run."""
    # Absent, or just being loaded by another thread.
    pool = getattr(sys.modules.get("pyarrow"), "default_memory_pool", None)
    if pool is not None:
        pool().release_unused()
    if _library() is not None:
        _library().malloc_trim(0)
