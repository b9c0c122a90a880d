"""The ledger of retrainings: when each ran, why, its steps, how it ended. Decides nothing, reads no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, func, insert, select, update

from forecast.core.errors import StoreError
from forecast.release import schema
from forecast.release.store import reading, writing

__all__ = ["Entry", "RunVerdict", "Step", "finish", "last", "runs", "start", "step"]

RunVerdict = Literal["published", "nothing new", "refused", "failed"]


@dataclass(frozen=True)
class Step:
    """A part of a run. `ended` None: still at work, or broken off with its run."""

    name: str
    started: datetime
    ended: datetime | None


@dataclass(frozen=True)
class Entry:
    """A retraining of a panel and `why`. `verdict`, `reason`: None while at work, or when it was killed."""

    id: int
    panel: str
    why: str
    started: datetime
    ended: datetime | None
    verdict: RunVerdict | None
    reason: str | None
    steps: tuple[Step, ...]


def start(engine: Engine, panel: str, *, now: datetime, why: str) -> int:
    """Open a run; returns its number. Raises StoreError."""
    with writing(engine, subject=panel) as connection:
        row = {"panel": panel, "started": now, "why": why}
        return int(connection.execute(insert(schema.run).returning(schema.run.c.id), row).scalar_one())


def step(engine: Engine, run: int, name: str, *, now: datetime) -> None:
    """Begin the next step of an open run; the one before ends here. Raises StoreError where no such run is open."""
    with writing(engine, subject=_ledger(run)) as connection:
        _close_step(connection, run, now)
        table = schema.run_step
        place = connection.execute(select(func.count()).where(table.c.run == run)).scalar_one()
        connection.execute(insert(table), {"run": run, "place": place, "name": name, "started": now})


def finish(engine: Engine, run: int, *, now: datetime, verdict: RunVerdict, reason: str = "") -> None:
    """End an open run and its last step. `reason`: one line. Raises StoreError where no such run is open."""
    with writing(engine, subject=_ledger(run)) as connection:
        _close_step(connection, run, now)
        connection.execute(
            update(schema.run).where(schema.run.c.id == run).values(ended=now, verdict=verdict, reason=reason)
        )


def last(engine: Engine, panel: str) -> Entry | None:
    """The newest run of a panel; None before the first. Raises StoreError."""
    newest = runs(engine, panel, limit=1)
    return newest[0] if newest else None


def runs(engine: Engine, panel: str, *, limit: int) -> list[Entry]:
    """The newest `limit` runs of a panel, newest first. Raises StoreError."""
    table, steps = schema.run, schema.run_step
    with reading(engine) as connection:
        rows = connection.execute(
            select(table).where(table.c.panel == panel).order_by(table.c.id.desc()).limit(limit)
        ).all()
        taken: dict[int, list[Step]] = {row.id: [] for row in rows}
        query = (
            select(steps.c.run, steps.c.name, steps.c.started, steps.c.ended)
            .where(steps.c.run.in_(taken))
            .order_by(steps.c.place)
        )
        for row in connection.execute(query):
            taken[row.run].append(Step(row.name, row.started, row.ended))
    return [Entry(**row._mapping, steps=tuple(taken[row.id])) for row in rows]


def _ledger(run: int) -> str:
    # A run is written by the one process that opened it; a lock of its own keeps it from waiting for a publication.
    return f"run {run}"


def _close_step(connection: Connection, run: int, now: datetime) -> None:
    if (
        connection.execute(select(schema.run.c.id).where(schema.run.c.id == run, schema.run.c.ended.is_(None))).scalar()
        is None
    ):
        raise StoreError(f"Run {run} is not open. Start a new one: encounters retrain.")
    table = schema.run_step
    connection.execute(update(table).where(table.c.run == run, table.c.ended.is_(None)).values(ended=now))
