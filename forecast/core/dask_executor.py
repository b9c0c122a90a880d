"""Does tasks on the workers of a Dask cluster, in batches, as `executor` does them on processes of this machine.

The only file that knows a client of Dask, which it loads when it is asked for. distributed's own client rather than
joblib's backend, which waits for ever where the scheduler lacks the package.
"""

from __future__ import annotations

import logging
import pickle
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from forecast.core.dask_worker import do_batch, present
from forecast.core.errors import ClusterError, EncountersError, one_line
from forecast.core.executor import Executor
from forecast.core.installation import installation, refuse_others
from forecast.core.outcome import Outcome

__all__ = ["DaskExecutor"]

Task = TypeVar("Task")
Result = TypeVar("Result")

# Seconds for a scheduler to be reached, and for each question to it and its workers.
_PATIENCE = 6.0
# Seconds without a batch ending, after which the cluster is asked whether it is there; and without any worker.
_SILENCE, _ALONE = 5.0, 60.0
# Tasks of a batch at most: what a lost worker costs. Fewer towards the end, so that all workers end together.
_BATCH = 32
# Batches that are submitted ahead, per thread of the workers: enough to keep them busy, however many there are to come.
_AHEAD = 3
_LOGGERS = ("distributed", "distributed.client", "distributed.core", "tornado", "tornado.application", "asyncio")


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
            with _connected(self.address) as client:
                yield from _Work(client, self, function, tuple(preload)).outcomes(tasks)

    def warm(self, preload: Sequence[str]) -> None:
        """Nothing: workers import while others work."""

    def check(self) -> None:
        """Raise ClusterError where there is no scheduler, no worker, one without this package, or with another."""
        with _connected(self.address):
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
    alone_since: float | None = None

    def outcomes(self, tasks: Sequence[Any]) -> Iterator[Outcome[Any]]:
        """One per task, in order."""
        threads = sum(_asked(self.client.nthreads, self._lost).values())
        self.waiting.extend(_batches(tasks, threads))
        came: dict[int, Outcome[Any]] = {}
        turn = 0
        while turn < len(tasks):
            while self.waiting and len(self.submitted) < _AHEAD * max(1, threads):
                self._submit(*self.waiting.popleft())
            came.update(self._next())
            while turn in came:
                yield came.pop(turn)
                turn += 1

    def _submit(self, place: int, tasks: Sequence[Any]) -> None:
        """Hand a batch over as bytes, which the scheduler need not understand."""
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
        until = time.monotonic() + _SILENCE
        while True:
            if self.client.status != "running":
                raise self._lost()
            with suppress(queue.Empty):
                future = self.ended.get(timeout=0.5)
                break
            if time.monotonic() > until:
                self._look()
                until = time.monotonic() + _SILENCE
        place, tasks = self.submitted.pop(future.key)
        del self.futures[future.key]
        self.alone_since = None
        if future.status == "finished":
            # Where the worker that had it has died meanwhile, the scheduler lets it be done again first.
            answer = pickle.loads(_asked(future.result, self._lost, seconds=None))  # noqa: S301 our own workers'
            if isinstance(answer, EncountersError):
                raise answer
            return dict(enumerate(answer, start=place))
        if future.status != "error":
            raise self._lost()
        return self._failed(future.exception(), place, tasks)

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
            raise _lacking("A worker of the Dask scheduler at", self.executor.address, error)
        raise ClusterError(
            f"The Dask cluster at {self.executor.address} could not do a batch ({type(error).__name__}: "
            f"{one_line(error)[:300]}). Its workers' log says more."
        )

    def _look(self) -> None:
        """Ask the scheduler for its workers. Raises ClusterError where it is gone, or they are and stay so."""
        if _asked(self.client.nthreads, self._lost):
            self.alone_since = None
            return
        self.alone_since = self.alone_since or time.monotonic()
        if (alone := time.monotonic() - self.alone_since) > _ALONE:
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


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of a scheduler whose workers give our figures. Raises ClusterError."""
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"ENCOUNTERS_EXECUTOR names a Dask cluster, and {error.name} is not installed here. Add it: pip install "
            "'encounter-forecast[train,dask]'."
        ) from None
    for name in _LOGGERS:  # what it has to say is said in one line, by whoever catches the error
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        # Its own timeout does not end the wait for somebody who listens and says nothing.
        client = _asked(lambda: Client(address, timeout=_PATIENCE, set_as_default=False), lambda: _nobody(address))
    except (ImportError, ValueError) as error:
        raise _nobody(address, f" ({one_line(error)[:200]})") from None
    try:
        _check(client, address)
        yield client
    finally:
        with suppress(Exception):  # a scheduler that is gone cannot be taken leave of
            client.close(timeout=2)


def _check(client: Any, address: str) -> None:
    def silent() -> ClusterError:
        return ClusterError(
            f"The Dask scheduler at {address}, or one of its workers, does not answer within {_PATIENCE:g} s. Look "
            "whether they run and can be reached, and repeat the command."
        )

    try:
        _asked(lambda: client.run_on_scheduler(present), silent)
    except (ImportError, AttributeError) as error:
        raise _lacking("The Dask scheduler at", address, error) from None
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise ClusterError(f"The Dask scheduler at {address} has no worker. Start one: dask worker {address}") from None
    theirs: Mapping[str, Any] = _asked(lambda: client.run(installation, on_error="return"), silent)
    for worker, facts in sorted(theirs.items()):
        if isinstance(facts, (ImportError, AttributeError)):
            raise _lacking("The Dask worker", worker, facts)
        if isinstance(facts, Exception):
            raise ClusterError(
                f"The Dask worker {worker} does not say what it has ({one_line(facts)}). Start it again."
            )
        refuse_others(worker, facts, installation())


def _nobody(address: str, why: str = "") -> ClusterError:
    return ClusterError(
        f"No Dask scheduler answers at {address} within {_PATIENCE:g} s{why}. Start it (dask scheduler) or correct "
        "ENCOUNTERS_EXECUTOR; nothing was fitted on this machine instead."
    )


def _lacking(whom: str, address: str, error: BaseException) -> ClusterError:
    return ClusterError(
        f"{whom} {address} cannot load this release of encounter-forecast ({one_line(error)[:200]}). Install the "
        "release that is used here there too: pip install 'encounter-forecast[train,dask]'."
    )


def _asked(
    question: Callable[[], Any], otherwise: Callable[[], ClusterError], seconds: float | None = _PATIENCE
) -> Any:
    """The answer to a question whose own wait has no end. Raises what `otherwise` gives where there is none in time,
    or the connection is lost.
    """
    answer: Future[Any] = Future()

    def ask() -> None:
        try:
            answer.set_result(question())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.result(timeout=seconds)
    except OSError:  # also a TimeoutError, and a connection that is closed
        raise otherwise() from None
