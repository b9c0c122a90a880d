"""Progress on stderr: a bar with the time left on a terminal, a line per part elsewhere, or log records.
Results never come this way.
"""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from forecast.core.logs import Form, escaped

__all__ = ["Reporter"]

log = logging.getLogger(__name__)

# Seconds between two lines of one part where there is no terminal.
_EVERY = 10.0
# The share of a part that must be done before its time left is shown.
_FIRST_SHARE = 0.1


class Reporter:
    """Satisfies `pipeline.Progress`. Use as a context;
    parts follow one another. `form` json: every line is a log record.
    """

    def __init__(self, form: Form = "text") -> None:
        self._form = form
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            # Where colours are asked for (FORCE_COLOR), rich takes a file for a terminal.
            disable=form == "json" or not sys.stderr.isatty() or not self._console.is_interactive,
        )
        self._task: TaskID | None = None
        self._what, self._steps, self._done, self._started, self._said_at = "", 0, 0, time.monotonic(), 0.0

    def __enter__(self) -> Reporter:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end()
        self._bar.stop()

    def begin(self, what: str, steps: int | None = None) -> None:
        """Start a part of the work; `steps` of it are reported by `advance`."""
        self._end()
        self._what, self._steps, self._done, self._started, self._said_at = (
            what,
            steps or 0,
            0,
            time.monotonic(),
            time.monotonic(),
        )
        self._task = self._bar.add_task(what, total=steps)
        if self._bar.disable:
            self._line(f"{what} ...", event="begin", step=what, steps=steps)

    def advance(self) -> None:
        """One step of the part is done."""
        self._done += 1
        if self._task is not None:
            self._bar.advance(self._task)
        now = time.monotonic()
        # The first steps wait for workers to start: a time left would be a fright, not a forecast.
        due = self._done > _FIRST_SHARE * self._steps and now - self._said_at > _EVERY
        if self._bar.disable and due and self._done < self._steps:
            self._said_at = now
            left = (now - self._started) / self._done * (self._steps - self._done)
            line = f"{self._what}: {self._done} of {self._steps}, about {left:.0f} s left"
            self._line(line, event="progress", step=self._what, done=self._done, steps=self._steps)

    def say(self, line: str) -> None:
        """A line that stays."""
        self._line(line, event="note")

    def _line(self, line: str, **fields: Any) -> None:
        if self._form == "json":
            log.info(line, extra=fields)
        else:
            self._console.print(escaped(line), soft_wrap=True, markup=False)

    def _end(self) -> None:
        if self._task is not None:
            if self._steps:
                self._bar.update(self._task, completed=self._steps)
            self._bar.stop_task(self._task)
            if self._bar.disable:
                seconds = time.monotonic() - self._started
                self._line(
                    f"{self._what}: done in {seconds:.0f} s", event="end", step=self._what, seconds=round(seconds, 3)
                )
            self._task = None
