"""Promises of the outbox: MLflow holds no release up and ends with each retraining once;
against a real server, really stopped.
"""

from __future__ import annotations

import itertools
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from threading import Thread

import pytest

from forecast import pipeline
from forecast.counts.archive import Archive
from forecast.release import read
from forecast.release.tracking import outbox
from tests.pipeline.conftest import ISSUED, Home, Silence, small_figures, vintage  # noqa: F401 (a fixture)
from tests.release.outbox_box import PANEL
from tests.release.retraining import Server, tracking_server
from tests.waiting import HANG, soon, until

pytestmark = pytest.mark.usefixtures("patient")

MEMBERS = {"random_walk-log", "random_walk-raw"}
# Seconds: the budget that a hanging server is given, and what may come on top.
SHORT, MORE = 4.0, 4.0


@pytest.fixture(scope="module")
def place_of_server(no_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a store of its own, which the first test that needs it starts:
    that takes longer than most of them.
    """
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(no_runs, folder / "m.db")
    with tracking_server(folder) as made:
        yield made


@pytest.fixture
def server(place_of_server: Server) -> Server:
    """A server in good health."""
    if place_of_server.process is None:
        place_of_server.start()
    return place_of_server


def client_of(uri: str):
    from mlflow import MlflowClient

    return MlflowClient(uri, uri)


def runs_of(uri: str, release: str):
    client = client_of(uri)
    experiment = client.get_experiment_by_name(f"encounters/{PANEL}").experiment_id
    return client.search_runs([experiment], f"tags.release_id = '{release}'")


def assert_tracked_once(uri: str, release: str, run: str, members: set[str]) -> None:
    """One finished parent with one finished child per family, each with its model, and one registered version."""
    runs, client = runs_of(uri, release), client_of(uri)
    assert [each.info.run_id for each in runs if each.data.tags["kind"] == "retraining"] == [run]
    children = [each for each in runs if each.data.tags["kind"] == "family"]
    assert Counter(each.data.tags["member"] for each in children) == Counter(members)
    assert {each.data.tags["mlflow.parentRunId"] for each in children} == {run}
    assert {each.info.status for each in runs} == {"FINISHED"}
    models = client.search_logged_models([runs[0].info.experiment_id], f"tags.release_id = '{release}'")
    assert {model.model_id for model in models} == {
        output.model_id for each in runs for output in each.outputs.model_outputs
    }
    versions = client.search_model_versions(f"name = 'encounters-{PANEL}' and tags.release_id = '{release}'")
    assert [version.run_id for version in versions] == [run]


def champion(uri: str) -> str:
    return client_of(uri).get_model_version_by_alias(f"encounters-{PANEL}", "champion").tags["release_id"]


def stop_when(server: Server, reached: Callable[[sqlite3.Connection], bool]) -> Thread:
    """Stop the server in its tracks as soon as its store holds something; the thread ends then."""

    def watch() -> None:
        with closing(sqlite3.connect(f"file:{server.folder / 'm.db'}?mode=ro", uri=True)) as store:
            until(lambda: reached(store), every=0.005)
        server.signal(signal.SIGSTOP)

    thread = Thread(target=watch)
    thread.start()
    return thread


def count(store: sqlite3.Connection, what: str) -> int:
    return int(store.execute(f"select count(*) from {what}").fetchone()[0])  # noqa: S608 - the words of these tests


@pytest.mark.slow
def test_a_server_that_is_started_late_or_again_gets_what_waited(place_of_server, box):
    server = place_of_server
    first, second = box.describe("early"), box.describe("later", timedelta(days=30))

    def reported_at_once():
        down = box.deliver(first, uri=server.uri, budget=HANG)
        assert (down.runs, outbox.waiting(box.place)) == ({}, (first, second))

    soon(reported_at_once, seconds=2)
    server.start()
    watch = stop_when(server, lambda store: count(store, "runs") >= 1)
    died = Thread(target=lambda: (watch.join(), server.end()))
    died.start()
    assert box.deliver(second, uri=server.uri, budget=HANG).runs == {}
    died.join()
    server.start()
    delivery = box.deliver(first, second, uri=server.uri, budget=HANG, served=second)
    assert outbox.waiting(box.place) == ()
    for release in (first, second):
        assert_tracked_once(server.uri, release, delivery.runs[release], MEMBERS)
    versions = client_of(server.uri).search_model_versions(
        f"name = 'encounters-{PANEL}'", order_by=["version_number ASC"]
    )
    assert [version.tags["release_id"] for version in versions] == [first, second]
    assert champion(server.uri) == second


@pytest.mark.slow
def test_a_hanging_server_costs_the_budget_and_gets_the_retraining_when_it_goes_on(server, box):
    release = box.describe("hanging")
    (box.place / f"{PANEL}-2024-01-damaged").mkdir()

    def given_up():
        first = box.deliver(release, uri=server.uri, budget=SHORT)
        assert first.runs == {}
        assert f"not done within {SHORT:g} s" in first.problem

    server.signal(signal.SIGSTOP)
    try:
        soon(given_up, seconds=SHORT + MORE)
    finally:
        server.signal(signal.SIGCONT)
    assert outbox.waiting(box.place, PANEL) == (f"{PANEL}-2024-01-damaged", release)
    second = box.deliver(f"{PANEL}-2024-01-damaged", release, uri=server.uri, budget=HANG)
    assert_tracked_once(server.uri, release, second.runs[release], MEMBERS)
    assert "damaged cannot be read" in second.problem, "it is told, and holds no other up"
    assert outbox.waiting(box.place, PANEL) == (f"{PANEL}-2024-01-damaged",)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["runs", "model_versions"])
def test_what_a_server_does_after_its_client_gave_up_is_not_there_twice(server, box, table, monkeypatch):
    # In the first case with the parent and a child begun, in the second with everything there and the parent not yet
    # closed.
    more = 2 if table == "runs" else 1
    numbers = itertools.count()

    def broken_off():
        """A release during whose sending the server stopped; none where the server was done before."""
        release = box.describe(f"late-{table}-{next(numbers)}")
        with closing(sqlite3.connect(server.folder / "m.db")) as store:
            before = count(store, table)
        watch = stop_when(server, lambda store: count(store, table) >= before + more)
        try:
            runs = box.deliver(release, uri=server.uri, budget=HANG).runs
            while watch.is_alive():
                runs = box.deliver(release, uri=server.uri, budget=HANG).runs
        finally:
            watch.join()
            server.signal(signal.SIGCONT)
        return not runs and release

    with monkeypatch.context() as hasty:
        hasty.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
        release = until(broken_off)
    left = len(runs_of(server.uri, release))
    assert left >= more, "the attempt has left something behind"
    second = box.deliver(release, uri=server.uri, budget=HANG)
    assert_tracked_once(server.uri, release, second.runs[release], MEMBERS)


@pytest.mark.slow
def test_a_release_is_published_while_mlflow_hangs_and_tracked_once_by_a_later_retraining(server, tmp_path):
    archive = Archive(tmp_path / "archive")
    archive.append(vintage(66, date(2024, 4, 30)))
    said = Silence()
    home = Home(tmp_path, archive)
    now = ISSUED.replace(year=2027)  # after all other releases that this server knows
    job = replace(home.job(tracking=server.uri, clock=lambda: now), tracking_budget=SHORT, artifacts="file:///nowhere")

    def nothing_new():
        assert pipeline.retrain(PANEL, job, said).verdict == "nothing new"

    server.signal(signal.SIGSTOP)
    try:
        old = pipeline.retrain(PANEL, job, said)
        assert old.verdict == "published"
        soon(nothing_new, seconds=SHORT + MORE)
    finally:
        server.signal(signal.SIGCONT)
    assert read.load(job.engine, old.release).run_id is None
    assert outbox.waiting(job.outbox) == (old.release,)

    (job.outbox / f"{PANEL}-2020-01-brokenoff").mkdir()
    archive.append(vintage(70, date(2024, 8, 31), "b"))
    later = replace(job, clock=lambda: now + timedelta(days=1), tracking_budget=HANG)
    new = pipeline.retrain(PANEL, later, said)
    members = {"random_walk-log", "seasonal_naive-log"}
    assert outbox.waiting(job.outbox) == (), (
        "nothing is left, not even of a retraining that was broken off before it published"
    )
    for release in (old.release, new.release):
        parents = [each for each in runs_of(server.uri, release) if each.data.tags["kind"] == "retraining"]
        fitted = members if parents[0].data.tags["recipe"] == "small" else {"random_walk-log"}
        assert_tracked_once(server.uri, release, read.load(job.engine, release).run_id, fitted)
    assert champion(server.uri) == new.release
