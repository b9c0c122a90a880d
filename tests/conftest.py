"""Fixtures that several wings share."""

from __future__ import annotations

import fcntl
import gc
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

# As the command line does: small matrices, and pytest's own workers fill the cores.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

# A test that asks for no home of its own fails here, and never touches anybody's.
os.environ["ENCOUNTERS_HOME"] = f"{os.devnull}/a-test-needs-a-home-of-its-own"

import pytest  # noqa: E402 numpy must find the setting
from hypothesis import HealthCheck, settings  # noqa: E402

from tests.mlflow_server import make_empty_store  # noqa: E402
from tests.trained import Trained, train  # noqa: E402

# Hypothesis counts seconds too, by default: an example's, and those in which examples are made.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"


def _beside(folder: Path) -> Path:
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{folder} is missing; CI runs with the official files beside the project")
        pytest.skip(f"{folder} is not here")
    return folder


@pytest.fixture(scope="session")
def official() -> Path:
    """The folder of official files beside the project; skips elsewhere, fails under CI."""
    return _beside(SHARED / "data" / "official")


@pytest.fixture(scope="session")
def yardstick() -> Path:
    """The folder of peers' forecasts beside the project; skips elsewhere, fails under CI."""
    return _beside(SHARED / "yardstick")


@contextmanager
def _once(name: str, factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A place that all of pytest's workers share, while no other is in it."""
    base = factory.getbasetemp()
    place = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place / name


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A home that the real command has trained, once for all of pytest's workers. To be read and copied."""
    with _once("trained", tmp_path_factory) as place:
        return train(place)


@pytest.fixture(scope="session")
def no_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that MLflow makes for its runs, with none: making it takes over a second. To be copied."""
    with _once("no-runs.db", tmp_path_factory) as place:
        if not place.exists():
            make_empty_store(place)
        return place


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores: many tests wait, for servers, for leases that run out and for the disk."""
    return len(os.sched_getaffinity(0)) + 2 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 2


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The libraries and tests that are loaded here stay until the end: they are no garbage, and not looked at again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# The files that take longest, first the one that takes most.
_LONGEST = (
    "drill/test_short_drill.py",
    "release/test_outbox.py",
    "release/test_outbox_senders.py",
    "service/test_schemathesis.py",
    "pipeline/test_scoring.py",
    "pipeline/test_retrain.py",
    "service/test_pages_browser.py",
    "service/test_pages_accessible.py",
    "counts/test_hostile_files.py",
    "service/test_shutdown.py",
    "release/test_tracking.py",
    "cli/test_predict.py",
    "core/test_dask_executor.py",
    "service/test_keys.py",
    "pipeline/test_tracking.py",
    "pipeline/test_moved_home.py",
    "evaluation/test_experiments.py",
    "release/test_backup.py",
    "cli/test_against.py",
    "pipeline/test_broken_models.py",
    "release/test_own_store.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, then other slow ones, so that the last minutes are not one worker's alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    place = {HERE / name: rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: (place.get(item.path, len(place)), item.path not in slow))
