"""Runs many independent fits at once, on worker processes; a worker that overruns its deadline is killed. Knows no model.

pebble rather than joblib: joblib's timeout ends the whole pool, pebble kills the one stuck worker and goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as DeadlineError
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Outcome", "map_tasks"]

Task = TypeVar("Task")
Result = TypeVar("Result")

# One thread per worker: the workers fill the cores already, and BLAS threads beside them only wait for each other.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of one task: its `result`, or the `failure` in one line; `seconds` of wall time inside the worker."""

    result: Result | None
    failure: str | None
    seconds: float


def _timed(function: Callable[[Task], Result], task: Task) -> tuple[Result, float]:
    start = time.perf_counter()
    return function(task), time.perf_counter() - start


def map_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int,
    deadline: float,
    preload: Sequence[str] = (),
) -> Iterator[Outcome[Result]]:
    """Apply a picklable function to each task, in order; yields one Outcome per task as soon as it and all before it are done.

    `deadline`: seconds of wall time per task, after which its worker is killed. `preload`: modules that each worker imports once.
    `workers` = 0 runs in this process, without a deadline (for debugging). A task that raises is an Outcome with a failure.
    """
    if workers == 0:
        for task in tasks:
            start = time.perf_counter()
            try:
                yield Outcome(function(task), None, time.perf_counter() - start)
            except Exception as error:  # any failure of a task is an outcome
                yield Outcome(None, _line(error), time.perf_counter() - start)
        return

    from pebble import ProcessPool

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    kept = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        with ProcessPool(max_workers=workers, context=context) as pool:
            futures = [pool.schedule(_timed, args=(function, task), timeout=deadline) for task in tasks]
            try:
                for future in futures:
                    try:
                        result, seconds = future.result()
                        yield Outcome(result, None, seconds)
                    except DeadlineError:
                        yield Outcome(None, f"no answer within {deadline:g} s; the worker was killed", deadline)
                    except Exception as error:  # whatever ended the worker is this task's outcome
                        yield Outcome(None, _line(error), 0.0)
            except BaseException:  # Ctrl-C, or a caller that has enough: what waits is not begun
                pool.stop()
                raise
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {text}"[:300]
