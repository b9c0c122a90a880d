"""Chances of thresholds as the bytes of an answer, from joint draws, with which numpy comes. Reads no clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from forecast.release import read, shapes
from forecast.release.intervals import Unit, in_words
from forecast.release.read import AreaForecast, JointDraws, Release
from forecast.release.shapes import Chosen
from service import bodies
from service.releases import ReleaseCache

if TYPE_CHECKING:
    from forecast.core.tables import Floats
    from forecast.planning.chance import Chance

__all__ = ["COLUMNS", "WITHIN", "Thresholds", "areas", "in_csv", "in_json"]

# Months after the last observed one within which a change is asked about.
WITHIN = 3
COLUMNS = (
    *("panel", "release", "data_through", "stale_after", "stale", "area", "name", "kind", "question", "threshold"),
    *("percent", "month", "horizon", "lead", "unit", "probability", "bound", "draws", "note"),
)
_PER_DAY = (
    "A threshold per day is compared with the month's mean per day. The busiest day of a month is higher, and another "
    "question."
)


@dataclass(frozen=True)
class Thresholds:
    """What is asked of each area: `thresholds` in encounters per `unit`, `changes` in per cent, `horizon` months."""

    thresholds: tuple[float, ...]
    changes: tuple[float, ...]
    unit: Unit
    horizon: int | None

    @property
    def note(self) -> str | None:
        """What one per day is compared with, and that a list may have been meant as one number; None for neither."""
        notes = [_PER_DAY] if self.unit == "day" else []
        first, *others = self.thresholds
        if others and first in range(1, 100) and all(one in range(100, 1000) for one in others):
            number = "".join(map(str, self.thresholds))
            notes.append(
                f"These are {len(others) + 1} thresholds. If one was meant, write it without commas: {number}."
            )
        return " ".join(notes) or None


def in_json(chosen: Chosen, asked: Thresholds, at_hand: ReleaseCache, today: date) -> Iterator[bytes]:
    """The answer piece by piece, an area each. Raises StoreError."""
    releases = {release.manifest.panel: release for release, _ in chosen}
    head = {
        "releases": {panel: bodies.served_head(release, today) for panel, release in releases.items()},
        "unit": " or ".join(dict.fromkeys(in_words(release.panel, asked.unit) for release in releases.values())),
        "note": asked.note,
    }
    before = bodies.render(head)[:-1] + b',"exceedance":['
    for entry in areas(chosen, asked, at_hand):
        yield before + bodies.render(entry)
        before = b","
    yield b"]}"


def in_csv(chosen: Chosen, asked: Thresholds, at_hand: ReleaseCache, today: date) -> Iterator[bytes]:
    """The same as a table: a row for each chance, one piece per area after the header. Raises StoreError."""
    yield shapes.csv_table(COLUMNS, [])
    for (release, _), entry in zip(chosen, areas(chosen, asked, at_hand), strict=True):
        rows = _rows(entry, release, in_words(release.panel, asked.unit), today)
        yield shapes.csv_rows([(*row, asked.note) for row in rows])


def areas(chosen: Chosen, asked: Thresholds, at_hand: ReleaseCache) -> Iterator[dict[str, Any]]:
    """What is answered about each area in turn, as the JSON has it. Raises StoreError."""
    seen = _last_observed(chosen, at_hand.engine)
    for release, forecast in chosen:
        yield _area(release, forecast, asked, seen, at_hand.joint_draws(release))


def _rows(entry: dict[str, Any], release: Release, unit: str, today: date) -> Iterator[tuple[Any, ...]]:
    manifest, count = release.manifest, entry["draws"]
    stale = json.dumps(bodies.is_stale(release, today))
    head: tuple[Any, ...] = (manifest.panel, release.id, str(manifest.origin), str(manifest.stale_after), stale)
    head = (*head, *(entry[name] for name in ("area", "name", "kind")))
    for one in entry["thresholds"]:
        for month in one["months"]:
            when = (one["threshold"], None, month["month"], month["horizon"], month["lead"], unit)
            yield (*head, "above", *when, month["probability"], month["bound"], count)
            yield (*head, "first", *when, month["first"]["probability"], month["first"]["bound"], count)
        for question in ("any", "never"):
            chance = one[question]
            when = (one["threshold"], None, None, None, None, unit)
            yield (*head, question, *when, chance["probability"], chance["bound"], count)
    for one in entry["change"]["chances"] if entry["change"] else ():
        when = (None, one["percent"], None, None, None, unit)
        yield (*head, "change", *when, one["probability"], one["bound"], count)


def _last_observed(chosen: Chosen, engine: Engine) -> dict[str, int]:
    """Slug -> the count of the last observed month, as it was public at the release's as-of day."""
    counts: dict[str, int] = {}
    for release in {release.id: release for release, _ in chosen}.values():
        slugs = [forecast.slug for of, forecast in chosen if of.id == release.id]
        month = release.manifest.origin
        known = read.observations(engine, slugs, first=month, last=month, as_of=release.manifest.as_of)
        counts |= {row.area: row.count for row in known}
    return counts


def _area(
    release: Release, forecast: AreaForecast, asked: Thresholds, seen: Mapping[str, int], draws: JointDraws
) -> dict[str, Any]:
    """All that is answered about one area."""
    from forecast.planning.exceedance import exceedance, limits

    one, months = release.panel.area(forecast.slug), forecast.months[: asked.horizon]
    values = draws.paths([one.slug]).values[0]
    answers = []
    for threshold in asked.thresholds:
        limit = limits(threshold, months, asked.unit)
        exceeded = exceedance(values[: len(months)], limit)
        answers.append(
            {
                "threshold": threshold,
                "months": [
                    {"month": str(month), "horizon": at + 1, "lead": release.lead(month)}
                    | _chance(exceeded.above[at])
                    | {"first": _chance(exceeded.first[at])}
                    for at, month in enumerate(months)
                ],
                "any": _chance(exceeded.any),
                "never": _chance(exceeded.never),
            }
        )
    return {
        **bodies.area_head(release, forecast),
        "draws": draws.draws,
        "thresholds": answers,
        "change": _change(release, forecast, asked, seen.get(one.slug, 0), values[:WITHIN]),
    }


def _change(
    release: Release, forecast: AreaForecast, asked: Thresholds, count: int, values: Floats
) -> dict[str, Any] | None:
    """Changes against `count`, that of the last observed month; None where it is not known, or 0."""
    from forecast.planning.exceedance import change, change_limits

    if count == 0:
        return None
    seen, months = release.manifest.origin, forecast.months[: len(values)]
    chances = []
    for percent in asked.changes:
        limit = change_limits(count, percent, seen=seen, months=months, unit=asked.unit)
        chances.append({"percent": percent} | _chance(change(values, limit, up=percent > 0)))
    return {"since": str(seen), "count": count, "months": [str(month) for month in months], "chances": chances}


def _chance(chance: Chance) -> dict[str, Any]:
    probability = chance.probability
    return {"probability": None if probability is None else round(probability, 4), "bound": chance.bound}
