"""Opens the tracking store: quietly, without telemetry, and with a budget of seconds for a server that does not answer. Logs nothing.

MLflow is imported here and not before: it starts its telemetry while it is imported, and takes seconds to do so.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy.engine import make_url

from forecast.core.errors import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["is_server", "opened", "prepare"]

# Defaults of this process; a variable that the operator has set stays. A request is given ten seconds and one more attempt, so that a
# server that accepts and never answers costs about twenty seconds and not the four minutes of MLflow's own defaults.
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


def is_server(uri: str) -> bool:
    """Whether a tracking server, rather than a database, stands behind the URI."""
    return uri.startswith(("http://", "https://"))


@contextmanager
def opened(uri: str, *, what: str) -> Iterator[MlflowClient]:
    """A client of the store at `uri`, created where it is a new SQLite file; `what` is being done (for the message: `Tracking release …`).

    Touches neither the process's tracking URI nor the working directory. Raises TrackingError for whatever the store refuses.
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
            yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (MlflowException, requests.RequestException, sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        raise TrackingError(_message(uri, what, error)) from error


def _knock(uri: str) -> None:
    """Look whether the database answers: MLflow itself would try for a hundred seconds."""
    url = make_url(uri)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sqlalchemy.create_engine(url)
    try:
        sqlalchemy.inspect(engine).get_table_names()
    finally:
        engine.dispose()


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


def _message(uri: str, what: str, error: BaseException) -> str:
    """One line with the first cause of the failure, without the address's password."""
    while (deeper := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
        error = deeper
    url = make_url(uri)
    reason = " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__
    if url.password:
        reason = reason.replace(str(url.password), "***")
    place = url.render_as_string(hide_password=True)
    return f"{what} failed at {place}: {reason}. Start the tracking server or correct MLFLOW_TRACKING_URI, then try again."
