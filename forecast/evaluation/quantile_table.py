"""Forecasts as the quantile table that leaves the project:
one row per model, series, origin, month and level. Scores nothing; `outside` reads such tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.core.errors import TableError, one_line
from forecast.core.files import whole
from forecast.core.panels import Panel
from forecast.core.tables import Forecasts

__all__ = ["COLUMNS", "SUFFIXES", "rows", "write", "write_parts"]

# What a table may be written as; the ending of the file's name says which.
SUFFIXES = (".parquet", ".csv")
COLUMNS = ("model", "series", "origin", "target_month", "horizon", "level", "value")


def rows(forecasts: Iterable[Forecasts], panel: Panel, names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The columns of COLUMNS; `value` in encounters per month, >= 0, nondecreasing in `level`;
    months as the first of the month.

    `panel`: of which they are; `names`: model -> what the table calls it; others keep their name.
    """
    parts = [_rows(table, panel, (names or {}).get(table.model, table.model)) for table in forecasts]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _rows(table: Forecasts, panel: Panel, model: str) -> pd.DataFrame:
    areas, horizons, levels = table.values.shape
    months = np.array([month.first_day for month in table.months], dtype="datetime64[us]")
    return pd.DataFrame(
        {
            "model": model,
            "series": np.repeat(
                np.array([panel.area(slug).series for slug in table.areas], dtype=object), horizons * levels
            ),
            "origin": np.datetime64(table.origin.first_day, "us"),
            "target_month": np.tile(np.repeat(months, levels), areas),
            "horizon": np.tile(np.repeat(np.arange(1, horizons + 1), levels), areas),
            "level": np.tile(np.array(table.levels), areas * horizons),
            "value": table.values.ravel(),
        }
    )


def write(path: Path, table: pd.DataFrame) -> None:
    """CSV at a `path` that ends so, otherwise Parquet;
    whole or not at all. Raises TableError where it cannot be written.
    """
    write_parts(path, [table])


def write_parts(path: Path, tables: Iterable[pd.DataFrame]) -> None:
    """`write` of the rows of tables with the same columns and at least one of them, each written as soon as it is made:
    of Parquet a group of rows each.
    """
    try:
        with whole(path, lasting=True) as beside:
            (_write_csv if path.suffix.lower() == ".csv" else _write_parquet)(beside, tables)
    except OSError as error:
        why = error.strerror or one_line(error)
        raise TableError(
            f"{path} cannot be written ({why}). Give a file in a folder that exists and has space."
        ) from error


def _write_csv(path: Path, tables: Iterable[pd.DataFrame]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for place, table in enumerate(tables):
            table.to_csv(file, index=False, header=place == 0)


def _write_parquet(path: Path, tables: Iterable[pd.DataFrame]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for table in tables:
            rows = pa.Table.from_pandas(table, preserve_index=False, schema=writer and writer.schema)
            writer = writer or stack.enter_context(pq.ParquetWriter(path, rows.schema))
            writer.write_table(rows)
