"""MLflow after publication: what it lacks is made up for by the next retraining, and its champion is what is served."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from threading import Event

import pytest
from sqlalchemy import text

from forecast import pipeline
from forecast.core.errors import LockHeld
from forecast.pipeline.catching_up import catch_up
from forecast.release import publish, read
from forecast.release.lease import hold
from forecast.release.tracking import outbox
from tests.pipeline.conftest import ISSUED, vintage

# MLflow and its libraries warn of themselves while they load.
pytestmark = pytest.mark.filterwarnings("ignore")
PANEL = "cbp-states"


@pytest.fixture
def job(home, no_runs):
    shutil.copy(no_runs, home.root / "mlflow.db")
    return home.job()


def client(job):
    from mlflow import MlflowClient

    return MlflowClient(job.tracking, job.tracking)


def champion(job) -> str:
    """The release that MLflow's alias stands on."""
    return client(job).get_model_version_by_alias(f"encounters-{PANEL}", "champion").tags["release_id"]


def finished(job) -> dict[str, str]:
    """Release -> its finished run of a whole retraining; each release has one."""
    experiment = client(job).get_experiment_by_name(f"encounters/{PANEL}").experiment_id
    runs = client(job).search_runs([experiment], "tags.kind = 'retraining' and attributes.status = 'FINISHED'")
    run_ids = {run.data.tags["release_id"]: run.info.run_id for run in runs}
    assert len(run_ids) == len(runs)
    return run_ids


def test_the_next_panel_does_not_wait_for_mlflow(first, silence, monkeypatch):
    job, taken = first.home.job(), Event()

    def slowly(*_, **__):
        assert taken.wait(60)
        return outbox.Delivery(problem="It was slow.")

    monkeypatch.setattr(outbox, "deliver", slowly)
    with pipeline.Sending(job) as sending:
        assert pipeline.retrain(PANEL, job, silence, sending=sending).verdict == "nothing new"
        assert silence.parts == []  # the retraining is over, and nothing was taken yet
        taken.set()
        sending.finish(silence)
    assert len(silence.said) == 1
    assert "It was slow." in silence.said[0]


def test_what_mlflow_did_not_take_in_time_is_tried_once_more_where_the_last_was_taken(first, silence, monkeypatch):
    answers = [outbox.Delivery(problem="It was slow."), outbox.Delivery(), outbox.Delivery()]
    monkeypatch.setattr(outbox, "deliver", lambda *_, **__: answers.pop(0))
    job = first.home.job()
    with pipeline.Sending(job) as sending:
        sending.begin(PANEL)
        sending.begin(PANEL)
        sending.finish(silence)
    assert (answers, silence.said) == ([], [])


def test_a_sending_that_asked_mlflow_for_nothing_does_not_say_that_it_answers(first, silence, monkeypatch):
    answers = [outbox.Delivery(problem="It hung.")]
    monkeypatch.setattr(outbox, "deliver", lambda *_, **__: answers.pop(0))
    with pipeline.Sending(first.home.job()) as sending:
        sending.begin(PANEL)
        sending.begin("usbp-sectors")  # of which nothing is published
        sending.finish(silence)
    assert len(silence.said) == 1
    assert "It hung." in silence.said[0]


@pytest.mark.slow
def test_the_champion_follows_a_rollback_and_a_correction(home, job, silence):
    first = pipeline.retrain(PANEL, job, silence).release
    home.archive.append(vintage(70, date(2024, 8, 31), "b"), when=ISSUED)
    later = replace(job, clock=lambda: ISSUED + timedelta(hours=1))
    second = pipeline.retrain(PANEL, later, silence).release
    assert champion(job) == second
    assert finished(job) == read.runs(job.engine)
    publish.rollback(job.engine, first, now=ISSUED + timedelta(hours=2))
    catch_up(PANEL, later, silence)  # as `encounters rollback` does
    assert champion(job) == first
    publish.rollback(job.engine, second, now=ISSUED + timedelta(hours=3))
    assert pipeline.retrain(PANEL, later, silence).verdict == "nothing new"
    assert champion(job) == second
    home.archive.withdraw("b" * 12, now=ISSUED + timedelta(hours=4))
    last = replace(job, clock=lambda: ISSUED + timedelta(hours=5))
    with hold(job.engine, PANEL, holder="another", now=ISSUED, ttl=timedelta(minutes=5)), pytest.raises(LockHeld):
        pipeline.retrain(PANEL, last, silence)
    assert read.pointers(job.engine) == {PANEL: second}, "the pointer moves under the lease alone"
    assert pipeline.retrain(PANEL, last, silence).release == first
    assert champion(job) == first
    assert finished(job) == read.runs(job.engine)
    done = len(silence.parts)
    assert pipeline.retrain(PANEL, last, silence).verdict == "nothing new"
    assert silence.parts[done:] == [], "MLflow is not asked again"


@pytest.mark.slow
def test_a_release_that_could_not_be_described_is_logged_by_the_next_retraining(
    job, silence, no_runs, tmp_path_factory
):
    # As on a tracking server, which no SQL of ours reads.
    elsewhere = shutil.copy(no_runs, tmp_path_factory.mktemp("server") / "m.db")
    job = replace(job, tracking=f"sqlite:///{elsewhere}")
    job.outbox.write_text("a file where the folder should be")
    release = pipeline.retrain(PANEL, job, silence).release
    assert read.latest(job.engine, PANEL).run_id is None
    assert "MLflow gets no run of this training" in " ".join(silence.said)
    job.outbox.unlink()
    assert pipeline.retrain(PANEL, job, silence).verdict == "nothing new"
    assert read.latest(job.engine, PANEL).run_id is None, "whoever published it may be sending it still"
    later = replace(job, clock=lambda: ISSUED + timedelta(seconds=job.tracking_budget))
    assert pipeline.retrain(PANEL, later, silence).verdict == "nothing new"
    assert f"MLflow lacks {release}" in " ".join(silence.said)
    assert finished(job) == read.runs(job.engine) == {release: read.latest(job.engine, PANEL).run_id}
    assert champion(job) == release


@pytest.mark.slow
def test_a_run_that_was_sent_and_not_noted_is_noted_by_the_next_retraining_and_not_sent_twice(home, job, silence):
    release = pipeline.retrain(PANEL, home.without_tracking(), silence).release
    where = {"uri": job.tracking, "artifacts": job.artifacts, "budget": job.tracking_budget}
    sent = outbox.deliver(job.outbox, [release], panel=PANEL, served=release, **where)
    assert sent.problem is None
    assert read.runs(job.engine) == {}, "as after a retraining that was killed before it could note it"
    assert pipeline.retrain(PANEL, job, silence).verdict == "nothing new"
    assert finished(job) == read.runs(job.engine) == sent.runs
    assert outbox.waiting(job.outbox) == ()
    # Without its description, as in a store of before there was a table: it is found.
    home.archive.append(vintage(70, date(2024, 8, 31), "b"))
    with job.engine.begin() as connection:
        connection.execute(text("DELETE FROM release_run"))
    new = pipeline.retrain(PANEL, replace(job, clock=lambda: ISSUED + timedelta(days=1)), silence).release
    assert finished(job) == read.runs(job.engine)
    assert set(read.runs(job.engine)) == {release, new}
