"""`encounters schedule`: what to hand to systemd, cron or Kubernetes so that retraining runs every day."""

from __future__ import annotations

import os
import pwd
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from forecast import scheduling
from forecast.cli.outputs import checked, put
from forecast.settings import Settings

__all__ = ["register"]


def schedule(
    scheduler: Annotated[scheduling.Scheduler, typer.Argument(help="systemd, cron or kubernetes.", show_default=False)],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Write the files into this folder instead of printing them."),
    ] = None,
    image: Annotated[
        str,
        typer.Option(help="Kubernetes: the image with encounters in it. Default: encounter-forecast and its version."),
    ] = "",
) -> None:
    """Print the files that fetch and retrain every day, filled in with this installation's command, home and user.

    systemd: copy both units to /etc/systemd/system, then: systemctl enable --now encounters-retrain.timer

    Example: encounters schedule systemd --to /etc/systemd/system
    """
    settings, version = Settings(), metadata.version("encounter-forecast")
    user = _user()
    files = scheduling.files(
        scheduler,
        command=_command(),
        home=settings.root,
        user=user,
        # Where the interpreter and the package really lie: a virtual environment may link into somebody's home.
        needed=(Path(sys.base_prefix), Path(scheduling.__file__)),
        image=image or f"encounter-forecast:{version}",
        version=version,
    )
    if scheduler != "kubernetes" and user == "root":
        typer.echo("The job would run as root, who need not be. Ask again as the user that it belongs to.", err=True)
    if settings.database_url or settings.tracking_uri:
        typer.echo(
            "ENCOUNTERS_DATABASE_URL and MLFLOW_TRACKING_URI may hold passwords and are not written; see the comments.",
            err=True,
        )
    targets = {name: checked(to / name, settings=settings) for name in files} if to else {}
    for name, text in files.items():
        if to is None:
            typer.echo(text if len(files) == 1 else f"# --- {name}\n{text}")
            continue
        put(targets[name], text.encode())
        typer.echo(str(targets[name]))


def _command() -> Path:
    """The `encounters` beside this interpreter, not resolved: a link leads out of the virtual environment."""
    return Path(os.path.abspath(sys.executable)).with_name("encounters")  # noqa: PTH100 resolve() would follow the link


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(schedule)
