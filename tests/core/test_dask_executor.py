"""A real Dask scheduler and real workers over TCP: what they give, whom they are refused for, and their end."""

import os
import threading
import time
from pathlib import Path

import psutil
import pytest
from distributed import Client

from forecast.core.dask_executor import DaskExecutor
from forecast.core.errors import ClusterError
from tests.core.test_executor import double, leave, sleep_or_answer
from tests.dask_cluster import Cluster, cluster
from tests.waiting import HANG, until

# Seconds in which whoever cannot work on a cluster must say so.
PROMPT = 30


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A scheduler with two workers, which the last test of this file takes away."""
    with cluster(tmp_path_factory.mktemp("dask")) as made:
        with Client(made.address, timeout=HANG, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=HANG)
        yield made


def executor(on: Cluster, deadline=HANG):
    return DaskExecutor(deadline=deadline, address=on.address)


def wait_for(file, mark):
    """Until a file is there; leaves a mark that it was begun, and one that it was done."""
    folder = Path(file).parent
    (folder / f"begun-{mark}-{time.monotonic_ns()}").touch()
    until(Path(file).exists)
    (folder / f"done-{mark}-{time.monotonic_ns()}").touch()
    return mark


def waiting(task):
    return wait_for(*task)


def alone(on, joined, expected):
    """While a worker is among the others that must not be."""
    with Client(on.address, timeout=HANG, set_as_default=False) as client:
        client.wait_for_workers(3, timeout=HANG)
        with pytest.raises(ClusterError) as refused:
            executor(on).check()
        joined.terminate()
        joined.wait(HANG)
        until(lambda: len(client.nthreads()) == 2)
    for part in expected:
        assert part in str(refused.value)


def test_outcomes_come_in_the_order_of_the_tasks(two):
    outcomes = list(executor(two).map(double, [3, -1, 4]))
    assert [outcome.result for outcome in outcomes] == [6, None, 8]
    assert outcomes[1].failure == "ValueError: a negative number"
    assert list(executor(two).map(double, [])) == []


def test_tasks_go_in_batches_to_both_workers_which_use_one_thread_each(two):
    doing = executor(two)
    assert [outcome.result for outcome in doing.map(double, range(300))] == list(range(0, 600, 2))
    at = {outcome.result for outcome in doing.map(sleep_or_answer, [0.05] * 40)}
    assert len(at) == 2
    assert os.getpid() not in at
    assert [outcome.result for outcome in doing.map(os.getenv, ["OMP_NUM_THREADS"])] == ["1"]


def test_a_hanging_fit_is_ended_and_a_deadly_one_fails_alone(two):
    outcomes = list(executor(two, 2.0).map(sleep_or_answer, [0, HANG, 0]))
    assert [outcome.failure for outcome in outcomes] == [None, "no answer within 2 s; the worker was killed", None]
    deadly = list(executor(two).map(leave_if_asked, [0, 3, 0, 0]))
    assert [outcome.result for outcome in deadly] == ["here", None, "here", "here"]


def leave_if_asked(code):
    return leave(code) if code else "here"


def test_a_killed_worker_costs_its_batch_at_most_and_gives_no_outcome_twice(two, tmp_path):
    victim = two.add_worker("--no-nanny")
    go = tmp_path / "go"
    outcomes = executor(two).map(waiting, [(str(go), mark) for mark in range(40)])
    with Client(two.address, timeout=HANG, set_as_default=False) as client:
        client.wait_for_workers(3, timeout=HANG)
        came = []
        thread = threading.Thread(target=lambda: came.extend(outcomes))
        thread.start()
        until(lambda: len(list(tmp_path.glob("begun-*"))) == 3)
        hosts = psutil.Process(victim.pid).children(recursive=True)
        victim.kill()
        go.touch()
        thread.join(HANG)
    assert [outcome.result for outcome in came] == list(range(40))
    done = [path.name.split("-")[1] for path in tmp_path.glob("done-*")]
    assert 40 <= len(done) < 40 + 40 // 12
    until(lambda: not any(host.is_running() and host.status() != "zombie" for host in hosts))


def test_a_task_that_kills_its_dask_worker_fails_alone(two):
    pass
