"""Whether the store holds what was published of a release, by its checksum. Changes nothing, loads no numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from forecast.core.errors import NoRelease, StoreError
from forecast.core.panels import Panel
from forecast.release import schema
from forecast.release.manifest import Manifest
from forecast.release.rows import checksum, described, description_digest, manifest_of

__all__ = ["PathRow", "head_of", "panel_of", "path_rows", "verified"]

# Rows of quantiles that are read at a time.
_AT_ONCE = 10_000
# (area, draws, packed) of one row of release_paths.
PathRow = tuple[str, int, bytes]


def head_of(connection: Connection, release_id: str) -> Row[Any]:
    """A release's own row. Raises NoRelease for an unknown id."""
    head = connection.execute(select(schema.release).where(schema.release.c.id == release_id)).one_or_none()
    if head is None:
        raise NoRelease(f"No release has the id {release_id}. List them: encounters releases.")
    return head


def panel_of(connection: Connection, manifest: Manifest) -> Panel:
    """What a release says of its panel. Raises StoreError."""
    table = schema.release_panel.c
    said = connection.execute(select(table.description).where(table.release == manifest.id)).scalar()
    return described(said, panel=manifest.panel)


def path_rows(connection: Connection, release_id: str) -> list[PathRow]:
    """The packed paths of a release, area by area, unverified."""
    table = schema.release_paths.c
    query = select(table.area, table.samples, table.paths).where(table.release == release_id)
    return [(row.area, row.samples, row.paths) for row in connection.execute(query)]


def verified(connection: Connection, release_id: str, paths: Sequence[PathRow]) -> Manifest:
    """The manifest of a release whose every row matches its checksum, `paths` too. Raises NoRelease, StoreError."""
    head = head_of(connection, release_id)
    table = schema.release_quantiles.c
    # In the order of the checksum, and some at a time: a release may have a million rows.
    area = table.area.collate("C") if connection.dialect.name == "postgresql" else table.area
    rows = (
        select(table.area, table.horizon, table.target_month, table.mean, table.quantiles)
        .where(table.release == release_id)
        .order_by(area, table.horizon)
        .execution_options(yield_per=_AT_ONCE)
    )
    recomputed = checksum(
        manifest=head.manifest,
        levels=head.levels,
        quantiles=(tuple(row) for row in connection.execute(rows)),
        paths=paths,
    )
    said = connection.execute(
        select(schema.release_panel).where(schema.release_panel.c.release == release_id)
    ).one_or_none()
    if recomputed != head.checksum or (said is not None and description_digest(said.description) != said.checksum):
        raise StoreError(
            f"{release_id} is damaged: its rows do not match its checksum. Restore the store, or serve an earlier "
            "one: encounters rollback."
        )
    manifest = manifest_of(head.manifest)
    columns = (head.id, head.panel, head.key, head.hindcast, head.issued_at, head.origin)
    if columns != (manifest.id, manifest.panel, manifest.key, manifest.hindcast, manifest.issued_at, manifest.origin):
        raise StoreError(
            f"{release_id} is damaged: its columns contradict its manifest. Restore the store from a backup."
        )
    return manifest
