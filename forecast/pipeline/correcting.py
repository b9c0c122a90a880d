"""Brings corrections of the archive to the release store, and says which of them a release rests on. Trains nothing."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Engine

from forecast.core.panels import Panel
from forecast.counts.archive import Archive, Kept
from forecast.release import corrections, publish
from forecast.release.corrections import Correction
from forecast.release.manifest import Manifest
from forecast.release.observed import observed

__all__ = ["record_counts", "since_issue"]


def record_counts(engine: Engine, panel: str, archive: Archive) -> Panel:
    """Record what the archive's vintages in force add or change,
    and what its corrections take back; gives the panel with all of its areas.

    Raises StoreError.
    """
    history = list(archive.history(panel))
    whole = history[-1][1].panel if history else archive.panels[panel]
    publish.record_observations(engine, whole, observed(history), corrections=_corrections(panel, archive))
    return whole


def since_issue(panel: str, archive: Archive, manifest: Manifest) -> list[Correction]:
    """The archive's corrections since a release was issued that change the counts behind it. Raises ArchiveError."""
    return corrections.affecting(_corrections(panel, archive), manifest)


def _corrections(panel: str, archive: Archive) -> list[Correction]:
    recorded = [one for kept in archive.kept(panel) for one in _of(panel, kept)]
    return sorted(recorded, key=lambda one: one.at)


def _of(panel: str, kept: Kept) -> list[Correction]:
    vintage, standing = kept.vintage, kept.standing
    since = next((event.when for event in standing.events if event.kind == "taken in"), None) if standing else None

    def correction(kind: str, at: datetime, before: date | None, published: date | None) -> Correction:
        return Correction(panel, vintage.sha256, vintage.file_name, kind, at, before, published, since)

    corrected: list[Correction] = []
    withdrawn = False
    for event in standing.events if standing else ():
        if event.kind == "withdrawn":
            corrected.append(correction("withdrawn", event.when, event.before, None))
        elif event.kind == "redated":
            corrected.append(correction("redated", event.when, event.before, event.published))
        elif withdrawn:
            corrected.append(correction("taken back", event.when, None, event.published))
        withdrawn = event.kind == "withdrawn"
    return corrected
