"""What a Dask worker does with a batch of tasks: hands it to a process beside it, and the answer back.

Workers import it, and so does the scheduler, which reads the names: it loads neither numpy nor a model.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO, cast

from forecast.core.errors import WorkersLost
from forecast.core.installation import installation, refuse_others
from forecast.core.pool import ONE_THREAD

__all__ = ["do_batch", "present"]

# Processes in a row that may die with a batch.
_TRIES = 3
# Each thread of a Dask worker does one batch at a time, and has its own process for that.
_own = threading.local()


def present() -> bool:
    """Whoever can answer has the package."""
    return True


def do_batch(batch: bytes, *, preload: Sequence[str], ours: Mapping[str, str]) -> bytes:
    """The outcomes of a batch, as `batch_host` gives them. `ours`: the installation whose figures are asked for.

    Raises ClusterError where this worker has another (it may have joined after the others were looked at), and
    WorkersLost where the process beside it dies again and again.
    """
    from distributed import get_worker

    refuse_others(get_worker().address, installation(), ours)
    for _ in range(_TRIES):
        host = _host(preload)
        with suppress(OSError, EOFError, pickle.UnpicklingError):
            return host.answer(batch)
        host.close()  # it died, or had waited for too long
        _own.host = None
    raise WorkersLost(
        f"The process beside the Dask worker {get_worker().address} died {_TRIES} times in a row with one batch. Is "
        "there memory left on that machine?"
    )


class _Host:
    """A process that does batches, and its folder for temporary files."""

    def __init__(self, preload: Sequence[str]) -> None:
        self.preload = set(preload)
        self._folder = tempfile.mkdtemp(prefix="encounters-")
        self._process = subprocess.Popen(  # noqa: S603 this very program
            [sys.executable, "-m", "forecast.core.batch_host", *preload],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **ONE_THREAD, "TMPDIR": self._folder},
        )  # fmt: skip

    def answer(self, batch: bytes) -> bytes:
        """Raises OSError or EOFError where the process is gone."""
        asked, answered = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        pickle.dump(batch, asked, pickle.HIGHEST_PROTOCOL)
        asked.flush()
        return cast(bytes, pickle.load(answered))  # noqa: S301 its own child

    def close(self) -> None:
        """End it, with what it has at work."""
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError, AttributeError):
                stream.close()  # type: ignore[union-attr]
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _host(preload: Sequence[str]) -> _Host:
    """The process of this thread; another where it has not loaded what is needed."""
    host: _Host | None = getattr(_own, "host", None)
    if host is not None and not set(preload) <= host.preload:
        host.close()
        host = None
    if host is None:
        host = _own.host = _Host(preload)
    return host
