"""A home with a release of each bundled panel, and a service over it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from forecast.core.executor import HERE
from forecast.core.panels import bundled as bundled_panels
from forecast.counts.archive import Archive
from forecast.pipeline.correcting import record_counts
from forecast.recipe.recipe import load, run
from forecast.release import store
from forecast.release.manifest import Manifest
from forecast.release.publish import publish
from service.app import create_app
from service.settings import ServiceSettings
from tests.trained import Trained
from tests.waiting import HANG, until

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Documented:
    """A trained home, and the address of a service over it."""

    home: Path
    url: str


def _with_sectors(home: Path) -> None:
    """Publish the floor's forecast of the bundled sector counts, by the store's own way."""
    engine = store.connect(f"sqlite:///{home / 'encounters.db'}")
    archive, panel = Archive(home / "archive"), "usbp-sectors"
    counts = archive.as_of(panel, NOW.date())
    record_counts(engine, panel, archive)
    made = run(load("floor"), counts, origin=counts.through, executor=HERE)
    manifest = Manifest(
        panel=panel,
        key="d" * 64,
        issued_at=NOW,
        as_of=NOW.date(),
        origin=counts.through,
        stale_after=NOW.date(),
        data_digest=counts.digest,
        recipe="floor",
        code_version="0.1.0",
        scores={
            "confidence": [{"lead": "0-2", "coverage_80": 0.8, "label": "normal"}],
        },
    )
    publish(
        engine, manifest=manifest, forecasts=made.forecasts, paths=made.paths, now=NOW, panel=bundled_panels()[panel]
    )
    engine.dispose()


@pytest.fixture(scope="session")
def documented(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Documented]:
    """The home of the pages' examples; to be copied by who writes to it."""
    home = tmp_path_factory.mktemp("documented") / "home"
    shutil.copytree(trained.home, home, ignore=shutil.ignore_patterns("cache", "outbox"))
    _with_sectors(home)
    app = create_app(ServiceSettings(database_url=f"sqlite:///{home / 'encounters.db'}"), clock=lambda: NOW)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    assert thread.is_alive()
    yield Documented(home, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    server.should_exit = True
    thread.join(HANG)
