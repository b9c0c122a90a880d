"""One database of the drill: makes worlds on it, and says how many tries a fault is given."""

from __future__ import annotations

import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from tests.drill.postgres import Postgres
from tests.drill.world import FIRST_ISSUED, World
from tests.waiting import HANG

__all__ = ["Lane"]


@dataclass
class Lane:
    """`database`: sqlite or postgresql. `short`: a few tries of each fault. `seed`: of the random moments."""

    database: str
    short: bool
    seed: int = 0
    root: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="drill")))
    _made: int = 0
    _kept: str = ""

    @cached_property
    def server(self) -> Postgres:
        """The lane's PostgreSQL, started when it is first needed."""
        return Postgres()

    @cached_property
    def random(self) -> random.Random:
        """The source of random moments."""
        return random.Random(self.seed)

    def tries(self, short: int, full: int) -> int:
        """How many tries, by the form of the drill."""
        return short if self.short else full

    def within(self, seconds: float) -> float:
        """How long something may take: what is promised of a machine that does nothing else. The short form, which
        shares it with other tests, judges nothing by the clock.
        """
        return HANG if self.short else seconds

    def say(self, line: str) -> None:
        """Progress, on stderr."""
        print(f"{self.database}: {line}", file=sys.stderr, flush=True)  # noqa: T201 the drill reports to a person

    @contextmanager
    def world(
        self, name: str, *, released: bool = True, root: Path | None = None, server: Postgres | None = None, **more: Any
    ) -> Iterator[World]:
        """A new home and a new database; `released`: with a first release in it. `root`, `server`: others than the
        lane's own.

        The first release is made once, and a home and a database that have it are copied from then on.
        """
        kept = self._released() if released and server is None and not more.get("bundled") else ""
        self._made += 1
        plain = f"{re.sub('[^a-z]+', '_', name)}_{self._made}"
        root, desk = root or self.root / plain, self.root / f"{plain}_desk"
        for folder in (root, desk):
            folder.mkdir(parents=True, exist_ok=True)
        if kept:
            shutil.copytree(self.root / kept, root, dirs_exist_ok=True)
        world = self._world(plain, root, desk, server, kept, **more)
        try:
            if not kept:
                _first(world, released=released)
            yield world
        finally:
            world.close()
            # A database left behind is three hundred more files to be synced before a killed server answers again.
            if world.server is not None and world.server is self.server and self.server.running():
                with suppress(OperationalError):
                    self.server.drop(plain)

    def _world(
        self, plain: str, root: Path, desk: Path, server: Postgres | None = None, kept: str = "", **more: Any
    ) -> World:
        if self.database == "sqlite":
            return World(root, f"sqlite:///{root / 'encounters.db'}", desk, **more)
        server = server or self.server
        return World(root, server.create(plain, kept), desk, server, **more)

    def _released(self) -> str:
        """The name of the home, and of its database, that has a first release and is only ever copied."""
        if not self._kept:
            root, desk = self.root / "released", self.root / "released_desk"
            for folder in (root, desk):
                folder.mkdir()
            world = self._world(root.name, root, desk)
            _first(world, released=True)
            world.engine.dispose()  # a database is copied while nobody is connected to it
            self._kept = root.name
        return self._kept

    def close(self) -> None:
        """Stop what was started, and remove every home."""
        if "server" in self.__dict__:
            self.server.close()
        shutil.rmtree(self.root, ignore_errors=True)


def _first(world: World, *, released: bool) -> None:
    if not world.bundled:
        world.archive.append(world.vintage(0))
    if released:
        world.publish(now=FIRST_ISSUED)
