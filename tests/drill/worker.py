"""One retraining in a process of its own, which can be ended or stopped from inside at an exact moment.
Forked from a server that has loaded everything, so that a try takes a second.

A moment is a step of the progress, a statement or a commit of any database (the store's or MLflow's), or a file written
under the home. They are counted from 1; the process sends itself the signal right before the moment asked for.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from forecast.core.dask_executor import DaskExecutor
from forecast.core.executor import Executor
from forecast.core.panels import bundled

__all__ = ["Errand", "Report", "start"]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")


@dataclass(frozen=True)
class Errand:
    """What the process is to do. `environment`: on top of its parent's.
    `now`: what the job's clock says, or None for the machine's.

    `at`: the moment before which it sends itself `signal`; `within`: count only moments that this expression finds.
    `cluster`: address of a Dask scheduler, on whose workers fits are made. `lease`: seconds that the lease lasts.
    `misbehaving`: how the model theta misbehaves, and in which area. `vintage`: a file in the archive's format, to
    append instead of retraining. `pictures`: draw those of MLflow and write the report in full; else each is small and
    blank, which saves seconds of every try and leaves the road with all its files as it is.
    """

    environment: dict[str, str]
    report: Path
    panel: str = "cbp-states"
    recipes: tuple[str, ...] = ()
    now: datetime | None = None
    force: bool = False
    workers: int = 0
    deadline: float = 60.0
    cluster: str = ""
    lease: float | None = None
    at: int | None = None
    signal: int = signal.SIGKILL
    within: str = ""
    misbehaving: tuple[str, str] | None = None
    bundled: bool = False
    vintage: Path | None = None
    pictures: bool = False


@dataclass(frozen=True)
class Report:
    """How the process ended. `code`: the command's exit code, or minus the signal.
    `holds`: (seconds, publication?) per write lock.
    """

    code: int
    verdict: str = ""
    release: str = ""
    message: str = ""
    moments: tuple[str, ...] = ()
    holds: tuple[tuple[float, bool], ...] = ()
    seconds: float = 0.0


@dataclass
class _Moments:
    """Counts moments, sends the signal, and measures how long the store's write lock is held."""

    errand: Errand
    home: str
    store: str
    seen: list[str] = field(default_factory=list)
    holds: list[tuple[float, bool]] = field(default_factory=list)
    _held: dict[int, list[Any]] = field(default_factory=dict)

    def passes(self, what: str) -> None:
        if self.errand.within and not re.search(self.errand.within, what):
            return
        self.seen.append(what)
        if len(self.seen) == self.errand.at:
            os.kill(os.getpid(), self.errand.signal)

    def watch(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "commit", lambda connection: self.passes(f"{self._whose(connection)}: commit"))
        event.listen(Pool, "checkin", self._checkin)
        sys.addaudithook(self._file)

    def _whose(self, connection: Any) -> str:
        return (
            "store"
            if connection.engine.url.render_as_string(hide_password=False).split("?")[0] == self.store
            else "tracking"
        )

    def _before(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.passes(f"{self._whose(connection)}: {' '.join(statement.split())[:60]}")

    def _after(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if self._whose(connection) != "store":
            return
        session = id(connection.connection.dbapi_connection)
        if statement.startswith("BEGIN IMMEDIATE") or "pg_advisory_xact_lock" in statement:
            self._held.setdefault(session, [time.perf_counter(), False])
        elif statement.startswith("INSERT INTO release (") and session in self._held:
            self._held[session][1] = True

    def _checkin(self, session: Any, _: Any) -> None:
        since = self._held.pop(id(session), None)
        if since is not None:
            self.holds.append((time.perf_counter() - since[0], since[1]))
            self.passes("store: after commit")

    def _file(self, name: str, values: tuple[Any, ...]) -> None:
        if name != "open" and name not in _CHANGES:
            return
        path = os.fsdecode(values[0]) if isinstance(values[0], (str, bytes)) else str(values[0])
        if not path.startswith(self.home) or (
            name == "open" and not (isinstance(values[2], int) and values[2] & _WRITES)
        ):
            return
        self.passes(f"file: {name} {path.removeprefix(self.home)}")


@dataclass
class _Progress:
    moments: _Moments

    def begin(self, what: str, steps: int | None = None) -> None:
        self.moments.passes(f"step: {what}")

    def advance(self) -> None:
        pass

    def say(self, line: str) -> None:
        print(line)  # noqa: T201 the log of the process


_SEEN_BY = "slow, seen by "


def fit_badly(how: str, where: str, task: Any) -> Any:
    """Theta misbehaves in one area, or in all where that is no area's name; every other member is itself."""
    from forecast.models.fitting import fit_one, guarded
    from tests.models import misbehaving
    from tests.samples import CELLS

    if task.member.model != "theta" or (where in CELLS and task.series.area != where):
        return fit_one(task)
    if how.startswith(_SEEN_BY):  # well, and slowly enough for what is to happen meanwhile
        Path(how.removeprefix(_SEEN_BY)).touch()
        time.sleep(0.05)
        return fit_one(task)
    family = {
        "hanging": lambda: misbehaving.Hanging(0.0),
        "crashing": lambda: misbehaving.Crashing(0.0),
        "raising": lambda: misbehaving.Raising(0.0),
        "nan": lambda: misbehaving.Fixed(float("nan")),
        "infinite": lambda: misbehaving.Fixed(float("inf")),
        "negative": lambda: misbehaving.Fixed(-5.0),
        "exploding": lambda: misbehaving.Fixed(1e12),
    }[how]()
    return guarded(task, family)


def _misbehave(how: str, where: str) -> None:
    """Production's own road, but with a model that misbehaves: the seam is what a worker does with a task."""
    from forecast.evaluation import backtest, cache
    from forecast.models import fitting
    from forecast.recipe import recipe

    bad = partial(fit_badly, how, where)
    for module in (recipe, cache, backtest):
        if hasattr(module, "fit_all"):
            module.fit_all = lambda tasks, **more: fitting.fit_all(tasks, **{**more, "fit": bad, "keep": None})  # type: ignore[attr-defined]


def _draw_blanks() -> None:
    from matplotlib.figure import Figure

    from forecast.pipeline import reporting
    from forecast.release import charts

    charts.fan_charts = charts.scores_by_horizon = lambda *_, **__: Figure(figsize=(1, 1))  # type: ignore[assignment]
    reporting.html = lambda kept: "<!doctype html>"


def _run(errand: Errand) -> None:
    os.environ.update(errand.environment)
    log = os.open(errand.report.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    from dataclasses import replace

    from forecast import pipeline
    from forecast.core.errors import EncountersError
    from forecast.counts import bundle
    from forecast.counts.vintage_file import parse
    from forecast.pipeline import retraining
    from forecast.settings import Settings

    logging.disable(logging.CRITICAL)
    settings = Settings()
    moments = _Moments(errand, str(settings.root), settings.database.split("?")[0])
    if errand.lease is not None:
        from datetime import timedelta

        retraining.LEASE_LASTS = timedelta(seconds=errand.lease)
    if not errand.pictures:
        _draw_blanks()
    if errand.misbehaving:
        _misbehave(*errand.misbehaving)
    if not errand.bundled:
        bundle.seed = lambda archive: None  # type: ignore[assignment] # the drill's panel has an archive of its own
    clock = (lambda: errand.now) if errand.now else _machine_clock
    started = time.perf_counter()
    code, verdict, release, message = 0, "", "", ""
    moments.watch()
    try:
        if errand.vintage is not None:
            from forecast.counts.archive import Archive

            appended = Archive(settings.archive).append(
                parse(errand.vintage.read_bytes(), str(errand.vintage), bundled())
            )
            verdict = "already there" if appended.already_there else "appended"
        else:
            job = pipeline.Job.of(settings, clock=clock, recipes=errand.recipes)
            executor = Executor(errand.workers, errand.deadline)
            if errand.cluster:
                executor = DaskExecutor(deadline=errand.deadline, address=errand.cluster)
            job = replace(job, executor=executor)
            result = pipeline.retrain(errand.panel, job, _Progress(moments), force=errand.force)
            verdict, release = result.verdict, result.release
    except EncountersError as error:
        code, message = error.exit_code, f"{type(error).__name__}: {' '.join(str(error).split())}"
    except Exception as error:
        code, message = 70, f"unexpected {type(error).__name__}: {' '.join(str(error).split())}"
        import traceback

        traceback.print_exc()
    report = {
        "code": code, "verdict": verdict, "release": release, "message": message, "moments": moments.seen,
        "holds": moments.holds,
        "seconds": time.perf_counter() - started,
    }  # fmt: skip
    errand.report.write_text(json.dumps(report))
    sys.stdout.flush()
    os._exit(code)


def _machine_clock() -> datetime:
    from forecast.cli.parts import now

    return now()


_PRELOAD = [
    "tests.drill.__main__",  # which each process imports before its errand, as its parent's main module
    "tests.drill.worker",
    "tests.drill.warm",
    "forecast.pipeline.scoring",
    "forecast.pipeline.training",
    "forecast.release.tracking.describing",
    "forecast.release.charts",
    "forecast.cli.main",
    "alembic.config",
    "alembic.command",
    "matplotlib.pyplot",
    "psycopg",
]
_CONTEXT = multiprocessing.get_context("forkserver")


def start(errand: Errand) -> ForkServerProcess:
    """Begin an errand; the first one starts the server that the others are forked from."""
    _CONTEXT.set_forkserver_preload(_PRELOAD)
    process = _CONTEXT.Process(target=_run, args=(errand,), daemon=False)
    process.start()
    return process
