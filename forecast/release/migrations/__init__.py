"""Builds the tables of the release store and brings older ones up to date. The only importer of Alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from forecast.core.errors import StoreError
from forecast.release.schema import REVISIONS
from forecast.release.store import exclusive, name, revision

__all__ = ["migrate"]


def migrate(engine: Engine) -> None:
    """Bring the store's tables to this version, in one transaction; several may try at once. Raises StoreError.

    A store that is up to date is left alone, without loading the migration library.
    """
    version = revision(engine)
    if version == REVISIONS[-1]:
        return
    if version is not None and version not in REVISIONS:
        raise StoreError(f"{name(engine)} has tables of a newer version ({version}). Upgrade encounter-forecast.")

    from alembic import command
    from alembic.config import Config

    with exclusive(engine, subject="migrations") as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
        command.upgrade(config, "head")
