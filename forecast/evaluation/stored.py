"""Keeps a panel's last backtest: its scores in one file, with what they were made from, and its quantiles in another.
Computes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecast.core.errors import TableError
from forecast.core.files import whole
from forecast.core.months import Month
from forecast.core.tables import Forecasts

__all__ = ["About", "FitTimes", "forecasts", "keep", "load", "place", "place_of_record"]

_KEY = b"encounters"
# The columns of stored forecasts beside a level's each.
_NAMES = ("model", "origin", "area", "mean")
# Rows of scores that are written at a time.
_ROWS = 200_000


@dataclass(frozen=True)
class FitTimes:
    """What the fits of one model took when they were made: `median` and `slowest` seconds; `stood_in`: how many the
    floor stood in for.
    """

    model: str
    fits: int
    total: float
    median: float
    slowest: float
    stood_in: int


@dataclass(frozen=True)
class About:
    """What a backtest was: `origins` as 2019-05, in order;
    `recipe`: the name of the one that serves; `floor`: of the one to beat.

    `data_digest`, `recipe_digest`, `code_version`: from which the same scores can be made again. `made_at`: UTC, ISO
    8601. `command`: the command line that made it, empty where it was not kept. `kind`: a backtest, or the record that
    a retraining chooses by. `fit_times`: none where they were not kept.
    """

    panel: str
    recipe: str
    floor: str
    origins: tuple[str, ...]
    horizon: int
    data_through: str
    data_digest: str
    recipe_digest: str
    code_version: str
    made_at: str
    command: str = ""
    kind: str = "backtest"
    fit_times: tuple[FitTimes, ...] = ()


def place(home: Path, panel: str) -> Path:
    """Where the last backtest of a panel is kept under a home."""
    return home / "backtests" / f"{panel}.parquet"


def place_of_record(cache: Path, panel: str) -> Path:
    """Where the record that the last retraining of a panel chose by is kept; the next one makes it again."""
    return cache / "records" / f"{panel}.parquet"


def keep(path: Path, *, scores: pd.DataFrame, about: About, forecasts: Iterable[Forecasts] = ()) -> None:
    """Replace the stored scores, and the forecasts behind them, each whole or not at all.
    Raises TableError where the folder cannot be written, or a table has other levels than the first.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(_beside(path), _laid_out(forecasts), about)  # first: scores never stand beside quantiles of older ones
        _write(path, (scores[at : at + _ROWS] for at in range(0, max(len(scores), 1), _ROWS)), about)
    except OSError as error:
        raise TableError(f"{path} cannot be written ({error.strerror}). Check free space and permissions.") from error


def _write(path: Path, frames: Iterable[pd.DataFrame], about: About) -> None:
    """Some rows at a time: a record of thousands of series has a million, which must not be held twice."""
    tables = (pa.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    first = next(tables)
    schema = first.schema.with_metadata({**(first.schema.metadata or {}), _KEY: json.dumps(asdict(about)).encode()})
    with whole(path, lasting=True) as beside, pq.ParquetWriter(beside, schema, compression="zstd") as file:
        for table in chain([first], tables):
            file.write_table(table.cast(schema))


def load(path: Path) -> tuple[pd.DataFrame, About] | None:
    """The stored scores and what they were made from, or None where there are none.
    Raises TableError for a damaged file.
    """
    return _read(path)


def forecasts(path: Path, about: About) -> tuple[Forecasts, ...]:
    """The forecasts behind stored scores, those of `about`;
    none where they were not kept. Raises TableError for a damaged file.
    """
    kept = _read(_beside(path))
    if kept is None or kept[1] != about:
        return ()
    frame = kept[0]
    levels = tuple(float(name) for name in frame.columns if name not in _NAMES)
    return tuple(
        _table(str(model), Month.parse(str(origin)), part, levels)
        for (model, origin), part in frame.groupby(["model", "origin"], sort=False)
    )


def _beside(path: Path) -> Path:
    return path.with_suffix(".quantiles.parquet")


def _laid_out(forecasts: Iterable[Forecasts]) -> Iterator[pd.DataFrame]:
    """A row per model, origin, area and horizon, a column per level of the first table: so many tables at a time that
    they have _ROWS rows; an empty frame of none.
    """
    parts: list[pd.DataFrame] = []
    levels: tuple[float, ...] | None = None
    for table in forecasts:
        levels = levels or table.levels
        if table.levels != levels:
            raise TableError(f"{table.model} has other quantiles than the forecasts before it. Store it by itself.")
        if sum(map(len, parts)) >= _ROWS:
            yield pd.concat(parts, ignore_index=True)
            parts = []
        areas, horizons, _ = table.values.shape
        rows = pd.DataFrame(
            table.values.reshape(areas * horizons, -1), columns=[f"{level:g}" for level in table.levels]
        )
        slugs = np.repeat(np.array(table.areas, dtype=object), horizons)
        parts.append(rows.assign(model=table.model, origin=str(table.origin), area=slugs, mean=table.mean.ravel()))
    yield pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_NAMES))


def _table(model: str, origin: Month, part: pd.DataFrame, levels: tuple[float, ...]) -> Forecasts:
    areas = tuple(dict.fromkeys(part["area"].astype(str)))
    values = part[[f"{level:g}" for level in levels]].to_numpy(float).reshape(len(areas), -1, len(levels))
    return Forecasts(model, origin, areas, values, part["mean"].to_numpy(float).reshape(len(areas), -1), levels)


def _read(path: Path) -> tuple[pd.DataFrame, About] | None:
    try:
        table = pq.read_table(path)
        about: dict[str, Any] = json.loads((table.schema.metadata or {})[_KEY])
        times = tuple(FitTimes(**row) for row in about.get("fit_times", ()))
        return table.to_pandas(), About(**{**about, "origins": tuple(about["origins"]), "fit_times": times})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TableError(
            f"{path} is damaged ({type(error).__name__}). Delete it and run: encounters backtest."
        ) from error
