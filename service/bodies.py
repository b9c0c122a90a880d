"""Builds the answers about releases as finished bytes, JSON and CSV; their shapes are declared in `responses`. Reads no clock.

Per-month figures are whole numbers, per-day figures have one decimal. Rounding is monotone, so the ends of intervals keep their order.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from forecast.core.areas import Area, area
from forecast.core.errors import LevelsError
from forecast.core.months import Month
from forecast.release.read import AreaForecast, Release
from service.ask import Ask, Unit

__all__ = [
    "UNITS",
    "Chosen",
    "area_entry",
    "forecasts_csv",
    "forecasts_json",
    "head",
    "instant",
    "is_stale",
    "level_places",
    "render",
    "scaled",
    "table",
]

UNITS: dict[Unit, str] = {"month": "encounters per month", "day": "encounters per day"}

# A spreadsheet takes text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Chosen = Sequence[tuple[Release, AreaForecast]]


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


def _months(
    release: Release, forecast: AreaForecast, ask: Ask
) -> Iterable[tuple[Month, int, float, float, list[tuple[int, float, float]]]]:
    """Per month: the month, its horizon, median, mean, and (coverage, lower, upper) per interval."""
    places = level_places(release.levels, ask.coverage)
    middle = level_places(release.levels, (0,))[0][0]
    for at, month in enumerate(forecast.months[: ask.horizon]):
        row = forecast.quantiles[at]
        ends = [
            (per_cent, scaled(row[low], month, ask.unit), scaled(row[high], month, ask.unit)) for per_cent, (low, high) in places.items()
        ]
        yield month, at + 1, scaled(row[middle], month, ask.unit), scaled(forecast.means[at], month, ask.unit), ends


def forecasts_json(chosen: Chosen, ask: Ask, *, today: date | None) -> bytes:
    """The forecasts of CONTRACT's shape. `today` marks stale releases; None for an answer that never changes."""
    releases = {}
    entries = []
    for release, forecast in chosen:
        panel = release.manifest.panel
        if panel not in releases:
            releases[panel] = head(release) | ({"stale": is_stale(release, today)} if today else {})
        one, issued = area(forecast.slug), release.month_of_issue
        months = [
            {
                "month": str(month),
                "horizon": horizon,
                "lead": month - issued,
                "median": median,
                "mean": mean,
                "intervals": [{"coverage": per_cent, "lower": lower, "upper": upper} for per_cent, lower, upper in ends],
            }
            for month, horizon, median, mean, ends in _months(release, forecast, ask)
        ]
        entries.append(
            {
                "area": one.slug,
                "name": one.name,
                "kind": one.kind,
                "panel": panel,
                "release": release.id,
                "origin": str(release.manifest.origin),
                "fallback": release.manifest.fallbacks.get(one.slug),
                "months": months,
            }
        )
    return render({"releases": releases, "unit": UNITS[ask.unit], "forecasts": entries})


def forecasts_csv(chosen: Chosen, ask: Ask, *, today: date | None) -> bytes:
    """The same as one row per area and month. Without `today` there is no column `stale`."""
    ends = [f"{end}_{per_cent}" for per_cent in ask.coverage for end in ("lower", "upper")]
    columns = ["panel", "release", "data_through", "stale_after", *(["stale"] if today else []), "area", "name", "kind"]
    columns += ["month", "horizon", "lead", "unit", "median", "mean", *ends, "fallback"]
    return table(columns, _forecast_rows(chosen, ask, today))


def _forecast_rows(chosen: Chosen, ask: Ask, today: date | None) -> Iterable[list[Any]]:
    for release, forecast in chosen:
        manifest, one = release.manifest, area(forecast.slug)
        before = [manifest.panel, release.id, str(manifest.origin), str(manifest.stale_after)]
        # `true` as JSON and pandas have it.
        before += [*([json.dumps(is_stale(release, today))] if today else []), one.slug, one.name, one.kind]
        for month, horizon, median, mean, ends in _months(release, forecast, ask):
            pairs = [end for _, lower, upper in ends for end in (lower, upper)]
            yield [
                *before,
                str(month),
                horizon,
                release.lead(month),
                UNITS[ask.unit],
                median,
                mean,
                *pairs,
                manifest.fallbacks.get(one.slug),
            ]


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
