"""Promises of tracking towards a server or a store that is there, down, silent or damaged."""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest

from forecast.core.errors import TrackingError
from forecast.recipe.recipe import parse
from forecast.release.tracking.describing import describe
from forecast.release.tracking.handover import Handover
from forecast.release.tracking.sending import send
from forecast.release.tracking.session import prepare
from tests.pipeline.conftest import draw_blanks
from tests.release.retraining import asked, connected, make_counts, make_training, quantiles, tracking_server
from tests.waiting import soon

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
def training() -> Handover:
    prepare()
    return make_training(make_counts(), parse(RECIPE))


@pytest.fixture(scope="module")
def folder(training: Handover, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The retraining, described."""
    folder = tmp_path_factory.mktemp("outbox") / training.release_id
    with pytest.MonkeyPatch.context() as patch:
        draw_blanks(patch)
        describe(training, folder)
    return folder


def test_a_server_that_is_down_is_one_line_within_seconds(folder):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"

    def refused():
        with pytest.raises(
            TrackingError, match=r"^Tracking release cbp-states-2024-11-0123456789 failed at http://127\.0\.0\.1"
        ) as caught:
            send(folder, uri=uri, artifacts="file:///nowhere", champion=True)
        assert "\n" not in str(caught.value)

    soon(refused, seconds=15)


def test_a_server_that_never_answers_is_given_up(folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(TrackingError, match="Start the tracking server"):
            send(folder, uri=f"http://127.0.0.1:{silent.getsockname()[1]}", artifacts="file:///nowhere", champion=True)


def test_a_damaged_store_is_one_line_at_once(folder, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database, but long enough to be read as one " * 40)

    def refused():
        with pytest.raises(TrackingError, match="file is not a database"):
            send(folder, uri=f"sqlite:///{tmp_path / 'mlflow.db'}", artifacts="file:///nowhere", champion=True)

    soon(refused, seconds=5)


def test_a_password_in_the_address_is_not_shown(folder):
    with pytest.raises(TrackingError) as caught:
        send(folder, uri="http://user:secret@127.0.0.1:9", artifacts="file:///nowhere", champion=True)
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_a_real_server_takes_a_retraining_and_gives_the_champion_back(training, folder, tmp_path):
    from mlflow import pyfunc

    with tracking_server(tmp_path) as server:
        server.start()
        send(folder, uri=server.uri, artifacts="file:///nowhere", champion=True)
        with connected(server.uri):
            answered = pyfunc.load_model("models:/encounters-cbp-states@champion").predict(
                asked(training.run.forecasts)
            )
    assert np.array_equal(quantiles(answered, training.run.forecasts), training.run.forecasts.values)
    assert list((tmp_path / "artifacts").rglob("counts.csv"))
