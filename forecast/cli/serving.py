"""`encounters serve`: the HTTP service; and `encounters settings`: what can be set, for it and for everything else."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from typing import Annotated, Any

import typer
from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

from forecast.cli import parts
from forecast.core import logs
from forecast.core.errors import EncountersError
from forecast.settings import Settings

__all__ = ["register", "settings_table"]

log = logging.getLogger(__name__)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Server processes.", min=1)] = 1,
) -> None:
    """Serve the newest releases over HTTP; a new release is picked up without a restart.

    Limits, keys, hosts, proxies and the access log are set in the environment: encounters settings lists what there is.
    Each limit holds for each server process.

    Example: encounters serve --port 9000
    """
    try:
        import uvicorn
        from uvicorn.supervisors import Multiprocess

        from service.settings import ServiceSettings
    except ImportError:
        raise EncountersError(
            "The service is not installed. Add it: pip install 'encounter-forecast[service]'."
        ) from None
    settings = Settings()
    try:
        limits = ServiceSettings()
    except ValidationError as error:
        wrong = error.errors()[0]
        raise EncountersError(
            f"ENCOUNTERS_{str(wrong['loc'][0]).upper()}: {wrong['msg']}. See: encounters settings."
        ) from None
    # The service reads its own settings, in every worker: hand them the absolute home, so that no working directory
    # matters.
    os.environ["ENCOUNTERS_HOME"] = str(settings.root)
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    notice = f"Serving http://{shown}:{port} (documentation: http://{shown}:{port}/docs; stop with Ctrl-C)"
    if settings.log == "json":
        log.info(notice, extra={"event": "serve"})
    else:
        typer.echo(notice, err=True)
    config = uvicorn.Config(
        "service.app:create",
        factory=True,
        workers=workers,
        http="service.protocol:Bounded",
        ws="none",
        server_header=False,
        proxy_headers=bool(limits.proxies),
        forwarded_allow_ips=limits.proxies,
        timeout_graceful_shutdown=limits.stop_seconds,
        log_level="warning",
        access_log=False,  # admission keeps its own
        # The supervisor of several workers logs too; each worker sets its own log up as it makes the application.
        log_config=logs.setup(settings.log),
    )
    if workers > 1:
        Multiprocess(config, sockets=listening).run()
        return
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C, after everything in flight was answered
        server.run(sockets=listening)
    if not server.started:
        raise typer.Exit(3)


def _listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that hold the address, before anything says that it is served;
    a name may stand for several. Raises EncountersError.
    """
    sockets, missing = [], None
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            try:
                one = socket.socket(family, kind, protocol)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.bind(address)
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                missing = error  # a machine without IPv6 knows localhost by two addresses all the same
                continue
            one.set_inheritable(True)
            sockets.append(one)
        if missing is not None and not sockets:
            raise missing
    except OSError as error:
        raise EncountersError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Stop what listens there, or choose another: "
            "encounters serve --port N."
        ) from None
    return sockets


def list_settings(as_json: parts.Json = False) -> None:
    """List every setting: its environment variable, default and meaning.

    Example: encounters settings
    """
    rows = settings_table()
    if as_json:
        parts.emit(rows)
        return
    wide = max(len(row["name"]) for row in rows)
    for row in rows:
        typer.echo(f"{row['name']:<{wide}}  {row['meaning']} Default: {row['default'] or 'empty'}.")


def settings_table() -> list[dict[str, Any]]:
    """Every setting of the library and of the service:
    `name` of the variable, `default` as text, `meaning` with the unit.
    """
    kinds: list[type[BaseSettings]] = [Settings]
    try:
        from service.settings import ServiceSettings

        kinds.append(ServiceSettings)
    except ImportError:  # a machine that only trains
        pass
    by_name: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        for field_name, field in kind.model_fields.items():
            alias = field.validation_alias
            name = str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"ENCOUNTERS_{field_name.upper()}"
            default = "the number of processors" if field.default_factory is not None else field.default
            shown = str(default).lower() if isinstance(default, bool) else str(default)
            by_name.setdefault(name, {"name": name, "default": shown, "meaning": field.description})
    return list(by_name.values())


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command("settings")(list_settings)
