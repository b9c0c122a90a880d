"""What was said of an area before, against what came: earlier releases in a chart and in words, and how often intervals
held since.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from forecast.core.errors import StoreError, one_line
from forecast.core.months import SEASON
from forecast.release import read
from forecast.release.hindsight import Held, PastForecast, held, past_forecasts
from forecast.release.intervals import level_places
from forecast.release.replays import Replayed, replayed
from forecast.release.replays import held as held_by
from service.context import Context
from service.dashboard.choices import Choices
from service.dashboard.fan import hedgehog
from service.dashboard.figures import Figures
from service.dashboard.words import day, months

__all__ = ["past"]

log = logging.getLogger(__name__)

# About 1, 3, 6 and 12 months before the counts behind the newest release: the windows, in months, from which earlier
# ones are taken. Each begins where it is wanted; of each the nearest is shown.
_BACK = ((1, 2), (3, 5), (6, 11), (12, 24))
_REPLAYED = (
    "what this method would have said then. It was not issued at the time: it was worked out when the newest forecast "
    "was made, from the counts up to then as they stand today, unless another day is named; and people who knew the "
    "months that followed have settled the method."
)


def past(here: Context, own: Figures, choices: Choices) -> tuple[dict[str, Any] | None, bool]:
    """What the page shows of it, and whether the store could be read. `own` and what was said are drawn in one unit."""
    if own.release is None:
        return None, True
    origin = own.release.manifest.origin
    try:
        engine = here.release_cache.engine
        windows = [(origin + -furthest, origin + -nearest) for nearest, furthest in _BACK]
        answers = past_forecasts(engine, own.panel.id, own.area.slug, windows)
        record = held(engine, own.area.slug, first=origin + -SEASON)
        replays = replayed(engine, [own.release.id], [own.area.slug])
        counted = read.observations(engine, [own.area.slug], first=origin + -SEASON + 1, last=origin)
    except (StoreError, SQLAlchemyError) as error:
        log.warning("Earlier releases of %s cannot be read: %s", own.area.slug, one_line(error)[:500])
        return None, False
    answers = [
        answer or next((_as_past(one) for one in replays if first <= one.origin <= last), None)
        for answer, (first, last) in zip(answers, windows, strict=True)
    ]
    known = [(origin - one.origin, _scaled(one, own)) for one in answers if one is not None]
    missing = [back for (back, _), one in zip(_BACK, answers, strict=True) if one is None]
    counts = dict(own.counts)
    shown = [one for _, one in known]
    would = _would_have_held(held_by(replays, counted, through=origin)) if record.n < SEASON else ""
    return {
        "record": record,
        "would_have_held": would,
        "explained": bool(would) and not any(one.replayed for one in shown),  # else the chart says it
        "picture": hedgehog(own, shown, [back for back, _ in known], choices) if known else "",
        "replays": _which_are_replays(shown),
        "known": [(back, one, [(row, counts[row[0]]) for row in one.rows if row[0] in counts]) for back, one in known],
        "missing": [str(back) for back in missing],
        "kind": _kind,
        "held_of": lambda came: sum(low <= count <= high for (_, _, low, high), count in came),
        "REPLAYED": _REPLAYED,
    }, True


def _as_past(one: Replayed) -> PastForecast:
    """A replay as it is drawn beside what was issued."""
    (middle, _), (low, high) = level_places(one.levels, (0, 80))
    rows = tuple(
        (month, row[middle], row[low], row[high]) for month, row in zip(one.months, one.quantiles, strict=True)
    )
    return PastForecast(one.release, one.origin, None, False, rows, one.as_of)


def _which_are_replays(shown: Sequence[PastForecast]) -> str:
    """Which of those that are shown were not issued; empty where all were."""
    if not any(one.replayed for one in shown):
        return ""
    return "All of them are" if all(one.replayed for one in shown) else "Those marked “replayed” are"


def _would_have_held(record: Held) -> str:
    """How often the intervals of replays would have held the counts of the last year."""
    if not record.n:
        return ""
    return (
        "Replayed, as if this method had been asked 1, 3, 6 and 12 months before the newest counts: of the last "
        f"{record.n} {months(record.n)}, {record.inside_80} would have come inside the last 80 % interval before it "
        f"(8 in 10 is what it should be), {record.inside_50} inside the 50 % and {record.inside_95} inside the 95 % "
        "interval."
    )


def _kind(one: PastForecast) -> str:
    """Whether it was issued, and on what it rests where it was not."""
    if one.issued_at is None:
        return f"replayed from what was public on {day(one.as_of)}" if one.as_of else "replayed"
    return "a hindcast, made later from what was public then" if one.hindcast else f"issued {day(one.issued_at.date())}"


def _scaled(one: PastForecast, own: Figures) -> PastForecast:
    if own.unit == "month":
        return one
    rows = tuple((row[0], *(value / row[0].days for value in row[1:])) for row in one.rows)
    return replace(one, rows=rows)  # type: ignore[arg-type]
