"""What is said, and how soon, where a Dask cluster cannot be worked on: one line, exit 1, nothing done here instead."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy
import pytest
from pydantic import ValidationError

from forecast.core.dask_executor import DaskExecutor
from forecast.core.errors import ClusterError
from forecast.settings import Settings
from tests.core.test_dask_executor import wait_for
from tests.dask_cluster import HOUSE, cluster
from tests.waiting import HANG, until

# Seconds within which it must be said, and what a busy machine takes to load the command.
PROMPT, START = 30.0, 30.0
COUNTS = "series,month,value\n" + "".join(f"a,{2020 + k // 12}-{k % 12 + 1:02},{100 + k}\n" for k in range(60))

# Put before everything that a Python can import, it hides this project.
HIDING = """
import importlib.abc, sys

class Hiding(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "forecast":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hiding())
"""


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A scheduler with one worker, which the last test of this file ends."""
    with cluster(tmp_path_factory.mktemp("dask"), workers=1) as made:
        yield made


@pytest.fixture
def hiding(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(HIDING)
    return {"PYTHONPATH": f"{tmp_path}{os.pathsep}{HOUSE}"}


def predicting(setting, tmp_path, *before):
    """Run `encounters predict` on the executor that the setting names: exit code, stderr."""
    (tmp_path / "counts.csv").write_text(COUNTS)
    program = [sys.executable, "-c", ";".join([*before, "from forecast.cli.main import main", "main()"])]
    done = subprocess.run(
        [*program, "predict", "counts.csv", "--horizon", "3", "--out", "ahead.csv"], cwd=tmp_path,
        env={**os.environ, "ENCOUNTERS_EXECUTOR": setting}, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip
    assert done.stdout == ""
    assert not (tmp_path / "ahead.csv").exists()
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "setting", ["dask", "dask://", "dask://here", "dask://here:0", "dask://here:99999", "dask://a:1/x", "tcp://a:1"]
)
def test_a_setting_that_names_no_engine_is_refused(setting, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_EXECUTOR", setting)
    with pytest.raises(ValidationError, match=f"{setting!r} is neither local nor dask://host:port"):
        Settings()


@pytest.mark.parametrize("setting", ["Dask://127.0.0.1:1", "DASK://127.0.0.1:1"])
def test_the_scheme_may_be_written_in_capitals(setting, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_EXECUTOR", setting)
    assert Settings().executor.address == "tcp://127.0.0.1:1"


def test_the_command_says_so_in_one_line(tmp_path):
    assert predicting("dask://here", tmp_path) == (
        1,
        "encounters: ENCOUNTERS_EXECUTOR: 'dask://here' is neither local nor dask://host:port. Correct it.\n",
    )


def test_without_the_extra_one_line_says_how_to_install_it(tmp_path):
    code, said = predicting("dask://127.0.0.1:1", tmp_path, "import sys", "sys.modules['distributed'] = None")
    assert code == 1
    assert said.count("\n") == 1
    assert "pip install 'encounter-forecast[train,dask]'" in said


def refused(address):
    started = time.monotonic()
    with pytest.raises(ClusterError) as error:
        DaskExecutor(deadline=HANG, address=address).check()
    assert time.monotonic() - started < PROMPT
    assert "\n" not in str(error.value)
    return str(error.value)


def test_where_nobody_listens_the_command_says_so_in_one_line_and_in_time(tmp_path):
    started = time.monotonic()
    code, said = predicting("dask://127.0.0.1:1", tmp_path)
    assert time.monotonic() - started < PROMPT + START
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("encounters: No Dask scheduler answers at tcp://127.0.0.1:1: Connection refused.")


def test_somebody_who_listens_and_says_nothing_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"tcp://127.0.0.1:{deaf.getsockname()[1]}"
        assert f"No Dask scheduler answers at {address}" in refused(address)


def test_a_scheduler_without_the_package_is_refused(tmp_path, hiding):
    with cluster(tmp_path / "bare", workers=0, **hiding) as bare:
        assert f"The Dask scheduler at {bare.address} cannot load this release of encounter-forecast" in refused(
            bare.address
        )


def test_a_scheduler_without_a_worker_is_refused(tmp_path):
    with cluster(tmp_path / "bare", workers=0) as bare:
        assert refused(bare.address) == (
            f"The Dask scheduler at {bare.address} has no worker. Start one: dask worker {bare.address}"
        )


@contextmanager
def ended(one, folder):
    """Twenty tasks are at work, or wait, while the block is done; yields what they end with once it is left."""
    said = []

    def work():
        with pytest.raises(ClusterError) as error:
            list(DaskExecutor(deadline=HANG, address=one.address).map(wait_for, [(str(folder / "go"), 1)] * 20))
        said.append(str(error.value))

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: list(folder.glob("begun-*")) or not thread.is_alive())
    yield said
    thread.join(HANG)
    (folder / "go").touch()


def joined(one, client, environment):
    """The address of a worker that joins the other, and its process."""
    known = set(client.nthreads())
    process = one.add_worker("--no-nanny", **environment)
    (address,) = until(lambda: set(client.nthreads()) - known, process=process)
    return address, process


def test_a_worker_without_the_package_is_refused_by_its_address(one, hiding):
    with one.client() as client:
        client.wait_for_workers(1, timeout=HANG)
        address, process = joined(one, client, hiding)
        assert f"The Dask worker {address} cannot load this release of encounter-forecast" in refused(one.address)
        process.kill()
        until(lambda: address not in client.nthreads())


def test_a_worker_with_another_installation_is_refused_by_what_differs_also_where_it_joins_later(one, tmp_path):
    other = tmp_path / "numpy-0.0.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
    with one.client() as client:
        client.wait_for_workers(1, timeout=HANG)
        with ended(one, tmp_path) as error:
            address, process = joined(one, client, {"PYTHONPATH": f"{tmp_path}{os.pathsep}{HOUSE}"})
        ours = f"numpy is 0.0.1 there and {numpy.__version__} here."
        assert error[0].startswith(f"The Dask worker {address} would give other figures: {ours}")
        assert refused(one.address) == error[0]
        process.kill()
        until(lambda: address not in client.nthreads())


def test_a_lost_scheduler_ends_the_work_in_one_line(one, tmp_path):
    with ended(one, tmp_path) as error:
        one.scheduler.kill()
    assert error[0].startswith(f"The Dask scheduler at {one.address} was lost amid the work.")
    assert "\n" not in error[0]
