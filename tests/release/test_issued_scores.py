"""What past releases are scored against, how scores are kept and summed up, and how alarms are raised and cleared."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.core.scorecard import Finding, Scored, Truth
from forecast.release import alarms, issued_scores, schema
from forecast.release.publish import record_observations
from forecast.release.read import Observation
from forecast.release.store import reading
from tests.release.conftest import NOW, Parts
from tests.samples import SCORE

Make = Callable[..., Parts]
PANEL = "usbp-sectors"
DEC, JAN, FEB = Month.of(2024, 12), Month.of(2025, 1), Month.of(2025, 2)
FIRST, SECOND = date(2025, 2, 20), date(2025, 3, 20)


def observe(engine: Engine, area: str, month: Month, published: date, count: int, precision: int = 1) -> None:
    record_observations(
        engine, bundled()[PANEL], [Observation(area, month, published, count, precision, "test", "f" * 64)]
    )


def scored(release: str, area: str = "el-paso", month: Month = DEC, published: date = FIRST, **more: Any) -> Scored:
    """A score of 30 over a scale of 10 where the floor has 60; held by the 80 and 95 % intervals, not by the 50 %."""
    return Scored(release, area, month, published, **{"lead": month - JAN, **SCORE, **more})


def rows(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(schema.accuracy)).scalar_one())


def test_every_forecast_month_with_a_count_is_due_once(engine: Engine, parts: Make) -> None:
    release = parts().publish(engine).id  # forecasts of el-paso and the southwest for December to February
    observe(engine, "el-paso", DEC, FIRST, 130)
    observe(engine, "el-paso", JAN, FIRST, 140, precision=10)
    observe(engine, "tucson", DEC, FIRST, 7)  # not forecast
    observe(engine, "el-paso", Month.of(2024, 11), FIRST, 9)  # before the origin's end
    due = {release: [Truth("el-paso", DEC, FIRST, 130, 1), Truth("el-paso", JAN, FIRST, 140, 10)]}
    assert issued_scores.due(engine, PANEL, as_of=FIRST) == due
    issued_scores.record(engine, PANEL, [scored(release), scored(release, month=JAN, observed=140, precision=10)])
    assert issued_scores.due(engine, PANEL, as_of=FIRST) == {}


def test_a_count_is_due_from_the_day_of_its_publication(engine: Engine, parts: Make) -> None:
    parts().publish(engine)
    observe(engine, "el-paso", DEC, FIRST, 130)
    assert issued_scores.due(engine, PANEL, as_of=FIRST - timedelta(days=1)) == {}


def test_counts_of_another_panel_are_not_due(engine: Engine, parts: Make) -> None:
    parts().publish(engine)
    observe(engine, "el-paso", DEC, FIRST, 130)
    assert issued_scores.due(engine, "cbp-states", as_of=FIRST) == {}


def test_a_revised_count_is_due_again_and_takes_the_place_of_the_first(engine: Engine, parts: Make) -> None:
    release = parts().publish(engine).id
    observe(engine, "el-paso", DEC, FIRST, 130)
    issued_scores.record(engine, PANEL, [scored(release)])
    observe(engine, "el-paso", DEC, SECOND, 150)
    assert issued_scores.due(engine, PANEL, as_of=SECOND) == {release: [Truth("el-paso", DEC, SECOND, 150, 1)]}
    revised = scored(release, published=SECOND, observed=150, wis=50.0)
    issued_scores.record(engine, PANEL, [revised])
    assert issued_scores.due(engine, PANEL, as_of=SECOND) == {}
    assert rows(engine) == 2
    assert issued_scores.cells(engine, PANEL) == [revised]
    (tally,) = issued_scores.tallies(engine)
    assert (tally.n, tally.score) == (1, 5.0)


def test_a_second_file_of_one_day_replaces_the_score_by_the_first(engine: Engine, parts: Make) -> None:
    release = parts().publish(engine).id
    observe(engine, "el-paso", DEC, FIRST, 130)
    issued_scores.record(engine, PANEL, [scored(release), scored(release, "southwest")])
    observe(engine, "el-paso", DEC, FIRST, 131)
    assert issued_scores.due(engine, PANEL, as_of=FIRST) == {release: [Truth("el-paso", DEC, FIRST, 131, 1)]}
    issued_scores.record(engine, PANEL, [scored(release, observed=131)])
    assert [(cell.area, cell.observed) for cell in issued_scores.cells(engine, PANEL)] == [
        ("el-paso", 131),
        ("southwest", 130),
    ]


def test_scores_come_back_as_they_were_stored_in_the_order_of_issue(engine: Engine, parts: Make) -> None:
    later = parts(key="a", issued_at=NOW + timedelta(days=30)).publish(engine).id
    earlier = parts(key="b").publish(engine).id
    hindcast = parts(key="c", hindcast=True).publish(engine).id
    stored = [scored(earlier, month=DEC), scored(earlier, month=FEB), scored(later, month=FEB)]
    issued_scores.record(engine, PANEL, [*reversed(stored), scored(hindcast)])
    assert issued_scores.cells(engine, PANEL) == stored
    assert issued_scores.cells(engine, PANEL, first=FEB) == stored[1:]


def test_means_are_over_releases_and_months_with_hindcasts_apart(engine: Engine, parts: Make) -> None:
    release = parts().publish(engine).id
    second = parts(key="b").publish(engine).id
    hindcast = parts(key="c", hindcast=True).publish(engine).id
    issued_scores.record(
        engine,
        PANEL,
        [
            scored(release),  # sWIS 3, the floor's 6
            scored(second, wis=10.0, floor_wis=20.0, scale=20.0, inside_50=True),  # 0.5, 1
            scored(release, month=JAN, wis=70.0, inside_80=False),  # 7, 6
            scored(hindcast, wis=0.0),
        ],
    )
    issued, past = issued_scores.tallies(engine)
    assert (issued.hindcast, issued.n, issued.releases, issued.months, issued.through) == (False, 3, 2, 2, JAN)
    assert (issued.score, issued.floor) == (pytest.approx(10.5 / 3), pytest.approx(13 / 3))
    assert issued.ratio == pytest.approx(10.5 / 13)
    assert (issued.coverage_50, issued.coverage_80, issued.coverage_95) == (
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
        1.0,
    )
    assert (past.hindcast, past.n, past.ratio) == (True, 1, 0.0)
    by_lead = issued_scores.tallies(engine, by=("area", "lead"), hindcast=False)
    assert [(one.area, one.lead, one.n) for one in by_lead] == [("el-paso", -1, 2), ("el-paso", 0, 1)]
    (one,) = issued_scores.tallies(engine, leads=[0], areas=["el-paso", "tucson"], panel=PANEL, hindcast=False)
    assert (one.n, one.score) == (1, 7.0)
    assert issued_scores.tallies(engine, panel="cbp-states") == []
    assert issued_scores.scored_areas(engine) == {"el-paso"}


def test_a_floor_that_was_never_wrong_has_no_ratio(engine: Engine, parts: Make) -> None:
    issued_scores.record(engine, PANEL, [scored(parts().publish(engine).id, floor_wis=0.0)])
    assert issued_scores.tallies(engine)[0].ratio is None


RAISED = Finding("drift", True, "worse", {"ratio": 1.3})
CLEAR = Finding("drift", False, "as good", {"ratio": 0.9})


def test_an_alarm_opens_once_and_is_cleared_once(engine: Engine) -> None:
    (raised,) = alarms.record(engine, PANEL, [RAISED], now=NOW)
    assert (raised.kind, raised.raised, raised.since, raised.detail) == ("drift", True, NOW, "worse")
    assert alarms.record(engine, PANEL, [RAISED], now=NOW + timedelta(days=1)) == ()
    assert alarms.opened(engine) == {PANEL: (raised,)}
    (cleared,) = alarms.record(engine, PANEL, [CLEAR], now=NOW + timedelta(days=2))
    assert (cleared.raised, cleared.since) == (False, NOW + timedelta(days=2))
    assert alarms.opened(engine) == {}
    assert alarms.record(engine, PANEL, [replace(CLEAR, detail="better")], now=NOW + timedelta(days=3)) == ()


def test_an_alarm_that_goes_on_is_told_with_its_newest_figures_and_its_first_day(engine: Engine) -> None:
    alarms.record(engine, PANEL, [RAISED], now=NOW)
    later = NOW + timedelta(days=30)
    assert (
        alarms.record(engine, PANEL, [replace(RAISED, detail="worse still", figures={"ratio": 1.5})], now=later) == ()
    )
    (opened,) = alarms.opened(engine)[PANEL]
    assert (opened.detail, opened.figures, opened.since, opened.at) == ("worse still", {"ratio": 1.5}, NOW, later)
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(schema.alarm)).scalar_one() == 2


def test_alarms_of_panels_and_kinds_are_apart(engine: Engine) -> None:
    alarms.record(engine, "cbp-states", [RAISED, Finding("intervals-narrow", True, "narrow")], now=NOW)
    assert alarms.record(engine, PANEL, [CLEAR], now=NOW) == ()
    opened = alarms.opened(engine)
    assert [one.kind for one in opened["cbp-states"]] == ["intervals-narrow", "drift"]
    assert PANEL not in opened


def test_reading_scores_and_alarms_loads_no_table_library() -> None:
    loaded = "forecast.release.issued_scores, forecast.release.alarms"
    code = f"import json, sys, {loaded}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "numpy", "alembic"} & set(json.loads(done.stdout))
