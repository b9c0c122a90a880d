"""Publications under load, and a store that goes away while the service answers:
answers go on, readiness tells, recovery is by itself.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta

from forecast.release import read
from tests.drill.lane import Lane
from tests.drill.outcome import Outcome, Tally
from tests.drill.serving import Load, Service, serving
from tests.drill.world import ISSUED, World, until

__all__ = ["publications_under_load", "store_away"]

# The service looks at the store every fifth of a second in the drill; a lock is waited for up to thirty.
NOTICED = 10.0
LOCKED_FOR = 35.0


def publications_under_load(lane: Lane) -> Outcome:
    """Publish again and again while clients ask: no 5xx,
    every body matches its ETag and comes from exactly one release, none goes back.
    """
    tally, noticed = Tally(), lane.within(NOTICED)
    with lane.world("under load") as world, serving(world) as service:
        order = [read.pointers(world.engine)["cbp-states"]]
        with Load(service, pause=0.1 if lane.short else 0.02) as load:
            for number in range(1, lane.tries(2, 50) + 1):
                with tally.attempt(f"publication {number}") as lost:
                    seen = len(load.wrong)
                    order.append(world.publish(now=ISSUED + timedelta(minutes=number), force=True).release)
                    until(lambda: service.serves(order[-1]), seconds=noticed, what="the new release to be served")
                    until(
                        lambda: load.releases[-1][1] == order[-1], seconds=noticed, what="the new release in an answer"
                    )
                    lost += load.wrong[seen:]
        place = {release: k for k, release in enumerate(order)}
        served = [place.get(release, -1) for _, release in sorted(load.releases)]
        if -1 in served:
            tally.lost.append("an answer named a release that was never published")
        if {len(order) - 1} != set(served[-1:]):
            tally.lost.append("the last answer was not from the last release")
        # Four threads note their answers a moment apart: only a release that had been left behind twice is one that
        # came back.
        back = sum(1 for k in range(1, len(served)) if served[k] < max(served[:k]) - 1) if len(served) < 20_000 else 0
        if back:
            tally.lost.append(f"{back} answers came from a release that had been replaced twice")
        tally.lost += load.problems()
        tally.saw_gap(load.gap)
        tally.notes.append(f"{len(load.answered)} answers")
    return tally.outcome()


def _away(
    lane: Lane, world: World, service: Service, *, leave: Callable[[], None], back: Callable[[], None], noticed: bool
) -> tuple[list[str], float]:
    """Let the store go and come back under load; what was otherwise than promised, and the longest gap."""
    lost: list[str] = []
    with Load(service, threads=2, pause=0.03) as load:
        until(lambda: len(load.answered) > 20, what="answers before the fault")
        leave()
        try:
            if noticed:
                until(
                    lambda: service.get("/readyz").status_code == 503,
                    seconds=lane.within(LOCKED_FOR + NOTICED),
                    what="/readyz to say 503",
                )
                if service.json("/v1/status")["store"] == "ok":
                    lost.append("/readyz said 503 and /v1/status called the store ok")
            else:
                time.sleep(1.0)  # nothing can be polled for: the fault may pass unnoticed
            before = len(load.answered)
            until(lambda: len(load.answered) > before + 50, what="answers while the store is away")
        finally:
            back()
        until(service.ready, seconds=lane.within(2 * LOCKED_FOR), what="the service to be ready again")
        if service.json("/v1/status")["store"] != "ok":
            lost.append("/readyz was well again and /v1/status was not")
        world.engine.dispose()
        released = world.publish(now=ISSUED + timedelta(seconds=next(world.numbers)), force=True).release
        until(
            lambda: service.serves(released),
            seconds=lane.within(NOTICED),
            what="a release published afterwards to be served",
        )
    return lost + load.problems(), load.gap


def store_away(lane: Lane) -> Outcome:
    """The database is stopped, killed, frozen, moved, damaged or locked while the service runs;
    and when the service starts.
    """
    tally = Tally()
    with lane.world("store away") as world, serving(world) as service:
        for what, leave, back, noticed in _faults(lane, world):
            before = world.state()
            with tally.attempt(what) as lost:
                losses, gap = _away(lane, world, service, leave=leave, back=back, noticed=noticed)
                lost += losses
                tally.saw_gap(gap)
                lost += world.losses(before, published=True)
    with lane.world("store late") as world, tally.attempt("down when the service starts") as lost:
        leave, back = next(
            (leave, back) for what, leave, back, _ in _faults(lane, world) if "damaged" in what or "killed" in what
        )
        world.engine.dispose()
        leave()
        try:
            with serving(world, ready=False) as service:
                if (code := service.get("/v1/forecasts").status_code) != 503:
                    lost.append(f"without a store /v1/forecasts answered {code}")
                back()
                back = _nothing
                until(
                    service.ready, seconds=lane.within(NOTICED), what="the service to be ready once the store is there"
                )
        finally:
            back()
    return tally.outcome()


def _nothing() -> None:
    """The store is back already."""


def _faults(lane: Lane, world: World) -> list[tuple[str, Callable[[], None], Callable[[], None], bool]]:
    """(name, leave, come back, whether the service must notice)."""
    if lane.database == "postgresql":
        server = lane.server
        faults = [
            ("server killed", server.kill, server.start, True),
            ("server stopped", server.stop, server.start, True),
        ]
        # A server that says nothing breaks no connection: the service cannot know it from a slow one, and must answer
        # all the same.
        return faults[:1] if lane.short else [*faults, ("server frozen", server.freeze, server.thaw, False)]
    file, aside = world.file, world.file.with_suffix(".aside")

    def damage() -> None:
        shutil.copy(file, aside)
        file.write_bytes(b"this is no database, but it is long enough to be taken for one. " * 200)

    def repair() -> None:
        shutil.copyfile(aside, file)

    def move() -> None:
        file.rename(aside)

    def restore() -> None:
        shutil.copy(aside, file)  # another file at the same address, as from a backup

    held: list[sqlite3.Connection] = []

    def lock() -> None:
        held.append(sqlite3.connect(file, isolation_level=None, check_same_thread=False))
        held[-1].execute("BEGIN EXCLUSIVE")

    def unlock() -> None:
        held.pop().close()

    faults = [
        ("file damaged", damage, repair, True),
        ("file moved away and restored from a copy", move, restore, False),
    ]
    return faults if lane.short else [*faults, ("file locked", lock, unlock, True)]
