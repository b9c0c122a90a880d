"""A home with a small archive, a real store and a real MLflow, retrained once."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from forecast import pipeline
from forecast.core.executor import HERE
from forecast.core.files import sqlite_address
from forecast.core.tables import Vintage
from forecast.counts.archive import Archive
from forecast.pipeline import reporting
from forecast.release import charts
from forecast.release.store import connect
from forecast.release.tracking import __main__ as sending
from forecast.release.tracking import outbox
from tests.catalogue import STATES_PANEL
from tests.samples import CELLS, cell_counts

RECIPE = """
name = "small"
purpose = "for tests"
horizon = 6
samples = 60
seed = 5
[[members]]
model = "random_walk"
scale = "log"
[[members]]
model = "seasonal_naive"
scale = "log"
"""
ISSUED = datetime(2024, 11, 20, 6, 0, tzinfo=UTC)


def vintage(months: int, published: date, digit: str = "a") -> Vintage:
    """The first `months` months of the sample panel, as if an official file had held them."""
    counts = cell_counts(months=72)
    values = counts.values[:months].astype(np.int64)
    return Vintage(
        "cbp-state", STATES_PANEL, published, digit * 64, f"{digit}.csv", 1, True, counts.first, CELLS, values
    )


class Silence:
    """A Progress that remembers what was said."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.said: list[str] = []

    def begin(self, what: str, steps: int | None = None) -> None:
        self.parts.append(what)

    def advance(self) -> None:
        pass

    def say(self, line: str) -> None:
        self.said.append(line)


@dataclass
class Home:
    """A folder with an archive, and jobs on it."""

    root: Path
    archive: Archive

    def job(self, clock: Callable[[], datetime] = lambda: ISSUED, tracking: str = "") -> pipeline.Job:
        recipe = self.root / "small.toml"
        recipe.write_text(RECIPE)
        floor = self.root / "floor.toml"
        floor.write_text(RECIPE.replace('"small"', '"floor"').split('[[members]]\nmodel = "seasonal')[0])
        return pipeline.Job(
            archive=self.archive,
            engine=connect(sqlite_address(self.root / "encounters.db")),
            tracking=tracking or sqlite_address(self.root / "mlflow.db"),
            artifacts=(self.root / "artifacts").as_uri(),
            outbox=self.root / "outbox",
            cache=self.root / "cache",
            executor=HERE,
            clock=clock,
            holder="a test",
            recipes=(str(recipe), str(floor)),
            tracking_budget=3600.0,  # a busy machine is no server that does not answer
        )

    def without_tracking(self) -> pipeline.Job:
        """A job whose tracking server does not exist: port 9 of this machine refuses at once."""
        return replace(self.job(), tracking="http://127.0.0.1:9")


def draw_blanks(patch: pytest.MonkeyPatch) -> None:
    """A retraining draws and keeps its figures and its report, without much in them: they take most of its time, and
    have tests of their own; the trained home has them whole.
    """
    for name in ("fan_charts", "scores_by_horizon"):
        patch.setattr(charts, name, lambda *_, **__: Figure(figsize=(1, 1)))
    patch.setattr(reporting, "html", lambda kept: "<!doctype html>")


class _SenderHere:
    """`subprocess` for the outbox, which runs its sender in this process."""

    TimeoutExpired = subprocess.TimeoutExpired

    @staticmethod
    def run(command: list[str], *, input: bytes, **_: object) -> subprocess.CompletedProcess[bytes]:  # noqa: A002
        assert command[-2:] == ["-m", sending.__spec__.parent]
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
            patch.setattr(sys, "stdin", io.StringIO(input.decode()))
            sending.main()
        return subprocess.CompletedProcess(command, 0, said.getvalue().encode(), b"")


def send_here(patch: pytest.MonkeyPatch) -> None:
    """What goes to MLflow is sent by the sender's own code, in this process: a new one loads MLflow for seconds before
    it begins. Its time limit, environment and lock are tried in `tests/release/test_outbox.py`, which has it in
    processes of its own, and kills them.
    """
    patch.setattr(outbox, "subprocess", _SenderHere)


@pytest.fixture(autouse=True)
def small_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_blanks(monkeypatch)


@pytest.fixture(autouse=True)
def sender_here(monkeypatch: pytest.MonkeyPatch) -> None:
    send_here(monkeypatch)


def filled(root: Path) -> Home:
    """A home with the counts through March 2024 in its archive."""
    archive = Archive(root / "archive")
    archive.append(vintage(66, date(2024, 4, 30)))
    return Home(root, archive)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return filled(tmp_path)


@dataclass
class Retrained:
    """A home that was retrained on those counts, with a tracking server that refused: its result, and what was said."""

    home: Home
    result: pipeline.Result
    said: list[str]


@pytest.fixture(scope="session")
def retrained_once(tmp_path_factory: pytest.TempPathFactory) -> Retrained:
    home, silence = filled(tmp_path_factory.mktemp("retrained")), Silence()
    with pytest.MonkeyPatch.context() as patch:
        draw_blanks(patch)
        job = home.without_tracking()
        result = pipeline.retrain("cbp-states", job, silence)
    job.engine.dispose()
    return Retrained(home, result, silence.said)


@pytest.fixture
def first(retrained_once: Retrained, tmp_path: Path) -> Retrained:
    """A copy of a home after its first retraining."""
    root = Path(shutil.copytree(retrained_once.home.root, tmp_path / "home"))
    return replace(retrained_once, home=Home(root, Archive(root / "archive")))


@pytest.fixture
def silence() -> Silence:
    return Silence()
