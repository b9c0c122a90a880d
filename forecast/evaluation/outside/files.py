"""Reads the rows of quantile tables and of hubs' model output, as CSV or Parquet. Knows no panel and scores nothing."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.core.errors import TableError, one_line
from forecast.core.months import Month
from forecast.core.tables import Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUFFIXES", "called", "load"]

SUFFIXES = (".parquet", ".csv", ".csv.gz")
# A hub's columns and what this project calls them. Source: hubverse, "Model output".
_HUB = {
    "origin_date": "origin",
    "location": "series",
    "target_end_date": "target_month",
    "output_type_id": "level",
    "model_id": "model",
}
# What a compressed file raises that was cut or altered.
_BROKEN = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
_REQUIRED = ("series", "origin", "level", "value")
_FIRST, _LAST = Month.of(1, 1), Month.of(9999, 12)
_SHAPES = (
    "A quantile table has the columns model, series, origin, target_month, horizon, level, value; a hub's model "
    "output origin_date, horizon, location, target_end_date, output_type, output_type_id, value."
)


def load(path: Path) -> pd.DataFrame:
    """The rows of a file, or of every file below a folder, with the columns `model`, `series` and `level`, `value`,
    `origin` and `target` (months as ordinals), and `file`; `panel` where the file has it.

    A table without names of models is called after its file, a hub's file without the date that its name begins with.
    Raises TableError for what is no such table, in one line.
    """
    import pandas as pd

    files = sorted(file for file in path.rglob("*") if _is_table(file)) if path.is_dir() else [path]
    if not files:
        raise TableError(
            f"{path} has no {' or '.join(SUFFIXES)} file below it. Give a quantile table or a hub's folder."
        )
    return pd.concat([_rows(file) for file in files], ignore_index=True)


def _is_table(file: Path) -> bool:
    return file.is_file() and file.name.lower().endswith(SUFFIXES)


def _rows(file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        raw = pd.read_parquet(file) if file.suffix.lower() == ".parquet" else pd.read_csv(file, low_memory=False)
    except FileNotFoundError:
        raise TableError(f"{file} is not there. Give a quantile table, or a hub's model output.") from None
    except (OSError, ValueError, UnicodeError, *_BROKEN) as error:
        why = one_line(error)[:120]
        raise TableError(f"{file} cannot be read as Parquet or CSV ({why}). {_SHAPES}") from error
    if "output_type" in raw:
        raw = raw[raw["output_type"].astype(str) == "quantile"]
    table = raw.rename(columns={hub: own for hub, own in _HUB.items() if hub in raw and own not in raw})
    if absent := [name for name in _REQUIRED if name not in table]:
        raise TableError(f"{file} has no column {absent[0]!r}. {_SHAPES}")
    if table.empty:
        raise TableError(f"{file} holds no quantile. {_SHAPES}")
    if "target_month" not in table and "horizon" not in table:
        raise TableError(f"{file} says of no row which month it forecasts. {_SHAPES}")
    origin = _months(file, table, "origin")
    ahead = _numbers(file, table, "horizon") if "horizon" in table else None
    target = _months(file, table, "target_month") if "target_month" in table else _targets(file, origin, ahead)
    model = table["model"].astype(str) if "model" in table else pd.Series(called(file), index=table.index)
    made = pd.DataFrame(
        {
            "model": model.to_numpy(dtype=object),
            "series": table["series"].astype(str).str.strip().to_numpy(dtype=object),
            "origin": origin,
            "target": target.astype(np.int64),
            "level": _numbers(file, table, "level").round(4),
            "value": _numbers(file, table, "value"),
            "file": str(file),
        }
    )
    for column in ("panel", "target"):  # a hub's `target` says what is counted
        if column in table:
            made["panel" if column == "panel" else "counted"] = table[column].astype(str).to_numpy(dtype=object)
    _in_time(file, made, ahead, _months(file, table, "data_through") if "data_through" in table else None)
    return made


def called(file: Path) -> str:
    """What a file's forecasts are called where no column says so."""
    name = file.name.lower()
    stem = file.name[: -len(next(end for end in (*SUFFIXES, file.suffix.lower() or name) if name.endswith(end)))]
    return re.sub(r"^\d{4}-\d{2}-\d{2}-", "", stem) or file.name


def _months(file: Path, table: pd.DataFrame, column: str) -> Ints:
    """Months of a column as ordinals; any day of a month stands for it."""
    import pandas as pd

    values = table[column]
    if values.dtype.kind in "iuf":
        raise TableError(f"{file}: {column} holds numbers. Write months as 2024-11-01.")
    codes, texts = pd.factorize(values.astype(object))
    ordinals = np.full(len(texts) + 1, -1, dtype=np.int64)  # the last place is for what is empty
    for place, text in enumerate(texts):
        day = pd.to_datetime(str(text), format="ISO8601", errors="coerce")
        if pd.isna(day):
            raise TableError(f"{file}: {str(text)[:40]!r} in {column} is no month. Write months as 2024-11-01.")
        ordinals[place] = Month.of(day.year, day.month).ordinal
    months: Ints = ordinals[codes]
    if (months < 0).any():
        raise TableError(f"{file}: a row has no {column}. Give each row its month.")
    return months


def _targets(file: Path, origin: Ints, ahead: Any) -> Floats:
    """The months so far ahead of the origins, as ordinals."""
    targets: Floats = origin + np.asarray(ahead)
    beyond = ~((targets >= _FIRST.ordinal) & (targets <= _LAST.ordinal))
    if beyond.any():
        raise TableError(f"{file}: no month is {ahead[beyond][0]:g} months after an origin. Write horizon as 1, 2, 3.")
    return targets


def _numbers(file: Path, table: pd.DataFrame, column: str) -> Floats:
    import pandas as pd

    values: Floats = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
    if not np.isfinite(values).all():
        strange = str(table[column].iloc[int(np.flatnonzero(~np.isfinite(values))[0])])[:40]
        raise TableError(f"{file}: {strange!r} in {column} is no finite number. Correct the row.")
    return values


def _in_time(file: Path, made: pd.DataFrame, ahead: Any, through: Any) -> None:
    """Refuse rows whose target is not after their origin, and tables that say of themselves that they saw more."""
    steps = (made["target"] - made["origin"]).to_numpy()
    if (steps < 1).any():
        row = made[steps < 1].iloc[0]
        raise TableError(
            f"{file}: {row['model']} forecasts {Month(row['target'])} of {row['series']} from {Month(row['origin'])}, "
            "which had seen it. The origin is the last month whose counts went in; forecasts begin after it."
        )
    if ahead is not None and (ahead != steps).any():
        place = int(np.flatnonzero(ahead != steps)[0])
        row = made.iloc[place]
        raise TableError(
            f"{file}: {Month(row['target'])} is {steps[place]} months after the origin {Month(row['origin'])}, not "
            f"{ahead[place]:g}. The origin is the last month whose counts went in."
        )
    if through is not None and (through > made["origin"]).any():
        place = int(np.flatnonzero(through > made["origin"].to_numpy())[0])
        raise TableError(
            f"{file}: a forecast from {Month(int(made['origin'].iloc[place]))} says that it saw counts through "
            f"{Month(int(through[place]))}. Score each forecast from the last month that it saw."
        )
