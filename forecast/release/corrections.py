"""Files that were redated, withdrawn or taken back after they had been served. Loads no pandas or numpy.

The archive's register is where a correction is made; the store keeps its own record, so that the service can say what
an old answer held.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine, delete, insert, select

from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.release import schema
from forecast.release.columns import months_between, row_of
from forecast.release.manifest import Manifest
from forecast.release.observations import Observation
from forecast.release.store import reading

__all__ = ["Correction", "affecting", "corrected_answers", "of_panel", "record", "stored", "supersede"]


@dataclass(frozen=True, slots=True)
class Correction:
    """What was done at a moment with the file `sha256` of a panel: `kind` is redated, withdrawn or taken back.

    `before`, `published`: its day of publication before and after; None where it was not in force. `taken_in`: when the
    archive had it; None where that was before records.
    """

    panel: str
    sha256: str
    file: str
    kind: str
    at: datetime
    before: date | None
    published: date | None
    taken_in: datetime | None = None

    @property
    def note(self) -> str:
        """A sentence on it for a release that was made before it."""
        moved = f" from {self.before} to {self.published}" if self.kind == "redated" else ""
        return (
            f"{self.file} was {self.kind}{moved} on {self.at:%Y-%m-%d}, after this release was made. "
            "Where counts change, encounters retrain follows it."
        )


def of_panel(engine: Engine, panel: str | None = None) -> list[Correction]:
    """The corrections of a panel, or of all, oldest first. Raises StoreError."""
    with reading(engine) as connection:
        return stored(connection, panel)


def affecting(corrections: Iterable[Correction], manifest: Manifest) -> list[Correction]:
    """Those made after a release was issued, of files that changed what it would have been made from."""
    return [
        one
        for one in corrections
        if one.panel == manifest.panel
        and one.at > manifest.issued_at
        and (one.taken_in is None or one.taken_in <= manifest.issued_at)
        and _public(one.before, manifest.as_of) != _public(one.published, manifest.as_of)
    ]


def corrected_answers(
    engine: Engine,
    answer: Sequence[Observation],
    areas: Iterable[str],
    *,
    as_of: date,
    first: Month | None = None,
    last: Month | None = None,
) -> list[Correction]:
    """The corrections that changed what is answered of `areas` as of a day, oldest first. Raises StoreError.

    `answer`: what holds as of that day now. `first`, `last`: the months asked for, both included.
    """
    now = {(row.area, row.month): row for row in answer}
    gone = schema.superseded
    with reading(engine) as connection:
        made = stored(connection)
        if not made:
            return []
        query = select(gone.c.area, gone.c.month, gone.c.published, gone.c.sha256).where(
            gone.c.area.in_(list(areas)), gone.c.published <= as_of, *months_between(gone.c.month, first, last)
        )
        concerned = {
            row.sha256
            for row in connection.execute(query)
            if (held := now.get((row.area, row.month))) is None
            or held.published <= row.published
            or held.sha256 == row.sha256
        }
        given = {row.sha256 for row in answer}
        events = [
            one
            for one in made
            if one.sha256 in concerned
            or (one.sha256 in given and _public(one.published, as_of) and not _public(one.before, as_of))
        ]
        # What was done with a file was done in each panel that it is of.
        return list({(one.sha256, one.kind, one.at): one for one in reversed(events)}.values())[::-1]


def record(connection: Connection, corrections: Iterable[Correction]) -> None:
    """Store those that are not there yet, inside a transaction that is already open."""
    known = {(one.panel, one.sha256, one.kind, one.at) for one in stored(connection)}
    fresh = [one for one in corrections if (one.panel, one.sha256, one.kind, one.at) not in known]
    if fresh:
        connection.execute(insert(schema.correction), [row_of(schema.correction, one) for one in fresh])


def supersede(
    connection: Connection, panel: Panel, corrections: Iterable[Correction], holding: set[tuple[str, Month, date, str]]
) -> None:
    """Move the counts of a panel's corrected files that no longer hold out of what is served,
    inside a transaction that is already open. A file may be other panels' too, whose counts stay.

    `holding`: (area, month, published, sha256) of what does hold. They stay in a table of their own; scores by them are
    taken back, since they are computed again by what holds.
    """
    until = {one.sha256: one.at for one in corrections}
    table = schema.observation
    recorded = connection.execute(select(table).where(table.c.sha256.in_(list(until)))).all() if until else []
    mine = [row for row in recorded if panel.covers(row.area)]
    gone = [row for row in mine if (row.area, row.month, row.published, row.sha256) not in holding]
    if not gone:
        return
    connection.execute(
        insert(schema.superseded), [row_of(schema.superseded, row, until=until[row.sha256]) for row in gone]
    )
    scores = schema.accuracy
    for area, published in sorted({(row.area, row.published) for row in gone}):
        months = [row.month for row in gone if (row.area, row.published) == (area, published)]
        connection.execute(
            delete(table).where(table.c.area == area, table.c.published == published, table.c.month.in_(months))
        )
        connection.execute(
            delete(scores).where(
                scores.c.area == area, scores.c.published == published, scores.c.target_month.in_(months)
            )
        )


def stored(connection: Connection, panel: str | None = None) -> list[Correction]:
    """`of_panel` inside a transaction that is already open."""
    table = schema.correction
    query = select(*(column for column in table.columns if column.name != "id")).order_by(table.c.at, table.c.id)
    return [
        Correction(*row) for row in connection.execute(query if panel is None else query.where(table.c.panel == panel))
    ]


def _public(day: date | None, as_of: date) -> bool:
    return day is not None and day <= as_of
