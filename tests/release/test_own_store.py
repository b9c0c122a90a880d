"""A home's own MLflow store, after the home was copied, moved or lost a part: against MLflow itself."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from forecast.recipe.recipe import parse
from forecast.release.tracking import own_store
from tests.pipeline.conftest import draw_blanks, small_figures  # noqa: F401 (a fixture)
from tests.release.retraining import RECIPE, asked, connected, log, make_counts, make_training, quantiles

PANELS = ("cbp-states",)


def places(home: Path) -> dict[str, str]:
    return {"uri": f"sqlite:///{home}/mlflow.db", "artifacts": (home / "mlartifacts").as_uri()}


@pytest.fixture(scope="module")
def training():
    return make_training(make_counts(), parse(RECIPE))


@pytest.fixture(scope="module")
def logged(training, no_runs, tmp_path_factory) -> Path:
    """A home that has one retraining in its own store."""
    home = tmp_path_factory.mktemp("first") / "home 1"
    home.mkdir()
    shutil.copy(no_runs, home / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        draw_blanks(patch)
        log(training, **places(home))
    return home


@pytest.fixture
def home(logged, tmp_path) -> Path:
    """A copy of it elsewhere, which still names the old place; the old one is there too."""
    return Path(shutil.copytree(logged, tmp_path / "home 2 %"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_copied_home_logs_and_loads_its_own_files_and_leaves_the_old_ones_alone(logged, home, training):
    from mlflow import pyfunc  # here: every worker of pytest loads this file

    before = files(logged)
    assert own_store.relocate(**places(home), panels=PANELS)
    assert not own_store.relocate(**places(home), panels=PANELS)
    shutil.rmtree(logged)  # a champion that reached for its old files would now fail
    try:
        with connected(places(home)["uri"]):
            champion = pyfunc.load_model("models:/encounters-cbp-states@champion")
            said = champion.predict(asked(training.run.forecasts))
        assert quantiles(said, training.run.forecasts) == pytest.approx(training.run.forecasts.values)
        again = {**training.__dict__, "release_id": "cbp-states-2024-11-aaaaaaaaaa"}
        log(type(training)(**again), **places(home))
        assert not logged.exists()
    finally:
        for name, content in before.items():
            (logged / name).parent.mkdir(parents=True, exist_ok=True)
            (logged / name).write_bytes(content)
    with closing(sqlite3.connect(home / "mlflow.db")) as database:
        addresses = [
            row[0]
            for table, column in own_store._ADDRESSES
            for row in database.execute(f"SELECT {column} FROM {table}")  # noqa: S608
        ]
    assert not [address for address in addresses if address and str(logged.name).replace(" ", "%20") in address]


def test_a_store_that_lies_elsewhere_is_left_alone(home, tmp_path):
    elsewhere = shutil.copy(home / "mlflow.db", tmp_path / "shared.db")
    content = Path(elsewhere).read_bytes()
    assert not own_store.relocate(f"sqlite:///{elsewhere}", places(home)["artifacts"], panels=PANELS)
    assert Path(elsewhere).read_bytes() == content
    for other in ("http://127.0.0.1:9", "postgresql://me@host/db", "no address"):
        assert not own_store.relocate(other, places(home)["artifacts"], panels=PANELS)
        assert own_store.has_release(other, places(home)["artifacts"], panel="cbp-states", release="x") is None


def test_a_store_has_a_release_only_while_its_run_its_version_and_its_files_are_there(home, training):
    question = {**places(home), "panel": "cbp-states"}
    own_store.relocate(**places(home), panels=PANELS)
    assert own_store.has_release(**question, release=training.release_id)
    assert not own_store.has_release(**question, release="cbp-states-2024-11-bbbbbbbbbb")
    (home / "mlartifacts").rename(home / "away")
    assert not own_store.has_release(**question, release=training.release_id)
    (home / "away").rename(home / "mlartifacts")
    (home / "mlflow.db").unlink()
    assert not own_store.has_release(**question, release=training.release_id)
