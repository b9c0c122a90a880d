"""Reads the release store: releases, their quantiles and joint draws, counts. Changes nothing, loads no pandas.

The one door of the service into the library's store. numpy is loaded when draws are asked for, and only then.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain, groupby
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from forecast.core.errors import NoRelease, StoreError
from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.release import schema
from forecast.release.corrections import Correction, affecting, stored
from forecast.release.integrity import head_of, panel_of
from forecast.release.joint import JointDraws, joint_draws, joint_paths
from forecast.release.manifest import Manifest
from forecast.release.observations import Observation, observations, observations_in_slices
from forecast.release.rows import manifest_of, numbers
from forecast.release.store import connect, reading

__all__ = [
    "AreaForecast",
    "JointDraws",
    "Observation",
    "Release",
    "ReleaseSummary",
    "champion",
    "connect",
    "content_stamp",
    "joint_draws",
    "joint_paths",
    "latest",
    "load",
    "observations",
    "observations_in_slices",
    "pointers",
    "releases",
    "runs",
]


@dataclass(frozen=True, slots=True)
class AreaForecast:
    """One area of a release, horizon by horizon from 1.
    `means` (horizons) and `figures` (levels, horizons) in encounters per month; of a compared model no means are kept.

    Figures lie in arrays, which take a quarter of the memory of as many numbers of Python; all levels in one, a level
    after the other, as answers take them.
    """

    slug: str
    months: tuple[Month, ...]
    means: array[float] | None
    figures: array[float]

    @property
    def quantiles(self) -> tuple[array[float], ...]:
        """The same month by month: (horizons, levels)."""
        return tuple(self.figures[at :: len(self.months)] for at in range(len(self.months)))


@dataclass(frozen=True)
class Release:
    """An immutable release as issued. `areas` by slug, in alphabetical order;
    `levels` ascending, those of every row of quantiles; `panel`: what it says of its areas.

    Not of the release itself: `corrections` of the files that its counts came from, made since it was issued, and
    `run_id`, of the MLflow run behind it; None until it is logged. `models`: those whose forecasts were issued with it;
    `model`: whose figures these are, the recipe's or one of theirs.
    """

    id: str
    manifest: Manifest
    checksum: str
    levels: tuple[float, ...]
    areas: tuple[AreaForecast, ...]
    previous: str | None
    panel: Panel
    corrections: tuple[Correction, ...] = ()
    run_id: str | None = None
    models: tuple[str, ...] = ()
    model: str = "recipe"

    @cached_property
    def by_slug(self) -> dict[str, AreaForecast]:
        """Slug -> the area's forecast."""
        return {area.slug: area for area in self.areas}

    @cached_property
    def month_of_issue(self) -> Month:
        """The month that leads count from."""
        return self.manifest.month_of_issue

    def lead(self, month: Month) -> int:
        """Months from the month of issue to a target month; negative for a month that was past at issue."""
        return month - self.month_of_issue


@dataclass(frozen=True)
class ReleaseSummary:
    """A line of the list of releases. `current`: its panel serves it. `run_id`: None until it is logged."""

    id: str
    manifest: Manifest
    checksum: str
    current: bool
    run_id: str | None


def pointers(engine: Engine, *, before: datetime | None = None) -> dict[str, str]:
    """Panel -> id of the release it serves, where it has one. One indexed query, cheap to poll. Raises StoreError.

    `before`: what the pointers said just before that moment, by the moves recorded until then: publications and
    rollbacks.
    """
    with reading(engine) as connection:
        return current(connection, before=before)


def current(connection: Connection, *, before: datetime | None = None) -> dict[str, str]:
    """`pointers` inside a transaction that is already open."""
    newest = select(func.max(schema.pointer.c.id)).group_by(schema.pointer.c.panel)
    if before is not None:
        newest = newest.where(schema.pointer.c.moved_at < before)
    query = select(schema.pointer.c.panel, schema.pointer.c.release).where(schema.pointer.c.id.in_(newest))
    return {row.panel: row.release for row in connection.execute(query)}


def latest(engine: Engine, panel: str) -> Release:
    """The release that a panel serves. Raises NoRelease before the first one, StoreError."""
    with reading(engine) as connection:
        identity = current(connection).get(panel)
        if identity is None:
            raise NoRelease(f"{panel} has no release yet. Publish one: encounters retrain --panel {panel}.")
        return _load(connection, identity)


def load(engine: Engine, release_id: str) -> Release:
    """Any release by its id, hindcasts too. Raises NoRelease, StoreError."""
    with reading(engine) as connection:
        return _load(connection, release_id)


