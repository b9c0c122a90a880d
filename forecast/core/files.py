"""Puts a file in its place whole, or not at all, whatever kills the process; and the lock of a file.

Knows no content and makes no folder.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PART", "locked", "probe", "replace_whole", "sqlite_address", "whole"]

# Ends the name of a file that is being written. One that stays was left by a process that was killed.
PART = ".part"
# Bytes: less would fit where nothing else does.
_BLOCK = 4096


@contextmanager
def whole(path: Path, *, lasting: bool) -> Iterator[Path]:
    """A free name beside `path`. What the block writes under it takes the place of `path` in one step;
    an error leaves what is there.

    `lasting`: wait until content and place are on disk, so that a power cut, too, leaves the old file or the new one.
    Raises OSError.
    """
    beside = _beside(path)
    try:
        yield beside
        if lasting:
            _sync(beside)
        beside.replace(path)
        if lasting:
            _sync(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def replace_whole(path: Path, content: bytes, *, lasting: bool) -> None:
    """Make `content` the file at `path`, as `whole` does. Raises OSError."""
    with whole(path, lasting=lasting) as beside:
        beside.write_bytes(content)


def probe(path: Path) -> None:
    """Write a small file beside `path` and remove it,
    so that what would keep `whole` from its work shows before it. Raises OSError.
    """
    beside = _beside(path)
    try:
        beside.write_bytes(bytes(_BLOCK))
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[int]:
    """The lock of a file, which is made where it is not there; gives its descriptor, to read and to append.

    The kernel frees it when the last process that holds it ends, however it ends; so the file stays: removing it would
    let two hold it. Raises BlockingIOError at once where it may not `wait`, OSError.
    """
    # Close-on-exec, as everything that Python opens: no worker process started later keeps the lock alive.
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield handle
    finally:
        os.close(handle)


def sqlite_address(path: Path) -> str:
    """SQLAlchemy's URL of a SQLite file, for a path of any characters: `?` and `%` mean something else in a URL."""
    return f"sqlite:///{str(path).replace('%', '%25').replace('?', '%3F')}"


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)  # of a folder, this waits for the names in it
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
