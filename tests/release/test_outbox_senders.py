"""Promises of the outbox on this side: one process sends for a panel, what cannot be sent waits and says why,
and nothing else of the folder is touched.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast import pipeline
from forecast.core.errors import TrackingError
from forecast.core.files import sqlite_address
from forecast.counts.archive import Archive
from forecast.pipeline.catching_up import catch_up
from forecast.release.tracking import outbox
from forecast.release.tracking.describing import describe
from tests.pipeline.conftest import Home, Silence, small_figures, vintage  # noqa: F401 (a fixture)
from tests.release.outbox_box import PANEL
from tests.waiting import HANG, soon, until

pytestmark = pytest.mark.usefixtures("patient")


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
