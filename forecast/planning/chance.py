"""A chance as joint draws give it: how many of them, and nothing read from the ends that too few draws reach."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FEWEST", "Chance", "in_words"]

# A chance that fewer draws than this speak for, or against, is a bound and no number: of an event with five draws,
# another seed would give between one and ten.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Chance:
    """`hits` of `draws` worlds in which something happens."""

    hits: int
    draws: int

    @property
    def probability(self) -> float | None:
        """The share of the draws; None where under FEWEST speak for it or against it."""
        return self.hits / self.draws if self.bound is None else None

    @property
    def bound(self) -> str | None:
        """What is said in place of a number: `under 1 in 400`, `over 399 in 400`; None where there is a number."""
        parts = self.draws // FEWEST
        if parts < 2:
            return f"unknown from {self.draws} draws"
        if self.hits < FEWEST:
            return f"under 1 in {parts}"
        return f"over {parts - 1} in {parts}" if self.hits > self.draws - FEWEST else None


def in_words(probability: float | None, bound: str | None = None) -> str:
    """`42 %`, or `under 1 %` and `over 99 %` for what is nearly none or all: no chance is shown as 0 or 100 %.

    `bound`: what is said where there is no number.
    """
    if probability is None:
        return bound or "unknown"
    if not 0.01 <= probability <= 0.99:
        return "under 1 %" if probability < 0.5 else "over 99 %"
    return f"{100 * probability:.0f} %"
