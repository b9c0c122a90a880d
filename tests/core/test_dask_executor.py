"""Tasks on a real Dask scheduler and two real workers over TCP: order, batches, deadlines, deaths."""

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from forecast.core.dask_executor import DaskExecutor
from forecast.core.executor import Executor
from forecast.evaluation import backtest, quantile_table
from forecast.evaluation.cache import FitCache
from forecast.recipe import recipe
from tests.core.test_executor import double, leave, sleep_or_answer
from tests.dask_cluster import cluster
from tests.samples import cell_counts
from tests.waiting import HANG, until

FAMILIES = """
name = "families"
purpose = "families of a library, of our own, and one that learns from the whole panel"
horizon = 6
samples = 60
seed = 5
""" + "".join(f'[[members]]\nmodel = "{name}"\nscale = "log"\n' for name in ("ets", "theta", "random_walk"))
FAMILIES += '[[members]]\nmodel = "bank"\n'
# Most tasks of a batch where 40 are spread over three threads.
SHARE = 3


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    # A task is given up after the second worker that dies with it; Dask's own default is the fourth.
    with cluster(tmp_path_factory.mktemp("dask"), DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1") as made:
        yield made


def executor(on, deadline=HANG):
    return DaskExecutor(deadline=deadline, address=on.address)


def leave_if_asked(code):
    return leave(code) if code else "here"


def kill_dask_worker(asked):
    """The Dask worker beside whose thread this is done: the parent of the host, whose child does the task."""
    if asked:
        psutil.Process().parents()[2].kill()
        time.sleep(HANG)
    return "here"


def wait_for(task):
    """Until a file is there; marks beside it say that this was begun, and done."""
    file, mark = task
    (Path(file).parent / f"begun-{mark}-{time.monotonic_ns()}").touch()
    until(Path(file).exists)
    (Path(file).parent / f"done-{mark}-{time.monotonic_ns()}").touch()
    return mark


def test_outcomes_come_in_the_order_of_the_tasks(two):
    outcomes = list(executor(two).map(double, [3, -1, 4]))
    assert [outcome.result for outcome in outcomes] == [6, None, 8]
    assert outcomes[1].failure == "ValueError: a negative number"
    assert list(executor(two).map(double, [])) == []


def test_tasks_go_in_batches_to_both_workers_which_use_one_thread_each(two):
    doing = executor(two)
    assert [outcome.result for outcome in doing.map(double, range(300))] == list(range(0, 600, 2))
    at = {outcome.result for outcome in doing.map(sleep_or_answer, [0.05] * 40)}
    assert len(at) >= 2  # more where one was replaced, as each is after some hundred tasks
    assert os.getpid() not in at
    assert [outcome.result for outcome in doing.map(os.getenv, ["OMP_NUM_THREADS"])] == ["1"]


def test_a_hanging_task_is_ended_at_its_deadline_and_a_deadly_one_fails_alone(two):
    outcomes = list(executor(two, 5.0).map(sleep_or_answer, [0, HANG, 0]))
    assert [outcome.failure for outcome in outcomes] == [None, "no answer within 5 s; the worker was killed", None]
    deadly = list(executor(two).map(leave_if_asked, [0, 3, 0, 0]))
    assert [outcome.result for outcome in deadly] == ["here", None, "here", "here"]


def test_a_backtest_gives_the_same_bytes_and_remembers_the_same_fits_on_both_engines(two, tmp_path):
    counts, written = cell_counts(), []
    for engine in (Executor(2, HANG), executor(two)):
        cache = FitCache(tmp_path / type(engine).__name__)
        past = backtest.run(
            [recipe.parse(FAMILIES)], counts, [counts.through + -6], horizon=6, executor=engine, cache=cache
        )
        assert not any(fit.failure or fit.remembered for fit in past.fits)
        table = tmp_path / f"{type(engine).__name__}.csv"
        quantile_table.write(table, quantile_table.rows(past.forecasts, counts.panel, {}))
        kept = sorted(path.name for path in cache.folder.rglob("*.fit"))
        written.append((table.read_bytes(), len(past.fits), kept))
    assert written[0] == written[1]
    assert len(written[0][2]) == written[0][1]


def test_a_killed_worker_costs_its_batch_at_most_and_gives_no_outcome_twice(two, tmp_path):
    victim = two.add_worker("--no-nanny")
    go, came = tmp_path / "go", []
    with two.client() as client:
        client.wait_for_workers(3, timeout=HANG)
    outcomes = executor(two).map(wait_for, [(str(go), mark) for mark in range(40)])
    thread = threading.Thread(target=lambda: came.extend(outcomes))
    thread.start()
    until(lambda: len(list(tmp_path.glob("begun-*"))) == 3)
    beside = psutil.Process(victim.pid).children(recursive=True)
    victim.kill()
    victim.wait(HANG)
    until(lambda: not any(process.is_running() for process in beside))
    go.touch()
    thread.join(HANG)
    assert [outcome.result for outcome in came] == list(range(40))
    begun = [path.name.split("-")[1] for path in tmp_path.glob("begun-*")]
    assert 40 < len(begun) <= 40 + SHARE
    assert len(list(tmp_path.glob("done-*"))) == 40


def wait_for_either(task):
    """Until one file is there, the first time (the task 0 at once); begun again, until another is."""
    folder, mark = Path(task[0]), task[1]
    again = (folder / f"first-{mark}").exists()
    (folder / f"{'again' if again else 'first'}-{mark}").touch()
    until(lambda: mark == 0 or (folder / ("go" if again else "start")).exists())
    return mark


def test_answers_that_die_with_their_worker_before_they_are_fetched_are_made_again(two, tmp_path):
    victim = two.add_worker("--no-nanny")
    with two.client() as client:
        client.wait_for_workers(3, timeout=HANG)
        outcomes = executor(two).map(wait_for_either, [(str(tmp_path), mark) for mark in range(12)])
        came = [next(outcomes)]
        (tmp_path / "start").touch()
        # All the rest of the nine that were submitted ahead: nobody takes them meanwhile.
        until(lambda: sum(map(len, client.has_what().values())) == 8)
        victim.kill()
        victim.wait(HANG)
        until(lambda: list(tmp_path.glob("again-*")))
    opened = threading.Timer(1.0, (tmp_path / "go").touch)  # by then the lost ones were looked at
    opened.start()
    came.extend(outcomes)
    opened.join()
    assert [outcome.result for outcome in came] == list(range(12))


def test_a_task_that_kills_its_dask_worker_again_and_again_fails_alone(two):
    outcomes = list(executor(two).map(kill_dask_worker, [0, 1, 0]))
    assert [outcome.result for outcome in outcomes] == ["here", None, "here"]
    assert outcomes[1].failure == "each Dask worker that began it died"
