"""Clocks that are wrong by two days, or jump: nothing is published twice,
nothing served goes back, and moments stay in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from forecast.release import ledger, read
from tests.drill.lane import Lane
from tests.drill.outcome import Outcome, Tally
from tests.drill.world import ISSUED, MONTHS, PANEL, World

__all__ = ["daylight_saving", "two_days_off"]

# A clock set forward an hour within a retraining would show as steps of an hour.
LONGEST = timedelta(minutes=30)


def two_days_off(lane: Lane) -> Outcome:
    """The job's clock, and the clock of the real command, two days early and late."""
    tally = Tally()
    with lane.world("two days") as world:
        world.publish(force=True)
        for days in (-2, 2, -2, 0):
            before = world.state()
            with tally.attempt(f"nothing new, clock {days:+} days") as lost:
                done = world.go(world.errand(now=ISSUED + timedelta(days=days)))
                if (done.code, done.verdict) not in ((0, "nothing new"), (1, "")) or (done.code and days >= 0):
                    lost.append(f"it ended with {done.code} {done.verdict} {done.message}")
                lost += world.losses(before, published=False)
    for days in (-2, 2):
        # A file that came out yesterday: a clock two days early does not know it yet.
        with lane.world("yesterday") as world, tally.attempt(f"new counts of yesterday, clock {days:+} days") as lost:
            world.archive.append(
                world.vintage(1, months=MONTHS + 2, published=(ISSUED - timedelta(days=1)).date(), revised=False)
            )
            world.publish()
            lost += _never_back(world, world.errand(now=ISSUED + timedelta(days=days)))
    with (
        lane.world("yesterday first", released=False) as world,
        tally.attempt("the first release had counts of yesterday, clock -2 days") as lost,
    ):
        world.archive.append(
            world.vintage(1, months=MONTHS + 2, published=(ISSUED - timedelta(days=1)).date(), revised=False)
        )
        world.publish()
        lost += _never_back(world, world.errand(now=ISSUED - timedelta(days=2)))
    tally.notes.append(_commands(lane, tally))
    return tally.outcome()


def _never_back(world: World, errand: object) -> list[str]:
    served = read.latest(world.engine, PANEL).manifest
    before = world.state()
    done = world.go(errand)  # type: ignore[arg-type]
    lost = [] if done.code in (0, 1) else [f"it ended with {done.code}: {done.message}"]
    after = read.latest(world.engine, PANEL).manifest
    if after.origin < served.origin:
        lost.append(f"a release through {after.origin} took the place of one through {served.origin}")
    right = world.go(world.errand())
    if right.code != 0 or read.latest(world.engine, PANEL).manifest.origin < served.origin:
        lost.append(f"with the clock right again the older counts stay served ({right.code} {right.verdict})")
    return lost + world.losses(before)


def _commands(lane: Lane, tally: Tally) -> str:
    if lane.short:
        return "the clock was given as an argument"
    with lane.world("faked", released=False, bundled=True) as world:
        arguments = ("retrain", "--panel", PANEL, "--recipe", world.recipe())
        for days, expected in ((0, "published"), (-2, "nothing new"), (2, "nothing new")):
            with tally.attempt(f"the command with its clock at {days:+} days") as lost:
                code, out, err = world.call(*arguments, at=datetime.now(UTC) + timedelta(days=days))
                if code != 0 or expected not in out:
                    lost.append(f"exit {code}: {out.strip()} {err.strip()[-200:]}")
    return "the command too"


def daylight_saving(lane: Lane) -> Outcome:
    """The real command in New York while the clocks change: steps last seconds, and moments are those of UTC."""
    tally = Tally()
    if lane.short:
        return Outcome(0, 0, skipped="only in the whole drill")
    # Three seconds before two o'clock: 1:59:57 becomes 3:00 in spring, and 1:00 in autumn.
    changes = {
        "spring": datetime(2026, 3, 8, 6, 59, 57, tzinfo=UTC),
        "autumn": datetime(2026, 11, 1, 5, 59, 57, tzinfo=UTC),
    }
    for season, change in changes.items():
        with lane.world(season, released=False, bundled=True) as world, tally.attempt(season) as lost:
            arguments = ("retrain", "--panel", PANEL, "--recipe", world.recipe())
            code, out, err = world.call(*arguments, "--force", at=change, TZ="America/New_York")
            if code != 0:
                lost.append(f"exit {code}: {out} {err[-300:]}")
                continue
            issued = read.latest(world.engine, PANEL).manifest.issued_at
            if not change <= issued <= change + LONGEST:
                lost.append(f"issued at {issued}, and the change was at {change}")
            run = ledger.last(world.engine, PANEL)
            if run is None or run.ended is None or not timedelta(0) <= run.ended - run.started < LONGEST:
                lost.append(f"the ledger has it last from {run and run.started} to {run and run.ended}")
            elif any(step.ended is None or step.ended < step.started for step in run.steps):
                lost.append("a step ended before it began")
            again = world.call(*arguments, TZ="America/New_York")
            if again[0] != 0:
                lost.append(f"started again after the change, it ended with {again[0]}: {again[2][-200:]}")
    return tally.outcome()
