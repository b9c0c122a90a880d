"""`encounters serve`: the HTTP service."""

from __future__ import annotations

import logging
import os
from typing import Annotated

import typer

from forecast.core import logs
from forecast.core.errors import EncountersError
from forecast.settings import Settings

__all__ = ["register"]

log = logging.getLogger(__name__)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Server processes.", min=1)] = 1,
) -> None:
    """Serve the newest releases over HTTP; a new release is picked up without a restart.

    Example: encounters serve --port 9000
    """
    try:
        import uvicorn
    except ImportError:
        raise EncountersError("The service is not installed. Add it: pip install 'encounter-forecast[service]'.") from None
    settings = Settings()
    # The service reads its own settings, in every worker: hand them the absolute home, so that no working directory matters.
    os.environ["ENCOUNTERS_HOME"] = str(settings.root)
    told = f"Serving http://{host}:{port} (documentation: http://{host}:{port}/docs; stop with Ctrl-C)"
    if settings.log == "json":
        log.info(told, extra={"event": "serve"})
    else:
        typer.echo(told, err=True)
    # The supervisor of several workers logs too; each worker sets its own log up as it makes the application.
    form = logs.setup(settings.log)
    uvicorn.run("service.app:create", factory=True, host=host, port=port, workers=workers, log_level="warning", log_config=form)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)
