"""The answer about beds as plain structures and as CSV: nights in use, chances of being full, beds to have.

`occupancy` is the month's average night, `busiest_night` its fullest; `beds_for` 90 are the beds with which in nine of
ten worlds no night of the month lacks one.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np

from forecast.core.tables import Floats
from forecast.planning.body import percent
from forecast.planning.capacity import BedsQuestion, Nights
from forecast.planning.chance import FEWEST
from forecast.planning.released import HALF_LIFE, published, released_shares, stale_since
from forecast.planning.spread import chance, quantiles

__all__ = ["COLUMNS", "SAFETY", "as_csv", "assumptions", "beds_answered", "shares_used"]

# Of occupancy, beside the median; and the safety that beds are given for, per cent.
_LEVELS = (75, 90, 95)
SAFETY = (80, 90, 95)

COLUMNS = (
    "month",
    *(f"{name}_{level}" for name in ("occupancy", "busiest_night") for level in ("median", *_LEVELS)),
    *("full", "first_full", "nights_full", "missing_beds", "missing_beds_when_full", "idle_beds"),
    *(f"beds_for_{safety}" for safety in SAFETY),
    *("area", "release", "data_through", "stale_after", "stale"),
)


def beds_answered(nights: Nights) -> dict[str, Any]:
    """`months`, `first_full` (the last entry, without a month: not in these months), `beds_for` all of the months."""
    months, draws = [], nights.need.shape[1]
    reached, first = np.zeros(draws, dtype=bool), []
    for month, (need, beds) in zip(nights.months, nights.by_month(), strict=True):
        busiest = need.max(axis=0)
        lacking = np.maximum(need - beds, 0)
        full = busiest > beds
        first.append({"month": str(month), **chance(int((full & ~reached).sum()), draws)})
        reached |= full
        hits = int(full.sum())
        when_full = round(float(lacking.max(axis=0)[full].mean())) if hits >= FEWEST else None
        months.append(
            {
                "month": str(month),
                "occupancy": _levels(need.mean(axis=0)),
                "busiest_night": _levels(busiest),
                "full": chance(hits, draws),
                "nights_full": round(float((need > beds).mean()), 4),
                "missing_beds": round(float(lacking.mean()), 1),
                "missing_beds_when_full": when_full,
                "idle_beds": round(float(np.maximum(beds - need, 0).mean()), 1),
                "beds_for": _safe(busiest),
            }
        )
    first.append({"month": None, **chance(int((~reached).sum()), draws)})
    return {"months": months, "first_full": first, "beds_for": _safe(nights.need.max(axis=0))}


def as_csv(answered: dict[str, Any]) -> str:
    """The months of an answer as a table: COLUMNS; a chance that is a bound stands as its words. Each row says of which
    area and release it is, so that it can be handed on alone.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    first = {entry["month"]: entry for entry in answered["first_full"]}
    (release,) = answered["releases"].values()
    made_of = (*(release[name] for name in ("id", "data_through", "stale_after")), str(release["stale"]).lower())
    for month in answered["months"]:
        writer.writerow(
            [
                month["month"],
                *(value for name in ("occupancy", "busiest_night") for value in month[name].values()),
                _chance(month["full"]),
                _chance(first[month["month"]]),
                *(month[name] for name in ("nights_full", "missing_beds", "missing_beds_when_full", "idle_beds")),
                *month["beds_for"].values(),
                answered["area"],
                *made_of,
            ]
        )
    return out.getvalue()


def assumptions(question: BedsQuestion) -> list[str]:
    """What the answer about beds takes for granted, in plain words."""
    start = question.months[0].first_day
    return [
        f"The nights begin on {start:%d %B %Y}, on whose eve {question.occupied.words()} people are there; each leaves "
        "as after a stay of which it is not known how much is over.",
        f"Beds: {question.beds.words()}{'' if question.beds.is_fixed else ', every number between as likely'}. "
        "Nobody is turned away in these figures: whoever comes needs a bed, and a need above the beds is a shortfall.",
        _share(question),
        question.stay.words,
        "A month's arrivals come unevenly: a day's are expected to differ from the month's mean by "
        f"{percent(question.daily_variation)}, busy days come in a row of about a week, and chance is added. "
        "The days of one month add up, but for chance, to its encounters times the share.",
        "People come to the shelter on the day that they are encountered. Releases are not arrivals: people may travel "
        "on at once, or come without having been encountered.",
    ]


def _share(question: BedsQuestion) -> str:
    if question.share is not None:
        return f"Of all encounters {question.share.words(percent)} come to the shelter."
    table = released_shares(question.panel)
    lowest, highest = (percent(round(end(table.shares[-12:]), 2)) for end in (min, max))
    return (
        "Of all encounters the share comes to the shelter that was released in one past month, the same for all months "
        f"of a world: OHSS's book-outs table, southwest border, {table.months[0]} to {table.months[-1]}; a month a "
        f"year earlier is half as likely (half-life {HALF_LIFE:g} months). It says nothing of later months: it was "
        f"published on {published()}, and is out of date since {stale_since()}, when the next was due. From "
        f"{table.months[-12]} on the share was {lowest} to {highest}. All who are released are taken "
        "to come: give your own share if you know it."
    )


def shares_used(question: BedsQuestion) -> dict[str, str] | None:
    """Which months' releases the answer rests on, and since when newer ones were due; None where a share was given."""
    if question.share is not None:
        return None
    months = released_shares(question.panel).months
    return {
        "first": str(months[0]),
        "through": str(months[-1]),
        "published": published().isoformat(),
        "stale_since": str(stale_since()),
    }


def _levels(values: Floats) -> dict[str, int | None]:
    at_levels = quantiles(values, (0.5, *(level / 100 for level in _LEVELS)))
    return dict(zip(("median", *map(str, _LEVELS)), (_whole(value) for value in at_levels.tolist()), strict=True))


def _safe(busiest: Floats) -> dict[str, int | None]:
    """The fewest whole beds with which so many in a hundred worlds lack none."""
    ordered = np.sort(busiest)
    draws = len(ordered)
    safe = {}
    for safety in SAFETY:
        beyond = draws * (100 - safety) / 100
        safe[str(safety)] = int(ordered[int(np.ceil(draws * safety / 100 - 1e-9)) - 1]) if beyond >= FEWEST else None
    return safe


def _whole(value: float) -> int | None:
    return None if value != value else round(value)


def _chance(entry: dict[str, Any]) -> float | str:
    shown: float | str = entry["bound"] if entry["probability"] is None else entry["probability"]
    return shown
