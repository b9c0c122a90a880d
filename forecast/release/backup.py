"""Copies of what must not be lost, while others use it: the release store (SQLite), or the whole home; and back.

A copy is made beside its name and renamed once every checksum in it holds: under that name there is a whole backup or
none. PostgreSQL's store is copied by its own tools; the file of the home then holds all the rest.
"""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine

from forecast.core.errors import StoreError
from forecast.core.files import sqlite_address, whole
from forecast.release import read
from forecast.release.migrations import migrate
from forecast.release.publish import verify
from forecast.release.store import connect, name, reading, sqlite_file

__all__ = ["back_up", "back_up_home", "restore_home"]

_STORE, _RUNS = "encounters.db", "mlflow.db"
# What a home holds beside its databases; `cache` and `downloads` are made again.
_FOLDERS = ("archive", "panels", "outbox", "mlartifacts")
# What holds a home's own place, and is made again: locks, and files that were being written.
_PASSING = (".lock", ".part")


def back_up(engine: Engine, target: Path) -> int:
    """Copy the store to `target`, replacing what is there; returns how many releases the copy holds, each verified.

    Raises StoreError where the store is PostgreSQL, empty or damaged, or where the copy cannot be written.
    """
    source = sqlite_file(engine)
    if source is None:
        raise StoreError(
            f"{name(engine)} is copied by its own tool: pg_dump --format=custom --file={target} DATABASE, and back by "
            "pg_restore."
        )
    if target.exists() and source.exists() and target.samefile(source):
        raise StoreError(f"{target} is the store itself. Name another file.")
    with _explained(target), whole(target, lasting=True) as beside:
        return _copy_store(engine, beside)


def back_up_home(engine: Engine, home: Path, target: Path) -> int:
    """Write a home to one tar file: store, archive, what waits for MLflow, and MLflow's own runs and artifacts.

    Gives how many releases it holds, each verified; 0 where the store is PostgreSQL, which is not in it. Raises
    StoreError.
    """
    if target.resolve().is_relative_to(home.resolve()):
        raise StoreError(f"{target} lies in the home that is copied. Name a file outside of it.")
    with (
        _explained(target),
        tempfile.TemporaryDirectory(dir=target.parent) as scratch,
        whole(target, lasting=True) as beside,
    ):
        count = 0
        with tarfile.open(beside, "w") as tar:
            # The databases first: all that they speak of is in the folders by then, which only grow.
            if sqlite_file(engine) is not None:
                count = _copy_store(engine, Path(scratch, _STORE))
                tar.add(Path(scratch, _STORE), _STORE)
            if (home / _RUNS).is_file():
                with (
                    closing(sqlite3.connect(f"{(home / _RUNS).as_uri()}?mode=ro", uri=True)) as live,
                    closing(sqlite3.connect(Path(scratch, _RUNS))) as copy,
                ):
                    live.backup(copy)
                tar.add(Path(scratch, _RUNS), _RUNS)
            for folder in _FOLDERS:
                for path in sorted((home / folder).rglob("*")):
                    if path.is_file() and not path.name.endswith(_PASSING):
                        with suppress(FileNotFoundError):  # what was sent to MLflow meanwhile leaves the outbox
                            tar.add(path, str(path.relative_to(home)), recursive=False)
        return count


def restore_home(source: Path, home: Path) -> int:
    """Lay a home that `back_up_home` wrote out at `home`; gives how many releases it holds, each verified.

    Whole or not at all. Raises StoreError where the file is none of these or damaged, or where the home is in use.
    """
    if home.exists() and any(home.iterdir()):
        raise StoreError(
            f"{home} holds files already. Restore into an empty folder: set ENCOUNTERS_HOME to another, or move this "
            "one away."
        )
    with _explained(home):
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=f".{home.name}.") as scratch:
            laid = Path(scratch, "home")
            _unpack(source, laid)
            count = _verified(laid / _STORE) if (laid / _STORE).exists() else 0
            if home.exists():
                home.rmdir()
            laid.rename(home)
    return count


def _unpack(source: Path, into: Path) -> None:
    """Only plain files under the names of a home are taken: a tar file may name any place."""
    try:
        with tarfile.open(source) as tar:
            for member in tar:
                parts = Path(member.name).parts
                known = member.name in (_STORE, _RUNS) or (parts[:1] and parts[0] in _FOLDERS and ".." not in parts)
                content = tar.extractfile(member) if known and member.isfile() else None
                if content is None:
                    raise StoreError(
                        f"{source} holds {member.name!r}, which no backup of a home does. Name a file of `encounters "
                        "backup`."
                    )
                place = into.joinpath(*parts)
                place.parent.mkdir(parents=True, exist_ok=True)
                with content, place.open("xb") as file:
                    shutil.copyfileobj(content, file)
    except tarfile.TarError as error:
        raise StoreError(
            f"{source} is no backup of a home, or damaged ({error}). Name a file of `encounters backup`."
        ) from error
    if not into.exists():
        raise StoreError(f"{source} is an empty backup. Name another file of `encounters backup`.")


def _copy_store(engine: Engine, target: Path) -> int:
    # One read transaction: a publication that ends meanwhile waits, and is in the next backup.
    with reading(engine) as connection, closing(sqlite3.connect(target)) as copy:
        live = connection.connection.driver_connection
        assert isinstance(live, sqlite3.Connection)  # noqa: S101 tells the type checker what the dialect means
        live.backup(copy)
    return _verified(target)


def _verified(path: Path) -> int:
    """How many releases a copy holds. Raises StoreError for the first that is damaged."""
    engine = connect(sqlite_address(path))
    try:
        migrate(engine)  # a backup may be of an earlier version
        releases = read.releases(engine)
        for release in releases:
            verify(engine, release.id)
    finally:
        engine.dispose()
    return len(releases)


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{target} cannot be written: {error}. Name a place with room that you may write.") from error
