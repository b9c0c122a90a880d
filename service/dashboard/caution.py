"""What must be known before any figure: one calm sentence, and folded below it the whole of it with what an operator
can do. Judges nothing: it says what the release, the store and the alarms say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from forecast.core.panels import Panel
from forecast.release.alarms import AlarmChange
from forecast.release.read import Release
from service.bodies import is_stale
from service.context import Context
from service.dashboard.words import day, long

__all__ = ["Caution", "caution", "first_months"]

# How the notes of a release begin that say the two things that are said in the sentence by themselves.
_ENDED, _CONTRADICTED = "The counts behind", "Newer counts contradict"


class Caution(NamedTuple):
    """`clauses` of the sentence, none where there is nothing to know, and the whole of it in `details`."""

    clauses: list[str]
    details: list[str]


def caution(here: Context, panels: Iterable[Panel], *, history: bool = True) -> Caution:
    """What to know of some panels. `history`: whether the counts could be read."""
    clauses: list[str] = []
    details: list[str] = []
    for panel in panels:
        release = here.release_cache.newest.get(panel.id)
        of_panel = _of_panel(here, panel, release, here.release_cache.alarms.get(panel.id, ()))
        clauses += of_panel.clauses
        details += of_panel.details
    if not history:
        clauses.append("the past counts cannot be read now, so that the charts show forecasts alone")
        details.append(f"The store: {here.release_cache.failure or 'it did not answer this page.'}")
    return Caution(clauses, details)


def _of_panel(here: Context, panel: Panel, release: Release | None, alarms: Sequence[AlarmChange]) -> Caution:
    if release is None:
        return Caution(
            [f"nothing has been published yet for {panel.title}"],
            [f"Nothing has been published yet for {panel.title}. Run: encounters retrain --panel {panel}"],
        )
    manifest = release.manifest
    notes = [*manifest.notes, *(correction.note for correction in release.corrections)]
    clauses, details = [], [f"{panel.title}: {note}" for note in notes]
    if is_stale(release, here.today()):
        clauses.append(
            f"the counts behind {panel.title} end in {long(manifest.origin)}, and newer ones have been due since "
            f"{day(manifest.stale_after)}"
        )
        details.insert(
            0,
            f"Stale: newer counts should have been in by {manifest.stale_after}. Ingest the newest official file "
            "(encounters ingest FILE), then run encounters retrain.",
        )
    elif any(note.startswith(_ENDED) for note in notes):
        clauses.append(f"the counts behind {panel.title} end in {long(manifest.origin)}")
    if any(note.startswith(_CONTRADICTED) for note in notes):
        clauses.append(f"newer counts of other kinds contradict the forecasts of {panel.title}")
    if any(not note.startswith((_ENDED, _CONTRADICTED)) for note in notes):
        clauses.append(f"there is a note on the release of {panel.title}")
    if alarms:
        clauses.append(f"recent counts of {panel.title} warn of its forecasts")
        details += [f"{panel.title}: {event.detail}" for event in alarms]
    return Caution(clauses, details)


def first_months(release: Release) -> str:
    """Which months of a release were past at its issue, in a sentence; empty for none, or where its notes say so."""
    manifest, first = release.manifest, release.manifest.origin + 1
    months = sorted({month for forecast in release.areas for month in forecast.months})
    if not months or any(note.startswith(_ENDED) for note in manifest.notes):
        return ""
    if release.lead(months[-1]) < 0:
        return (
            f"Every month of this release, {first} to {months[-1]}, was past when it was issued "
            f"({release.month_of_issue})."
        )
    if release.lead(first) < 0:
        return (
            f"{first} was past when this release was issued ({release.month_of_issue}): its lead is "
            f"{release.lead(first)}."
        )
    return ""
