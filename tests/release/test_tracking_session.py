"""Promises of a process that opens the tracking store: two that create it at once both succeed;
no telemetry, no pickle. Real MLflow.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.waiting import HANG

# Both load MLflow once, before they part, and begin together.
_OPENERS = """
import multiprocessing, sys
from forecast.release.tracking.session import opened, prepare
prepare()
import mlflow.store.tracking.sqlalchemy_store, mlflow.store.model_registry.sqlalchemy_store
from forecast.release.tracking.sending import _experiment

def create(uri, both):
    both.wait()
    with opened(uri, what="Opening") as client:
        print(_experiment(client, "cbp-states", "file:///nowhere"), flush=True)

fork = multiprocessing.get_context("fork")
both = fork.Barrier(2)
openers = [fork.Process(target=create, args=(sys.argv[1], both)) for _ in range(2)]
for opener in openers:
    opener.start()
for opener in openers:
    opener.join()
assert [opener.exitcode for opener in openers] == [0, 0]
"""


@pytest.mark.slow
def test_two_processes_that_create_one_sqlite_store_at_once_both_succeed(tmp_path):
    file = tmp_path / "m.db"
    command = [sys.executable, "-c", _OPENERS, f"sqlite:///{file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANG)
    assert (done.returncode, done.stdout) == (0, "1\n1\n"), done.stderr
    with closing(sqlite3.connect(file)) as store:
        assert store.execute("pragma integrity_check").fetchall() == [("ok",)]
        names = store.execute("select name from experiments order by experiment_id").fetchall()
        assert names == [("Default",), ("encounters/cbp-states",)]
        assert store.execute("select count(*) from alembic_version").fetchone() == (1,)


_PICKLE = """
import sys
from forecast.release.tracking.session import prepare
prepare()
from mlflow import pyfunc
from mlflow.exceptions import MlflowException
from mlflow.telemetry.client import get_telemetry_client
from mlflow.telemetry.utils import is_telemetry_disabled
class Any(pyfunc.PythonModel):
    def predict(self, context, model_input):
        return model_input
pyfunc.save_model(sys.argv[1], python_model=Any(), pip_requirements=[])
try:
    pyfunc.load_model(sys.argv[1])
    loaded = True
except MlflowException as error:
    loaded = "ickle" not in str(error)
print(is_telemetry_disabled(), get_telemetry_client(), loaded)
"""


@pytest.mark.slow
def test_telemetry_is_off_and_no_pickle_is_loaded_whatever_the_environment_allows(tmp_path):
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MLFLOW") and name != "PYTEST_CURRENT_TEST"
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PICKLE, str(tmp_path / "model")],
        env={**environment, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true"},
        capture_output=True, text=True, check=False, timeout=HANG,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == ["True None False"], done.stderr
