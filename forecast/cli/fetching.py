"""`encounters fetch`: the newest official files from their publishers into the archive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from forecast.cli import parts
from forecast.cli.outputs import checked_folder
from forecast.core.errors import FetchError, one_line
from forecast.core.logs import escaped
from forecast.counts.description import describe
from forecast.counts.taking import Taken
from forecast.settings import Settings

__all__ = ["register"]

log = logging.getLogger(__name__)

# Seconds: a fetch that is over sooner shows nothing; a longer one tells now and then where it is.
_PATIENCE = 2.0
_EVERY = 5.0


def fetch(
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Folder of the downloads. Default: downloads, under the home."),
    ] = None,
    page: Annotated[
        list[str] | None,
        typer.Option(
            "--page",
            metavar="URL",
            help="Page that links the files; may be repeated. Default: CBP's and OHSS's. http only for a server on "
            "this machine.",
        ),
    ] = None,
    as_json: parts.Json = False,
) -> None:
    """Find the newest official files on their publishers' pages, download them, and ingest those that are new.

    Exit 0: every file is taken or already there. 1: one was refused, or a page could not be had; the others are taken.
    What a panel declared on a file's layout refuses is said once, and by `encounters status` from then on.

    Example: encounters fetch --to /srv/encounters/downloads
    """
    from forecast.counts.publisher import fetching  # here, since it loads an HTTP client

    settings = Settings()
    folder = checked_folder(to, settings=settings).resolve() if to else settings.downloads
    archive = parts.archive(settings)
    with _Late(log.info if settings.log == "json" else lambda line: typer.echo(escaped(line), err=True)) as progress:
        results = fetching.fetch(
            archive,
            folder,
            now=parts.now(),
            pages=[fetching.Page(address) for address in page] if page else fetching.PAGES,
            limits=fetching.DownloadLimits(total=settings.fetch_timeout),
            tell=progress.tell,
        )
    rows = []
    # What a finer panel refused before is in `status`; a fetch that tells of it each day would hide what is new.
    refused = [(one.error, result.address) for result in results for one in result.finer if one.error and not one.again]
    for result in results:
        taken = (result.appended, *(one.appended for one in result.finer))
        lines = tuple(line for appended in taken if appended for line in describe(appended))
        name = result.file.name if result.file else None
        rows.append(
            {"address": result.address, "verdict": result.verdict, "file": str(result.file) if result.file else None}
            | {"reason": result.reason, "lines": list(lines)}
            | {"finer": [_row(one) for one in result.finer]}
        )
        if result.verdict == "refused":
            parts.complain(FetchError(result.reason), settings, address=result.address)
        elif not as_json:
            typer.echo("\n".join(lines) or f"{name}: nothing new, the archive has it")
    for error, address in refused:
        parts.complain(error, settings, address=address)
    if as_json:
        parts.emit(rows)
    if refused or any(result.verdict == "refused" for result in results):
        raise typer.Exit(1)


def _row(taken: Taken) -> dict[str, str | None]:
    """What came of the file in a finer panel: `refused` says why it was, or is None."""
    return {"panel": taken.panel, "refused": None if taken.error is None else one_line(taken.error)}


class _Late:
    """Shows the last line, once two seconds are over and then every few."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show, self._line, self._over = show, "", threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def tell(self, line: str) -> None:
        self._line = line

    def __enter__(self) -> _Late:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        shown, wait = "", _PATIENCE
        while not self._over.wait(wait):
            if self._line != shown:
                self._show(self._line)
            shown, wait = self._line, _EVERY


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fetch)
