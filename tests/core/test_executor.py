"""Real worker processes: order, failures and deadlines."""

import os
import time

import pytest

from forecast.core.executor import map_tasks


def double(number):
    if number < 0:
        raise ValueError("a negative\nnumber")
    return 2 * number


def sleep_or_answer(seconds):
    time.sleep(seconds)
    return os.getpid()


def leave(code):
    os._exit(code)


@pytest.mark.parametrize("workers", [0, 2])
def test_outcomes_come_in_the_order_of_the_tasks(workers):
    found = list(map_tasks(double, [3, -1, 4], workers=workers, deadline=30))
    assert [outcome.result for outcome in found] == [6, None, 8]
    assert found[1].failure == "ValueError: a negative number"
    assert found[0].failure is None


def test_a_stuck_worker_is_killed_and_the_others_answer():
    start = time.monotonic()
    stuck, quick = map_tasks(sleep_or_answer, [300, 0], workers=2, deadline=1.5)
    assert time.monotonic() - start < 60
    assert "no answer within 1.5 s" in stuck.failure
    assert quick.failure is None
    assert quick.result != os.getpid()


def test_a_worker_that_dies_fails_its_own_task_only():
    dead, alive = map_tasks(leave, [3], workers=1, deadline=30), map_tasks(double, [5], workers=1, deadline=30)
    assert next(iter(dead)).failure is not None
    assert next(iter(alive)).result == 10


def test_workers_use_one_thread_and_the_caller_keeps_its_setting(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    outcome = next(iter(map_tasks(os.getenv, ["OMP_NUM_THREADS"], workers=1, deadline=30)))
    assert outcome.result == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
