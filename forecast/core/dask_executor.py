"""Does tasks on the workers of a Dask cluster, in batches, as `executor` does them on processes of this machine.

Batches, because a scheduler stalls over some ten thousands of tasks, and few submitted ahead of the work.
"""

from __future__ import annotations

import pickle
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from forecast.core.dask_client import asked, connected, lacking
from forecast.core.dask_worker import do_batch
from forecast.core.errors import ClusterError, EncountersError, one_line
from forecast.core.executor import Executor
from forecast.core.installation import installation
from forecast.core.outcome import Outcome

__all__ = ["DaskExecutor"]

Task = TypeVar("Task")
Result = TypeVar("Result")

# Seconds for the scheduler to answer amid the work.
_PATIENCE = 30.0
# Seconds after which the scheduler is asked for its workers again; and without any, after which the work ends.
_LOOK, _ALONE = 5.0, 60.0
# Tasks of a batch at most: what a lost worker costs. Fewer towards the end, so that all workers end together.
_BATCH = 32
# Batches that are submitted ahead, per thread of the workers: enough to keep them busy, however many there are to come.
_AHEAD = 3


@dataclass(frozen=True)
class DaskExecutor(Executor):
    """The same on the workers of the scheduler at `address` (tcp://host:port), whose threads do a batch each.

    Every task runs in a process of its worker that is killed at the deadline, with one thread, and its outcome is to
    the last bit what it is here: a worker with another installation is refused. Nothing is ever done on this machine
    instead. `workers` says nothing here.
    """

    address: str = ""

    def map(
        self, function: Callable[[Task], Result], tasks: Sequence[Task], *, preload: Sequence[str] = ()
    ) -> Iterator[Outcome[Result]]:
        """As `Executor.map`. A batch whose worker dies is done again by another; tasks that keep killing their workers
        fail alone. Raises ClusterError where the cluster cannot do them, or is lost.
        """
        if tasks:
            with connected(self.address) as client:
                yield from _Work(client, self, function, tuple(preload)).outcomes(tasks)

    def warm(self, preload: Sequence[str]) -> None:
        """Nothing: workers import while others work."""

    def check(self) -> None:
        """Raise ClusterError where there is no scheduler, no worker, one without this package, or with another."""
        with connected(self.address):
            pass


@dataclass
class _Work:
    """One `map`: batches that wait, batches that are with the scheduler, outcomes that came before their turn."""

    client: Any
    executor: DaskExecutor
    function: Callable[[Any], Any]
    preload: tuple[str, ...]
    waiting: deque[tuple[int, Sequence[Any]]] = field(default_factory=deque)
    submitted: dict[str, tuple[int, Sequence[Any]]] = field(default_factory=dict)
    futures: dict[str, Any] = field(default_factory=dict)
    ended: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    threads: int = 0
    looked: float = 0.0
    peopled: float = field(default_factory=time.monotonic)

    def outcomes(self, tasks: Sequence[Any]) -> Iterator[Outcome[Any]]:
        """One per task, in order."""
        self._look()
        self.waiting.extend(_batches(tasks, self.threads))
        came: dict[int, Outcome[Any]] = {}
        turn = 0
        while turn < len(tasks):
            while self.waiting and len(self.submitted) < _AHEAD * max(1, self.threads):
                self._submit(*self.waiting.popleft())
            came.update(self._next())
            while turn in came:
                yield came.pop(turn)
                turn += 1

    def _submit(self, place: int, tasks: Sequence[Any]) -> None:
        """Hand a batch over as bytes, which the scheduler need not understand."""
        if self.client.status != "running":
            raise self._lost()
        future = self.client.submit(
            do_batch, pickle.dumps((self.function, list(tasks), self.executor.deadline), pickle.HIGHEST_PROTOCOL),
            pure=False, key=f"encounters-{uuid.uuid4().hex}", preload=self.preload, ours=dict(installation()),
        )  # fmt: skip
        self.submitted[future.key], self.futures[future.key] = (place, tasks), future
        future.add_done_callback(self.ended.put)

    def _next(self) -> dict[int, Outcome[Any]]:
        """The outcomes of the next batch that ends, by the places of its tasks; none where it is done again.
        Raises ClusterError where the cluster is gone, and what ended the batch where that ends all.
        """
        future = None
        while future is None:
            if self.client.status != "running":
                raise self._lost()
            if time.monotonic() > self.looked + _LOOK:
                self._look()
            with suppress(queue.Empty):
                future = self.ended.get(timeout=0.5)
        place, tasks = self.submitted.pop(future.key)
        del self.futures[future.key]
        if future.status == "finished":
            answer = pickle.loads(self._answer(future))  # noqa: S301 our own workers'
            if isinstance(answer, EncountersError):
                raise answer
            return dict(enumerate(answer, start=place))
        if future.status == "error":
            return self._failed(future.exception(), place, tasks)
        if self.client.status != "running":
            raise self._lost()
        # It had ended, and the worker that kept its answer died before it was fetched.
        self.waiting.appendleft((place, tasks))
        return {}

    def _answer(self, future: Any) -> bytes:
        """Where the worker that had it has died meanwhile, the scheduler lets it be done again first."""
        try:
            return cast(bytes, asked(future.result, self._lost, None))
        except Exception:  # it is cancelled with the connection
            raise self._lost() from None

    def _failed(self, error: BaseException, place: int, tasks: Sequence[Any]) -> dict[int, Outcome[Any]]:
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            if len(tasks) == 1:
                return {place: Outcome(None, "each Dask worker that began it died", 0.0)}
            # One of them does it: each is tried alone, so that the others have their outcome.
            self.waiting.extendleft((place + k, tasks[k : k + 1]) for k in reversed(range(len(tasks))))
            return {}
        if isinstance(error, EncountersError):
            raise error
        if isinstance(error, ImportError):
            raise lacking("A worker of the Dask scheduler at", self.executor.address, error)
        raise ClusterError(
            f"The Dask cluster at {self.executor.address} could not do a batch ({type(error).__name__}: "
            f"{one_line(error)[:300]}). Its workers' log says more."
        )

    def _look(self) -> None:
        """Ask the scheduler for its workers. Raises ClusterError where it is gone, or they are and stay so."""
        try:
            self.threads = sum(asked(self.client.nthreads, self._lost, _PATIENCE).values())
        except ClusterError:
            raise
        except Exception:  # a connection that ends may raise anything
            raise self._lost() from None
        self.looked = time.monotonic()
        if self.threads:
            self.peopled = self.looked
        elif (alone := self.looked - self.peopled) > _ALONE:
            raise ClusterError(
                f"The Dask scheduler at {self.executor.address} has had no worker for {alone:.0f} s. Start one (dask "
                f"worker {self.executor.address}) and repeat the command."
            )

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"The Dask scheduler at {self.executor.address} was lost amid the work. Start it and its workers, and "
            "repeat the command: it goes on from the fits that are remembered."
        )


def _batches(tasks: Sequence[Task], threads: int) -> Iterator[tuple[int, Sequence[Task]]]:
    """Neighbouring tasks with the place of the first: many at first, single ones at the end."""
    place = 0
    while place < len(tasks):
        size = min(_BATCH, max(1, (len(tasks) - place) // (4 * max(1, threads))))
        yield place, tasks[place : place + size]
        place += size
