"""A home's own MLflow store (SQLite), read without MLflow: where its artifacts lie, whether it has a release.

MLflow writes absolute addresses into its database. A home that was copied, moved, restored or mounted elsewhere would
go on writing to the old place; so the addresses are corrected before anything is logged.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from forecast.core.errors import TrackingError
from forecast.release.tracking.described import experiment_name, registered_name

__all__ = ["has_release", "is_there", "own_database", "relocate"]

# Every column of MLflow's tables that holds an address of artifacts.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
_BUSY_SECONDS = 4.0


def own_database(uri: str, artifacts: str) -> Path | None:
    """The file of a tracking store that lies in one folder with its artifacts, made or not; None for another store."""
    try:
        url = make_url(uri)
    except (ArgumentError, ValueError):
        return None
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    file = Path(url.database)
    return file if file.resolve().parent == _folder(artifacts).parent else None


def relocate(uri: str, artifacts: str, *, panels: tuple[str, ...]) -> bool:
    """Let the store say that its artifacts lie under `artifacts` (an address); gives whether it said otherwise.

    Only where the store is a home's own. The place they had is known by the experiments of `panels`. Raises
    TrackingError where the database cannot be read or written.
    """
    file = own_database(uri, artifacts)
    if file is None or not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None)) as database:
            if not _tables(database).issuperset(table for table, _ in _ADDRESSES):
                return False  # new, or of another version of MLflow
            before = {root for panel in panels if (root := _root(database, panel)) not in (None, artifacts)}
            if not before:
                return False
            database.execute("BEGIN IMMEDIATE")
            for root in before:
                for table, column in _ADDRESSES:
                    database.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",  # noqa: S608 (names above)
                        (f"{artifacts}/", len(root) + 2, len(root) + 1, f"{root}/"),
                    )
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise TrackingError(
            f"The runs in {file} cannot be read or corrected: {error}. Make the file and its folder writable."
        ) from error
    return True


def has_release(uri: str, artifacts: str, *, panel: str, release: str) -> bool | None:
    """Whether a home's own store has a release's finished run, registered and with its files.

    None for any other store, which is not asked. Raises TrackingError where the database cannot be read.
    """
    file = own_database(uri, artifacts)
    if file is None or not file.is_file():
        return None if file is None else False
    query = (
        "SELECT runs.artifact_uri, versions.source FROM tags JOIN runs USING (run_uuid) JOIN model_versions AS "
        "versions ON versions.run_id = runs.run_uuid WHERE tags.key = 'release_id' AND tags.value = ? AND "
        "runs.status = 'FINISHED' AND runs.lifecycle_stage = 'active' AND versions.name = ?"
    )
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)) as database:
            if not _tables(database).issuperset({"tags", "runs", "model_versions"}):
                return False
            rows = database.execute(query, (release, registered_name(panel))).fetchall()
    except sqlite3.Error as error:
        raise TrackingError(
            f"The runs in {file} cannot be read: {error}. Make the file and its folder readable."
        ) from error
    return any(all(map(is_there, row)) for row in rows)


def is_there(address: str) -> bool:
    """Whether there is a folder at an address of artifacts; true for one that is not a file of this machine."""
    return not address.startswith("file:") or _folder(address).is_dir()


def _root(database: sqlite3.Connection, panel: str) -> str | None:
    """Where the artifacts of the panel's experiment lay when it was created, without the panel's own folder."""
    row = database.execute(
        "SELECT artifact_location FROM experiments WHERE name = ?", (experiment_name(panel),)
    ).fetchone()
    return str(row[0]).rstrip("/").removesuffix(f"/{panel}") if row else None


def _tables(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _folder(address: str) -> Path:
    return Path(unquote(urlsplit(address).path))
