"""A folder for what other processes write beside their results and do not remove, because they are ended or killed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["emptied", "scratch"]


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


def emptied(folder: str) -> None:
    """Remove every file in a folder and beneath it. Folders stay: a library may hold on to one of its own."""
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                Path(place, name).unlink()
