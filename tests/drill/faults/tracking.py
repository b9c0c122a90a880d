"""MLflow down, hanging or slow: the release comes within its budget,
and later each release has exactly one finished run.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2

from forecast.release import publish, read
from tests.drill.lane import Lane
from tests.drill.outcome import Outcome, Tally
from tests.drill.worker import Errand
from tests.drill.world import ISSUED, PANEL, World, until
from tests.mlflow_server import launch

__all__ = ["tracking_away"]

# Seconds for MLflow after a publication in the drill, and what a retraining of the small panel takes beside it.
BUDGET = 5.0
BESIDE = 30.0
# Seconds by which the slow server's answers come late.
SLOW = 2.0


@dataclass
class _Server:
    """A real MLflow server in a session of its own, so that all its processes can be stopped at once."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = launch(self.folder, self.port)
        until(self._healthy, seconds=180, what="the tracking server")

    def signal(self, number: int) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def stop(self) -> None:
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        self.process = None

    def finished(self) -> dict[str, list[str]]:
        """Release -> its finished runs of a whole retraining."""
        experiments = self._post("experiments/search", {"max_results": 100})["experiments"]
        by_release: dict[str, list[str]] = {}
        token = ""
        while True:
            asked = {
                "experiment_ids": [one["experiment_id"] for one in experiments],
                "max_results": 1000,
                "page_token": token,
            }
            answer = self._post(
                "runs/search", {**asked, "filter": "tags.kind = 'retraining' and attributes.status = 'FINISHED'"}
            )
            for run in answer.get("runs", []):
                tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
                by_release.setdefault(tags["release_id"], []).append(run["info"]["run_id"])
            token = answer.get("next_page_token", "")
            if not token:
                return by_release

    def champion(self) -> str:
        """The release that the alias stands on."""
        answer = httpx2.get(
            f"{self.uri}/api/2.0/mlflow/registered-models/alias",
            params={"name": f"encounters-{PANEL}", "alias": "champion"},
            timeout=60,
        )
        tags = {tag["key"]: tag["value"] for tag in answer.json()["model_version"]["tags"]}
        return str(tags["release_id"])

    def _post(self, what: str, body: dict[str, object]) -> dict[str, list[dict]]:  # type: ignore[type-arg]
        answer = httpx2.post(f"{self.uri}/api/2.0/mlflow/{what}", json=body, timeout=60)
        answer.raise_for_status()
        document: dict[str, list[dict]] = answer.json()  # type: ignore[type-arg]
        return document

    def _healthy(self) -> bool:
        try:
            return httpx2.get(f"{self.uri}/health", timeout=2).status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def _slow(port: int, seconds: float) -> Iterator[str]:
    """A server in front of a port that holds every answer back for so long."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket, late: float) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                time.sleep(late)
                sink.sendall(chunk)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                behind = socket.create_connection(("127.0.0.1", port))
                threading.Thread(target=pump, args=(client, behind, 0.0), daemon=True).start()
                threading.Thread(target=pump, args=(behind, client, seconds), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def tracking_away(lane: Lane) -> Outcome:
    """Each failure of the tracking server,
    and afterwards a retraining that finds nothing new and sends what is missing.
    """
    tally = Tally()
    with lane.world("tracking") as world:
        folder = world.desk / "mlflow"
        folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            server = _Server(folder, free.getsockname()[1])
        world.tracking = server.uri
        try:
            _publish(lane, world, tally, "down", 1)
            if lane.short:  # a real server takes half a minute
                return tally.outcome()
            server.start()
            _publish(lane, world, tally, "well", 2)
            server.signal(signal.SIGSTOP)
            try:
                _publish(lane, world, tally, "hanging", 3)
            finally:
                server.signal(signal.SIGCONT)
            with _slow(server.port, SLOW) as world.tracking:
                _publish(lane, world, tally, "slow", 4)
            world.tracking = server.uri
            server.stop()
            _publish(lane, world, tally, "killed", 5)
            server.start()
            with tally.attempt("back again: exactly one finished run per release, and the store names it") as lost:
                lost += _made_up_for(world, server)
            with tally.attempt("rolled back: the champion follows") as lost:
                lost += _followed(world, server)
        finally:
            server.stop()
    return tally.outcome()


def _publish(lane: Lane, world: World, tally: Tally, what: str, number: int) -> None:
    before = world.state()
    errand = world.errand(now=ISSUED + timedelta(minutes=number), force=True)
    errand.environment["ENCOUNTERS_TRACKING_BUDGET"] = str(BUDGET)
    with tally.attempt(what) as lost:
        done = world.go(errand)
        if done.code != 0:
            lost.append(f"it ended with {done.code}: {done.message}")
        if done.seconds > lane.within(BUDGET + BESIDE):
            lost.append(f"it took {done.seconds:.0f} s with a budget of {BUDGET:g} s")
        tally.notes.append(f"{what} {done.seconds:.1f} s")
        lost += world.losses(before, published=True)


def _made_up_for(world: World, server: _Server) -> list[str]:
    """Retrainings with nothing new until the outbox is empty; then what MLflow has beside what was released."""
    for _ in range(3):  # what one budget does not bring, the next one does
        if (done := world.go(_errand_after(world))).code != 0:
            return [f"with the server back it ended with {done.code}: {done.message}"]
        if all(one.run_id for one in read.releases(world.engine, PANEL)):
            break
    finished, runs = server.finished(), read.runs(world.engine)
    wanted = [one.id for one in read.releases(world.engine, PANEL)]
    lost = [f"{len(finished.get(one, []))} finished runs of {one}" for one in wanted if len(finished.get(one, [])) != 1]
    lost += [f"the store names {runs.get(one)} for {one}" for one in wanted if finished.get(one) != [runs.get(one)]]
    lost += _astray(world, server)
    return lost + [f"a run of {release}, which was never published" for release in finished.keys() - set(wanted)]


def _followed(world: World, server: _Server) -> list[str]:
    """A release served again by hand, and a retraining with nothing new."""
    first = read.releases(world.engine, PANEL)[-1].id
    publish.rollback(world.engine, first, now=ISSUED + timedelta(hours=1))
    if (done := world.go(_errand_after(world))).code != 0:
        return [f"after the rollback it ended with {done.code}: {done.message}"]
    return _astray(world, server)


def _errand_after(world: World) -> Errand:
    errand = world.errand(now=ISSUED + timedelta(minutes=1))
    errand.environment["ENCOUNTERS_TRACKING_BUDGET"] = "180"
    return errand


def _astray(world: World, server: _Server) -> list[str]:
    served, champion = read.pointers(world.engine)[PANEL], server.champion()
    return [] if served == champion else [f"{served} is served, and the champion is {champion}"]
