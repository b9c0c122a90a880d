"""Keys of the HTTP interface in the store: made, listed, revoked. Holds their digests only; knows no request.

A key is 256 random bits, so that one round of SHA-256 keeps it safe: nobody can try them out, and a slow digest, which
passwords need because people choose them, would only make every request slow.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select, update

from forecast.core.errors import EncountersError
from forecast.release import schema
from forecast.release.store import reading, writing

__all__ = ["Key", "add", "digest", "in_force", "listed", "revoke"]

_SUBJECT = "keys"
# What a key begins with, so that programs that look for secrets in code and logs find it.
_MARK = "enc_"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")


@dataclass(frozen=True)
class Key:
    """A key as the store knows it: `sha256` in hexadecimal digits; `revoked`: since when, None while it works."""

    name: str
    sha256: str
    created: datetime
    revoked: datetime | None


def digest(key: bytes) -> str:
    """What is kept of a key: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(key).hexdigest()


def add(engine: Engine, name: str, *, now: datetime) -> str:
    """Make a key for a new name and return it: the only time that it is seen. Raises EncountersError, StoreError."""
    if not _NAME.fullmatch(name):
        raise EncountersError(
            f"{name[:70]!r} is no name for a key. Use up to 63 of a-z, 0-9, dot and hyphen, such as city-shelter."
        )
    key = _MARK + secrets.token_urlsafe(32)
    with writing(engine, subject=_SUBJECT) as connection:
        if connection.execute(select(schema.api_key.c.name).where(schema.api_key.c.name == name)).first() is not None:
            raise EncountersError(
                f"There is a key named {name} already, or there was one. Choose another name, such as {name}-2."
            )
        row = {"name": name, "sha256": digest(key.encode()), "created": now, "revoked": None}
        connection.execute(insert(schema.api_key), row)
    return key


def listed(engine: Engine) -> tuple[Key, ...]:
    """Every key that was ever made, the oldest first. Raises StoreError."""
    table = schema.api_key
    with reading(engine) as connection:
        rows = connection.execute(select(table).order_by(table.c.created, table.c.name))
        return tuple(Key(row.name, row.sha256, row.created, row.revoked) for row in rows)


def in_force(engine: Engine) -> dict[str, str]:
    """Digest -> name of every key that was not revoked. Raises StoreError."""
    return {key.sha256: key.name for key in listed(engine) if key.revoked is None}


def revoke(engine: Engine, name: str, *, now: datetime) -> Key:
    """Refuse a key from now on; one that was revoked stays so since then. Raises EncountersError, StoreError."""
    table = schema.api_key
    with writing(engine, subject=_SUBJECT) as connection:
        row = connection.execute(select(table).where(table.c.name == name)).first()
        if row is None:
            raise EncountersError(f"There is no key named {name[:70]!r}. See the names: encounters keys list.")
        since = row.revoked or now
        connection.execute(update(table).where(table.c.name == name).values(revoked=since))
    return Key(row.name, row.sha256, row.created, since)
