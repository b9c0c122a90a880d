"""The forecasts of compared models that were issued with a release: packed into its rows, and read again.

They are issued to be scored later beside what serves, and are no part of the release's checksum. Loads numpy when it
is asked, and only then.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, select

from forecast.release import schema
from forecast.release.rows import intact
from forecast.release.store import reading

if TYPE_CHECKING:
    from forecast.core.tables import Floats, Forecasts

__all__ = ["IssuedModel", "load", "rows"]

_COMPRESSION = 6


@dataclass(frozen=True)
class IssuedModel:
    """A model's quantiles in a release: `values` (areas, horizons, levels), encounters per month, to seven digits."""

    model: str
    areas: tuple[str, ...]
    levels: tuple[float, ...]
    values: Floats


def rows(release_id: str, models: Iterable[Forecasts]) -> list[dict[str, Any]]:
    """The rows of `release_model` that hold some models' forecasts."""
    return [
        {
            "release": release_id,
            "model": table.model,
            "areas": json.dumps(table.areas),
            "levels": json.dumps(table.levels),
            "horizon": table.horizon,
            "quantiles": zlib.compress(table.values.astype("<f4").tobytes(), _COMPRESSION),
        }
        for table in models
    ]


def load(engine: Engine, release_id: str, *, only: str | None = None) -> tuple[IssuedModel, ...]:
    """The models of a release by name, or `only` one; none for releases of before they were kept. Raises StoreError."""
    import numpy as np

    table = schema.release_model
    query = select(table).where(table.c.release == release_id).order_by(table.c.model)
    if only is not None:
        query = query.where(table.c.model == only)
    models = []
    with reading(engine) as connection:
        for row in connection.execute(query):
            areas, levels = tuple(json.loads(row.areas)), tuple(json.loads(row.levels))
            with intact(f"The forecast of {row.model} in {release_id}"):
                values = np.frombuffer(zlib.decompress(row.quantiles), "<f4").astype(float)
                values = values.reshape(len(areas), row.horizon, len(levels))
            models.append(IssuedModel(row.model, areas, levels, values))
    return tuple(sorted(models, key=lambda one: one.model))
