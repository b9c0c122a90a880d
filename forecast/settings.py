"""The only reader of the environment for the library and the command line.
Functions take values from here, never the settings.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from forecast.core.errors import EncountersError
from forecast.core.executor import Executor
from forecast.core.files import sqlite_address
from forecast.core.logs import Form

__all__ = ["Settings"]


class Settings(BaseSettings):
    """Where state lives and how much of the machine is used.
    Every field is set by the environment variable of its name: ENCOUNTERS_ and capitals.
    """

    model_config = SettingsConfigDict(env_prefix="ENCOUNTERS_", extra="ignore")

    home: Path = Field(Path("var"), description="Folder of all state.")
    database_url: str = Field("", description="Release store, SQLAlchemy URL; empty: SQLite under the home.")
    tracking_uri: str = Field(
        "",
        validation_alias=AliasChoices("MLFLOW_TRACKING_URI", "tracking_uri"),
        description="MLflow tracking server; empty: SQLite under the home.",
    )
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=0,
        description="Worker processes for fits; 0 fits in this process.",
    )
    engine: str = Field(
        "local",
        validation_alias=AliasChoices("ENCOUNTERS_EXECUTOR", "engine"),
        description="Where fits are made: local (processes of this machine), or a Dask scheduler as dask://host:port.",
    )
    fit_deadline: float = Field(
        60.0,
        gt=0,
        description="Seconds after which a stuck fit is killed; one job on a panel has them for each 200 series.",
    )
    tracking_budget: float = Field(
        60.0,
        gt=0,
        description="Seconds for MLflow after a publication; the next retraining sends what is left.",
    )
    log: Form = Field("text", description="How stderr is written: text, or json with one object per line.")
    hook: str = Field(
        "",
        description="Command that gets every publish, refusal, failure and alarm as JSON on its standard input.",
    )
    hook_seconds: float = Field(30.0, gt=0, description="Seconds after which that command is killed.")

    fetch_timeout: float = Field(
        180.0,
        gt=0,
        description="Seconds that one file of a publisher may take, with its retries.",
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value != ""}

    @field_validator("engine")
    @classmethod
    def _names_an_engine(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            whole = parts.scheme == "dask" and parts.hostname and parts.port and parts.netloc == value[7:]
        except ValueError:  # a port that is no number, or beyond 65535
            whole = None
        if value != "local" and (not whole or "@" in value):
            raise PydanticCustomError(
                "executor", "{value} is neither local nor dask://host:port", {"value": repr(value)}
            )
        return value if value == "local" else f"dask://{value[7:]}"  # a scheme may be written in capitals

    @property
    def executor(self) -> Executor:
        """Where fits are made."""
        if self.engine == "local":
            return Executor(self.workers, self.fit_deadline)
        from forecast.core.dask_executor import DaskExecutor

        return DaskExecutor(deadline=self.fit_deadline, address=self.engine.replace("dask://", "tcp://", 1))

    @property
    def root(self) -> Path:
        """The home as an absolute path, so that no state depends on the working directory later on.

        Raises EncountersError where the home is relative to a working directory that was removed, or is a file.
        """
        try:
            home = self.home.expanduser().resolve()
            if home.is_file():
                raise EncountersError(f"ENCOUNTERS_HOME is {home}, which is a file. Set it to a folder.")
            return home
        except FileNotFoundError:
            raise EncountersError(
                "The working directory does not exist any more. Change to one that does, or set ENCOUNTERS_HOME to an "
                "absolute path."
            ) from None

    @property
    def archive(self) -> Path:
        """Folder of the archive of vintages."""
        return self.root / "archive"

    @property
    def panels(self) -> Path:
        """Folder of the declarations of one's own panels."""
        return self.root / "panels"

    @property
    def downloads(self) -> Path:
        """Folder of official files as they were fetched."""
        return self.root / "downloads"

    @property
    def cache(self) -> Path:
        """Folder of remembered fits; may be deleted at any time."""
        return self.root / "cache"

    @property
    def outbox(self) -> Path:
        """Folder of the retrainings that MLflow does not have yet."""
        return self.root / "outbox"

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the release store."""
        return self.database_url or sqlite_address(self.root / "encounters.db")

    @property
    def tracking(self) -> str:
        """URI of the MLflow tracking store."""
        return self.tracking_uri or sqlite_address(self.root / "mlflow.db")

    @property
    def artifacts(self) -> str:
        """Where MLflow's artifacts live when no tracking server decides it."""
        return (self.root / "mlartifacts").as_uri()
