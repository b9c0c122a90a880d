"""`encounters keys`: who may ask the HTTP service, where it asks for keys. There is no such address over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy import Engine

from forecast.cli import parts
from forecast.cli.groups import CommandGroup
from forecast.release import keys as register_of
from forecast.settings import Settings

__all__ = ["register"]

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Whose key it is: up to 63 of a-z, 0-9, dot and hyphen.", show_default=False),
]

group = typer.Typer(
    cls=CommandGroup,
    help="Make, list and revoke keys of the HTTP service (ENCOUNTERS_KEYS=optional or required makes it look at "
    "them).\n\nExample: encounters keys add city-shelter",
    no_args_is_help=True,
)


@contextmanager
def _store() -> Iterator[Engine]:
    engine = parts.store(Settings())
    try:
        yield engine
    finally:
        engine.dispose()


@group.command()
def add(name: Name) -> None:
    """Make a key and print it: the only time that it is shown, because the store keeps its digest only.

    Example: encounters keys add city-shelter
    """
    from forecast.release.migrations import migrate

    with _store() as engine:
        migrate(engine)
        key = register_of.add(engine, name, now=parts.now())
    typer.echo(
        f"The key of {name} is below and is not shown again. Send it as a header: Authorization: Bearer KEY", err=True
    )
    typer.echo(key)


@group.command("list")
def list_(as_json: parts.Json = False) -> None:
    """List the names of the keys, with when each was made and revoked.

    Example: encounters keys list
    """
    with _store() as engine:
        keys = register_of.listed(engine)
    if as_json:
        parts.emit(
            [
                {
                    "name": one.name,
                    "created": one.created.isoformat(),
                    "revoked": one.revoked and one.revoked.isoformat(),
                }
                for one in keys
            ]
        )
        return
    for one in keys:
        state = f"revoked {one.revoked:%Y-%m-%d %H:%M} UTC" if one.revoked else "works"
        typer.echo(f"{one.name}  made {one.created:%Y-%m-%d %H:%M} UTC  {state}")
    if not keys:
        typer.echo("No key yet. Make one: encounters keys add NAME.")


@group.command()
def revoke(name: Name) -> None:
    """Refuse a key from now on.
    Running services learn of it with their next look at the store (ENCOUNTERS_POLL_SECONDS).

    Example: encounters keys revoke city-shelter
    """
    with _store() as engine:
        gone = register_of.revoke(engine, name, now=parts.now())
    typer.echo(f"The key of {gone.name} is revoked since {gone.revoked:%Y-%m-%d %H:%M} UTC.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="keys")
