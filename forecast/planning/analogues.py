"""Dated past events and what followed them: counts over what was forecast just before. Estimates nothing, and loads
numpy with the first draw.

The figures lie in `analogues.toml`, with the command that prints them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from forecast.core.months import Month

if TYPE_CHECKING:
    from forecast.core.tables import Floats

__all__ = ["Analogue", "analogues"]


@dataclass(frozen=True)
class Analogue:
    """An event that happened once: `instrument` and the `date` from which it was in force; `area`: of whose counts.

    `skill`: of the catalogue's events forecast from one another, CRPS over that of the forecast as it was.
    `ratios`: (months, levels), counts of the months after `origin` over the forecast from there, at ascending `levels`
    of what the forecast held for possible.
    """

    name: str
    title: str
    instrument: str
    date: date
    origin: Month
    area: str
    levels: tuple[float, ...]
    skill: float
    ratios: tuple[tuple[float, ...], ...]

    def drawn(self, places: Floats, months: int) -> Floats:
        """(months, draws) factors: that of each month since the event at the `places` (draws,) within 0 and 1. A draw
        keeps its place in all months, and the last month's factor holds after it. Places beyond the outermost levels
        get those: the ends are not read.
        """
        import numpy as np

        known = np.array([np.interp(places, self.levels, row) for row in self.ratios])
        return known[np.minimum(np.arange(months), len(known) - 1)]

    def middle(self, month: int) -> float:
        """The median factor of a month since the event, from 0."""
        return self.ratios[min(month, len(self.ratios) - 1)][self.levels.index(0.5)]


@cache
def analogues() -> Mapping[str, Analogue]:
    """The catalogue by name, oldest event first."""
    text = (resources.files("forecast.planning") / "analogues.toml").read_text(encoding="utf-8")
    values = tomllib.loads(text)
    levels = tuple(values["levels"])
    catalogue = [
        Analogue(
            **{**row, "origin": Month.parse(row["origin"]), "ratios": tuple(map(tuple, row["ratios"]))},
            area=values["area"],
            levels=levels,
            skill=values["skill"],
        )
        for row in values["analogue"]
    ]
    return {one.name: one for one in sorted(catalogue, key=lambda one: one.date)}
