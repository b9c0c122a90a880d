"""Sentences that every reader of a release must see first:
how far back its counts end, and what is known to have changed since.

Reads no clock: the day of issue is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.core.tables import Counts

__all__ = ["Contradiction", "cautions", "contradicted", "contradiction", "stale_after"]

# A change by half since a forecast's origin means that the forecast describes another world.
LEFT_BEHIND = 0.5

_CONTRADICTED = "Newer counts contradict these forecasts"


def stale_after(counts: Counts) -> date:
    """The day after which counts of later months should be public: the panel's months until stale after its last."""
    return (counts.through + counts.panel.months_until_stale).last_day


def cautions(counts: Counts, *, horizon: int, issued: date, others: Sequence[Counts] = ()) -> tuple[str, ...]:
    """What to know before reading forecasts of `horizon` months from `counts`, issued on a day;
    empty where nothing stands out.

    `others`: panels that may reach further than `counts` and show what it cannot.
    """
    sentences = []
    past = min(max(Month.containing(issued) - counts.through, 0), horizon)
    if issued > stale_after(counts):
        begun = f"all {horizon}" if past == horizon else f"{past} of {horizon}"
        sentences.append(
            f"The counts behind these forecasts end in {counts.through}: {begun} forecast months had begun or passed "
            f"when they were issued ({issued.isoformat()}). For forecasts ahead of today, {_how(counts.panel)}, "
            "encounters retrain."
        )
    if (newer := contradiction(counts, others)) is not None:
        sentences.append(newer.sentence)
    return tuple(sentences)


def _how(panel: Panel) -> str:
    """How newer counts of a panel come in."""
    if panel.newer:
        return f"download {panel.newer}, then: encounters ingest FILE"
    return f"take its newer table in: encounters ingest FILE --panel {panel} --published DATE"


@dataclass(frozen=True)
class Contradiction:
    """Newer counts of another `panel` that show another world: what both panels count, in `month`, its newest, and in
    `since`, the origin.
    """

    panel: Panel
    counted: str
    since: Month
    before: int
    month: Month
    after: int

    @property
    def sentence(self) -> str:
        """The evidence, for a reader of the forecasts."""
        change = self.after / self.before - 1
        return (
            f"{_CONTRADICTED}: {self.panel.counted} ({self.panel}) show {100 * abs(change):.0f} %"
            f" {'fewer' if change < 0 else 'more'} {self.counted} in {self.month} ({self.after:,}) than "
            f"in {self.since} ({self.before:,}), the last month that these forecasts know."
        )


def contradiction(counts: Counts, others: Sequence[Counts]) -> Contradiction | None:
    """What a panel that reaches further shows to have changed by
    half since the last month of `counts`; None where nothing did.
    """
    for other in others:
        if (
            not _comparable(counts.panel, other.panel)
            or other.through - counts.through < 1
            or counts.through < other.first
        ):
            continue
        before, after = _shared(other, counts.through), _shared(other, other.through)
        if before and after is not None and abs(after / before - 1) >= LEFT_BEHIND:
            return Contradiction(
                other.panel, _counted(other.panel), counts.through, round(before), other.through, round(after)
            )
    return None


def contradicted(notes: Sequence[str]) -> str:
    """The sentence among a release's notes that tells of a contradiction; empty where none does."""
    return next((note for note in notes if note.startswith(_CONTRADICTED)), "")


def _comparable(one: Panel, other: Panel) -> bool:
    """Whether two panels count the same thing in one of their areas."""
    return one.id != other.id and _counted(one) == _counted(other) != ""


def _counted(panel: Panel) -> str:
    """What a panel counts in one of its areas and others may count too; empty where it says nothing."""
    return panel.compares.counted if panel.compares is not None else ""


def _shared(counts: Counts, month: Month) -> float | None:
    """A month's count of the area that other panels count too; None where the panel does not know it."""
    compared = counts.panel.compares
    total = counts.totals().get(compared.area) if compared is not None else None
    count = np.nan if total is None else float(total[month - counts.first])
    return None if np.isnan(count) else count