def releases(engine: Engine, panel: str | None = None) -> list[ReleaseSummary]:
    """All releases of a panel, or of every one, newest issue first, hindcasts among them. Raises StoreError."""
    table = schema.release
    query = select(table.c.id, table.c.manifest, table.c.checksum).order_by(table.c.issued_at.desc(), table.c.id)
    if panel is not None:
        query = query.where(table.c.panel == panel)
    with reading(engine) as connection:
        served, logged = set(current(connection).values()), _runs(connection)
        return [
            ReleaseSummary(row.id, manifest_of(row.manifest), row.checksum, row.id in served, logged.get(row.id))
            for row in connection.execute(query)
        ]


def runs(engine: Engine) -> dict[str, str]:
    """Release -> id of the MLflow run behind it; without those that are not logged. Raises StoreError."""
    with reading(engine) as connection:
        return _runs(connection)


def champion(engine: Engine, panel: str) -> str | None:
    """The release that MLflow's alias `champion` was last put on; None before the first time. Raises StoreError."""
    table = schema.release_run
    query = select(table.c.release).join(schema.release).where(schema.release.c.panel == panel, table.c.champion)
    with reading(engine) as connection:
        return connection.execute(query.order_by(table.c.id.desc()).limit(1)).scalar()


def content_stamp(engine: Engine) -> Hashable:
    """Changes with counts, corrections, scores, releases, runs, frozen scenarios. Cheap to poll. Raises StoreError."""
    counts, scores = schema.observation.c, schema.accuracy.c
    queries = (
        select(counts.published, func.count(), func.sum(counts.count))
        .group_by(counts.published)
        .order_by(counts.published),
        select(func.count(), func.max(scores.published), func.sum(scores.wis), func.sum(scores.observed)),
        select(func.max(schema.correction.c.id)),
        select(func.count(), select(func.max(schema.pointer.c.id)).scalar_subquery()).select_from(schema.release),
        select(func.max(schema.release_run.c.id)),
        select(func.count()).select_from(schema.frozen_scenario),
    )
    with reading(engine) as connection:
        return tuple(tuple(map(tuple, connection.execute(query))) for query in queries)


def _load(connection: Connection, release_id: str) -> Release:
    head = head_of(connection, release_id)
    levels = numbers(head.levels, place=f"{release_id}, its levels,")
    table = schema.release_quantiles
    query = select(table).where(table.c.release == release_id).order_by(table.c.area, table.c.horizon)
    # Area by area, so that the texts of only one are in memory; sorted here, because a database sorts in the order of
    # its own language.
    rows = groupby(connection.execute(query), key=lambda row: row.area)
    known: dict[tuple[Month, ...], tuple[Month, ...]] = {}  # nearly all areas have the same months: held once
    areas = sorted(
        (_area(slug, list(own), len(levels), release_id, known) for slug, own in rows), key=lambda area: area.slug
    )
    manifest = manifest_of(head.manifest)
    corrections = tuple(affecting(stored(connection, manifest.panel), manifest))
    panel = panel_of(connection, manifest)
    run = _runs(connection, release_id).get(release_id)
    beside = select(schema.release_model.c.model).where(schema.release_model.c.release == release_id)
    models = tuple(sorted(connection.execute(beside).scalars()))
    return Release(
        release_id, manifest, head.checksum, levels, tuple(areas), head.previous, panel, corrections, run, models
    )


def _runs(connection: Connection, release: str | None = None) -> dict[str, str]:
    """`runs` inside a transaction that is already open, of all releases or of one."""
    table = schema.release_run
    query = select(table.c.release, table.c.run_id).order_by(table.c.id)
    if release is not None:
        query = query.where(table.c.release == release)
    return {row.release: row.run_id for row in connection.execute(query)}


def _area(
    slug: str, rows: list[Row[Any]], levels: int, release_id: str, known: dict[tuple[Month, ...], tuple[Month, ...]]
) -> AreaForecast:
    if [row.horizon for row in rows] != list(range(1, len(rows) + 1)):
        raise StoreError(f"{slug} in {release_id} lacks horizons. Find out how far the damage goes: encounters verify.")
    quantiles = [numbers(row.quantiles, expected=levels, place=f"{slug} in {release_id}") for row in rows]
    figures = array("d", chain.from_iterable(zip(*quantiles, strict=True)))
    months = tuple(row.target_month for row in rows)
    return AreaForecast(slug, known.setdefault(months, months), array("d", [row.mean for row in rows]), figures)
