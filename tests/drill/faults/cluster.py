"""A Dask cluster that breaks amid a retraining: a worker dies, the scheduler is lost, a fit hangs, a series kills."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil

from forecast.release import read
from tests.dask_cluster import Cluster, cluster
from tests.drill.lane import Lane
from tests.drill.outcome import Outcome, Tally
from tests.drill.worker import Errand
from tests.drill.world import ISSUED, PANEL, World, until
from tests.samples import CELLS

__all__ = ["breaking"]

# What a fit may take where one hangs, and where none does: a busy machine may be slow.
SHORT, LONG = 1.0, 600.0


def breaking(lane: Lane) -> Outcome:
    """Each fault on a real scheduler with two workers. What can be forecast is, with the very figures that processes
    of this machine give; a lost scheduler is an error, after which the last release is still served.
    """
    if lane.short:
        return Outcome(0, 0, skipped="only in the whole drill: the tests of the executor break clusters as well")
    tally = Tally()
    with lane.world("dask", released=False) as world:
        recipe = world.recipe("shaky", ("theta", "random_walk"))
        here = _figures(world, world.publish(recipes=(recipe,)).release)
        with cluster(Path(world.desk) / "dask") as on:
            for number, (what, fault) in enumerate(_FAULTS.items(), start=1):
                with tally.attempt(what) as lost:
                    lost += fault(world, on, ISSUED + timedelta(minutes=number), recipe)
                    if what == "worker killed" and _figures(world, read.pointers(world.engine)[PANEL]) != here:
                        lost.append("the figures are others than here")
        with tally.attempt("well again, without a cluster") as lost:
            before = world.state()
            world.publish(now=ISSUED + timedelta(hours=1), force=True, recipes=(recipe,))
            lost += world.losses(before, published=True, every=True)
    return tally.outcome()


def _worker_killed(world: World, on: Cluster, now: object, recipe: str) -> list[str]:
    """Its batch is done by the other."""
    before = world.state()
    process, errand = _at_work(world, on, now, recipe)
    victim = on.workers[0]
    for each in [*psutil.Process(victim.pid).children(), psutil.Process(victim.pid)]:
        each.kill()  # the nanny with its worker: nobody starts it again
    on.workers.remove(victim)
    victim.wait()
    done = world.end(process, errand)
    if done.code != 0:
        return [f"it ended with {done.code}: {done.message}"]
    return world.losses(before, published=True)


def _hanging(world: World, on: Cluster, now: object, recipe: str) -> list[str]:
    return _one_area(world, on, now, recipe, "hanging", SHORT)


def _poisoned(world: World, on: Cluster, now: object, recipe: str) -> list[str]:
    return _one_area(world, on, now, recipe, "crashing", LONG)


def _one_area(world: World, on: Cluster, now: object, recipe: str, kind: str, deadline: float) -> list[str]:
    """A fit of one area is ended: the floor stands in there, and nowhere else."""
    before = world.state()
    errand = world.errand(
        now=now, force=True, recipes=(recipe,), cluster=on.address, deadline=deadline, misbehaving=(kind, CELLS[0])
    )
    done = world.go(errand)
    if done.code != 0:
        return [f"it ended with {done.code}: {done.message}"]
    stood_in = set(read.load(world.engine, done.release).manifest.fallbacks)
    return world.losses(before, published=True) + ([] if stood_in == {CELLS[0]} else [f"the floor: {stood_in}"])


def _scheduler_lost(world: World, on: Cluster, now: object, recipe: str) -> list[str]:
    before = world.state()
    process, errand = _at_work(world, on, now, recipe)
    on.scheduler.kill()
    done = world.end(process, errand)
    lost = world.losses(before, published=False)
    if done.code != 1 or not done.message.startswith(f"ClusterError: The Dask scheduler at {on.address} was lost"):
        lost.append(f"it ended with {done.code}: {done.message}")
    return lost


def _at_work(world: World, on: Cluster, now: object, recipe: str) -> tuple[ForkServerProcess, Errand]:
    """A retraining on the cluster whose first fit is begun."""
    sign = world.desk / f"fitting-{now}"
    errand = world.errand(
        now=now, force=True, recipes=(recipe,), cluster=on.address, deadline=LONG,
        misbehaving=(f"slow, seen by {sign}", "every area"),
    )  # fmt: skip
    process = world.start(errand)
    until(sign.exists, what="a fit on the cluster")
    return process, errand


def _figures(world: World, release: str) -> object:
    return [(area.slug, area.quantiles) for area in read.load(world.engine, release).areas]


_FAULTS: dict[str, Callable[[World, Cluster, object, str], list[str]]] = {
    "hanging fit": _hanging,
    "poisoned series": _poisoned,
    "worker killed": _worker_killed,
    "scheduler lost": _scheduler_lost,  # the last: nothing is left of the cluster
}
