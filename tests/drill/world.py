"""A home with a small four-area panel and a database of its own:
retrains in processes, and looks whether anything was lost.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, select, text, update

from forecast.core.errors import EncountersError, StoreError
from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.core.tables import Vintage
from forecast.counts.archive import Archive
from forecast.counts.vintage_file import render
from forecast.release import ledger, publish, read, schema
from forecast.release.store import connect, reading, revision
from tests.drill import worker
from tests.drill.postgres import Postgres
from tests.drill.worker import Errand, Report
from tests.samples import CELLS, cell_counts
from tests.waiting import HANG

__all__ = [
    "ENCOUNTERS",
    "FIRST_ISSUED",
    "FIRST_MONTH",
    "HOUSE",
    "ISSUED",
    "MONTHS",
    "PANEL",
    "PUBLISHED",
    "REFUSED",
    "State",
    "World",
    "until",
]

HOUSE = Path(__file__).resolve().parents[2]
ENCOUNTERS = [sys.executable, "-c", "from forecast.cli.main import main; main()"]
PANEL = "cbp-states"
ISSUED = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
# The first release of a world; between it and ISSUED is time for retrainings that a fault's own are measured against.
FIRST_ISSUED = ISSUED - timedelta(days=3)
PUBLISHED = date(2024, 12, 15)
# Enough for a record of ten origins, of which blocks can be drawn; each month more is paid for by every one of some
# hundred retrainings.
MONTHS = 54
FIRST_MONTH = Month.of(2024, 9) + (1 - MONTHS)
# Port 9 of this machine refuses at once.
REFUSED = "http://127.0.0.1:9"
# Longer than any retraining of the small panel, also on a machine with much else to do.
PATIENCE = HANG

_RECIPE = """
name = "{name}"
purpose = "for the drill"
horizon = 6
samples = 60
seed = 5
"""
_MEMBER = '[[members]]\nmodel = "{model}"\nscale = "log"\n'


def until(condition: Callable[[], Any], *, seconds: float = HANG, what: str = "it") -> Any:
    """Poll until something is true and return it. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not (met := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.01)
    return met


@dataclass(frozen=True)
class State:
    """What must never be lost. `releases`: id -> checksum; `observations`: every row; `archive`: file -> sha256."""

    releases: dict[str, str]
    keys: list[str]
    pointers: dict[str, str]
    observations: frozenset[tuple[Any, ...]]
    archive: dict[str, str]


