"""What becomes of a task that is done elsewhere. Does none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from forecast.core.errors import one_line

__all__ = ["Outcome", "failed"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of one task: its `result`, or the `failure` in one line; `seconds` of wall time inside the worker."""

    result: Result | None
    failure: str | None
    seconds: float


def failed(error: BaseException, seconds: float) -> Outcome[Any]:
    """The outcome of a task that raised."""
    return Outcome(None, f"{type(error).__name__}: {one_line(error)}"[:300], seconds)
