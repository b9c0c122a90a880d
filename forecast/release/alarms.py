"""Alarms in the store: raised, noted again, cleared, read. Judges nothing, loads no pandas or numpy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from forecast.core.scorecard import ALARMS, Alarm, Finding
from forecast.release import schema
from forecast.release.columns import row_of
from forecast.release.rows import intact
from forecast.release.store import reading, writing

__all__ = ["AlarmChange", "opened", "record"]


@dataclass(frozen=True)
class AlarmChange:
    """A raising or clearing of an alarm, noted `at` a moment; `since`: when the alarm was first raised, or cleared."""

    panel: str
    kind: Alarm
    raised: bool
    since: datetime
    at: datetime
    detail: str
    figures: dict[str, Any]


def record(engine: Engine, panel: str, findings: Iterable[Finding], *, now: datetime) -> tuple[AlarmChange, ...]:
    """Note what changed, and give the alarms that were newly raised or cleared. Raises StoreError.

    An open alarm whose figures moved is noted again and not given; a finding that says what is known writes nothing.
    """
    changed: list[AlarmChange] = []
    with writing(engine, subject=panel) as connection:
        last = {event.kind: event for event in _last(connection) if event.panel == panel}
        for finding in findings:
            before = last.get(finding.kind)
            was = before is not None and before.raised
            same = before is not None and (before.detail, before.figures) == (finding.detail, finding.figures)
            if finding.raised == was and (same or not was):
                continue
            since = before.since if before is not None and finding.raised == was else now
            event = AlarmChange(panel, finding.kind, finding.raised, since, now, finding.detail, finding.figures)
            figures = json.dumps(finding.figures, sort_keys=True, allow_nan=False)
            connection.execute(insert(schema.alarm), row_of(schema.alarm, event, figures=figures))
            if finding.raised != was:
                changed.append(event)
    return tuple(changed)


def opened(engine: Engine) -> dict[str, tuple[AlarmChange, ...]]:
    """Panel -> its open alarms, in the order of ALARMS; only panels with one. One indexed query. Raises StoreError."""
    with reading(engine) as connection:
        last = {(event.panel, event.kind): event for event in _last(connection)}
    by_panel: dict[str, tuple[AlarmChange, ...]] = {}
    for event in sorted(last.values(), key=lambda event: (event.panel, ALARMS.index(event.kind))):
        if event.raised:
            by_panel[event.panel] = (*by_panel.get(event.panel, ()), event)
    return by_panel


def _last(connection: Connection) -> list[AlarmChange]:
    table = schema.alarm
    newest = select(func.max(table.c.id)).group_by(table.c.panel, table.c.kind)
    return [_event(row) for row in connection.execute(select(table).where(table.c.id.in_(newest)))]


def _event(row: Row[Any]) -> AlarmChange:
    with intact(f"Alarm {row.id} in the store"):
        figures = json.loads(row.figures)
    return AlarmChange(row.panel, row.kind, row.raised, row.since, row.at, row.detail, figures)
