"""Opens the release store: SQLite by default, PostgreSQL in production. Knows how each must be driven, and no release.

Everything that touches the store goes through `reading` or `writing`, which turn a database's errors into one line
each.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, column, create_engine, event, func, make_url, select, table
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import NullPool

from forecast.core.errors import StoreEmpty, StoreError
from forecast.release.schema import REVISIONS, VERSION_TABLE

__all__ = ["connect", "exclusive", "name", "reading", "revision", "sqlite_file", "wal_is_safe", "writing"]

# Seconds that a writer waits for another. A publication holds the store for well under one, so that a wait this long
# means trouble.
BUSY_SECONDS = 30
# Seconds that a reader waits, and anybody for a server: a person, or a monitor, is waiting for the answer.
READ_SECONDS = 4
# A session that stops in the middle of a transaction is ended by PostgreSQL, so that its locks do not outlive it for
# long.
_POSTGRES_LIMITS = (
    "SET lock_timeout = '30s'; SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '60s'"
)
_POSTGRES_READER = f"SET LOCAL lock_timeout = '{READ_SECONDS}s'"
_LOCK_NAMESPACE = "encounters"


def connect(url: str) -> Engine:
    """An engine for `sqlite:///path/of/file.db` or `postgresql+psycopg://user:password@host/database`.

    Reaches the database on first use only; the file of SQLite and its folder are made by the first writer. Raises
    StoreError, without the password.
    """
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            return _sqlite(address)
        if address.drivername in ("postgresql", "postgresql+psycopg"):
            return _postgres(address.set(drivername="postgresql+psycopg"))
    except (ArgumentError, ValueError):
        raise StoreError(
            "The database URL cannot be read. Use sqlite:////path/of/file.db or postgresql+psycopg://user@host/database."
        ) from None
    except ModuleNotFoundError:
        raise StoreError("PostgreSQL needs its driver: pip install 'encounter-forecast[postgres]'.") from None
    raise StoreError(f"{address.drivername} is not a database of the release store. Use sqlite or postgresql+psycopg.")


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite may run in WAL mode.

    Until 3.51.3 a checkpoint that races a writer can leave the file corrupt; 3.50.7 and 3.44.6 carry the correction.
    Source: sqlite.org/wal.html, "The WAL-reset bug".
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def name(engine: Engine) -> str:
    """What a person knows the store by; never the password."""
    address = engine.url
    if address.get_backend_name() == "sqlite":
        return f"The SQLite store {address.database}"
    return f"The PostgreSQL store {address.database} on {address.host or address.query.get('host', 'this machine')}"


def sqlite_file(engine: Engine) -> Path | None:
    """The file of a SQLite store; None for PostgreSQL."""
    return Path(str(engine.url.database)) if engine.dialect.name == "sqlite" else None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one consistent state.

    Raises StoreEmpty where nothing was ever written, StoreError where the store is down, locked, or has tables of
    another version.
    """
    if _is_missing(engine):  # SQLite would make it
        raise _empty(engine)
    with _explained(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":  # SQLite's readers always do
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.exec_driver_sql(_POSTGRES_READER)
        _require_schema(connection)
        yield connection


@contextmanager
def writing(engine: Engine, *, subject: str) -> Iterator[Connection]:
    """One transaction, alone at work on its subject (a panel), undone by any error. Raises StoreError."""
    with exclusive(engine, subject=subject) as connection:
        _require_schema(connection)
        yield connection


@contextmanager
def exclusive(engine: Engine, *, subject: str) -> Iterator[Connection]:
    """`writing` without a look at the tables, for the migrations that make them."""
    if (file := sqlite_file(engine)) is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {file.parent} of the release store cannot be made: {error.strerror}. Choose another."
            ) from error
    with _explained(engine), engine.connect() as connection:
        connection.execution_options(writes=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(
                    select(func.pg_advisory_xact_lock(func.hashtextextended(f"{_LOCK_NAMESPACE} {subject}", 0)))
                )
            yield connection


def revision(engine: Engine) -> str | None:
    """The newest migration that the store has had, None before the first. Raises StoreError where the store is down."""
    if _is_missing(engine):
        return None
    with _explained(engine), engine.connect() as connection:
        return _revision(connection)


def _is_missing(engine: Engine) -> bool:
    file = sqlite_file(engine)
    try:
        return file is not None and not file.exists()
    except OSError:  # a folder that may not be looked into: opening the file says why
        return False


def _empty(engine: Engine) -> StoreEmpty:
    return StoreEmpty(f"{name(engine)} is empty. Publish the first release: encounters retrain.")


def _revision(connection: Connection) -> str | None:
    try:
        return connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()
    except DBAPIError as error:
        if VERSION_TABLE in str(
            error.orig
        ):  # "no such table" in SQLite's words, "relation does not exist" in PostgreSQL's
            return None
        raise


def _require_schema(connection: Connection) -> None:
    version = _revision(connection)
    if version == REVISIONS[-1]:
        return
    if version is None:
        raise _empty(connection.engine)
    if version in REVISIONS:
        raise StoreError(
            f"{name(connection.engine)} has tables of an older version. Bring them up to date: encounters retrain."
        )
    raise StoreError(
        f"{name(connection.engine)} has tables of a newer version ({version}). Upgrade encounter-forecast."
    )


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolExhausted) as error:
        # Only the driver's own first line: the statement and its values belong in no message.
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")
        raise StoreError(f"{name(engine)}: {cause}. {_remedy(cause)}") from error


