"""The ledger tells when each run was, why, through which steps, and how it ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from forecast.core.errors import StoreError
from forecast.release import ledger
from forecast.release.ledger import Entry, Step
from tests.release.conftest import NOW


def _after(minutes: int) -> dict[str, object]:
    return {"now": NOW + timedelta(minutes=minutes)}


def test_a_run_is_recorded_with_its_steps_and_verdict(engine: Engine) -> None:
    run = ledger.start(engine, "usbp-sectors", why="counts through 2024-12", **_after(0))
    ledger.step(engine, run, "fit", **_after(1))
    ledger.step(engine, run, "publish", **_after(4))
    ledger.finish(engine, run, verdict="published", reason="usbp-sectors-2024-12-abc", **_after(5))
    at = [NOW + timedelta(minutes=minutes) for minutes in range(6)]
    steps = (Step("fit", at[1], at[4]), Step("publish", at[4], at[5]))
    expected = Entry(
        run, "usbp-sectors", "counts through 2024-12", at[0], at[5], "published", "usbp-sectors-2024-12-abc", steps
    )
    assert ledger.last(engine, "usbp-sectors") == expected


def test_a_run_that_was_killed_shows_the_step_it_died_in(engine: Engine) -> None:
    run = ledger.start(engine, "usbp-sectors", why="forced", **_after(0))
    ledger.step(engine, run, "fit", **_after(1))
    entry = ledger.last(engine, "usbp-sectors")
    assert entry is not None
    assert (entry.ended, entry.verdict) == (None, None)
    assert entry.steps == (Step("fit", NOW + timedelta(minutes=1), None),)


def test_runs_are_newest_first_and_per_panel(engine: Engine) -> None:
    assert ledger.last(engine, "usbp-sectors") is None
    first, other, second = (
        ledger.start(engine, panel, why="test", **_after(minutes))
        for minutes, panel in enumerate(["usbp-sectors", "cbp-states", "usbp-sectors"])
    )
    assert [run.id for run in ledger.runs(engine, "usbp-sectors", limit=5)] == [second, first]
    assert [run.id for run in ledger.runs(engine, "usbp-sectors", limit=1)] == [second]
    assert [run.id for run in ledger.runs(engine, "cbp-states", limit=5)] == [other]


def test_a_run_that_has_ended_takes_no_more_steps(engine: Engine) -> None:
    run = ledger.start(engine, "usbp-sectors", why="test", **_after(0))
    ledger.finish(engine, run, verdict="failed", reason="no space left", **_after(1))
    with pytest.raises(StoreError, match=f"Run {run} is not open"):
        ledger.step(engine, run, "fit", **_after(2))
    with pytest.raises(StoreError, match="is not open"):
        ledger.finish(engine, run + 1, verdict="failed", **_after(2))
