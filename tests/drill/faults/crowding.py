"""One client that asks too much, too often or nothing at all, and another one beside it that must not notice."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.drill import crowd
from tests.drill.lane import Lane
from tests.drill.outcome import Outcome, Tally
from tests.drill.serving import Service, serving

__all__ = ["heavy_questions", "idle_connections", "repeated_questions", "same_question_at_once"]

LIGHT, LIVE = "/v1/forecasts?area=state-tx-southwest", "/livez"
# The goals are for a machine that does nothing else: the short form, which shares it with other tests, judges nothing
# by the clock.
P99, LIVE_LONGEST = 250.0, 100.0
MOST_MEMORY, MEMORY_AFTER = 350.0, 200.0
AT_ONCE = (
    *(
        "/",
        "/docs",
        "/openapi.json",
        "/metrics",
        "/livez",
        "/readyz",
        "/v1/status",
        "/v1/areas",
        "/v1/areas/state-tx",
        "/v1/models",
    ),
    *(
        "/v1/releases",
        "/v1/releases/{release}",
        "/v1/releases/{release}/forecasts",
        "/v1/forecasts",
        "/v1/forecasts.csv",
    ),
    *(
        "/v1/forecasts.parquet",
        "/v1/forecasts?panel=cbp-states&shape=quantiles",
        "/v1/forecasts.csv?panel=cbp-states&shape=hubverse",
    ),
    *(
        "/v1/observations?area=states-nation",
        "/v1/observations?area={areas}",
        "/v1/observations.csv?area={areas}",
        "/v1/accuracy",
    ),
    *("/v1/forecasts?area=atlantis", "/v1/forecasts?as_of=2001-01-01", "/nowhere"),
)
REPEATED = ("/v1/observations?area=state-tx-southwest", "/v1/accuracy", "/v1/accuracy?area=state-tx-southwest")


def _port(service: Service) -> int:
    return int(service.base.rpartition(":")[2])


def heavy_questions(lane: Lane) -> Outcome:
    """Forty clients ask for whole panels as quantiles:
    others are answered in time, memory is bounded, and given back.
    """
    tally = Tally()
    seconds, rest = 1.0 if lane.short else 10.0, lane.within(60.0)
    same = ["/v1/forecasts?panel=cbp-states&shape=quantiles"] * 40
    shapes, forms = ("quantiles", "hubverse"), (".csv", ".parquet", "")
    asked = [
        (kind, months, shape, form)
        for kind in ("", "&kind=cell")
        for months in range(1, 7)
        for shape in shapes
        for form in forms
    ]
    different = [
        f"/v1/forecasts{form}?panel=cbp-states&shape={shape}&horizon={months}{kind}"
        for kind, months, shape, form in asked[:40]
    ]
    for what, targets in (("the same question", same), ("different questions", different)):
        with lane.world("heavy") as world, serving(world) as service, tally.attempt(what) as lost:
            port, pid = _port(service), service.process.pid
            with crowd.crowd(port, targets, seconds=seconds) as process:
                seen, memory = crowd.beside(port, pid, (LIGHT, LIVE), process)
            statuses = crowd.status_counts(process)
            if not statuses.get(200) or not set(statuses) <= {200, 503}:
                lost.append(f"the crowd was answered {statuses}")
            if what == "the same question" and set(statuses) != {200}:
                lost.append(f"one question was worked on more than once: {statuses}")
            if set(seen.statuses) != {200}:
                lost.append(f"the client beside it was answered {dict(seen.statuses)}")
            p99, longest = seen.percentile(LIGHT, 99), max(seen.times[LIVE])
            if p99 > P99 and not lane.short:
                lost.append(f"{LIGHT} took {p99:.0f} ms")
            if longest > LIVE_LONGEST and not lane.short:
                lost.append(f"{LIVE} took {longest:.0f} ms")
            if memory.most > MOST_MEMORY:
                lost.append(f"{memory.most:.0f} MB were resident")
            end = time.monotonic() + rest
            while (after := memory.now()) >= MEMORY_AFTER and time.monotonic() < end:
                time.sleep(0.5)
            if after >= MEMORY_AFTER:
                lost.append(f"{after:.0f} MB were resident {rest:g} s later")
            tally.notes.append(
                f"{what}: p99 {p99:.0f} ms, {LIVE} {longest:.0f} ms, {memory.most:.0f} MB, then {after:.0f}"
            )
    return tally.outcome()


def same_question_at_once(lane: Lane) -> Outcome:
    """The same question on 200 connections at once, for every address,
    and again right after a publication: no 5xx, no silence.
    """
    tally = Tally()
    with lane.world("at once") as world, serving(world) as service:
        release = service.json("/v1/releases")["releases"][0]["id"]
        areas = ",".join(area["slug"] for area in service.json("/v1/areas")["areas"])
        for target in AT_ONCE[:: lane.tries(5, 1)]:
            with tally.attempt(target) as lost:
                statuses = crowd.cold(_port(service), target.format(release=release, areas=areas))
                if len(statuses) != 1 or not all(200 <= status < 500 for status in statuses):
                    lost.append(f"answered {dict(statuses)}")
    return tally.outcome()


def idle_connections(lane: Lane) -> Outcome:
    """A thousand connections of one address that say nothing,
    or half a head: others are answered, and probes from there too.
    """
    tally = Tally()
    for what, first in (("idle", b""), ("half a head", b"GET /v1/fo")):
        with (
            lane.world("idle") as world,
            serving(world) as service,
            tally.attempt(what) as lost,
            crowd.hold(_port(service), 1000, first),
        ):
            seconds = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2)"])
            seen, _ = crowd.beside(_port(service), service.process.pid, (LIGHT, LIVE), seconds)
            if set(seen.statuses) != {200}:
                lost.append(f"the client beside them was answered {dict(seen.statuses)}")
            if not service.alive():
                lost.append("a probe from their address was not answered")
    return tally.outcome()


def repeated_questions(lane: Lane) -> Outcome:
    """What a repeated question about counts and scores costs beside a repeated one about forecasts:
    at most three times as much.
    """
    if lane.short:
        return Outcome(0, 0, skipped="only in the whole drill, as it is judged by the clock")
    tally = Tally()
    times = 3000
    with lane.world("repeated") as world, serving(world) as service:
        port, pid = _port(service), service.process.pid
        for target in REPEATED:
            with tally.attempt(target) as lost:
                base = crowd.milliseconds_of_processor(port, pid, LIGHT, times=times)
                cost = crowd.milliseconds_of_processor(port, pid, target, times=times)
                tally.notes.append(f"{cost / base:.1f} times")
                if cost > 3 * base:
                    lost.append(f"costs {cost:.2f} ms, {cost / base:.1f} times a forecast")
    return tally.outcome()
