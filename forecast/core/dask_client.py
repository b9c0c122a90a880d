"""A client of a Dask scheduler that can be worked on: reached, with this package, and with workers of our figures.

distributed's own client rather than joblib's backend, which waits for ever where the scheduler lacks the package. Every
wait here ends: whoever cannot work on a cluster hears why within half a minute.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any

from forecast.core.dask_worker import present
from forecast.core.errors import ClusterError, one_line
from forecast.core.installation import installation, refuse_others

__all__ = ["asked", "connected", "lacking"]

# Seconds for a scheduler to listen, to be reached, to have a worker, and for all to have said what they are.
_LISTENING, _REACHED, _WORKERS, _ALL = 2.0, 8.0, 8.0, 24.0
_LOGGERS = ("distributed", "distributed.client", "distributed.core", "tornado", "tornado.application", "asyncio")


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of a scheduler whose workers give our figures. Raises ClusterError."""
    if find_spec("distributed") is None:
        raise ClusterError(
            "ENCOUNTERS_EXECUTOR names a Dask cluster, and distributed is not installed here. Add it: pip install "
            "'encounter-forecast[train,dask]'."
        )
    _find(address)
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    for name in _LOGGERS:  # what it has to say is said in one line, by whoever catches the error
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)
    try:
        # Its own timeout does not end the wait for somebody who listens and says nothing.
        client = asked(
            lambda: Client(address, timeout=_REACHED, set_as_default=False), lambda: _nobody(address), _REACHED
        )
    except (ImportError, ValueError) as error:
        raise _nobody(address, f" ({one_line(error)[:200]})") from None
    try:
        _check(client, address)
        yield client
    finally:
        with suppress(Exception):  # a scheduler that is gone cannot be taken leave of
            client.close(timeout=2)


def _find(address: str) -> None:
    """Raise ClusterError where nobody listens: said before anything of Dask is loaded."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    until = time.monotonic() + _LISTENING
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_REACHED).close()
            return
        except OSError as error:
            if time.monotonic() > until:
                raise _nobody(address, f": {error.strerror or error}") from None
        time.sleep(0.2)  # it may just be starting


def _check(client: Any, address: str) -> None:
    """Raise ClusterError unless the scheduler has the package and every worker would give our figures."""
    until = time.monotonic() + _ALL - _REACHED

    def silent() -> ClusterError:
        return ClusterError(
            f"The Dask scheduler at {address}, or one of its workers, does not say in time what it has. Look whether "
            "they run and can be reached, and repeat the command."
        )

    try:
        asked(lambda: client.run_on_scheduler(present), silent, until - time.monotonic())
    except ClusterError:
        raise
    except Exception as error:  # an ImportError there comes back as one of several kinds
        raise lacking("The Dask scheduler at", address, error) from None
    try:
        client.wait_for_workers(1, timeout=_WORKERS)
    except TimeoutError:
        raise ClusterError(f"The Dask scheduler at {address} has no worker. Start one: dask worker {address}") from None
    theirs: Mapping[str, Any] = asked(
        lambda: client.run(installation, on_error="return"), silent, until - time.monotonic()
    )
    for worker, facts in sorted(theirs.items()):
        if isinstance(facts, Exception):
            raise lacking("The Dask worker", worker, facts)
        refuse_others(worker, facts, installation())


def _nobody(address: str, why: str = "") -> ClusterError:
    return ClusterError(
        f"No Dask scheduler answers at {address}{why}. Start it (dask scheduler) or correct "
        "ENCOUNTERS_EXECUTOR; nothing was fitted on this machine instead."
    )


def lacking(whom: str, address: str, error: BaseException) -> ClusterError:
    """What is raised where somebody of the cluster has not this package."""
    return ClusterError(
        f"{whom} {address} cannot load this release of encounter-forecast ({one_line(error)[:200]}). Install the "
        "release that is used here there too: pip install 'encounter-forecast[train,dask]'."
    )


def asked(question: Callable[[], Any], otherwise: Callable[[], ClusterError], seconds: float | None) -> Any:
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
