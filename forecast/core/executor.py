"""Where many independent fits are made at once: on processes of this machine, or in this process. Knows no model."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TypeVar

from forecast.core import pool
from forecast.core.outcome import Outcome, failed

__all__ = ["HERE", "Executor", "Outcome"]

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Executor:
    """Where independent tasks are done: on `workers` processes of this machine; 0: in this process, one by one.

    `deadline`: seconds of wall time per task, after which its worker is killed; in this process there is none. Whoever
    takes an executor calls its methods alone, so that another kind can take its place: `dask_executor` has a cluster's.
    Models that were logged to MLflow call it by this name and with these two values.
    """

    workers: int = 0
    deadline: float = 60.0

    def map(
        self, function: Callable[[Task], Result], tasks: Sequence[Task], *, preload: Sequence[str] = ()
    ) -> Iterator[Outcome[Result]]:
        """Apply a picklable function to each task, in order; yields one Outcome per task as soon as it and all before
        it are done.

        `preload`: modules that each worker imports once. A machine that cannot share memory between processes does all
        in this one. A task that raises is an Outcome with a failure. Workers that die before they can begin are
        replaced; raises WorkersLost where that does not help.
        """
        if self.workers > 0 and pool.can_share():
            with closing(pool.Pool(self.workers, preload)) as processes:
                yield from processes.map(function, tasks, self.deadline)
            return
        if not tasks:
            return
        for module in preload:
            with suppress(Exception):  # what needs it says so
                importlib.import_module(module)
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

        # As in workers: the matrices are small, and threads that wait for each other take several times as long.
        libraries = ThreadpoolController()
        for task in tasks:
            start = time.perf_counter()
            try:
                with libraries.limit(limits=1):
                    result = function(task)
                yield Outcome(result, None, time.perf_counter() - start)
            except Exception as error:  # any failure of a task is an outcome
                yield failed(error, time.perf_counter() - start)

    def warm(self, preload: Sequence[str]) -> None:
        """Let `preload` be imported where tasks will be done, while the caller goes on. Unneeded, but saves seconds."""
        if self.workers > 0 and pool.can_share():
            pool.warm(preload)

    def check(self) -> None:
        """Raise an EncountersError where tasks could not be done; on this machine they always can."""


# In this process.
HERE = Executor()
