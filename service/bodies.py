"""The parts of answers about releases, and how JSON, CSV and figures are written; `responses` declares the shapes. Reads no clock.

Per-month figures are whole numbers, per-day figures have one decimal. Rounding is monotone, so the ends of intervals keep their order.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from forecast.core.areas import Area
from forecast.core.errors import LevelsError
from forecast.core.months import Month
from forecast.release.read import Release
from service.ask import Unit

__all__ = [
    "UNITS",
    "area_entry",
    "head",
    "instant",
    "is_stale",
    "level_places",
    "line",
    "render",
    "scaled",
    "table",
]

UNITS: dict[Unit, str] = {"month": "encounters per month", "day": "encounters per day"}

# A spreadsheet takes text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(document: Any) -> bytes:
    """JSON without blanks, in UTF-8. NaN is a fault, never a value."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """CSV (RFC 4180) in UTF-8: one header, one line per row, empty where unknown. Text that a spreadsheet would run gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in row] for row in rows)
    return out.getvalue().encode()


def line(cells: Sequence[Any]) -> bytes:
    """One row of such a table, without the end of the line."""
    return table((), [cells]).split(b"\r\n", 1)[1].removesuffix(b"\r\n")


def instant(moment: datetime) -> str:
    """A moment in UTC, to the second: `2024-12-20T06:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_stale(release: Release, today: date) -> bool:
    """Whether newer counts should be out by `today`, and are not in."""
    return today > release.manifest.stale_after


def head(release: Release) -> dict[str, Any]:
    """What a reader must know of a release before its figures; the same for ever."""
    manifest = release.manifest
    return {
        "id": release.id,
        "panel": manifest.panel,
        "issued_at": instant(manifest.issued_at),
        "as_of": str(manifest.as_of),
        "data_through": str(manifest.origin),
        "stale_after": str(manifest.stale_after),
        "model": "recipe",
        "recipe": manifest.recipe,
        "run_id": manifest.run_id,
        "hindcast": manifest.hindcast,
        "notes": list(manifest.notes),
        "confidence": manifest.scores.get("confidence", []),
    }


def level_places(levels: Sequence[float], coverage: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Coverage in per cent -> places of its lower and upper level. Raises LevelsError where one is not stored."""
    place = {round(level * 1000): at for at, level in enumerate(levels)}
    found = {}
    for per_cent in coverage:
        lower = (100 - per_cent) * 5
        if lower not in place or 1000 - lower not in place:
            raise LevelsError(f"The release does not store the ends of the {per_cent} % interval; its levels are {list(levels)}.")
        found[per_cent] = (place[lower], place[1000 - lower])
    return found


def scaled(value: float, month: Month, unit: Unit) -> float:
    """Encounters per month, rounded: whole per month, or the mean per day of that month with one decimal."""
    return round(value) if unit == "month" else round(value / month.days, 1)


def area_entry(one: Area, *, forecast: bool) -> dict[str, Any]:
    """An area as the API shows it."""
    return {
        "slug": one.slug,
        "name": one.name,
        "kind": one.kind,
        "panel": one.panel,
        "series": one.series,
        "parents": list(one.parents),
        "closed": None if one.closed is None else str(one.closed),
        "forecast": forecast,
    }
