"""A real Dask scheduler and real workers over TCP on this machine, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.waiting import HANG, until

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Cluster", "cluster"]

HOUSE = Path(__file__).resolve().parents[1]


@dataclass
class Cluster:
    """`folder`: where its processes write. `setting`: what ENCOUNTERS_EXECUTOR names it by."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    scheduler: subprocess.Popen[bytes] = field(init=False)
    address: str = field(init=False)

    def __post_init__(self) -> None:
        file = self.folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(file), **self.environment)

        def written() -> str:
            return file.exists() and file.read_text().endswith("}") and json.loads(file.read_text())["address"]

        self.address = until(written, process=self.scheduler)

    @property
    def setting(self) -> str:
        return self.address.replace("tcp://", "dask://")

    def client(self) -> Client:
        """A client of its own, to be closed. Dask is loaded here: every worker of pytest loads this file."""
        from distributed import Client

        return Client(self.address, timeout=HANG, set_as_default=False)

    def add_worker(self, *arguments: str, python: str = sys.executable, **environment: str) -> subprocess.Popen[bytes]:
        """Start one, with a nanny unless told otherwise; it joins in a second or two."""
        worker = self._start("worker", self.address, "--nthreads", "1", *arguments, python=python, **environment)
        self.workers.append(worker)
        return worker

    def _start(self, *arguments: str, python: str = sys.executable, **environment: str) -> subprocess.Popen[bytes]:
        number = len(list(self.folder.glob("*.log")))
        with (self.folder / f"{number}-{arguments[0]}.log").open("wb") as log:
            return subprocess.Popen(
                [python, "-m", "dask", arguments[0], *arguments[1:], "--host", "127.0.0.1", "--no-dashboard"],
                cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
                env={
                    **os.environ, "PYTHONPATH": str(HOUSE), "DASK_TEMPORARY_DIRECTORY": str(self.folder), **environment
                },
            )  # fmt: skip

    def close(self) -> None:
        """End every process of it; what the workers have beside them ends with them."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait(HANG)


@contextmanager
def cluster(folder: Path, workers: int = 2, **environment: str) -> Iterator[Cluster]:
    """A scheduler and so many workers of one thread, which have joined it."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Cluster(folder, environment)
    try:
        for _ in range(workers):
            made.add_worker(**environment)
        if workers:
            with made.client() as client:
                client.wait_for_workers(workers, timeout=HANG)
        yield made
    finally:
        made.close()
