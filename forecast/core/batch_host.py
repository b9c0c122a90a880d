"""`python -m forecast.core.batch_host MODULE...`: does batches of tasks on one worker process of its own.

Beside each thread of a Dask worker there is one of these. A Dask worker may be a daemon, which must not have children
of this kind, and a fit that hangs in native code cannot be interrupted in a thread; here it is killed at its deadline,
as in a local run. Batches come on standard input and outcomes leave on standard output, both pickled. It ends, with
a fit at work, as soon as standard input is closed (with the Dask worker, however that died), or when nothing has come
for a while.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from typing import Any, BinaryIO, NoReturn

from forecast.core.errors import EncountersError, one_line
from forecast.core.pool import Pool

__all__ = ["main"]

# Seconds without a batch after which it ends, and lets go of its memory.
_IDLE = 120.0


def main() -> NoReturn:
    """Take the two streams for batches alone: what a library prints goes to the log of the Dask worker."""
    asked, answered = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    pool = Pool(1, sys.argv[1:])
    batches: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(asked, batches, pool), daemon=True).start()
    while True:
        try:
            answer = pickle.dumps(_outcomes(pool, batches.get(timeout=_IDLE)), pickle.HIGHEST_PROTOCOL)
            pickle.dump(answer, answered, pickle.HIGHEST_PROTOCOL)
            answered.flush()
        except (queue.Empty, OSError):  # nothing has come for long, or nobody wants the answer any more
            _end(pool)


def _outcomes(pool: Pool, batch: bytes) -> Any:
    """The outcomes of a batch, pickled `(function, tasks, deadline)`; the error, where it could not be done."""
    try:
        function, tasks, deadline = pickle.loads(batch)  # noqa: S301 what the job sent
        return list(pool.map(function, tasks, deadline))
    except EncountersError as error:
        return error
    except Exception as error:
        return EncountersError(f"{type(error).__name__}: {one_line(error)}")  # which can be unpickled everywhere


def _receive(asked: BinaryIO, batches: queue.SimpleQueue[bytes], pool: Pool) -> None:
    try:
        while True:
            batches.put(pickle.load(asked))  # noqa: S301 what the Dask worker hands on
    finally:
        _end(pool)


def _end(pool: Pool) -> NoReturn:
    signal.alarm(60)  # the kernel ends what does not end by itself
    for worker in multiprocessing.active_children():
        worker.kill()
    folder = tempfile.gettempdir()  # its Dask worker made it for this process alone
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(Exception):  # another thread may be at work with it
        pool.close()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
