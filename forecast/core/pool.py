"""Worker processes of this machine, kept from one batch of tasks to the next. Knows no model and no cluster.

pebble rather than joblib: joblib's timeout ends the whole pool, pebble kills the one stuck worker and goes on.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as DeadlineError
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from typing import Any, TypeVar

from forecast.core.errors import WorkersLost, one_line
from forecast.core.outcome import Outcome, failed
from forecast.core.scratch import emptied, scratch

__all__ = ["ONE_THREAD", "Pool", "can_share", "warm"]

log = logging.getLogger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")

# One thread per worker: the workers fill the cores already, and BLAS threads beside them only wait for each other.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

# Seconds between two looks at the pool, and beyond a deadline without any task ending, after which it is given up.
_LOOK, _GRACE = 1.0, 60.0
# Pools that may be lost in a row.
_POOLS = 3
# Tasks after which a worker is replaced, so that memory which a library never gives back is given back.
_RECYCLED = 250
# In a worker: its folder for temporary files, where it has one.
_own: list[str] = []


class Pool:
    """`workers` processes that do tasks; one that overruns its deadline is killed.

    `preload`: modules that each worker imports once. A pool is used by one thread, and must be closed.
    """

    def __init__(self, workers: int, preload: Sequence[str] = ()) -> None:
        self._workers = workers
        self._context = _context(preload)
        self._pool: Any = None
        self._folders = ExitStack()
        self._others: set[Any] = set()

    def map(
        self, function: Callable[[Task], Result], tasks: Sequence[Task], deadline: float
    ) -> Iterator[Outcome[Result]]:
        """Apply a picklable function to each task, each within `deadline` seconds of wall time; yields one Outcome per
        task, in order, as soon as it and all before it are done.

        Workers that die before they can begin are replaced; raises WorkersLost where that does not help. A caller that
        leaves early, or is interrupted, closes the pool: what waits is not begun.
        """
        done = lost = 0
        try:
            with _one_thread():
                while done < len(tasks):
                    try:
                        for outcome in self._outcomes(function, tasks[done:], deadline):
                            yield outcome
                            done, lost = done + 1, 0
                    except _PoolLost as error:
                        self._abandon()
                        lost += 1
                        if lost == _POOLS:
                            raise WorkersLost(
                                f"The worker processes died {lost} times in a row without finishing a task ({error}). "
                                "Is there memory left? ENCOUNTERS_WORKERS=1 needs the least."
                            ) from error
        finally:
            if done < len(tasks):
                self.close()

    def close(self) -> None:
        """End the workers, at once where they are at work, and remove what they left behind."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None
        self._folders.close()

    def _outcomes(
        self, function: Callable[[Task], Result], tasks: Sequence[Task], deadline: float
    ) -> Iterator[Outcome[Result]]:
        """The outcomes, in order, as long as the processes live.

        A worker that dies amid a task is that task's outcome. One that dies between two (killed for its memory, say)
        can break the pool, whose futures then never end, or keep a lock that the others wait for: hence the watch.
        Raises _PoolLost.
        """
        pool = self._begun()
        alive = [time.monotonic()]
        try:
            futures = [pool.schedule(_timed, args=(function, task, deadline), timeout=deadline) for task in tasks]
        except RuntimeError as error:  # broken while they were handed over
            raise _PoolLost(f"{error}") from error
        for future in futures:
            future.add_done_callback(lambda _: alive.append(time.monotonic()))
        for future in futures:
            while not wait([future], timeout=_LOOK).done:
                if not pool.active:
                    raise _PoolLost("the pool broke")
                if (silent := time.monotonic() - alive[-1]) > deadline + _GRACE:
                    raise _PoolLost(f"no task ended for {silent:.0f} s")
            try:
                result, seconds = future.result()
                yield Outcome(result, None, seconds)
            except DeadlineError:
                late = f"no answer within {deadline:g} s; the worker was killed"
                yield Outcome(None, late, deadline)
            except BrokenProcessPool as error:
                raise _PoolLost("the pool broke") from error
            except Exception as error:  # whatever ended the worker is this task's outcome
                yield failed(error, 0.0)

    def _begun(self) -> Any:
        """The processes, started where there are none."""
        if self._pool is None:
            from pebble import ProcessPool

            # Workers end without cleaning up, and some libraries leave files behind for each fit.
            folder = self._folders.enter_context(scratch())
            self._others = set(multiprocessing.active_children())
            self._pool = ProcessPool(
                max_workers=self._workers, max_tasks=_RECYCLED, context=self._context, initializer=_work_in,
                initargs=(folder,),
            )  # fmt: skip
        return self._pool

    def _abandon(self) -> None:
        """Not joined: its threads may wait for ever, and end with this process. Its workers are ended here."""
        self._pool.stop()
        for worker in set(multiprocessing.active_children()) - self._others:
            worker.kill()
        self._pool = None
        self._folders.close()


def warm(preload: Sequence[str]) -> None:
    """Start the process that workers are forked from: it imports `preload` while the caller goes on."""
    _context(preload)
    with _one_thread(), suppress(OSError):  # `map` meets what lasts
        forkserver.ensure_running()


@cache
def can_share() -> bool:
    """Whether worker processes can be had: their queues need semaphores, which some containers lack (no /dev/shm)."""
    try:
        multiprocessing.get_context("forkserver").Lock()
    except (OSError, ImportError) as error:
        log.warning(
            "Worker processes cannot be started here (%s; is /dev/shm missing?): fits run in this process, one after "
            "the other and"
            " without a deadline. ENCOUNTERS_WORKERS=0 asks for that, and says nothing.",
            one_line(error),
        )
        return False
    return True


def _context(preload: Sequence[str]) -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that are started in the block use one thread each."""
    kept = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _work_in(folder: str | None) -> None:
    """What a worker writes beside its results goes there, into a folder of its own."""
    if folder is not None:
        tempfile.tempdir = folder
        with suppress(OSError):
            tempfile.tempdir = tempfile.mkdtemp()
            _own.append(tempfile.tempdir)


def _timed(function: Callable[[Task], Result], task: Task, deadline: float) -> tuple[Result, float]:
    """In the worker: the result and its seconds. Files that the task leaves among the temporary ones go with it.

    A worker whose pool was killed with its process sees no deadline: the kernel ends it soon after, also amid native
    code.
    """
    signal.setitimer(signal.ITIMER_REAL, deadline + _GRACE)
    start = time.perf_counter()
    try:
        return function(task), time.perf_counter() - start
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for folder in _own:
            emptied(folder)


class _PoolLost(Exception):
    """A pool that will finish nothing any more."""
