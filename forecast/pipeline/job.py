"""What a retraining is given and what it gives back: the job, the progress it reports, its result."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from forecast.core.executor import Executor
from forecast.core.tables import Counts
from forecast.counts import bundle
from forecast.counts.archive import Archive
from forecast.counts.declared_panels import known_panels
from forecast.release import ledger
from forecast.release.alarms import AlarmChange
from forecast.release.store import connect
from forecast.settings import Settings

__all__ = ["Job", "Progress", "Result"]


class Progress(Protocol):
    """Where a person sees how far the work has come."""

    def begin(self, what: str, steps: int | None = None) -> None:
        """A part of the work starts; `steps` of it will be reported, where that is known."""
        ...

    def advance(self) -> None:
        """One step of the part is done."""
        ...

    def say(self, line: str) -> None:
        """Something that a person should know, while the work goes on."""
        ...


@dataclass(frozen=True)
class Job:
    """Everything that a retraining needs beside its panel.
    `clock`: gives the time, UTC. `holder`: who retrains, for a person.

    `recipes`: names or paths that replace the panel's own. `tracking`: MLflow's URI; `artifacts`: where its files live;
    `outbox`: folder of the retrainings that it does not have yet; `tracking_budget`: seconds that it is given; `cache`:
    folder of remembered fits; `executor`: where fits are made.
    """

    archive: Archive
    engine: Engine
    tracking: str
    artifacts: str
    outbox: Path
    cache: Path
    executor: Executor
    clock: Callable[[], datetime]
    holder: str
    recipes: tuple[str, ...] = ()
    tracking_budget: float = 60.0

    @classmethod
    def of(
        cls, settings: Settings, *, clock: Callable[[], datetime], recipes: Sequence[str] = (), seeded: bool = True
    ) -> Job:
        """The job of this machine's settings; `seeded`: with the bundled counts laid into its archive."""
        archive = Archive(settings.archive, panels=known_panels(settings.panels))
        if seeded:
            bundle.seed(archive)
        return cls(
            archive=archive,
            engine=connect(settings.database),
            tracking=settings.tracking,
            artifacts=settings.artifacts,
            outbox=settings.outbox,
            cache=settings.cache,
            executor=settings.executor,
            clock=clock,
            holder=f"process {os.getpid()} on {socket.gethostname()}",
            recipes=tuple(recipes),
            tracking_budget=settings.tracking_budget,
        )

    def others(self, counts: Counts) -> list[Counts]:
        """The other panels that can be compared with one, as they were public on the day of `counts`."""
        day = counts.as_of
        return [
            self.archive.as_of(other, day)
            for other, panel in self.archive.panels.items()
            if other != counts.panel.id and panel.compares and self.archive.vintages(other, as_of=day)
        ]


@dataclass(frozen=True)
class Result:
    """How a retraining ended. `release`: the one that it published or found; `notes`: what its readers must see first.

    `alarms`: those that past releases newly raised or cleared, measured by the counts that came out.
    """

    panel: str
    verdict: ledger.RunVerdict
    release: str
    notes: tuple[str, ...] = ()
    alarms: tuple[AlarmChange, ...] = ()
