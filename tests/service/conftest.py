"""A store of its own per test, filled through the real publication, and the real application on top of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from forecast.core.months import Month
from forecast.core.tables import LEVELS, Forecasts, Paths
from forecast.release import store
from forecast.release.manifest import Manifest
from forecast.release.migrations import migrate
from forecast.release.publish import note_run, publish, record_observations
from forecast.release.read import Observation
from forecast.release.replays import Replay
from service.app import create_app
from service.settings import ServiceSettings
from tests.catalogue import USBP

DRAWS = 200
ISSUED = datetime(2025, 1, 20, 6, 0, 0, tzinfo=UTC)
# The first of a panel has the figures that are worked out by hand.
AREAS: dict[str, tuple[str, ...]] = {
    "usbp-sectors": ("el-paso", "tucson", "blaine", "southwest", "northern", "nation"),
    "cbp-states": (
        *("state-tx-southwest", "state-tx-other", "state-nm-southwest", "state-tx", "state-nm"),
        *("states-southwest", "states-other", "states-nation"),
    ),
}


@dataclass
class Office:
    """Publishes small releases whose figures can be worked out by hand, and shows what is served.

    At level q, horizon h, the n-th area of AREAS (counted from 1) has n (1000 q + 100 h) encounters, and a mean of n
    (520 + 100 h); in draw k of DRAWS (counted from 0) it has n (1000 k / DRAWS + 100 h). The clock says `now`.
    """

    url: str
    engine: Engine
    now: datetime = ISSUED
    settings: dict[str, Any] = field(default_factory=dict)

    def publish(
        self,
        panel: str = "usbp-sectors",
        *,
        key: str = "a",
        origin: str = "2024-11",
        issued_at: datetime = ISSUED,
        horizon: int = 3,
        factor: float = 1.0,
        published: datetime | None = None,
        run: str | None = "run-1",
        models: Mapping[str, tuple[str, ...]] | None = None,
        replays: Mapping[int, date | None] | None = None,
        **manifest: Any,
    ) -> str:
        """Publish a release and return its id. `run`: noted as its MLflow run.

        `published`: when it is served; where that is not given, when it is issued. `models`: name -> areas of compared
        models, which say a tenth more. `replays`: months back -> the day whose counts a replay knew, or None; each says
        of a year what the release says of its first month.
        """
        through = Month.parse(origin)
        areas = AREAS[panel]
        size = factor * np.arange(1, len(areas) + 1)[:, None]
        ahead = 100.0 * np.arange(1, horizon + 1)[None, :]
        values = size[:, :, None] * (1000 * np.array(LEVELS) + ahead[:, :, None])
        facts = {
            "as_of": issued_at.date(),
            "stale_after": date(2025, 2, 28),
            "data_digest": "d" * 64,
            "recipe": "pool",
            "code_version": "0.1.0",
            "notes": ("These months are <past>.",),
        }
        passport = Manifest(panel=panel, key=key * 64, issued_at=issued_at, origin=through, **{**facts, **manifest})
        done = publish(
            self.engine,
            manifest=passport,
            forecasts=Forecasts("recipe", through, areas, values, size * (520 + ahead)),
            paths=Paths(
                "recipe", through, areas, size[:, :, None] * (1000 * np.arange(DRAWS) / DRAWS + ahead[:, :, None])
            ),
            now=published or issued_at,
            models=[
                Forecasts(
                    name, through, own, 1.1 * values[[areas.index(slug) for slug in own]], np.ones((len(own), horizon))
                )
                for name, own in (models or {}).items()
            ],
            replays=[
                Replay(
                    Forecasts(
                        "recipe",
                        through + -back,
                        areas,
                        np.repeat(values[:, :1], 12, axis=1),
                        np.ones((len(areas), 12)),
                    ),
                    day,
                )
                for back, day in (replays or {}).items()
            ],
        )
        if run is not None:
            note_run(self.engine, done.id, run, champion=True, now=issued_at)
        return done.id

    def observe(self, slug: str, month: str, published: date, count: int, precision: int = 1) -> None:
        """Record one official count of the sector panel."""
        row = Observation(slug, Month.parse(month), published, count, precision, "test", "f" * 64)
        record_observations(self.engine, USBP, [row])

    def client(self, *, raises: bool = True) -> TestClient:
        """The application over this store, to be entered; `raises`: whether an unexpected error ends the test."""
        settings = ServiceSettings(database_url=self.url, **{"poll_seconds": 3600, "rate": 0, **self.settings})
        return TestClient(create_app(settings, clock=lambda: self.now), raise_server_exceptions=raises)


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite store without a release, to be copied."""
    path = tmp_path_factory.mktemp("blank") / "encounters.db"
    engine = store.connect(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


def _open(blank: Path, folder: Path) -> Iterator[Office]:
    path = folder / "encounters.db"
    shutil.copy(blank, path)
    url = f"sqlite:///{path}"
    engine = store.connect(url)
    yield Office(url, engine)
    engine.dispose()


@pytest.fixture
def office(blank: Path, tmp_path: Path) -> Iterator[Office]:
    """An office with nothing published."""
    yield from _open(blank, tmp_path)


@pytest.fixture(scope="session")
def client(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application with one release of each panel, shared by the tests that only ask."""
    for office in _open(blank, tmp_path_factory.mktemp("shared")):
        office.publish()
        office.publish("cbp-states", key="b")
        with office.client() as running:
            yield running
