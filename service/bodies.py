"""How an answer's plain parts become JSON, and the parts that several resources share. Reads no clock.

The members of an answer are those of its shape in `schemas`: what the shape names is filled from here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import orjson
from pydantic import BaseModel

from forecast.core.months import Month
from forecast.release.read import AreaForecast, Release
from service.schemas.parts import CorrectionShape

__all__ = ["area_head", "filled", "head", "is_stale", "moment", "render", "rounded", "served_head"]

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_PASSTHROUGH_DATACLASS


def render(document: Any) -> bytes:
    """JSON in UTF-8 without blanks, moments to the second: 2024-12-20T06:00:00Z. Raises TypeError for other values."""
    return orjson.dumps(document, default=_month, option=_OPTIONS)


def _month(value: object) -> str:
    if isinstance(value, Month):
        return str(value)
    raise TypeError


def filled(shape: type[BaseModel], source: object, **own: Any) -> dict[str, Any]:
    """The members that a shape names, in its order: `own` ones, and of all others the source's attributes."""
    return {name: own[name] if name in own else getattr(source, name) for name in shape.__pydantic_fields__}


def rounded(shape: type[BaseModel], source: object, **own: Any) -> dict[str, Any]:
    """The same, figures to four decimals."""
    values = filled(shape, source, **own)
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}


def is_stale(release: Release, today: date) -> bool:
    """Whether newer counts should be out by `today`, and are not in."""
    return today > release.manifest.stale_after


def head(release: Release) -> dict[str, Any]:
    """What to know of a release before its figures; for ever the same but for a `run_id` that comes later."""
    manifest = release.manifest
    return {
        "id": release.id,
        "panel": manifest.panel,
        "issued_at": manifest.issued_at,
        "as_of": manifest.as_of,
        "data_through": str(manifest.origin),
        "stale_after": manifest.stale_after,
        "model": release.model,
        "recipe": manifest.recipe,
        "run_id": release.run_id,
        "hindcast": manifest.hindcast,
        "notes": manifest.notes,
        "confidence": manifest.scores.get("confidence", []),
    }


def served_head(release: Release, today: date) -> dict[str, Any]:
    """`head`, with what became of the release by `today`."""
    return head(release) | {
        "stale": is_stale(release, today),
        "corrections": [filled(CorrectionShape, one) for one in release.corrections],
    }


def area_head(release: Release, forecast: AreaForecast) -> dict[str, Any]:
    """What an answer says of an area before its figures from a release."""
    area = release.panel.area(forecast.slug)
    return {
        "area": area.slug,
        "name": area.name,
        "kind": area.kind,
        "panel": area.panel,
        "release": release.id,
        "origin": str(release.manifest.origin),
        "fallback": release.manifest.fallbacks.get(area.slug),
    }


def moment(value: datetime) -> str:
    """A moment in a table or a feed, as `render` writes it: 2024-12-20T06:00:00Z."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
