"""`/v1/status`: through which month the data go, what is served, and whether it is stale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter, Request

from forecast.release.alarms import AlarmChange
from forecast.release.read import Release
from service import bodies
from service.answers import LIVE, Answer
from service.context import context
from service.examples import answered
from service.problems import declared
from service.schemas.resources import CountsSource, OpenAlarm, PanelStatus, StatusAnswer

__all__ = ["router"]

router = APIRouter(tags=["status"])


@router.get(
    "/status",
    summary="Freshness of the figures",
    response_model=StatusAnswer,
    responses=answered(StatusAnswer) | declared("unknown-parameter", "internal"),
)
async def status(request: Request) -> Answer:
    """Per panel: the release that is served, its last observed month,
    when newer counts should be out, and whether they are overdue.

    `alarms` are what past releases warn of, measured by the counts that came out after them.
    """
    here = context(request)
    document = {
        "service_version": here.version,
        "store": here.release_cache.failure or "ok",
        "panels": {
            panel: _panel(
                panel, here.release_cache.newest.get(panel), here.release_cache.alarms.get(panel, ()), here.today()
            )
            for panel in here.release_cache.catalogue.panels
        },
    }
    return Answer(bodies.render(document), "application/json", cache=LIVE)


def _panel(panel: str, release: Release | None, alarms: Sequence[AlarmChange], today: date) -> dict[str, Any]:
    opened = [bodies.filled(OpenAlarm, one) for one in alarms]
    if release is None:
        note = f"Nothing has been published yet. Run `encounters retrain --panel {panel}`."
        return dict.fromkeys(PanelStatus.model_fields) | {"sources": [], "alarms": opened, "notes": [note]}
    manifest = release.manifest
    return bodies.filled(
        PanelStatus,
        manifest,
        release=release.id,
        data_through=manifest.origin,
        next_data_month=manifest.origin + 1,
        first_lead=release.lead(manifest.origin + 1),
        stale=bodies.is_stale(release, today),
        areas=len(release.areas),
        horizon=max((len(forecast.months) for forecast in release.areas), default=0),
        sources=[
            bodies.filled(CountsSource, source, tabulated_by=source.tabulated_by or None) for source in manifest.sources
        ],
        alarms=opened,
        notes=[*manifest.notes, *(correction.note for correction in release.corrections)],
    )
