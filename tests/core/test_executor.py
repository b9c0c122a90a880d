"""Real worker processes: order, failures and deadlines."""

import gc
import importlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from forecast.core import pool
from forecast.core.executor import Executor
from tests.waiting import HANG


def double(number):
    if number < 0:
        raise ValueError("a negative\nnumber")
    return 2 * number


def sleep_or_answer(seconds):
    time.sleep(seconds)
    return os.getpid()


def leave(code):
    os._exit(code)


def write_and_sleep(seconds):
    folder = tempfile.mkdtemp()
    (Path(folder) / "left").write_text("behind")
    time.sleep(seconds)
    return folder


@pytest.mark.parametrize("workers", [0, 2])
def test_outcomes_come_in_the_order_of_the_tasks(workers):
    outcomes = list(Executor(workers, HANG).map(double, [3, -1, 4]))
    assert [outcome.result for outcome in outcomes] == [6, None, 8]
    assert outcomes[1].failure == "ValueError: a negative number"
    assert outcomes[0].failure is None


def test_a_stuck_worker_is_killed_and_the_others_answer():
    stuck, quick = Executor(2, 5).map(sleep_or_answer, [HANG, 0])
    assert "no answer within 5 s" in stuck.failure
    assert quick.failure is None
    assert quick.result != os.getpid()


def test_a_worker_that_dies_fails_its_own_task_only():
    dead, alive = Executor(1, HANG).map(leave, [3]), Executor(1, HANG).map(double, [5])
    assert next(iter(dead)).failure is not None
    assert next(iter(alive)).result == 10


def test_what_workers_leave_behind_is_removed_also_where_they_are_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tidy, killed = Executor(2, 5).map(write_and_sleep, [0, HANG])
    assert tmp_path in Path(tidy.result).parents
    assert killed.result is None
    # What multiprocessing itself has there is removed when this process ends.
    assert [path for path in tmp_path.iterdir() if not path.name.startswith("pymp-")] == []


def test_work_is_done_where_there_is_no_room_for_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert [outcome.result for outcome in Executor(1, HANG).map(double, [4])] == [8]


def test_workers_use_one_thread_and_the_caller_keeps_its_setting(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    outcome = next(iter(Executor(1, HANG).map(os.getenv, ["OMP_NUM_THREADS"])))
    assert outcome.result == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_no_setting_of_workers_comes_and_goes_in_the_environment_of_a_command():
    importlib.import_module("forecast.cli")
    assert os.environ.keys() >= pool.ONE_THREAD.keys()


def die_with_the_lock(how):
    """As a worker that is killed for its memory while it takes a task: the lock of the pool's pipe stays taken."""
    if how == "lock":
        channel = next(candidate for candidate in gc.get_objects() if type(candidate).__name__ == "WorkerChannel")
        channel.mutex.acquire()
        os._exit(1)
    return how


def test_a_worker_that_dies_with_the_pool_s_lock_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(pool, "_GRACE", 1.0)
    results = [outcome.result for outcome in Executor(2, 8).map(die_with_the_lock, ["lock", "a", "b", "c"])]
    assert results[1:] == ["a", "b", "c"]


# As the command of an installation that is being replaced, or on a machine without memory: its workers die before they
# can begin.
DYING = """
import os, sys, time
from pathlib import Path
starts = Path(sys.argv[1])
if __name__ == "__mp_main__":
    with starts.open("a") as file:
        file.write("x")
    if starts.stat().st_size <= int(sys.argv[2]):
        os._exit(1)

from forecast.core.errors import EncountersError
from forecast.core.executor import Executor

def size(text):
    return len(text)

if __name__ == "__main__":
    try:
        # More than fits into the pipe to the workers.
        print([outcome.result for outcome in Executor(2, 600).map(size, ["x" * 200_000] * 5)])
    except EncountersError as error:
        print(error)
"""


# Of two workers that start together the second may be ended before it counts itself: two deaths are two pools at most.
@pytest.mark.parametrize(
    ("dying", "said"), [(2, str([200_000] * 5)), (1_000_000, "The worker processes died 3 times in a row")]
)
def test_workers_that_die_before_they_begin_are_replaced_or_told_of(dying, said, tmp_path):
    script = tmp_path / "dying.py"
    script.write_text(DYING)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "starts"), str(dying)],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.stdout.startswith(said), done.stderr[-2000:]
    assert (done.returncode, (tmp_path / "starts").stat().st_size >= 3) == (0, True)


def blas_threads(_):
    import numpy  # noqa: F401 whose library it is
    from threadpoolctl import threadpool_info

    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_a_task_in_this_process_has_one_thread_of_linear_algebra_as_one_in_a_worker():
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2):
        before = blas_threads(None)
        (outcome,) = Executor(0).map(blas_threads, [None], preload=("numpy", "no_such_module"))
        assert blas_threads(None) == before
    assert outcome.result == {1}
