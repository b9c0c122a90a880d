"""A folder for what other processes write beside their results and do not remove, because they are ended or killed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["scratch"]


@contextmanager
def scratch() -> Iterator[str | None]:
    """A new folder among the temporary ones, removed with all that is in it; None where there is no room for one."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="encounters-", ignore_cleanup_errors=True)
    except OSError:
        yield None
        return
    with folder as path:
        yield path
