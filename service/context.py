"""What every route works with: the shelf of releases, the clock, the version. The clock is read in the service only, and only here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import cast

from fastapi import Request

from service.releases import Shelf

__all__ = ["Context", "context", "utc_now"]


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """`clock` gives the moment, with its time zone; tests give their own."""

    shelf: Shelf
    clock: Callable[[], datetime]
    version: str

    def today(self) -> date:
        """The day in UTC, by which staleness is judged."""
        return self.clock().astimezone(UTC).date()

    def stamp(self) -> tuple[int, date]:
        """Changes whenever an answer about the newest releases may change: with a swap, and with the day."""
        return self.shelf.generation, self.today()


def context(request: Request) -> Context:
    """The context of the application that a request came to."""
    return cast(Context, request.app.state.context)
