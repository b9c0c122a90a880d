"""Tables as Parquet files, from plain cells: pyarrow is loaded when one is written, and only then.

Its arrays are made of buffers here, since `pyarrow.array` loads pandas to look whether a list is one of its columns.
"""

from __future__ import annotations

import importlib.util
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Any

from forecast.core.months import Month

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COLUMN", "is_installed", "is_loaded", "written"]

# What is a column of a piece, and not the one cell of all its rows.
COLUMN = (list, tuple, range)
# Rows that are held before they are written, and how few make a file that is written plainly: there dictionaries,
# statistics, compression and the schema a second time would take longer than they save.
_GROUP, _FEW = 16_384, 1_000
_PLAIN = {"use_dictionary": False, "write_statistics": False, "compression": "NONE", "store_schema": False}


def is_installed() -> bool:
    """Whether the library of Parquet is installed; loads nothing."""
    return importlib.util.find_spec("pyarrow") is not None


def is_loaded() -> bool:
    """Whether a file has been written since the start, so that the next one need not wait for the library."""
    return "pyarrow.parquet" in sys.modules


def written(types: Mapping[str, str], pieces: Iterable[Sequence[Any]]) -> bytes:
    """Pieces of a table, as `shapes.Table` has them, as a file; the same cells give the same bytes.

    `types`: column -> Arrow type. Needs little more memory than the file.
    """
    import pyarrow as pa
    from pyarrow import parquet as pq

    schema = _schema(tuple(types.items()))
    sink, groups = pa.BufferOutputStream(), _groups(schema, list(types.values()), iter(pieces))
    group = next(groups)
    with pq.ParquetWriter(sink, schema, **_PLAIN if group.num_rows <= _FEW else {}) as writer:
        writer.write_table(group)
        for group in groups:
            writer.write_table(group)
    content: bytes = sink.getvalue().to_pybytes()
    return content


@lru_cache(maxsize=2048)  # the columns of a thousand choices of intervals
def _schema(types: tuple[tuple[str, str], ...]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(name, pa.type_for_alias(kind)) for name, kind in types])


def _groups(schema: pa.Schema, kinds: Sequence[str], pieces: Iterator[Sequence[Any]]) -> Iterator[pa.Table]:
    """Pieces together, _GROUP rows or a few more; one group without a row where there is no piece."""
    import pyarrow as pa

    any_yet = False
    while (columns := _together(kinds, pieces))[0] or not any_yet:
        arrays = [_array(kind, cells, own) for kind, cells, own in zip(kinds, columns, schema.types, strict=True)]
        yield pa.Table.from_arrays(arrays, schema=schema)
        any_yet = True


def _together(kinds: Sequence[str], pieces: Iterator[Sequence[Any]]) -> list[list[Any]]:
    """The columns of the next pieces, as Parquet has their cells; None where unknown."""
    columns: list[list[Any]] = [[] for _ in kinds]
    for piece in pieces:
        length = next(len(cell) for cell in piece if isinstance(cell, COLUMN))
        for kind, column, cell in zip(kinds, columns, piece, strict=True):
            plain = _AS.get(kind)
            if isinstance(cell, COLUMN):
                column.extend(map(plain, cell) if plain else cell)
            else:
                column.extend(repeat(plain(cell) if plain and cell is not None else cell, length))
        if len(columns[0]) >= _GROUP:
            break
    return columns


@lru_cache(maxsize=4096)
def _microseconds(begins: Month | date | str) -> int:
    """When a day or a month begins, from 1970."""
    return int(datetime.fromisoformat(f"{begins}-01"[:10]).replace(tzinfo=UTC).timestamp()) * 1_000_000


def _days(day: date) -> int:
    """From 1970."""
    return day.toordinal() - _EPOCH


_EPOCH = date(1970, 1, 1).toordinal()
_AS: dict[str, Callable[[Any], Any]] = {"string": str.encode, "timestamp[us]": _microseconds, "date32": _days}
# How the numbers of a type lie in memory, as `array` names it.
_NUMBERS = {"float64": "d", "int64": "q", "timestamp[us]": "q", "date32": "i"}


def _array(kind: str, cells: list[Any], own: pa.DataType) -> pa.Array:
    """The cells of a column as Arrow lays them out. Source: Apache Arrow, "Columnar format": validity, then values; of
    text the offsets and then the bytes; bits with the first one lowest.
    """
    from pyarrow import Array, py_buffer

    length, valid = len(cells), None
    if None in cells:
        valid = py_buffer(_bits([cell is not None for cell in cells]))
        cells = [(b"" if kind == "string" else 0) if cell is None else cell for cell in cells]
    if kind == "string":
        buffers = [array("i", accumulate(map(len, cells), initial=0)), b"".join(cells)]
    else:
        buffers = [_bits(cells) if kind == "bool" else array(_NUMBERS[kind], cells)]
    return Array.from_buffers(own, length, [valid, *map(py_buffer, buffers)])


def _bits(flags: Sequence[bool]) -> bytes:
    text = "".join(["1" if flag else "0" for flag in reversed(flags)])
    return int(text or "0", 2).to_bytes((len(flags) + 7) // 8, "little")
