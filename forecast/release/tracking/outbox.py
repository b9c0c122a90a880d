"""The outbox: retrainings that are described and not yet in MLflow, one folder each. Loads neither MLflow nor pandas.

Sending is left to a process of its own (`python -m forecast.release.tracking`), which is killed when its time is over: MLflow's client
waits for a server longer than a release can. What was not brought stays in the outbox.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from forecast.core.errors import TrackingError
from forecast.release.tracking.session import failure, is_server

__all__ = ["Delivery", "deliver", "discard", "refused", "waiting"]

# Seconds for a connection to be refused or taken, and between two looks at a lock.
_KNOCK, _LOOK = 2.0, 0.05


@dataclass(frozen=True)
class Delivery:
    """What became of some retrainings: release -> id of its run, for those that MLflow has; `problem`: why others have stayed."""

    runs: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


def waiting(outbox: Path, panel: str = "") -> tuple[str, ...]:
    """The releases whose retrainings lie in the outbox, those of one panel or all. A listing of a folder, nothing more."""
    if not outbox.is_dir():
        return ()
    return tuple(sorted(path.name for path in outbox.glob(f"{panel}-*" if panel else "[!.]*") if path.is_dir()))


def discard(outbox: Path, panel: str, *, keep: Collection[str]) -> None:
    """Remove what lies there of a panel beside the releases to keep: retrainings that were broken off before they published.

    For the holder of the panel's lease: nobody else is making a release of it.
    """
    for path in outbox.glob(f"*{panel}-*") if outbox.is_dir() else ():
        if path.is_dir() and path.name not in keep:
            shutil.rmtree(path, ignore_errors=True)


def refused(uri: str) -> str | None:
    """Why nobody can be behind the address of a server, told at once and without MLflow; None where that is not certain."""
    if not is_server(uri):
        return None
    try:
        address = urlsplit(uri)
        host = address.hostname or ""
        if address.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
            return None
        socket.create_connection((host, address.port or {"http": 80, "https": 443}[address.scheme]), timeout=_KNOCK).close()
    except (ConnectionRefusedError, socket.gaierror) as error:
        return error.strerror or "connection refused"
    except (OSError, ValueError):  # slow, or strange: MLflow's client has the last word
        return None
    return None


def deliver(
    outbox: Path, releases: Sequence[str], *, panel: str, uri: str, artifacts: str, budget: float, patient: bool = True
) -> Delivery:
    """Send the folders of some releases of a panel to MLflow, oldest first, and remove those that arrived.

    `budget`: seconds for all of it; then the sender is killed and the rest stays. Two processes never send for one panel at once: the
    second waits as long as its budget lasts, or gives up at once where it is not `patient`. Never raises for what the server does.
    """
    end = time.monotonic() + budget
    what = f"Tracking {'release ' if len(releases) == 1 else ''}{', '.join(releases)}"
    if (reason := refused(uri)) is not None:
        return Delivery(problem=failure(uri, what, reason))
    try:
        outbox.mkdir(parents=True, exist_ok=True)
        with _locked(outbox / f".{panel}.lock", end if patient else 0.0) as lock:
            folders = [outbox / release for release in releases if (outbox / release).is_dir()]
            found = _send(folders, uri=uri, artifacts=artifacts, end=end, budget=budget, lock=lock)
    except TimeoutError:
        return Delivery(problem=f"Another process is sending retrainings of {panel}. What it leaves is sent by the next retraining.")
    except (OSError, TrackingError) as error:
        return Delivery(problem=failure(uri, what, str(error)))
    for release in found.runs:
        shutil.rmtree(outbox / release, ignore_errors=True)
    return found


def _send(folders: Sequence[Path], *, uri: str, artifacts: str, end: float, budget: float, lock: int) -> Delivery:
    if not folders:
        return Delivery()
    left = max(end - time.monotonic(), 0.1)
    asked = {"folders": [str(folder) for folder in folders], "uri": uri, "artifacts": artifacts, "seconds": left}
    # Told what to do on its standard input: a list of processes would show the address, and the password in it.
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "forecast.release.tracking"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
        # Should this process be killed, the sender holds the panel's lock until it ends too.
        pass_fds=(lock,),
    ) as sender:
        late = False
        try:
            said, complaints = sender.communicate(json.dumps(asked), timeout=left)
        except subprocess.TimeoutExpired:
            _kill(sender)
            said, complaints = sender.communicate()
            late = True
        except BaseException:
            _kill(sender)
            raise
    answers = [answer for answer in map(_answer, said.splitlines()) if answer]
    runs = {answer["release"]: answer["run"] for answer in answers if "run" in answer}
    problem = next((answer["failure"] for answer in answers if "failure" in answer), None)
    if len(runs) < len(folders) and problem is None:
        names = ", ".join(folder.name for folder in folders if folder.name not in runs)
        late = late or sender.returncode == -signal.SIGALRM
        reason = (complaints.strip().splitlines() or [f"the sender ended with {sender.returncode}"])[-1]
        problem = failure(uri, f"Tracking {names}", f"not done within {budget:g} s (ENCOUNTERS_TRACKING_BUDGET)" if late else reason)
    return Delivery(runs, problem)


def _kill(sender: subprocess.Popen[str]) -> None:
    # Its group: whatever it has started holds the pipes open that are read to their end.
    os.killpg(sender.pid, signal.SIGKILL)


def _answer(line: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:  # a line that was cut when the sender was killed
        return {}
    return found


@contextmanager
def _locked(path: Path, end: float) -> Iterator[int]:
    """The kernel frees the lock when its last holder ends, however it ends. Raises TimeoutError when `end` (monotonic) has come."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise TimeoutError from None
                time.sleep(_LOOK)
        yield handle
    finally:
        os.close(handle)
