"""A copy of a SQLite release store while others read and write it. PostgreSQL has pg_dump for that.

The copy is made beside its name and renamed once every checksum in it holds: under that name there is a whole backup or none.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from forecast.core.errors import StoreError
from forecast.core.files import whole
from forecast.release import read
from forecast.release.publish import verify
from forecast.release.store import connect, name, reading, sqlite_file

__all__ = ["back_up"]


def back_up(engine: Engine, target: Path) -> int:
    """Copy the store to `target`, replacing what is there; returns how many releases the copy holds, each verified.

    Raises StoreError where the store is PostgreSQL, empty or damaged, or where the copy cannot be written.
    """
    source = sqlite_file(engine)
    if source is None:
        raise StoreError(
            f"{name(engine)} is copied by its own tool: pg_dump --format=custom --file={target} DATABASE, and back by pg_restore."
        )
    if target.exists() and source.exists() and target.samefile(source):
        raise StoreError(f"{target} is the store itself. Name another file.")
    try:
        with whole(target, lasting=True) as beside:
            # One read transaction: a publication that ends meanwhile waits, and is in the next backup.
            with reading(engine) as connection, closing(sqlite3.connect(beside)) as copy:
                live = connection.connection.driver_connection
                assert isinstance(live, sqlite3.Connection)  # noqa: S101 tells the type checker what the dialect means
                live.backup(copy)
            count = _verified(beside)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The backup {target} cannot be written: {error}. Name a file in a folder with room that you may write."
        ) from error
    return count


def _verified(path: Path) -> int:
    """How many releases a copy holds. Raises StoreError for the first that is damaged."""
    engine = connect(f"sqlite:///{path}")
    try:
        found = read.releases(engine)
        for one in found:
            verify(engine, one.id)
    finally:
        engine.dispose()
    return len(found)