@dataclass
class World:
    """`address`: of its database. `desk`: folder of the drill's own papers, which no fault touches.
    `tracking`: of MLflow; by default a server that refuses.
    """

    root: Path
    address: str
    desk: Path
    server: Postgres | None = None
    tracking: str = REFUSED
    bundled: bool = False
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def database(self) -> str:
        """Which kind it is."""
        return "postgresql" if self.server else "sqlite"

    @property
    def file(self) -> Path:
        """The file of a SQLite store."""
        return self.root / "encounters.db"

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this home is given."""
        return {
            "ENCOUNTERS_HOME": str(self.root),
            "ENCOUNTERS_DATABASE_URL": self.address,
            "MLFLOW_TRACKING_URI": self.tracking,
        }

    @cached_property
    def engine(self) -> Engine:
        """The drill's own door to the store."""
        return connect(self.address)

    @property
    def archive(self) -> Archive:
        """The counts of the home."""
        return Archive(self.root / "archive")

    def vintage(
        self, number: int, *, months: int = MONTHS, published: date | None = None, revised: bool = True
    ) -> Vintage:
        """The sample panel as an official file: each number revises the last two months by its own few encounters,
        a day after the one before. At most 400.
        """
        counts = cell_counts(months=MONTHS + 12, first=FIRST_MONTH)
        values = counts.values[:months].astype(np.int64)
        if revised:
            values[-2:] += np.array([[number // 20], [number % 20]])
        digest = hashlib.sha256(f"{number} {months} {published}".encode()).hexdigest()
        day = published or PUBLISHED + timedelta(days=number)
        return Vintage(
            "cbp-state", bundled()[PANEL], day, digest, f"drill-{number}.csv", 1, True, counts.first, CELLS, values
        )

    def recipe(self, name: str = "small", models: tuple[str, ...] = ("random_walk", "seasonal_naive")) -> str:
        """The path of a recipe file of these members."""
        path = self.desk / f"{name}.toml"
        path.write_text(_RECIPE.format(name=name) + "".join(_MEMBER.format(model=model) for model in models))
        return str(path)

    def errand(self, **more: Any) -> Errand:
        """A retraining of the small panel, to be started."""
        given = {
            "environment": self.environment,
            "report": self.desk / f"{next(self.numbers)}.json",
            "recipes": (self.recipe(), self.recipe("floor", ("random_walk",))),
            "now": ISSUED,
            "bundled": self.bundled,
        }
        return Errand(**{**given, **more})

    def start(self, errand: Errand) -> ForkServerProcess:
        """Begin it in a process of its own."""
        errand.report.unlink(missing_ok=True)
        return worker.start(errand)

    def end(self, process: ForkServerProcess, errand: Errand, patience: float = PATIENCE) -> Report:
        """Wait for it and read its report; a process that hangs is killed and is an error."""
        process.join(patience)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"a retraining did not end within {patience:g} s")
        code = int(process.exitcode)
        process.close()
        if not errand.report.exists():
            return Report(code)
        report = json.loads(errand.report.read_text())
        return Report(**{**report, "moments": tuple(report["moments"]), "holds": tuple(map(tuple, report["holds"]))})

    def go(self, errand: Errand, patience: float = PATIENCE) -> Report:
        """Run it to its end."""
        return self.end(self.start(errand), errand, patience)

    def publish(self, **more: Any) -> Report:
        """Run a retraining that must publish. Raises AssertionError."""
        done = self.go(self.errand(**more))
        if (done.code, done.verdict) != (0, "published"):
            raise AssertionError(f"a plain retraining ended with {done.code} {done.verdict} {done.message}")
        return done

    def command(
        self, *arguments: str, wrap: tuple[str, ...] = (), at: datetime | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        """Start the real command of this home; `at`: the moment that its clock says."""
        program = ENCOUNTERS if at is None else [sys.executable, "-m", "tests.drill.clock", str(at.timestamp())]
        return subprocess.Popen(
            [*wrap, *program, *arguments], cwd=HOUSE, env={**os.environ, **self.environment, **environment}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def call(
        self, *arguments: str, wrap: tuple[str, ...] = (), at: datetime | None = None, **environment: str
    ) -> tuple[int, str, str]:
        """Run the real command to its end: exit code, stdout, stderr."""
        process = self.command(*arguments, wrap=wrap, at=at, **environment)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def state(self) -> State:
        """What the home and its store hold now."""
        files = {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in self._vintages()
        }
        if revision(self.engine) is None:
            return State({}, [], {}, frozenset(), files)
        releases = read.releases(self.engine)
        with reading(self.engine) as connection:
            seen = frozenset(tuple(row) for row in connection.execute(select(schema.observation)))
        return State(
            {one.id: one.checksum for one in releases},
            [one.manifest.key for one in releases],
            dict(read.pointers(self.engine)),
            seen,
            files,
        )

    def _vintages(self) -> list[Path]:
        return sorted(path for path in (self.root / "archive").rglob("*.csv") if not path.name.startswith("."))

    def losses(self, before: State, *, published: bool | None = None, every: bool = False) -> list[str]:
        """What was lost or mixed since `before`.
        `published`: whether a new release must be there; `every`: verify the oldest too.
        """
        after = self.state()
        lost = [f"release {one} is gone" for one in before.releases.keys() - after.releases.keys()]
        lost += [
            f"release {one} changed" for one, sum_ in before.releases.items() if after.releases.get(one, sum_) != sum_
        ]
        lost += [
            f"{file} of the archive is gone or changed"
            for file, sum_ in before.archive.items()
            if after.archive.get(file) != sum_
        ]
        if gone := len(before.observations - after.observations):
            lost.append(f"{gone} observations are gone or changed")
        new = after.releases.keys() - before.releases.keys()
        if len(new) > 1:
            lost.append(f"{len(new)} releases came where one could")
        if len(set(after.keys)) != len(after.keys):
            lost.append("a key was published twice")
        if new:
            if not set(after.pointers.values()) & new:
                lost.append(f"the new release {min(new)} is stored and not served")
        elif after.pointers != before.pointers:
            lost.append(f"the pointer moved without a new release, to {after.pointers}")
        if published is not None and published != bool(new):
            lost.append("no new release came" if published else "a release came where none should")
        for one in after.releases if every else [*new, *before.pointers.values()]:
            try:
                publish.verify(self.engine, one)
            except StoreError as error:
                lost.append(str(error))
        try:
            self.archive.vintages()
        except EncountersError as error:
            lost.append(str(error))
        return [*lost, *self._damaged()]

    def _damaged(self) -> list[str]:
        if self.server is not None:
            return []
        with sqlite3.connect(self.file, timeout=30) as connection:
            lines = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        connection.close()
        return [
            *(f"integrity_check: {line}" for line in lines if line != "ok"),
            *(f"foreign key: {row}" for row in broken),
        ]

    def lease_alive(self) -> bool:
        """Whether PostgreSQL still keeps the lease of a holder."""
        if self.server is None or revision(self.engine) is None:
            return False
        with self.engine.connect() as connection:
            return bool(
                connection.execute(text("SELECT count(*) FROM lease WHERE expires_at > clock_timestamp()")).scalar()
            )

    def let_lease_run_out(self) -> None:
        """As if its thirty minutes had passed:
        the database's clock cannot be turned, so that the expiry is moved instead.
        """
        if self.lease_alive():
            with self.engine.begin() as connection:
                connection.execute(update(schema.lease).values(expires_at=text("clock_timestamp()")))

    def again(self, errand: Errand) -> Report:
        """Start an errand again after its process died, without its fault;
        a lease that it left behind runs out first.
        """
        self.let_lease_run_out()
        return self.go(
            replace(
                errand,
                at=None,
                within="",
                misbehaving=None,
                report=errand.report.with_name(f"again-{errand.report.name}"),
            )
        )

    def converges(self, errand: Errand, before: State) -> list[str]:
        """Start it again: it must end well, with exactly one release of its key, served. Returns what is otherwise."""
        done = self.again(errand)
        if done.code != 0:
            return [f"started again, it ended with {done.code}: {done.message}"]
        lost = self.losses(before, published=True)
        if read.pointers(self.engine).get(errand.panel) != done.release:
            lost.append(f"started again, it named {done.release}, which is not served")
        return lost

    def last_run(self, panel: Any = PANEL) -> ledger.Entry | None:
        """The newest run of the ledger."""
        return ledger.last(self.engine, panel)

    def write(self, vintage: Vintage) -> Path:
        """A vintage as a file outside the archive."""
        path = self.desk / f"{vintage.sha256[:12]}.csv"
        path.write_bytes(render(vintage))
        return path

    def close(self) -> None:
        """Let go of the store, and remove the home."""
        if "engine" in self.__dict__:
            self.engine.dispose()
        shutil.rmtree(self.root, ignore_errors=True)
