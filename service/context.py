"""What every route works with: releases in memory, the service's only clock, version, metrics, settings, heavy work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import cast

from fastapi import Request

from service.catalogue import Catalogue
from service.heavy import Heavy
from service.metrics import Metrics
from service.releases import ReleaseCache
from service.request_bodies import Bodies
from service.settings import ServiceSettings
from service.shutdown import Shutdown

__all__ = ["Context", "context", "utc_now"]


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """`clock` gives the moment, with its time zone; tests give their own."""

    release_cache: ReleaseCache
    clock: Callable[[], datetime]
    version: str
    metrics: Metrics
    settings: ServiceSettings
    heavy: Heavy
    # Held by the one answer that the event loop writes in slices.
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    # Of questions that come as bodies.
    bodies: Bodies = field(default_factory=lambda: Bodies(longest=65_536, seconds=10.0, most=16))
    shutdown: Shutdown = field(default_factory=lambda: Shutdown(0))

    @property
    def catalogue(self) -> Catalogue:
        """The panels and areas that can be asked about now."""
        return self.release_cache.catalogue

    def today(self) -> date:
        """The day in UTC, by which staleness is judged."""
        return self.clock().astimezone(UTC).date()

    def stamp(self) -> tuple[int, date]:
        """Changes whenever an answer about the newest releases may change: with a swap, and with the day."""
        return self.release_cache.generation, self.today()


def context(request: Request) -> Context:
    """The context of the application that a request came to."""
    return cast(Context, request.app.state.context)
