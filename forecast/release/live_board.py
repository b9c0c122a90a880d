"""The live board: every issued release, and each model's forecasts issued with it, beside the counts that came later.

Evaluation is itself a time series here: a row per month that was forecast. Computes no score and loads no pandas or
numpy, so that the service can read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, Float, and_, case, cast, func, select

from forecast.core.months import Month
from forecast.release import schema
from forecast.release.issued_scores import newest
from forecast.release.store import reading

__all__ = ["FLOOR", "OUTSIDE", "SERVED", "LiveScore", "live"]

# What served, whichever recipe that was, and what every release is measured against.
SERVED, FLOOR = "recipe", "floor"
# What stands behind the name of another program's model, and in the name of none of the project.
OUTSIDE = " (outside)"
_SCORES, _MODELS, _RELEASES = schema.accuracy, schema.model_accuracy, schema.release
_COVERAGES = (50, 80, 95)


@dataclass(frozen=True)
class LiveScore:
    """Means of one model over the leaves' cells (release x area) of a `month`, or of all months where that is None.

    `n` cells of so many `releases`, the last counted month of them `through`. `score`: mean weighted interval score
    over each area's scale; `served`, `floor`: those of what served and of the naive floor, on the same cells.
    `coverage_*`: None for the floor, whose intervals are not kept.
    """

    panel: str
    month: Month | None
    model: str
    n: int
    releases: int
    through: Month
    score: float
    served: float
    floor: float
    coverage_50: float | None = None
    coverage_80: float | None = None
    coverage_95: float | None = None


def live(engine: Engine, areas: Iterable[str], *, panel: str | None = None, monthly: bool = False) -> list[LiveScore]:
    """The board over the cells of some areas, by panel, then by month where it is `monthly`, then by score.

    `areas`: leaves, since sums would count twice. Of each count the newest figure holds; hindcasts are left out. A
    model's cells are those of releases that it was issued with. Raises StoreError.
    """
    asked = sorted(areas)
    keys: list[ColumnElement[Any]] = [_RELEASES.c.panel, *([_SCORES.c.target_month] if monthly else [])]
    common: list[ColumnElement[Any]] = [
        *keys,
        func.count().label("n"),
        func.count(_SCORES.c.release.distinct()).label("releases"),
        func.max(_SCORES.c.target_month).label("through"),
        _mean(_SCORES.c.wis).label("served"),
        _mean(_SCORES.c.floor_wis).label("floor"),
    ]
    where: list[ColumnElement[bool]] = [_RELEASES.c.hindcast.is_(False), _SCORES.c.area.in_(asked)]
    where += [_RELEASES.c.panel == panel] if panel is not None else []
    own = newest(select(*common, *_shares(_SCORES.c))).where(*where).group_by(*keys)
    cell = and_(*(_MODELS.c[name] == _SCORES.c[name] for name in ("release", "area", "target_month", "published")))
    beside = select(*common, _MODELS.c.model, _mean(_MODELS.c.wis).label("score"), *_shares(_MODELS.c))
    models = newest(beside).where(cell, *where).group_by(*keys, _MODELS.c.model)
    board = []
    with reading(engine) as connection:
        for row in connection.execute(own):
            fields = _fields(row._mapping, monthly)
            board.append(LiveScore(model=SERVED, score=row.served, **fields))
            bare = {name: value for name, value in fields.items() if not name.startswith("coverage")}
            board.append(LiveScore(model=FLOOR, score=row.floor, **bare))
        board += [
            LiveScore(model=row.model, score=row.score, **_fields(row._mapping, monthly))
            for row in connection.execute(models)
        ]
    return sorted(board, key=lambda one: (one.panel, str(one.month or ""), one.score, one.model))


def _fields(row: Any, monthly: bool) -> dict[str, Any]:
    names = ("panel", "n", "releases", "through", "served", "floor", *(f"coverage_{one}" for one in _COVERAGES))
    return {**{name: row[name] for name in names}, "month": row["target_month"] if monthly else None}


def _mean(wis: ColumnElement[float]) -> ColumnElement[float]:
    return func.avg(wis / _SCORES.c.scale)


def _shares(columns: Any) -> list[ColumnElement[float]]:
    return [
        cast(func.avg(case((columns[f"inside_{one}"], 1.0), else_=0.0)), Float(53)).label(f"coverage_{one}")
        for one in _COVERAGES
    ]
