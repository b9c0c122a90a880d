"""Writes the release store: publishes a release in one transaction, moves the pointer back, notes runs, records counts.

Recomputes checksums too.

Judges no forecast: what may be published is decided before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, Table, and_, delete, insert, select

from forecast.core.errors import StoreError, TableError
from forecast.core.months import Month
from forecast.core.panels import Panel, bundled
from forecast.core.tables import Forecasts, Paths
from forecast.release import issued_models, schema
from forecast.release import replays as kept_replays
from forecast.release.columns import row_of
from forecast.release.corrections import Correction, record, supersede
from forecast.release.integrity import head_of, path_rows, verified
from forecast.release.joint import made_of
from forecast.release.lease import Lease, require
from forecast.release.manifest import Manifest
from forecast.release.read import Observation, current
from forecast.release.rows import checksum, describe, description_digest, pack_paths, text_of
from forecast.release.store import reading, writing

__all__ = ["Published", "note_run", "publish", "record_observations", "rollback", "verify"]

# Decimals of a stored quantile, in encounters per month: far finer than any interval, and a third of the bytes.
_DECIMALS = 2
# Rows of quantiles that are written at a time.
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Published:
    """What became of a publication: the release's `id`; `already_there`: nothing was written."""

    id: str
    already_there: bool


def publish(
    engine: Engine,
    *,
    manifest: Manifest,
    forecasts: Forecasts,
    paths: Paths | None,
    now: datetime,
    reason: str = "retrain",
    lease: Lease | None = None,
    panel: Panel | None = None,
    models: Iterable[Forecasts] = (),
    replays: Iterable[kept_replays.Replay] = (),
) -> Published:
    """Store a release and move its panel's pointer to it, both or neither; a hindcast leaves the pointer alone.

    `panel`: what the release says of its areas; the bundled one unless given. `models`: those that were compared with
    it, whose forecasts are kept to be scored beside it; `replays`: what its method would have said at past months, kept
    to be shown. A key that is published already changes nothing. `now`: when
    the pointer moves. `lease`: refused where another holder has taken it over in the meantime. Quantiles are rounded to
    two decimals and paths to whole encounters; of the paths the leaves are stored, of which `read.joint_paths` makes
    the sums, so that those of the leaves alone may be given; None where there are too many areas for joint draws: the
    quantiles are then all that can be asked. Raises TableError, StoreError, LockHeld.
    """
    panel = panel or bundled()[manifest.panel]
    _check(manifest, forecasts, paths, panel)
    description = describe(panel)
    text, levels = text_of(manifest), json.dumps(forecasts.levels)
    quantiles = partial(_quantile_rows, manifest.id, forecasts)
    packed = [] if paths is None else _path_rows(manifest.id, paths, panel)
    beside = issued_models.rows(manifest.id, models)
    digest = checksum(
        manifest=text,
        levels=levels,
        quantiles=(
            (row["area"], row["horizon"], row["target_month"], row["mean"], row["quantiles"]) for row in quantiles()
        ),
        paths=[(row["area"], row["samples"], row["paths"]) for row in packed],
    )
    with writing(engine, subject=manifest.panel) as connection:
        if lease is not None:
            require(connection, lease)
        table = schema.release
        same = select(table.c.id).where(
            table.c.panel == manifest.panel, table.c.key == manifest.key, table.c.hindcast == manifest.hindcast
        )
        stored = connection.execute(same).scalar()
        if stored is not None:
            return Published(stored, already_there=True)
        before = current(connection).get(manifest.panel)
        head = row_of(table, manifest, manifest=text, levels=levels, checksum=digest, previous=before)
        connection.execute(insert(table), head)
        connection.execute(
            insert(schema.release_panel),
            {"release": manifest.id, "description": description, "checksum": description_digest(description)},
        )
        # Made twice, for the checksum and here, and never all in memory.
        _insert(connection, schema.release_quantiles, quantiles())
        if packed:
            connection.execute(insert(schema.release_paths), packed)
        if beside:
            connection.execute(insert(schema.release_model), beside)
        _insert(connection, schema.release_replay, kept_replays.rows(manifest.id, replays))
        if not manifest.hindcast:
            _point(connection, manifest.panel, manifest.id, now, reason)
    return Published(manifest.id, already_there=False)


def note_run(engine: Engine, release_id: str, run_id: str, *, champion: bool, now: datetime) -> None:
    """Note the MLflow run of a release, and whether the alias `champion` is on it. Raises NoRelease, StoreError."""
    row = {"release": release_id, "run_id": run_id, "champion": champion, "noted_at": now}
    with writing(engine, subject=f"run of {release_id}") as connection:
        head_of(connection, release_id)
        connection.execute(insert(schema.release_run), row)


def rollback(
    engine: Engine, release_id: str, *, now: datetime, reason: str = "rollback", lease: Lease | None = None
) -> str | None:
    """Serve an earlier release again; the move is recorded. Returns the release that its panel served until now.

    `lease`: refused where another holder has taken it over in the meantime. Raises NoRelease for an unknown id,
    LockHeld, and StoreError where the release is a hindcast or its checksum does not hold.
    """
    with reading(engine) as connection:
        panel = head_of(connection, release_id).panel
    with writing(engine, subject=panel) as connection:
        if lease is not None:
            require(connection, lease)
        if head_of(connection, release_id).hindcast:
            raise StoreError(
                f"{release_id} is a hindcast, made for a past day, and is never served. Choose an issued release."
            )
        verified(connection, release_id, path_rows(connection, release_id))
        before = current(connection).get(panel)
        if before != release_id:
            _point(connection, panel, release_id, now, reason)
    return before


