"""`encounters backup`: a whole copy of the release store while it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.cli import parts
from forecast.settings import Settings

__all__ = ["register"]


def backup(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The copy; what has that name is replaced once the copy is whole.")],
) -> None:
    """Copy the release store (SQLite) while others read and write it, and verify every release in the copy.

    The archive of official files (home/archive) and the runs that wait for MLflow (home/outbox) are plain files: copy the folders. To
    restore, put all into an empty home, the copy as encounters.db. PostgreSQL has pg_dump and pg_restore for its store. MLflow's own runs
    (mlflow.db, mlartifacts) are not needed to serve or retrain.

    Example: encounters backup --to /backups/encounters.db
    """
    from forecast.release.backup import back_up

    settings = Settings()
    count = back_up(parts.store(settings), to.expanduser().absolute())
    typer.echo(f"{to} holds {count} releases, each verified. Copy beside it: {settings.archive} {settings.outbox}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backup)
