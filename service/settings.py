"""The only reader of the environment for the service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from forecast.core.files import sqlite_address
from forecast.core.logs import Form

__all__ = ["ServiceSettings", "words"]

_ROOT = re.compile("(/[A-Za-z0-9._~-]+)*")


class ServiceSettings(BaseSettings):
    """Where releases are read from, and what a request may cost.
    Every field is set by the environment variable of its name: ENCOUNTERS_ and capitals.

    Limits hold for each worker process.
    """

    model_config = SettingsConfigDict(env_prefix="ENCOUNTERS_", extra="ignore")

    home: Path = Field(Path("var"), description="Folder of all state.")
    database_url: str = Field("", description="Release store, SQLAlchemy URL; empty: SQLite under the home.")
    poll_seconds: float = Field(3.0, gt=0, description="Seconds between two looks at the store for a newer release.")
    kept_releases: int = Field(
        16, ge=1, description="Older releases held in memory after they were asked for, in releases."
    )
    log: Form = Field("text", description="How the log on stderr is written: text, or json with one object per line.")
    access_log: bool = Field(False, description="Whether every request is logged, true or false.")
    kept_bytes: int = Field(32_000_000, ge=0, description="Ready-made answers held in memory, in bytes.")

    draw_bytes: int = Field(
        64_000_000,
        ge=0,
        description="Joint draws of releases held in memory after they were asked for, in bytes; those of the last "
        "release asked for stay in any case.",
    )

    hosts: str = Field("*", description="Host names that are answered, separated by commas; *: every one.")
    origins: str = Field(
        "*",
        description="Sites whose pages may read answers in a browser (CORS), such as https://example.org, separated "
        "by commas; *: every one; empty: none.",
    )
    root_path: str = Field(
        "", description="Path under which a proxy publishes the service, such as /enc; empty: at the root."
    )
    proxies: str = Field(
        "",
        description="Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, "
        "separated by commas; empty: none.",
    )
    keys: Literal["off", "optional", "required"] = Field(
        "off",
        description="API keys: off, optional (a key raises the rate) or required. Make them: encounters keys add NAME.",
    )
    rate: int = Field(
        600,
        ge=0,
        description="Requests per minute of one address, answers 304 at hand not counted; 0: no limit. Where it is "
        "not set, clients on the same machine have no limit.",
    )
    key_rate: int = Field(6_000, ge=0, description="Requests per minute with one key, likewise; 0: no limit.")
    wrong_keys: int = Field(
        60,
        ge=0,
        description="Requests per minute of one address that are refused because their key is unknown or missing; "
        "0: no limit.",
    )
    rate_clients: int = Field(50_000, ge=1, description="Clients whose rate is remembered, in clients.")

    url_bytes: int = Field(8_192, ge=256, description="Longest path and query, in bytes.")
    header_bytes: int = Field(16_384, ge=1024, description="Longest header lines together, in bytes.")
    body_bytes: int = Field(65_536, ge=0, description="Longest body of a request, in bytes.")
    areas: int = Field(500, ge=1, description="Areas that one request may name, in areas.")
    coverages: int = Field(11, ge=1, description="Intervals that one request may ask for, in coverages.")
    horizon: int = Field(36, ge=1, description="Furthest horizon that a request may ask for, in months.")
    in_flight: int = Field(64, ge=1, description="Requests worked on at once; answers that are ready do not count.")
    heavy: int = Field(
        2, ge=1, description="Long answers, such as whole panels as quantiles, that are worked on at once."
    )
    heavy_queue: int = Field(8, ge=0, description="Long answers that wait for their turn; others are refused.")
    heavy_seconds: float = Field(10.0, gt=0, description="Seconds that a long answer waits for its turn.")
    request_seconds: float = Field(30.0, gt=0, description="Seconds after which a request is given up.")
    connections: int = Field(1_000, ge=1, description="Connections open at once.")
    address_connections: int = Field(
        256,
        ge=1,
        description="Connections of one address open at once; those of ENCOUNTERS_PROXIES have no limit of their "
        "own. Behind a proxy that is not named there, all clients are one address.",
    )
    head_seconds: float = Field(
        10.0,
        gt=0,
        description="Seconds that a request's first lines and headers may take to arrive, and its body, and that an "
        "answer may wait for a client that does not read.",
    )
    gzip_bytes: int = Field(1_024, ge=1, description="Shortest body that is sent in gzip, in bytes.")
    drain_seconds: float = Field(
        0.0, ge=0, description="Seconds after SIGTERM in which /readyz answers 503 and all else as before."
    )
    stop_seconds: int = Field(
        30, ge=1, description="Seconds that requests in flight are waited for, once no new ones are taken."
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value != "" or name == "origins"}

    @field_validator("root_path")
    @classmethod
    def _written_as_a_path(cls, text: str) -> str:
        path = text.strip().rstrip("/")
        if not _ROOT.fullmatch(path) or path.split("/")[1:2] == [
            "v1"
        ]:  # of two /v1 nobody could tell which is the proxy's
            raise ValueError(f"{text[:60]!r} is not a path such as /enc, which begins with a slash and not with /v1")
        return path

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the release store."""
        return self.database_url or sqlite_address(self.home.expanduser().resolve() / "encounters.db")

    @property
    def local_rate(self) -> int:
        """Requests per minute of clients on this machine: no strangers, or a proxy that nobody named before many."""
        return self.rate if "rate" in self.model_fields_set else 0


def words(text: str) -> tuple[str, ...]:
    """The words of a setting that are separated by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())