def verify(engine: Engine, release_id: str) -> None:
    """Recompute a release's checksum from every row that it has. Raises StoreError where it differs, NoRelease."""
    with reading(engine) as connection:
        verified(connection, release_id, path_rows(connection, release_id))


def record_observations(
    engine: Engine, panel: Panel, rows: Iterable[Observation], *, corrections: Sequence[Correction] = ()
) -> int:
    """Store what vintages add or change; returns how many cells were written.

    A figure equal to the newest one published before it is skipped, so that the whole archive can be handed over each
    time. Hand over all vintages, not the last: one that came in late lies between others. Of two figures of one day the
    later in `rows` holds. `corrections`: of files of the panel; their counts that are not among `rows` any more are
    served no longer. Raises TableError for an area of another panel, StoreError.
    """
    cells = {(row.area, row.month, row.published): row for row in rows}
    ordered = [cells[cell] for cell in sorted(cells)]
    if strays := {row.area for row in ordered if row.area not in panel.areas}:
        raise TableError(f"{', '.join(sorted(strays))} are not areas of {panel}; nothing was recorded.")
    table = schema.observation
    kept: dict[tuple[str, Month], dict[date, tuple[int, int]]] = {}
    fresh: list[dict[str, Any]] = []
    with writing(engine, subject=panel.id) as connection:
        record(connection, corrections)
        supersede(connection, panel, corrections, {(row.area, row.month, row.published, row.sha256) for row in ordered})
        for slug in dict.fromkeys(row.area for row in ordered):
            for stored in connection.execute(select(table).where(table.c.area == slug)):
                cell = Observation(*stored)
                kept.setdefault((cell.area, cell.month), {})[cell.published] = (cell.count, cell.precision)
        for row in ordered:
            history = kept.setdefault((row.area, row.month), {})
            newest = max((day for day in history if day <= row.published), default=None)
            if newest is not None and history[newest] == (row.count, row.precision):
                continue
            if newest == row.published:  # a second file of the same day came in since
                same = and_(table.c.area == row.area, table.c.month == row.month, table.c.published == row.published)
                connection.execute(delete(table).where(same))
            history[row.published] = (row.count, row.precision)
            fresh.append(row_of(table, row))
        if fresh:
            connection.execute(insert(table), fresh)
    return len(fresh)


def _check(manifest: Manifest, forecasts: Forecasts, paths: Paths | None, panel: Panel) -> None:
    if strays := [slug for slug in forecasts.areas if slug not in panel.areas]:
        raise TableError(f"{manifest.id}: {', '.join(strays)} are not areas of {manifest.panel}.")
    shape = forecasts.values.shape[:2]
    if paths is not None:
        named, given = set(forecasts.areas), set(paths.areas)
        belong = given <= named and named - given <= set(made_of(panel, paths.areas))
        if not belong or shape[1] != paths.horizon or 0 in paths.values.shape:
            raise TableError(
                f"{manifest.id}: quantiles of {shape} and paths of {paths.values.shape[:2]} areas and horizons do not "
                "belong together."
            )
    if len(set(forecasts.areas)) != len(forecasts.areas):
        raise TableError(f"{manifest.id}: an area is named twice.")
    simulated = forecasts.origin if paths is None else paths.origin
    if not forecasts.origin == simulated == manifest.origin:
        raise TableError(
            f"{manifest.id}: origins differ: quantiles {forecasts.origin}, paths {simulated}, manifest "
            f"{manifest.origin}."
        )


def _quantile_rows(release_id: str, forecasts: Forecasts) -> Iterator[dict[str, Any]]:
    """Rows in order of area and horizon, as the checksum reads them."""
    for place in sorted(range(len(forecasts.areas)), key=forecasts.areas.__getitem__):
        # Adding zero turns a negative zero, which rounding can leave behind, into zero.
        values = (np.round(forecasts.values[place], _DECIMALS) + 0.0).tolist()
        means = (np.round(forecasts.mean[place], _DECIMALS) + 0.0).tolist()
        for step, month in enumerate(forecasts.months):
            yield {
                "release": release_id,
                "area": forecasts.areas[place],
                "horizon": step + 1,
                "target_month": month,
                "mean": means[step],
                "quantiles": json.dumps(values[step], separators=(",", ":")),
            }


def _path_rows(release_id: str, paths: Paths, panel: Panel) -> list[dict[str, Any]]:
    # Sums are made of their leaves when they are read: exact in every draw, and a fifth of the bytes less.
    samples, sums = paths.values.shape[2], made_of(panel, paths.areas)
    return [
        {"release": release_id, "area": slug, "samples": samples, "paths": pack_paths(values)}
        for slug, values in zip(paths.areas, paths.values, strict=True)
        if slug not in sums
    ]


def _insert(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    while some := list(islice(rows, _AT_ONCE)):
        connection.execute(insert(table), some)


def _point(connection: Connection, panel: str, release_id: str, now: datetime, reason: str) -> None:
    connection.execute(
        insert(schema.pointer), {"panel": panel, "release": release_id, "moved_at": now, "reason": reason}
    )
