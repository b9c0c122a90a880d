"""Issued forecasts beside the counts that came out later: what is still to be scored, the scores, their means.

Computes no score and loads no pandas or numpy, so that the service can read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Float, Select, Table, and_, case, cast, delete, func, insert, select

from forecast.core.months import Month
from forecast.core.scorecard import Scored, Truth
from forecast.release import schema
from forecast.release.columns import months_between, row_of
from forecast.release.store import reading, writing

__all__ = [
    "Tally",
    "cells",
    "due",
    "mean",
    "newest",
    "record",
    "scored_areas",
    "shares",
    "sizes",
    "tallies",
]

_SCORES = schema.accuracy
_MODELS = schema.model_accuracy
_RELEASES = schema.release


@dataclass(frozen=True, slots=True)
class Tally:
    """Means over the scored cells (release x area x month) of a panel, of issued releases or of hindcasts.

    `area`, `lead`: None where the cells are of several. `n` cells of so many `releases` and target `months`, the last
    of them `through`. `score` and `floor`: mean weighted interval score of the releases and of the naive floor, each
    over its area's scale.
    """

    panel: str
    hindcast: bool
    area: str | None
    lead: int | None
    n: int
    releases: int
    months: int
    through: Month
    score: float
    floor: float
    coverage_50: float
    coverage_80: float
    coverage_95: float

    @property
    def ratio(self) -> float | None:
        """The score over the floor's: below 1 is better than the floor. None where the floor was never wrong."""
        return self.score / self.floor if self.floor else None


def due(engine: Engine, panel: str, *, as_of: date, release: str | None = None) -> dict[str, list[Truth]]:
    """Release -> the counts public by a day that it forecast and has no score for, hindcasts too. Raises StoreError.

    Of each month the newest figure counts: one that was revised is due again. `release`: of that one alone.
    """
    said, seen, newer = schema.release_quantiles, schema.observation, schema.observation.alias("newer")
    later = select(newer.c.published).where(
        newer.c.area == seen.c.area,
        newer.c.month == seen.c.month,
        newer.c.published > seen.c.published,
        newer.c.published <= as_of,
    )
    scored = select(_SCORES.c.release).where(
        _SCORES.c.release == said.c.release,
        _SCORES.c.area == said.c.area,
        _SCORES.c.target_month == said.c.target_month,
        _SCORES.c.published == seen.c.published,
        _SCORES.c.observed == seen.c.count,
        _SCORES.c.precision == seen.c.precision,
    )
    query = (
        select(said.c.release, seen.c.area, seen.c.month, seen.c.published, seen.c.count, seen.c.precision)
        .join(_RELEASES, _RELEASES.c.id == said.c.release)
        .join(seen, and_(seen.c.area == said.c.area, seen.c.month == said.c.target_month))
        .where(_RELEASES.c.panel == panel, seen.c.published <= as_of, ~later.exists(), ~scored.exists())
        .order_by(_RELEASES.c.issued_at, said.c.release, seen.c.area, seen.c.month)
    )
    if release is not None:
        query = query.where(said.c.release == release)
    counts: dict[str, list[Truth]] = {}
    with reading(engine) as connection:
        for scored_release, *count in connection.execute(query):
            counts.setdefault(scored_release, []).append(Truth(*count))
    return counts


def record(
    engine: Engine, panel: str, rows: Sequence[Scored], *, models: Mapping[str, Sequence[Scored]] | None = None
) -> None:
    """Store scores, all or none, over those of the same release, area, month and day of publication. Raises StoreError.

    `models`: the scores of the models that were issued with the releases, each beside one of `rows`, or beside one that
    is stored: there it is added where it is lacking, and those of other models stay as they are.
    """
    keys = {(row.release, row.published) for row in rows}
    with writing(engine, subject=panel) as connection:
        for release, published in sorted(keys):
            same = [row for row in rows if (row.release, row.published) == (release, published)]
            for month in {row.target_month for row in same}:
                areas = [row.area for row in same if row.target_month == month]
                for table in (_SCORES, _MODELS):
                    connection.execute(
                        delete(table).where(
                            table.c.release == release,
                            table.c.published == published,
                            table.c.target_month == month,
                            table.c.area.in_(areas),
                        )
                    )
        if rows:
            connection.execute(insert(_SCORES), [row_of(_SCORES, row) for row in rows])
        beside = [row_of(_MODELS, row, model=model) for model, own in (models or {}).items() for row in own]
        kept = select(*_MODELS.primary_key.columns).where(_MODELS.c.release.in_({row["release"] for row in beside}))
        there = {tuple(row) for row in connection.execute(kept)}
        names = tuple(_MODELS.primary_key.columns.keys())
        if lacking := [row for row in beside if tuple(row[name] for name in names) not in there]:
            connection.execute(insert(_MODELS), lacking)


