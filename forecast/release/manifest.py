"""What a release says of itself: where its figures come from and until when they are fresh. Knows no store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from forecast.core.months import Month
from forecast.core.provenance import Provenance

__all__ = ["Manifest"]


@dataclass(frozen=True)
class Manifest:
    """The passport of a release.

    `key`: sha256 over data digest, recipe and code version; the same key is published once. `as_of`: what was public by
    that day went in. `origin`: the last observed month. `stale_after`: the day after which newer counts should be out.
    `hindcast`: made for a past as-of date; never served as the latest. `scores`: figures of the last evaluation, by
    model. `fallbacks`: area slug -> why the floor model stands in for it. `notes`: sentences that every reader must see
    first; `recipe_notes`: those of them that are of the recipe, and of no model that was compared with it. `sources`:
    the files whose counts went in; empty in releases of before they were kept.
    """

    panel: str
    key: str
    issued_at: datetime
    as_of: date
    origin: Month
    stale_after: date
    data_digest: str
    recipe: str
    code_version: str
    hindcast: bool = False
    scores: dict[str, Any] = field(default_factory=dict)
    fallbacks: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sources: tuple[Provenance, ...] = ()
    recipe_notes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The release's name in every address: panel, origin and the head of its key."""
        kind = "-hindcast" if self.hindcast else ""
        return f"{self.panel}-{self.origin}{kind}-{self.key[:10]}"

    @property
    def month_of_issue(self) -> Month:
        """The month, in UTC, that leads count from: that of the issue, or for a hindcast that of its as-of date."""
        return Month.containing(self.as_of if self.hindcast else self.issued_at.astimezone(UTC).date())
