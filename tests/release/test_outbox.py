"""Promises of the outbox: MLflow holds no release up and ends with each retraining once;
against a real server, really stopped.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from forecast import pipeline
from forecast.core.errors import TrackingError
from forecast.core.files import sqlite_address
from forecast.counts.archive import Archive
from forecast.pipeline.catching_up import catch_up
from forecast.recipe.recipe import parse
from forecast.release import read
from forecast.release.tracking import outbox
from forecast.release.tracking.describing import describe
from forecast.release.tracking.handover import Handover
from forecast.release.tracking.session import prepare
from tests.pipeline.conftest import ISSUED, Home, Silence, small_figures, vintage  # noqa: F401 (a fixture)
from tests.release.retraining import Server, make_counts, make_training, tracking_server
from tests.waiting import HANG, soon, until

PANEL = "cbp-states"
RECIPE = """
name = "walks"
purpose = "Two cheap members."
horizon = 4
samples = 20
seed = 11
[[members]]
model = "random_walk"
scale = "log"
[[members]]
model = "random_walk"
scale = "raw"
"""
MEMBERS = {"random_walk-log", "random_walk-raw"}
# Seconds: the budget that a hanging server is given, and what may come on top.
SHORT, MORE = 4.0, 4.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no server that does not answer."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", f"{HANG:.0f}")


@pytest.fixture(scope="module")
def training() -> Handover:
    prepare()
    return make_training(make_counts(), parse(RECIPE))


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


@dataclass
class Box:
    """An outbox, and what MLflow has of its releases."""

    place: Path
    training: Handover

    def describe(self, release: str, later: timedelta = timedelta()) -> str:
        named = replace(self.training, release_id=f"{PANEL}-2024-11-{release}", started=self.training.started + later)
        describe(named, self.place / named.release_id)
        return named.release_id

    def deliver(self, *releases: str, uri: str, budget: float, served: str | None = None) -> outbox.Delivery:
        """Send them as a retraining does, which removes what has arrived."""
        delivery = outbox.deliver(
            self.place, releases, panel=PANEL, served=served, uri=uri, artifacts="file:///nowhere", budget=budget
        )
        for release in delivery.runs:
            outbox.remove(self.place, release)
        return delivery


@pytest.fixture
def box(tmp_path: Path, training: Handover) -> Box:
    return Box(tmp_path / "outbox", training)


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


@pytest.mark.parametrize(("folder", "waits"), [("a%20b", "%20"), ("a%2Fb", "%2F"), ("a?b #c %d é", None)])
def test_a_home_in_whose_path_mlflow_finds_no_model_again_sends_none_and_says_why(
    tmp_path: Path, folder: str, waits: str | None
) -> None:
    (home := tmp_path / folder).mkdir()
    delivery = outbox.deliver(
        home / "outbox",
        [f"{PANEL}-2024-11-0000000000"],
        panel=PANEL,
        served=None,
        uri=sqlite_address(home / "mlflow.db"),
        artifacts=(home / "mlartifacts").as_uri(),
        budget=HANG,
    )
    assert (home / "mlflow.db").exists() == (waits is None)
    if waits is None:
        assert delivery == outbox.Delivery()
    else:
        assert delivery.problem is not None
        assert f"MLflow takes {waits} in {home}/mlartifacts for another character" in delivery.problem
        assert "Move the home" in delivery.problem


def test_only_one_process_sends_for_a_panel(box):
    release = box.describe("twice")
    with (box.place / f".{PANEL}.lock").open("w") as lock, socket.create_server(("127.0.0.1", 0)) as silent:
        fcntl.flock(lock, fcntl.LOCK_EX)
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"

        def refused():
            refusal = box.deliver(release, uri=uri, budget=HANG)
            assert refusal.runs == {}
            assert "Another process is sending retrainings of cbp-states" in refusal.problem

        soon(refused, seconds=1)
    assert outbox.waiting(box.place) == (release,)


def test_a_sender_whose_retraining_was_killed_keeps_others_out_until_it_ends(box):
    release = box.describe("orphan")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        script = (
            "import sys; from pathlib import Path; from forecast.release.tracking.outbox import deliver\n"
            f"deliver(Path(sys.argv[1]), [{release!r}], panel={PANEL!r}, served=None, uri={uri!r}, artifacts='', "
            f"budget={HANG})\n"
        )
        hasty = {**os.environ, "MLFLOW_HTTP_REQUEST_TIMEOUT": "4"}
        with subprocess.Popen([sys.executable, "-c", script, str(box.place)], env=hasty) as killed:
            knock, _ = silent.accept()
            asked, _ = silent.accept()  # by the sender, which has its instructions then
            killed.kill()
        assert "Another process" in box.deliver(release, uri=uri, budget=HANG).problem

        def ended() -> bool:
            """The limit of its own requests does that: the server never answers."""
            with (box.place / f".{PANEL}.lock").open("w") as lock, suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            return False

        until(ended)
        knock.close()
        asked.close()


def test_a_sender_that_is_killed_leaves_nothing_behind(box, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    release = box.describe("killed")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        delivery = box.deliver(release, uri=f"http://127.0.0.1:{silent.getsockname()[1]}", budget=8)
    assert "not done within 8 s" in delivery.problem
    assert list(place.iterdir()) == []


def test_a_sender_that_cannot_begin_says_why(box, tmp_path, monkeypatch):
    release = box.describe("unable")
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexec 0<&-\necho No module named mlflow >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    delivery = box.deliver(release, uri=f"sqlite:///{tmp_path}/m.db", budget=HANG)
    assert "No module named mlflow" in delivery.problem
    assert outbox.waiting(box.place) == (release,)


def test_a_release_that_is_not_published_is_not_sent(training, tmp_path):
    archive = Archive(tmp_path / "archive")
    archive.append(vintage(66, date(2024, 4, 30)))
    home, said = Home(tmp_path, archive), Silence()
    job = home.without_tracking()
    published = pipeline.retrain(PANEL, job, said)
    (job.outbox / published.release).rename(job.outbox / f"{PANEL}-2024-03-unpublished")
    catch_up(PANEL, home.job(), said)
    assert not (tmp_path / "mlflow.db").exists()
    assert outbox.waiting(job.outbox) == (f"{PANEL}-2024-03-unpublished",)


def test_status_says_how_many_retrainings_wait(tmp_path, monkeypatch):
    from forecast.cli.main import app

    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path))
    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["tracking_backlog"] == 0
    for name in (f"{PANEL}-2024-11-a", "usbp-sectors-2024-11-b", f".{PANEL}-2024-11-c.part"):
        (tmp_path / "outbox" / name).mkdir(parents=True)
    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["tracking_backlog"] == 2
    assert "2 retrainings wait for the tracking server" in CliRunner().invoke(app, ["status"]).stdout
    assert "1 retraining waits for" in CliRunner().invoke(app, ["status", "--panel", PANEL]).stdout


def test_an_outbox_that_cannot_be_written_is_one_line(training, tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(TrackingError, match="cannot be written"):
        describe(training, tmp_path / "outbox" / training.release_id)


def test_an_address_that_is_none_is_one_line(box):
    release = box.describe("nowhere")
    delivery = box.deliver(release, uri="no address", budget=HANG)
    assert (delivery.runs, outbox.waiting(box.place)) == ({}, (release,))
    assert "failed at MLFLOW_TRACKING_URI: it is no address" in delivery.problem


def test_a_panel_whose_name_begins_like_another_s_leaves_it_alone(tmp_path: Path) -> None:
    own, hindcast, other = "demo-2024-11-aaaaaaaaaa", "demo-2024-11-hindcast-bbbbbbbbbb", "demo-2-2024-11-cccccccccc"
    for name in (own, hindcast, other, ".demo-2024-12-dddddddddd.part", ".demo-2-2024-12-eeeeeeeeee.part"):
        (tmp_path / name).mkdir()
    assert outbox.waiting(tmp_path, "demo") == (own, hindcast)
    assert outbox.waiting(tmp_path, "demo-2") == (other,)
    outbox.discard(tmp_path, "demo", keep={hindcast})
    assert {path.name for path in tmp_path.iterdir()} == {hindcast, other, ".demo-2-2024-12-eeeeeeeeee.part"}