def cells(engine: Engine, panel: str, *, first: Month | None = None) -> list[Scored]:
    """Scores of issued releases by the newest count of each area and month, in order of issue. Raises StoreError.

    `first`: the first target month wanted. Hindcasts are left out.
    """
    query = newest(select(*_SCORES.c), panel=panel, hindcast=False)
    query = query.where(*months_between(_SCORES.c.target_month, first, None)).order_by(
        _RELEASES.c.issued_at, _SCORES.c.release, _SCORES.c.target_month, _SCORES.c.area
    )
    with reading(engine) as connection:
        return [Scored(*row) for row in connection.execute(query)]


def scored_areas(engine: Engine, panel: str | None = None) -> set[str]:
    """Slugs that have a score, of a panel or of all. Raises StoreError."""
    query = select(_SCORES.c.area).distinct()
    if panel is not None:
        query = query.join(_RELEASES, _RELEASES.c.id == _SCORES.c.release).where(_RELEASES.c.panel == panel)
    with reading(engine) as connection:
        return set(connection.execute(query).scalars())


def tallies(
    engine: Engine,
    *,
    by: Sequence[Literal["area", "lead"]] = (),
    panel: str | None = None,
    areas: Iterable[str] | None = None,
    leads: Iterable[int] | None = None,
    hindcast: bool | None = None,
) -> list[Tally]:
    """Means of the scores, by panel, issued or hindcast, and `by` what else is named; in that order. Raises StoreError.

    Each filter is left out where it is None. Sums of leaves are areas too: means over areas are meant for leaves.
    """
    groups: list[ColumnElement[Any]] = [_RELEASES.c.panel, _RELEASES.c.hindcast, *(_SCORES.c[name] for name in by)]
    means = (*sizes(), mean(_SCORES.c.wis).label("score"), mean(_SCORES.c.floor_wis).label("floor"), *shares(_SCORES))
    months = func.count(_SCORES.c.target_month.distinct()).label("months")
    query = newest(select(*groups, *means, months), panel=panel, areas=areas, leads=leads, hindcast=hindcast)
    with reading(engine) as connection:
        rows = connection.execute(query.group_by(*groups).order_by(*groups))
        return [Tally(**{"area": None, "lead": None, **row._mapping}) for row in rows]


def sizes() -> tuple[ColumnElement[Any], ...]:
    """Of how many cells and releases means over scores are, and the last month among them: n, releases, through."""
    return (
        func.count().label("n"),
        func.count(_SCORES.c.release.distinct()).label("releases"),
        func.max(_SCORES.c.target_month).label("through"),
    )


def mean(wis: ColumnElement[float]) -> ColumnElement[float]:
    """The mean of a score over each area's scale."""
    return func.avg(wis / _SCORES.c.scale)


def shares(table: Table) -> list[ColumnElement[float]]:
    """The shares of counts that the intervals of a table of scores held: coverage_50, coverage_80, coverage_95."""
    return [
        cast(func.avg(case((table.c[f"inside_{one}"], 1.0), else_=0.0)), Float(53)).label(f"coverage_{one}")
        for one in (50, 80, 95)
    ]


def newest(
    query: Select[Any],
    *,
    panel: str | None = None,
    areas: Iterable[str] | None = None,
    leads: Iterable[int] | None = None,
    hindcast: bool | None = None,
) -> Select[Any]:
    """`query` over scores and their releases, without revised counts; of what is named alone, None: of all."""
    newer = _SCORES.alias("revised")
    revised = select(newer.c.release).where(
        newer.c.release == _SCORES.c.release,
        newer.c.area == _SCORES.c.area,
        newer.c.target_month == _SCORES.c.target_month,
        newer.c.published > _SCORES.c.published,
    )
    wanted = {_RELEASES.c.panel: panel, _RELEASES.c.hindcast: hindcast}
    among = {_SCORES.c.area: areas, _SCORES.c.lead: leads}
    return query.select_from(_SCORES.join(_RELEASES, _RELEASES.c.id == _SCORES.c.release)).where(
        ~revised.exists(),
        *(column == value for column, value in wanted.items() if value is not None),
        *(column.in_(sorted(values)) for column, values in among.items() if values is not None),
    )
