"""A crowd before a running service, and another client beside it:
how long that one waits, what was refused, how much memory it took.

The crowd is a process of its own, so that it and the client that is measured do not wait for one another.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

__all__ = [
    "CROWD",
    "NEIGHBOUR",
    "Beside",
    "Memory",
    "ask",
    "beside",
    "cold",
    "crowd",
    "hold",
    "milliseconds_of_processor",
    "status_counts",
]

# Two addresses of this machine, as of two clients.
CROWD, NEIGHBOUR = "127.0.0.1", "127.0.0.2"
PIECE = 262_144
HOUSE = Path(__file__).resolve().parents[2]


@dataclass
class Memory:
    """Resident memory of a process and its children, in MB, looked at while the block runs."""

    pid: int
    most: float = 0.0

    def now(self) -> float:
        """As it is."""
        family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        megabytes = sum(one.memory_info().rss for one in family) / 1e6
        self.most = max(self.most, megabytes)
        return megabytes


@dataclass
class Beside:
    """What the client beside the crowd saw: milliseconds per answer by address, and statuses."""

    times: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    def percentile(self, target: str, per_cent: float) -> float:
        """Milliseconds within which so many of its answers came."""
        times = sorted(self.times[target])
        return times[min(len(times) - 1, int(per_cent / 100 * len(times)))]


async def ask(port: int, target: str, *, address: str = CROWD, seconds: float = 60) -> tuple[int, int]:
    """Status and bytes of one answer, on a connection of its own, unpacked; 0 where there was none."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
            try:
                writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                head, size = await reader.readuntil(b"\r\n\r\n"), 0
                while piece := await reader.read(PIECE):
                    size += len(piece)
                return int(head.split(b" ", 2)[1]), size
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return 0, 0


async def _cold(port: int, target: str, connections: int) -> Counter[int]:
    """As many connections first, then the same question on all of them at once."""
    opened = [await asyncio.open_connection("127.0.0.1", port, local_addr=(CROWD, 0)) for _ in range(connections)]
    for _, writer in opened:
        writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        try:
            async with asyncio.timeout(60):
                head = await reader.readuntil(b"\r\n\r\n")
                while await reader.read(PIECE):
                    pass
                return int(head.split(b" ", 2)[1])
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return 0
        finally:
            writer.close()

    return Counter(await asyncio.gather(*(answer(*one) for one in opened)))


def cold(port: int, target: str, connections: int = 200) -> Counter[int]:
    """Statuses of the same question on so many connections at once; 0: no answer."""
    return asyncio.run(_cold(port, target, connections))


@contextmanager
def crowd(port: int, targets: Sequence[str], *, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """One client for each target, which asks it again and again for so long, in another process;
    its statuses: `status_counts`.
    """
    command = [sys.executable, "-m", "tests.drill.crowd", str(port), str(seconds)]
    process = subprocess.Popen(command, cwd=HOUSE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write("\n".join(targets))
    process.stdin.close()
    try:
        yield process
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds + 90)
        process.kill()
        process.wait()


def status_counts(process: subprocess.Popen[str]) -> dict[int, int]:
    """What the crowd was answered, once it has ended."""
    assert process.stdout is not None
    return {int(status): number for status, number in json.loads(process.stdout.read()).items()}


def beside(
    port: int, pid: int, targets: Sequence[str], process: subprocess.Popen[str], *, pause: float = 0.03
) -> tuple[Beside, Memory]:
    """Ask `targets` in turn from the neighbour's address until the crowd has ended."""
    seen, memory = Beside({target: [] for target in targets}), Memory(pid)

    async def measure() -> None:
        place = 0
        while process.poll() is None:
            target = targets[place % len(targets)]
            before = time.perf_counter()
            status, _ = await ask(port, target, address=NEIGHBOUR)
            seen.times[target].append(1000 * (time.perf_counter() - before))
            seen.statuses[status] += 1
            memory.now()
            place += 1
            await asyncio.sleep(pause)

    asyncio.run(measure())
    return seen, memory


@contextmanager
def hold(port: int, connections: int, first: bytes = b"") -> Iterator[None]:
    """So many connections of one address that send `first` and nothing more;
    those that are closed are opened no more.
    """
    import socket

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, connections + 500)), hard))
    opened = []
    try:
        for _ in range(connections):
            one = socket.socket()
            one.settimeout(10)
            with contextlib.suppress(OSError):
                one.bind((CROWD, 0))
                one.connect(("127.0.0.1", port))
                one.sendall(first)
            opened.append(one)
        yield
    finally:
        for one in opened:
            one.close()


def milliseconds_of_processor(port: int, pid: int, target: str, *, times: int = 200) -> float:
    """Processor time of the service for one answer, in ms,
    where the same question is asked again and again on one connection.
    """

    async def put() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(times):
            writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if head.split(b" ", 2)[1] != b"200":
                raise AssertionError(f"{target}: {head.splitlines()[0].decode()}")
            size = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(size.split(b":")[1]))
        writer.close()

    asyncio.run(ask(port, target))
    before = psutil.Process(pid).cpu_times()
    asyncio.run(put())
    after = psutil.Process(pid).cpu_times()
    return 1000 * (after.user + after.system - before.user - before.system) / times


async def _insist(port: int, targets: Sequence[str], seconds: float) -> Counter[int]:
    statuses: Counter[int] = Counter()
    end = time.monotonic() + seconds

    async def client(target: str) -> None:
        while time.monotonic() < end:
            status, _ = await ask(port, target)
            statuses[status] += 1
            if status != 200:
                await asyncio.sleep(0.5)

    await asyncio.gather(*(client(target) for target in targets))
    return statuses


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_insist(int(sys.argv[1]), sys.stdin.read().split("\n"), float(sys.argv[2])))))  # noqa: T201 for `status_counts`
