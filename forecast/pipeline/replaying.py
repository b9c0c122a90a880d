"""What the method of a release would have said at the months before it, for readers who ask how it did.

A replay sees no month after its origin. Where the archive knows what was public when that month was the newest, it is
made from that; else from the counts of the release, which hold later revisions of the months up to the origin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forecast.core.errors import ArchiveError
from forecast.core.executor import Executor
from forecast.core.months import SEASON, Month
from forecast.core.tables import Counts
from forecast.counts.archive import Archive
from forecast.evaluation.record import Record
from forecast.recipe.recipe import Recipe
from forecast.release.replays import BACK, Replay

__all__ = ["HORIZON", "Replays", "known_at"]

HORIZON = SEASON


def known_at(archive: Archive, counts: Counts, origin: Month) -> Counts | None:
    """What was public on the first day on which `origin` was the newest month of the panel; None where no vintage that
    `counts` know ended with it. Raises ArchiveError for a damaged vintage.
    """
    panel = counts.panel.id
    days = {one.published for one in archive.vintages(panel, counts.as_of) if one.areas and one.last == origin}
    for day in sorted(days):
        try:
            public = archive.as_of(panel, day)
        except ArchiveError:  # some leaf was not known yet
            continue
        if public.through == origin:
            return public
    return None


@dataclass(frozen=True)
class Replays:
    """Replays to be made: for each day of publication (None: the newest counts, cut) the forecasts of some origins."""

    records: tuple[tuple[date | None, Record], ...]

    @classmethod
    def of(cls, recipe: Recipe, counts: Counts, archive: Archive, *, cache: Path) -> Replays:
        """Of a recipe, from the months BACK before `counts` end; those that have less than two years before them are
        left out. `cache`: where forecasts are remembered. Raises ArchiveError.
        """
        origins = [counts.through + -back for back in BACK if counts.through + -back >= counts.first + (2 * SEASON - 1)]
        public = {origin: known_at(archive, counts, origin) for origin in origins}
        cut = tuple(origin for origin, known in public.items() if known is None)
        records = [
            (known.as_of, Record(cache, (recipe,), known, (origin,), HORIZON))
            for origin, known in public.items()
            if known
        ]
        return cls((*records, *([(None, Record(cache, (recipe,), counts, cut, HORIZON))] if cut else [])))

    def fits_needed(self) -> int:
        """How many fits `make` will make."""
        return sum(record.fits_needed() for _, record in self.records)

    def make(
        self, *, executor: Executor, on_fit: Callable[[], None] | None = None
    ) -> tuple[list[Replay], tuple[Month, ...]]:
        """The forecasts, remembered or made now; and the origins without one, since a deadline ended a fit of theirs.

        A replay is kept for good as what the method would have said, and there the floor would have said part of it.
        """
        made: list[Replay] = []
        left_out: set[Month] = set()
        for day, record in self.records:
            forecasts, ended = record.replay(executor=executor, on_fit=on_fit)
            made += [Replay(one, day) for one in forecasts if one.origin not in ended]
            left_out |= ended
        return made, tuple(sorted(left_out))
