"""The live board: every issued release, and each model's forecasts issued with it, beside the counts that came later.

Evaluation is itself a time series here: a row per month that was forecast. Computes no score and loads no pandas or
numpy, so that the service can read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, select

from forecast.core.months import Month
from forecast.release import schema
from forecast.release.issued_scores import mean, newest, shares, sizes
from forecast.release.store import reading

__all__ = ["FLOOR", "OUTSIDE", "SERVED", "LiveScore", "live"]

# What served, whichever recipe that was, and what every release is measured against.
SERVED, FLOOR = "recipe", "floor"
# What stands behind the name of another program's model, and in the name of none of the project.
OUTSIDE = " (outside)"
_SCORES, _MODELS, _RELEASES = schema.accuracy, schema.model_accuracy, schema.release


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
    coverage_50: float | None
    coverage_80: float | None
    coverage_95: float | None


def live(engine: Engine, areas: Iterable[str], *, panel: str | None = None, monthly: bool = False) -> list[LiveScore]:
    """The board over the cells of some areas, by panel, then by month where it is `monthly`, then by score.

    `areas`: leaves, since sums would count twice. Of each count the newest figure holds; hindcasts are left out. A
    model's cells are those of releases that it was issued with. Raises StoreError.
    """
    keys: list[ColumnElement[Any]] = [_RELEASES.c.panel, *([_SCORES.c.target_month.label("month")] if monthly else [])]
    scores = (*keys, *sizes(), mean(_SCORES.c.wis).label("served"), mean(_SCORES.c.floor_wis).label("floor"))
    asked: dict[str, Any] = {"panel": panel, "areas": list(areas), "hindcast": False}
    own = newest(select(*scores, *shares(_SCORES)), **asked).group_by(*keys)
    cell = and_(*(_MODELS.c[name] == _SCORES.c[name] for name in ("release", "area", "target_month", "published")))
    beside = select(*scores, _MODELS.c.model, mean(_MODELS.c.wis).label("score"), *shares(_MODELS))
    models = newest(beside, **asked).where(cell).group_by(*keys, _MODELS.c.model)
    with reading(engine) as connection:
        served = [
            LiveScore(**{"month": None, "model": SERVED, "score": row.served, **row._mapping})
            for row in connection.execute(own)
        ]
        others = [LiveScore(**{"month": None, **row._mapping}) for row in connection.execute(models)]
    floors = [
        replace(one, model=FLOOR, score=one.floor, coverage_50=None, coverage_80=None, coverage_95=None)
        for one in served
    ]
    return sorted([*served, *floors, *others], key=lambda one: (one.panel, str(one.month or ""), one.score, one.model))
