"""Policy events as a model may know them at an origin:
none before its announcement, no end before that was announced. Fits nothing.

The list is `events.toml`, with sources. At an origin everything counts that was public by the last day of the origin's
month.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

import numpy as np

from forecast.core.months import Month, month_range
from forecast.core.tables import Floats

__all__ = ["End", "Event", "known_at", "read_events", "shares"]


@dataclass(frozen=True)
class End:
    """An announced end: `last_day` in force, public from `announced`, void from `withdrawn` on."""

    announced: date
    last_day: date
    withdrawn: date | None = None


@dataclass(frozen=True)
class Event:
    """`announced`: the day from which it was public;
    `start`: its first day in force; `ends` in order of announcement.
    """

    name: str
    announced: date
    start: date
    ends: tuple[End, ...] = ()

    def last_day(self, day: date) -> date | None:
        """The last day in force, as far as was public on `day`; None where no end was in sight."""
        standing = [end for end in self.ends if end.announced <= day and (end.withdrawn is None or day < end.withdrawn)]
        return standing[-1].last_day if standing else None


@cache
def read_events() -> tuple[Event, ...]:
    """The events of `events.toml`, in its order."""
    text = resources.files("forecast.models").joinpath("events.toml").read_text(encoding="utf-8")
    return tuple(
        Event(row["name"], row["announced"], row["start"], tuple(End(**end) for end in row.get("ends", ())))
        for row in tomllib.loads(text)["event"]
    )


def known_at(origin: Month, events: tuple[Event, ...] | None = None) -> tuple[Event, ...]:
    """The events that were public by the last day of the origin's month.
    `events`: those of `events.toml` unless given.
    """
    return tuple(event for event in (read_events() if events is None else events) if event.announced <= origin.last_day)


def shares(event: Event, *, origin: Month, first: Month, count: int) -> Floats:
    """(count,) share of each month's days on which the event is in force, as known at `origin`;
    `count` months from `first`.

    Zero throughout where it had not been announced.
    """
    in_force = np.zeros(count)
    if event.announced > origin.last_day:
        return in_force
    end = event.last_day(origin.last_day) or date.max
    for step, month in enumerate(month_range(first, count)):
        days = (min(end, month.last_day) - max(event.start, month.first_day)) // timedelta(days=1) + 1
        in_force[step] = max(0, days) / month.days
    return in_force
