"""MLflow's database without a run, and its own tracking server as a process: one worker, all in one folder."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from forecast.release.tracking.session import opened

__all__ = ["launch", "make_empty_store"]


def make_empty_store(path: Path) -> None:
    """The database as MLflow makes it, in one file that nobody has open."""
    with TemporaryDirectory() as folder:
        made = Path(folder, "m.db")
        with opened(f"sqlite:///{made}", what="Making a store of runs"), closing(sqlite3.connect(made)) as store:
            store.execute("VACUUM INTO ?", (str(path),))


def launch(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """The server on a port of this machine, in a session of its own; it takes some seconds to answer."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", f"{port}", "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'm.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    # Jobs are no part of tracking, and slow to start.
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True)
