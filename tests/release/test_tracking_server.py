"""Promises of tracking towards a server or a store that is there, down, silent or damaged."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
from retraining import asked, connected, make_counts, make_training, quantiles

from forecast.core.errors import TrackingError
from forecast.recipe.recipe import parse
from forecast.release import tracking
from forecast.release.tracking import Training
from forecast.release.tracking.session import prepare

RECIPE = """
name = "walks"
purpose = "The cheapest members."
horizon = 4
samples = 40
seed = 11
[[members]]
model = "random_walk"
scale = "log"
"""


@pytest.fixture(scope="module")
def training() -> Training:
    prepare()
    return make_training(make_counts(), parse(RECIPE))


def test_a_server_that_is_down_is_one_line_within_seconds(training):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
    started = time.monotonic()
    with pytest.raises(TrackingError, match=r"^Tracking release cbp-states-2024-11-0123456789 failed at http://127\.0\.0\.1") as caught:
        tracking.log(training, uri=uri, artifacts="file:///nowhere")
    assert time.monotonic() - started < 15
    assert "\n" not in str(caught.value)


def test_a_server_that_never_answers_is_given_up(training, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(TrackingError, match="Start the tracking server"):
            tracking.log(training, uri=f"http://127.0.0.1:{silent.getsockname()[1]}", artifacts="file:///nowhere")


def test_a_damaged_store_is_one_line_at_once(training, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database, but long enough to be read as one " * 40)
    started = time.monotonic()
    with pytest.raises(TrackingError, match="file is not a database"):
        tracking.log(training, uri=f"sqlite:///{tmp_path / 'mlflow.db'}", artifacts="file:///nowhere")
    assert time.monotonic() - started < 5


def test_a_password_in_the_address_is_not_shown(training):
    with pytest.raises(TrackingError) as caught:
        tracking.log(training, uri="http://user:secret@127.0.0.1:9", artifacts="file:///nowhere")
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_a_real_server_takes_a_retraining_and_gives_the_champion_back(training, tmp_path):
    from mlflow import pyfunc

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    places = ["--backend-store-uri", f"sqlite:///{tmp_path / 'm.db'}", "--artifacts-destination", str(tmp_path / "artifacts")]
    uri = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # no part of tracking, and slow to start
    with (
        (tmp_path / "server.log").open("w") as log,
        subprocess.Popen([*command, *places], stdout=log, stderr=log, cwd=tmp_path, env=environment) as server,
    ):
        try:
            _await(f"{uri}/health", server)
            tracking.log(training, uri=uri, artifacts="file:///nowhere")
            with connected(uri):
                answered = pyfunc.load_model("models:/encounters-cbp-states@champion").predict(asked(training.run.forecasts))
        finally:
            server.terminate()
    assert np.array_equal(quantiles(answered, training.run.forecasts), training.run.forecasts.values)
    assert list((tmp_path / "artifacts").rglob("counts.csv"))


def _await(address: str, server: subprocess.Popen) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310 - a server that this test started
                return
        except OSError:
            assert server.poll() is None, "the server ended"
            time.sleep(0.2)
    pytest.fail("the server did not come up within a minute")
