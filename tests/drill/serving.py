"""A real service of a world, and requests that look at every answer:
no 5xx, a body that matches its ETag, exactly one release.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx2

from service.answers import Answer
from tests.drill.world import ENCOUNTERS, HOUSE, World, until

__all__ = ["Load", "Service", "serving"]

POLL_SECONDS = "0.2"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# A client made anew for each question would read the machine's certificates each time, which takes longer than the
# answer.
_CLIENT = httpx2.Client(verify=False, limits=httpx2.Limits(max_keepalive_connections=0))


@dataclass
class Service:
    """A process that answers at `base`."""

    base: str
    process: subprocess.Popen[bytes]

    def get(self, path: str, timeout: float = 60) -> httpx2.Response:
        """One answer, on a connection of its own."""
        return _CLIENT.get(self.base + path, timeout=timeout)

    def body(self, path: str) -> bytes:
        """The body of an answer that must be 200. Raises AssertionError."""
        answer = self.get(path)
        if answer.status_code != 200:
            raise AssertionError(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        return bytes(answer.content)

    def json(self, path: str) -> Any:
        """Its JSON."""
        return json.loads(self.body(path))

    def ready(self, timeout: float = 5) -> bool:
        """Whether it says so."""
        try:
            return self.get("/readyz", timeout).status_code == 200
        except httpx2.TransportError:
            return False

    def serves(self, release: str) -> bool:
        """Whether it names a release as one that it serves."""
        return release in self.get("/v1/status").text

    def alive(self) -> bool:
        """Whether the process answers at all."""
        try:
            return self.get("/livez", 5).status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def serving(world: World, *, ready: bool = True) -> Iterator[Service]:
    """`encounters serve` on a world's home, until the end of the block; `ready`: wait until it has a release."""
    port = _free_port()
    environment = {**os.environ, **world.environment, "ENCOUNTERS_POLL_SECONDS": POLL_SECONDS}
    log = (world.root / "service.log").open("ab")
    process = subprocess.Popen(
        [*ENCOUNTERS, "serve", "--port", str(port)], cwd=HOUSE, env=environment, stdout=log, stderr=log
    )
    service = Service(f"http://127.0.0.1:{port}", process)
    try:
        until(service.ready if ready else service.alive, what="the service")
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


@dataclass
class Load:
    """Asks without pause, from several threads, at most `most` times; looks at each answer as it comes.

    `expected`: statuses that may be seen beside 200. `addresses` are asked in turn.
    """

    service: Service
    addresses: Sequence[str] = ("/v1/forecasts", "/v1/forecasts?kind=state", "/v1/forecasts.csv", "/v1/status")
    threads: int = 3
    most: int = 100_000
    pause: float = 0.02
    answered: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    releases: list[tuple[float, str]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Load:
        self._began = time.monotonic()
        self._running = [threading.Thread(target=self._ask, daemon=True) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._running:
            thread.join(30)
        self._stopped = time.monotonic()

    @property
    def gap(self) -> float:
        """The longest time without a good answer, seconds, from the beginning to the end."""
        moments = sorted([self._began, *self.answered, self._stopped])
        return max(b - a for a, b in pairwise(moments))

    def problems(self) -> list[str]:
        """What was wrong, each kind once, and whether there were too few answers to tell."""
        kinds = dict.fromkeys(self.wrong)
        return [*list(kinds)[:5], *(["no request was answered"] if not self.answered else [])]

    def _ask(self) -> None:
        # Unpacked, so that the body is the one that the ETag is made of.
        with httpx2.Client(base_url=self.service.base, timeout=30, headers={"Accept-Encoding": "identity"}) as client:
            for number in range(self.most // self.threads):
                if self._ended.is_set():
                    return
                address = self.addresses[number % len(self.addresses)]
                try:
                    answer = client.get(address)
                except httpx2.TransportError as error:
                    self.wrong.append(f"{address}: {type(error).__name__}")
                    continue
                self._judge(address, answer)
                self._ended.wait(self.pause)

    def _judge(self, address: str, answer: httpx2.Response) -> None:
        if answer.status_code != 200:
            self.wrong.append(f"{address}: status {answer.status_code}")
            return
        body = bytes(answer.content)
        if answer.headers["etag"].encode() != dict(Answer(body, "application/json", cache="").raw_headers)[b"etag"]:
            self.wrong.append(f"{address}: the body does not match its ETag")
            return
        named = _named(address, body)
        if named is not None:
            if len(named) != 1:
                self.wrong.append(f"{address}: {len(named)} releases in one answer")
                return
            self.releases.append((time.monotonic(), named.pop()))
        self.answered.append(time.monotonic())


def _named(address: str, body: bytes) -> set[str] | None:
    """The releases that an answer of one panel is made of; None where it is not about forecasts."""
    if address.startswith("/v1/forecasts.csv"):
        head, *rows = body.decode().splitlines()
        place = head.split(",").index("release")
        return {row.split(",")[place] for row in rows}
    if address.startswith("/v1/forecasts"):
        document = json.loads(body)
        return {one["id"] for one in document["releases"].values()} | {one["release"] for one in document["forecasts"]}
    return None
