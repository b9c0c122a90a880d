"""One retraining at a time per panel: a file lock beside SQLite, a lease that runs out in PostgreSQL. Knows no release.

Either way the panel's row in `lease` carries an epoch that grows with every holder. A publication checks it inside its
own transaction, so that a holder that stalled and was replaced cannot publish when it wakes. A thread renews the lease
of PostgreSQL for as long as the process runs: a fit may take longer than the lease. A process that is stopped, or cut
off from the database, stops renewing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, insert, select, update

from forecast.core.errors import LeaseLost, LockHeld, StoreError
from forecast.core.files import locked
from forecast.release import schema
from forecast.release.store import sqlite_file, writing

__all__ = ["Lease", "hold", "renew", "require"]

_MOMENT = "%Y-%m-%d %H:%M UTC"
# Renewals in one lifetime of a lease: several may fail, with the database restarting, before it is lost.
_RENEWALS = 6


@dataclass(frozen=True)
class Lease:
    """The right to publish for a panel. `epoch` grows with every holder; `ttl`: how long it lasts in PostgreSQL."""

    panel: str
    holder: str
    epoch: int
    ttl: timedelta


@contextmanager
def hold(engine: Engine, panel: str, *, holder: str, now: datetime, ttl: timedelta) -> Iterator[Lease]:
    """Be the only holder of a panel until the end of the block. Raises LockHeld at once, StoreError.

    `holder` says who, for a person (host and process); `now` is noted as the start and decides nothing. A process that
    dies frees a SQLite store at once, and PostgreSQL after `ttl`, counted by the database's clock: it is the one clock
    that all machines share.
    """
    file = sqlite_file(engine)
    if file is None:
        lease = _take(engine, panel, holder, now, ttl)
        try:
            with _renewed(engine, lease):
                yield lease
        finally:
            _give_back(engine, lease)
    else:
        with _locked(file.with_name(f"{file.name}.{panel}.lock"), panel, f"{holder}, since {now:{_MOMENT}}"):
            yield _take(engine, panel, holder, now, ttl)


@contextmanager
def _renewed(engine: Engine, lease: Lease) -> Iterator[None]:
    """Renew a lease beside the block, on a connection of its own. A lost one is left alone: `require` says so."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(lease.ttl.total_seconds() / _RENEWALS):
            try:
                renew(engine, lease)
            except LeaseLost:
                return
            except StoreError:  # the database may be back by the next time
                continue

    thread = threading.Thread(target=keep, name=f"lease of {lease.panel}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def renew(engine: Engine, lease: Lease) -> None:
    """Let a lease last another `ttl` from now. Raises LeaseLost, StoreError."""
    with writing(engine, subject=lease.panel) as connection:
        require(connection, lease)
        connection.execute(update(schema.lease).where(_mine(lease)).values(expires_at=_expiry(connection, lease.ttl)))


def require(connection: Connection, lease: Lease) -> None:
    """Inside a transaction: raise LeaseLost unless the lease is still its holder's, neither expired nor taken over."""
    table = schema.lease
    alive = table.c.expires_at.is_(None) | (table.c.expires_at > _clock(connection))
    # FOR UPDATE: nobody can take the lease over between this look and the commit. SQLite's writer is alone anyway.
    if connection.execute(select(table.c.epoch).where(_mine(lease), alive).with_for_update()).scalar() is None:
        raise LeaseLost(
            f"{lease.holder} lost its lease of {lease.panel} while it worked; nothing was published. Start again."
        )


def _take(engine: Engine, panel: str, holder: str, now: datetime, ttl: timedelta) -> Lease:
    table = schema.lease
    with writing(engine, subject=panel) as connection:
        free = table.c.expires_at.is_(None) | (table.c.expires_at <= _clock(connection))
        lease = connection.execute(select(table, free.label("free")).where(table.c.panel == panel)).one_or_none()
        if lease is not None and not lease.free:
            freed = f"its lease then runs out by {lease.expires_at:{_MOMENT}}"
            raise LockHeld(_busy(panel, f"{lease.holder}, since {lease.taken_at:{_MOMENT}}", freed))
        epoch = 1 if lease is None else lease.epoch + 1
        change = insert(table) if lease is None else update(table).where(table.c.panel == panel)
        expiry = _expiry(connection, ttl)
        connection.execute(change.values(panel=panel, holder=holder, epoch=epoch, taken_at=now, expires_at=expiry))
    return Lease(panel, holder, epoch, ttl)


def _give_back(engine: Engine, lease: Lease) -> None:
    # A lease that cannot be given back runs out by itself; what the block did, or why it failed, is what counts.
    with suppress(StoreError), writing(engine, subject=lease.panel) as connection:
        connection.execute(update(schema.lease).where(_mine(lease)).values(expires_at=_clock(connection)))


def _mine(lease: Lease) -> Any:
    return and_(schema.lease.c.panel == lease.panel, schema.lease.c.epoch == lease.epoch)


def _expiry(connection: Connection, ttl: timedelta) -> Any:
    return None if connection.dialect.name == "sqlite" else _clock(connection) + ttl


def _clock(connection: Connection) -> Any:
    # PostgreSQL's current_timestamp stands still inside a transaction, also one that waited for a lock.
    return func.current_timestamp() if connection.dialect.name == "sqlite" else func.clock_timestamp()


def _busy(panel: str, who: str, freed: str) -> str:
    return (
        f"Another retraining of {panel} is at work ({who}). Nothing was changed. Wait until it ends; if it hangs, end "
        "that process "
        f"on its machine (kill -9, which also ends one that is stopped), and {freed}."
    )


@contextmanager
def _locked(path: Path, panel: str, holder: str) -> Iterator[None]:
    """The lock of a file, in which its holder's name stands."""
    with ExitStack() as held:
        try:
            handle = held.enter_context(locked(path, wait=False))
        except BlockingIOError:
            who = path.read_text(encoding="utf-8", errors="replace")[:200].strip()
            raise LockHeld(_busy(panel, who or "just started", "its lock is free at once")) from None
        except OSError as error:
            raise StoreError(
                f"The lock {path} cannot be opened: {error.strerror}. Make its folder writable."
            ) from error
        try:
            os.ftruncate(handle, 0)
            os.write(handle, holder.encode())
        except OSError as error:
            raise StoreError(
                f"The lock {path} cannot be written: {error.strerror}. Free some space and try again."
            ) from error
        yield