def _remedy(cause: str) -> str:
    if "locked" in cause or "lock timeout" in cause:
        return "Another process is writing; try again when it is done."
    if "full" in cause or "No space" in cause:
        return "Free some space and try again; nothing was written."
    if "unable to open" in cause or "readonly" in cause:
        return "Make the file and its folder writable, or set ENCOUNTERS_DATABASE_URL to another."
    if "malformed" in cause or "not a database" in cause:
        return "The file is damaged; restore it from a backup."
    return "Check ENCOUNTERS_DATABASE_URL, and that the database is up and lets this user in."


def _sqlite(address: URL) -> Engine:
    if not address.database or address.database == ":memory:":
        raise StoreError("A release store must outlive its process. Use sqlite:////path/of/file.db.")
    # isolation_level None: Python's sqlite3 then opens no transaction by itself, and the BEGIN below is the only one.
    # NullPool: a connection that is kept stays with a file that has been moved away, and never sees the one restored in
    # its place.
    engine = create_engine(address, poolclass=NullPool, connect_args={"isolation_level": None})
    journal = "wal" if wal_is_safe(sqlite3.sqlite_version_info[:3]) else "delete"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(1000 * (BUSY_SECONDS if writes else READ_SECONDS))}")
        mode = connection.exec_driver_sql(f"PRAGMA journal_mode = {journal}").scalar()
        if mode == "wal" != journal:  # SQLite may leave the mode as it was, and say so
            raise StoreError(
                f"{name(engine)} is open in WAL mode elsewhere, which SQLite {sqlite3.sqlite_version} may corrupt. "
                "Stop the other program."
            )
        connection.exec_driver_sql("PRAGMA synchronous = FULL")
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        # A writer takes its lock at once: a read lock that is upgraded later fails where two meet.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(address: URL) -> Engine:
    limits = {"connect_timeout": READ_SECONDS, "tcp_user_timeout": 1000 * BUSY_SECONDS}
    engine = create_engine(
        address,
        # What the URL says wins.
        connect_args={key: value for key, value in limits.items() if key not in address.query},
        pool_pre_ping=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute(_POSTGRES_LIMITS)
        connection.commit()

    @event.listens_for(engine, "after_cursor_execute")
    def _timed(
        _connection: Connection, cursor: Any, _statement: str, _parameters: Any, _context: Any, executemany: bool
    ) -> None:
        # psycopg sends many rows as a pipeline, after which PostgreSQL does not count the idle time of the session:
        # seen with 18.4 and psycopg 3.3.9, where a process stopped just then kept its locks for ever. Any statement
        # starts the count again.
        if executemany:
            cursor.connection.execute("SELECT 1")

    return engine
