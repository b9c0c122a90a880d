"""The outbox: retrainings that are described and not yet in MLflow, one folder each, and the process that sends them.

That process (`python -m forecast.release.tracking`) is killed when its time is over: MLflow's client waits for a server
longer than anybody can. What it did not bring stays in the outbox. Loads neither MLflow nor pandas.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from forecast.core.errors import TrackingError
from forecast.core.files import locked
from forecast.core.scratch import scratch
from forecast.release.tracking.session import failure, is_server

__all__ = ["Delivery", "deliver", "discard", "refused", "remove", "waiting"]

# Seconds for a connection to be refused or taken.
_KNOCK = 2.0
# What MLflow decodes in the path of a local folder once too often: seen with 3.17, where no model could be loaded.
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")


@dataclass(frozen=True)
class Delivery:
    """What became of some releases. `runs`: release -> id, where MLflow has them; `problem`: why others are missing."""

    runs: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


def waiting(outbox: Path, panel: str = "") -> tuple[str, ...]:
    """The releases whose retrainings lie in the outbox, of one panel or all. A listing of a folder, nothing more."""
    if not outbox.is_dir():
        return ()
    names = sorted(path.name for path in outbox.iterdir() if path.is_dir() and not path.name.startswith("."))
    return tuple(name for name in names if not panel or _is_of(panel, name))


def _is_of(panel: str, name: str) -> bool:
    """Whether a folder is of a release of a panel: `demo` has none of `demo-2`, whose names begin alike."""
    return re.fullmatch(rf"{re.escape(panel)}-\d{{4}}-\d{{2}}(-hindcast)?-[^-]+", name) is not None


def remove(outbox: Path, release: str) -> None:
    """Remove what lies there of a release that MLflow has."""
    shutil.rmtree(outbox / release, ignore_errors=True)


def discard(outbox: Path, panel: str, *, keep: Collection[str]) -> None:
    """Remove what lies there of a panel beside the releases to keep: retrainings that were broken off unpublished.

    For the holder of the panel's lease: nobody else is making a release of it.
    """
    for path in outbox.iterdir() if outbox.is_dir() else ():
        # One that was broken off while it was described is hidden: `.demo-2024-11-0123456789.part`.
        if path.is_dir() and path.name not in keep and _is_of(panel, path.name.removeprefix(".").removesuffix(".part")):
            remove(outbox, path.name)


def refused(uri: str) -> str | None:
    """Why nobody can be behind the address of a server, found at once; None where that is not certain."""
    if not is_server(uri):
        return None
    try:
        address = urlsplit(uri)
        host = address.hostname or ""
        if address.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
            return None
        socket.create_connection(
            (host, address.port or {"http": 80, "https": 443}[address.scheme]), timeout=_KNOCK
        ).close()
    except (ConnectionRefusedError, socket.gaierror) as error:
        return error.strerror or "connection refused"
    except (OSError, ValueError):  # slow, or strange: MLflow's client has the last word
        return None
    return None


def deliver(
    outbox: Path, releases: Sequence[str], *, panel: str, served: str | None, uri: str, artifacts: str, budget: float
) -> Delivery:
    """Bring releases of a panel to MLflow in this order, those that lie in the outbox, and look the others up there.

    `served`: the release that the alias `champion` is put on, if MLflow has it. `budget`: seconds for all of it. Two
    processes never send for one panel at once: the second gives up. Never raises for what the server does.
    """
    what = f"Tracking {'release ' if len(releases) == 1 else ''}{', '.join(releases)}"
    if (reason := refused(uri)) is not None:
        return Delivery(problem=failure(uri, what, reason))
    folder = unquote(urlsplit(artifacts).path)
    if not is_server(uri) and (escape := _ESCAPE.search(folder)):
        return Delivery(
            problem=f"{what} waits: MLflow takes {escape[0]} in {folder} for another character, and would not find a "
            "model there again. Move the home to a path without it."
        )
    try:
        outbox.mkdir(parents=True, exist_ok=True)
        with locked(outbox / f".{panel}.lock", wait=False) as lock, scratch() as own:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "forecast.release.tracking"],
                # Not by arguments: a list of processes would show the address, and the password in it.
                input=json.dumps([str(outbox), list(releases), panel, served, uri, artifacts]).encode(),
                capture_output=True,
                timeout=budget,
                # MLflow's client leaves files behind where it is killed.
                env={**os.environ, **({"TMPDIR": own} if own else {})},
                # It holds the lock until it ends, should this process be killed meanwhile.
                pass_fds=[lock],
            )
        said, complaints = done.stdout, done.stderr.decode(errors="replace").strip().splitlines()
        reason = (complaints or [f"the sender ended with {done.returncode}"])[-1] if done.returncode else ""
    except BlockingIOError:
        return Delivery(problem=f"Another process is sending retrainings of {panel}.")
    except subprocess.TimeoutExpired as late:
        said, reason = late.stdout or b"", f"not done within {budget:g} s (ENCOUNTERS_TRACKING_BUDGET)"
    except (OSError, TrackingError) as error:
        return Delivery(problem=failure(uri, what, str(error)))
    answers = [answer for line in said.splitlines() if (answer := _answer(line))]
    runs = {answer["release"]: answer["run"] for answer in answers if "run" in answer}
    problem = next((answer["failure"] for answer in answers if "failure" in answer), None)
    return Delivery(runs, problem or (failure(uri, what, reason) if reason else None))


def _answer(line: bytes) -> dict[str, Any]:
    try:
        answer: Any = json.loads(line)
    except ValueError:  # what a library printed, or a line that was cut when the sender was killed
        return {}
    return answer if isinstance(answer, dict) else {}
