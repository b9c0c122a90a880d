"""Which share of encounters is released: the months of OHSS's book-outs table, the newest the most likely.

The table (`released.csv`, which names its source) covers the southwest border from October 2013 to August 2024. Loads
numpy where it draws, and only then.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from forecast.core.months import Month

if TYPE_CHECKING:
    import numpy as np

    from forecast.core.tables import Floats

__all__ = ["HALF_LIFE", "ReleasedShares", "panels", "published", "released_shares", "stale_since"]

# Months after which a past month is half as likely to be the one that a world resembles.
HALF_LIFE = 12.0
_ENCOUNTERS = "_encounters"


@dataclass(frozen=True)
class ReleasedShares:
    """Per month of the table, oldest first, the share of its encounters that was released."""

    months: tuple[Month, ...]
    shares: tuple[float, ...]

    def drawn(self, rng: np.random.Generator, n: int) -> Floats:
        """(n,), each the share of one past month; a month HALF_LIFE earlier is half as likely."""
        import numpy as np

        weights = 0.5 ** (np.arange(len(self.shares))[::-1] / HALF_LIFE)
        return np.array(self.shares)[rng.choice(len(self.shares), n, p=weights / weights.sum())]


@cache
def published() -> date:
    """The day on which the publisher put the table out."""
    days: list[str] = re.findall(r"\(published ([0-9]{4}-[0-9]{2}-[0-9]{2})\)", _text())
    return date.fromisoformat(days[0])


def stale_since() -> Month:
    """The month in which the table with the next month was due: they come out monthly."""
    return Month.of(published().year, published().month) + 1


@cache
def panels() -> tuple[str, ...]:
    """The panels whose counts the table has releases for."""
    return tuple(name.removesuffix(_ENCOUNTERS) for name in _rows()[0] if name.endswith(_ENCOUNTERS))


@cache
def released_shares(panel: str) -> ReleasedShares:
    """The shares of the table that go with a panel's counts: of the Border Patrol's encounters, or of all CBP's."""
    rows = _rows()
    shares = tuple(int(row[f"{panel}_released"]) / int(row[f"{panel}{_ENCOUNTERS}"]) for row in rows)
    return ReleasedShares(tuple(Month.parse(row["month"]) for row in rows), shares)


def _rows() -> list[dict[str, str]]:
    return list(csv.DictReader(line for line in _text().splitlines() if not line.startswith("#")))


def _text() -> str:
    return (resources.files("forecast.planning") / "released.csv").read_text(encoding="utf-8")
