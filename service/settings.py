"""The only reader of the environment for the service."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """Where releases are read from and how much is kept in memory. Every field can be set by the environment variable named beside it."""

    model_config = SettingsConfigDict(env_prefix="ENCOUNTERS_", extra="ignore")

    home: Path = Field(Path("var"), description="Folder of all state (ENCOUNTERS_HOME).")
    database_url: str = Field("", description="Release store, SQLAlchemy URL; empty: SQLite under the home (ENCOUNTERS_DATABASE_URL).")
    poll_seconds: float = Field(
        3.0, gt=0, description="Seconds between two looks at the store for a newer release (ENCOUNTERS_POLL_SECONDS)."
    )
    kept_releases: int = Field(
        16, ge=1, description="Older releases held in memory after they were asked for, in releases (ENCOUNTERS_KEPT_RELEASES)."
    )
    kept_bytes: int = Field(32_000_000, ge=0, description="Ready-made answers held in memory, in bytes (ENCOUNTERS_KEPT_BYTES).")

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the release store."""
        return self.database_url or f"sqlite:///{self.home.expanduser().resolve() / 'encounters.db'}"
