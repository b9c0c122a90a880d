"""Puts load on a server and says how it took it: requests per second, how long they took, the server's processor time.

`wrk` does it where it is installed (Debian: apt-get install wrk); otherwise asyncio, which is slower than a good server
and says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Load", "generator", "processor_seconds", "put", "resident_megabytes"]

CONNECTIONS = 32
# Every target once, in order; wrk would otherwise ask for one address only.
_LUA = """
local asked, at = {}, 0
init = function(args) -- called once wrk knows the Host header
  for line in io.lines(os.getenv("BENCH_TARGETS")) do asked[#asked + 1] = wrk.format("GET", line) end
end
request = function() at = at % #asked + 1; return asked[at] end
"""


@dataclass(frozen=True)
class Load:
    """What a server did under load. `rate`: requests per second;
    `half` and `slow`: 50 % and 99 % were answered within so many ms.
    """

    rate: float
    half: float
    slow: float
    requests: int


def generator() -> str:
    """What puts the load on."""
    return (
        "wrk"
        if shutil.which("wrk")
        else "asyncio (slower than wrk, which is not installed: ratios come out too near to 1)"
    )


def put(
    port: int, targets: Sequence[str], *, seconds: float, headers: Sequence[str] = (), cores: set[int] | None = None
) -> Load:
    """Ask for `targets` in turn over 32 connections for some seconds, from `cores`.
    Raises SystemExit where an answer is an error.
    """
    if shutil.which("wrk"):
        return _wrk(port, targets, seconds, headers, cores)
    return asyncio.run(_asyncio(port, targets, seconds, headers))


def _wrk(port: int, targets: Sequence[str], seconds: float, headers: Sequence[str], cores: set[int] | None) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        script, listed = Path(folder, "targets.lua"), Path(folder, "targets")
        script.write_text(_LUA)
        listed.write_text("\n".join(targets))
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--latency"]
        for header in headers:
            command += ["-H", header]
        if len(targets) > 1:
            command += ["-s", str(script)]
        said = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{targets[0]}"],
            env={**os.environ, "BENCH_TARGETS": str(listed)},
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=None if cores is None else lambda: os.sched_setaffinity(0, cores),
        ).stdout
    if wrong := re.search(r"(Non-2xx|Socket errors).*", said):
        raise SystemExit(f"{targets[0]}: {wrong[0]}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    return Load(
        rate, _milliseconds(said, "50%"), _milliseconds(said, "99%"), int(re.search(r"(\d+) requests in", said)[1])
    )


def _milliseconds(said: str, name: str) -> float:
    number, unit = re.search(rf"{name}\s+([\d.]+)(us|ms|s)", said).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


async def _asyncio(port: int, targets: Sequence[str], seconds: float, headers: Sequence[str]) -> Load:
    times: list[float] = []
    more = "".join(f"{header}\r\n" for header in headers)
    start = time.perf_counter()

    async def one(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        place = first
        while time.perf_counter() - start < seconds:
            before = time.perf_counter()
            target = targets[place % len(targets)]
            writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if head[9] not in "23":
                raise SystemExit(f"{target}: {head.splitlines()[0]}")
            await reader.readexactly(int((re.search(r"content-length: (\d+)", head, re.IGNORECASE) or ["", "0"])[1]))
            times.append(time.perf_counter() - before)
            place += CONNECTIONS
        writer.close()

    await asyncio.gather(*(one(first) for first in range(CONNECTIONS)))
    spent, times = time.perf_counter() - start, sorted(times)
    return Load(len(times) / spent, 1000 * times[len(times) // 2], 1000 * times[int(0.99 * len(times))], len(times))


def _family(pid: int) -> list[int]:
    """A process and all that it started."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    family = [pid]
    for one in family:
        family += [child for child, parent in parents.items() if parent == one]
    return family


def processor_seconds(pid: int) -> float:
    """Processor time that a process and all that it started have had. What else the machine does hardly changes it."""
    tasks = [task for one in _family(pid) for task in Path(f"/proc/{one}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident_megabytes(pid: int) -> float:
    """Memory of a process and all that it started, in MB."""
    lines = [
        line
        for one in _family(pid)
        for line in Path(f"/proc/{one}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    ]
    return sum(int(line.split()[1]) for line in lines) / 1024
