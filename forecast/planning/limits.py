"""How much a question may name at most, beyond which a digit is more likely a slip. Loads no library of numbers."""

from __future__ import annotations

__all__ = ["MOST_BEDS", "MOST_FACTOR", "MOST_PEOPLE"]

MOST_PEOPLE = 10_000_000  # of one group
MOST_FACTOR = 100.0  # by which arrivals change
MOST_BEDS = 1_000_000
