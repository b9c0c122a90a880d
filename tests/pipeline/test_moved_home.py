"""A home that was moved, or that lost what MLflow keeps: the next retraining puts it right."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from forecast import pipeline
from forecast.counts.archive import Archive
from forecast.release import read
from forecast.release.publish import rollback
from tests.pipeline.conftest import ISSUED, Home, Silence, draw_blanks, filled, send_here
from tests.release.retraining import connected

# MLflow and its libraries warn of themselves while they load.
pytestmark = pytest.mark.filterwarnings("ignore")
PANEL = "cbp-states"
QUESTION = pd.DataFrame({"area": ["states-nation"], "horizon": [1]})


def own(home):
    """A job of a home whose runs lie in it."""
    return replace(home.job(), artifacts=(home.root / "mlartifacts").as_uri())


def champion(home):
    import mlflow  # where it is needed: every worker of pytest loads this file

    with connected(home.job().tracking):
        return mlflow.pyfunc.load_model("models:/encounters-cbp-states@champion").predict(QUESTION).to_numpy().tolist()


@pytest.fixture(scope="module")
def kept(no_runs, tmp_path_factory):
    """A home after a retraining that MLflow has, its release, and what its champion says. To be copied."""
    home = filled(tmp_path_factory.mktemp("retrained") / "home")
    shutil.copy(no_runs, home.root / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        draw_blanks(patch)
        send_here(patch)
        release = pipeline.retrain(PANEL, own(home), Silence()).release
    return home.root, release, champion(home)


@pytest.mark.slow
def test_a_moved_home_logs_into_itself_and_its_champion_loads(kept, silence, tmp_path):
    old, _, before = kept
    place = Path(shutil.copytree(old, tmp_path / "moved" / "here"))
    old.rename(old.with_name("aside"))
    try:
        moved = Home(place, Archive(place / "archive"))
        assert pipeline.retrain(PANEL, own(moved), silence).verdict == "nothing new"
        assert "this home was copied or moved" in silence.said[-1]
        assert champion(moved) == before
        assert pipeline.retrain(PANEL, own(moved), silence, force=True).verdict == "published"
        assert not old.exists()
    finally:
        old.with_name("aside").rename(old)


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["mlflow.db", "mlartifacts"])
def test_what_mlflow_lost_is_logged_again_by_a_run_that_finds_nothing_new(lost, kept, silence, tmp_path):
    old, first, before = kept
    root = Path(shutil.copytree(old, tmp_path / "home"))
    home = Home(root, Archive(root / "archive"))
    path = home.root / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    again = pipeline.retrain(PANEL, own(home), silence)
    assert (again.verdict, again.release) == ("nothing new", first)
    assert f"MLflow lacks {first}" in silence.said[-1]
    assert champion(home) == before
    said = len(silence.said)
    assert pipeline.retrain(PANEL, own(home), silence).verdict == "nothing new"
    assert len(silence.said) == said
    assert len(read.releases(own(home).engine, PANEL)) == 1


def test_nothing_new_names_the_release_that_is_served(home, silence):
    job = home.without_tracking()
    first = pipeline.retrain(PANEL, job, silence).release
    forced = pipeline.retrain(PANEL, job, silence, force=True).release
    assert pipeline.retrain(PANEL, job, silence).release == forced
    rollback(job.engine, first, now=ISSUED)
    again = pipeline.retrain(PANEL, job, silence)
    assert (again.verdict, again.release) == ("nothing new", first)
