"""Opens the tracking store, without noise, telemetry and pickles, and with few seconds for a server. Logs nothing.

MLflow is imported here and not before: it starts its telemetry while it is imported, and takes seconds to do so.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy.engine import make_url

from forecast.core.errors import TrackingError
from forecast.core.files import locked

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["failure", "is_server", "opened", "prepare"]

# Defaults of this process; a variable that the operator has set stays. A request is given ten seconds and one more
# attempt, so that a server that accepts and never answers costs about twenty seconds and not the four minutes of
# MLflow's own defaults.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_UV_AUTO_DETECT": "false",
}
_LOUD = ("mlflow", "alembic", "git", "urllib3")


def prepare() -> None:
    """Set the process up before MLflow is imported for the first time."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # Whatever the operator has set: nothing that is logged here is a pickle, so that one can only have come from
    # elsewhere.
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"


def is_server(uri: str) -> bool:
    """Whether a tracking server, rather than a database, stands behind the URI."""
    return uri.startswith(("http://", "https://"))


@contextmanager
def opened(uri: str, *, what: str) -> Iterator[MlflowClient]:
    """A client of the store at `uri`, made where it is a new SQLite file; `what` is being done, for messages.

    Touches neither the process's tracking URI nor the working directory. Raises TrackingError for whatever the store
    refuses.
    """
    prepare()
    try:
        if not is_server(uri):
            _knock(uri)
        with _quiet():
            import requests
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
    except (OSError, sqlalchemy.exc.SQLAlchemyError) as error:
        raise TrackingError(_message(uri, what, error)) from error
    try:
        with _quiet():
            with _alone(uri):
                # A database's tables are created with the client; a server is asked nothing by it.
                client = MlflowClient(tracking_uri=uri, registry_uri=uri)
                if not is_server(uri):
                    client.search_registered_models(max_results=1)
            yield client
    except (MlflowException, requests.RequestException, sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        raise TrackingError(_message(uri, what, error)) from error


def _knock(uri: str) -> None:
    """Look whether the database answers: MLflow itself would try for a hundred seconds."""
    if (file := _sqlite_file(uri)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = sqlalchemy.create_engine(make_url(uri))
    try:
        sqlalchemy.inspect(engine).get_table_names()
    finally:
        engine.dispose()


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Let one process at a time make the tables of a SQLite store: two at once leave half a store and an error."""
    file = None if is_server(uri) else _sqlite_file(uri)
    with locked(file.with_name(f"{file.name}.lock"), wait=True) if file else nullcontext():
        yield


def _sqlite_file(uri: str) -> Path | None:
    url = make_url(uri)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's notices off the user's terminal; what matters of them is raised."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    before = [logger.level for logger in loggers]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for logger in loggers:
                logger.setLevel(logging.CRITICAL)
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def failure(uri: str, what: str, reason: str) -> str:
    """One line for a person: what failed, where (without the address's password), why, and what to do."""
    reason = " ".join(reason.split())[:300].rstrip(".")
    try:
        url = make_url(uri)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        place, reason = "MLFLOW_TRACKING_URI", "it is no address"
    else:
        place = url.render_as_string(hide_password=True)
        reason = reason.replace(str(url.password), "***") if url.password else reason
    return (
        f"{what} failed at {place}: {reason}. Start the tracking server or correct MLFLOW_TRACKING_URI, then try again."
    )


def _message(uri: str, what: str, error: BaseException) -> str:
    """`failure` with the first cause of it."""
    while (deeper := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
        error = deeper
    return failure(uri, what, str(error) or type(error).__name__)
