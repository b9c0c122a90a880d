"""What readers are told: the release served, the list, leads, paths, and counts as they were public on a day."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine

from forecast.core.errors import NoRelease, TableError
from forecast.core.months import Month
from forecast.release import read
from forecast.release.publish import record_observations, rollback
from forecast.release.read import Observation
from tests.catalogue import USBP
from tests.release.conftest import NOW, Parts

Make = Callable[..., Parts]
NOV, DEC = Month.of(2024, 11), Month.of(2024, 12)


def test_a_panel_without_a_release_says_how_to_publish_one(engine: Engine) -> None:
    assert read.pointers(engine) == {}
    assert read.releases(engine) == []
    with pytest.raises(
        NoRelease, match=r"^cbp-states has no release yet\. Publish one: encounters retrain --panel cbp-states\.$"
    ):
        read.latest(engine, "cbp-states")


def test_an_unknown_release_or_area_is_told_apart_from_a_broken_store(engine: Engine, parts: Make) -> None:
    published = parts().publish(engine)
    with pytest.raises(NoRelease, match="No release has the id nothing"):
        read.load(engine, "nothing")
    with pytest.raises(NoRelease, match="no sample paths of tucson"):
        read.joint_paths(engine, published.id, ["tucson"])


def test_the_list_is_newest_first_and_marks_what_is_served(engine: Engine, parts: Make) -> None:
    first = parts(key="b").publish(engine)
    second = parts(key="a", issued_at=NOW + timedelta(days=30)).publish(engine)
    hindcast = parts(key="c", hindcast=True, issued_at=NOW + timedelta(days=60)).publish(engine)
    state = parts(key="d", panel="cbp-states", areas=("state-tx",), issued_at=NOW - timedelta(days=1)).publish(engine)
    rollback(engine, first.id, now=NOW + timedelta(days=61))
    assert [(one.id, one.current) for one in read.releases(engine)] == [
        (hindcast.id, False),
        (second.id, False),
        (first.id, True),
        (state.id, True),
    ]
    assert [one.id for one in read.releases(engine, "cbp-states")] == [state.id]


def test_leads_count_from_the_month_of_issue_in_utc(engine: Engine, parts: Make) -> None:
    # 22:00 on the last day of January in a zone five hours behind is February in UTC.
    issued = datetime(2025, 1, 31, 22, 0, tzinfo=timezone(timedelta(hours=-5)))
    release = read.load(engine, parts(issued_at=issued).publish(engine).id)
    assert [release.lead(month) for month in release.areas[0].months] == [-2, -1, 0]
    assert release.manifest.issued_at == datetime(2025, 2, 1, 3, 0, tzinfo=UTC)


def test_leads_of_a_hindcast_count_from_its_as_of_date(engine: Engine, parts: Make) -> None:
    made = parts(hindcast=True, as_of=date(2024, 12, 15), issued_at=datetime(2026, 5, 1, tzinfo=UTC)).publish(engine)
    release = read.load(engine, made.id)
    assert [release.lead(month) for month in release.areas[0].months] == [0, 1, 2]


def _seen(month: Month, published: date, count: int, *, area: str = "el-paso", precision: int = 10) -> Observation:
    return Observation(area, month, published, count, precision, "ohss", f"{count:064d}")


FIRST, REVISED, LATE = date(2025, 1, 15), date(2025, 2, 15), date(2025, 3, 15)


def test_counts_are_those_of_the_newest_publication_by_the_day(engine: Engine) -> None:
    rows = [_seen(NOV, FIRST, 100), _seen(NOV, REVISED, 110), _seen(DEC, REVISED, 90)]
    assert record_observations(engine, USBP, rows) == 3
    assert read.observations(engine, ["el-paso"], as_of=FIRST - timedelta(days=1)) == []
    assert read.observations(engine, ["el-paso"], as_of=FIRST) == [rows[0]]
    assert read.observations(engine, ["el-paso"], as_of=REVISED) == [rows[1], rows[2]]
    assert read.observations(engine, ["el-paso"]) == [rows[1], rows[2]]


def test_counts_keep_the_order_asked_for_and_both_ends_of_the_range(engine: Engine) -> None:
    rows = [
        _seen(NOV + step, FIRST, step, area=area) for area in ("el-paso", "nation", "big-bend") for step in range(4)
    ]
    record_observations(engine, USBP, rows)
    observations = read.observations(engine, ["nation", "el-paso", "nation"], first=NOV + 1, last=NOV + 2)
    assert [(one.area, one.month - NOV) for one in observations] == [
        ("nation", 1),
        ("nation", 2),
        ("el-paso", 1),
        ("el-paso", 2),
    ]


def test_a_figure_that_a_vintage_repeats_is_not_stored_again(engine: Engine) -> None:
    record_observations(engine, USBP, [_seen(NOV, FIRST, 100)])
    assert record_observations(engine, USBP, [_seen(NOV, FIRST, 100), _seen(NOV, REVISED, 100)]) == 0
    assert [one.published for one in read.observations(engine, ["el-paso"])] == [FIRST]


def test_a_figure_that_becomes_exact_is_a_change(engine: Engine) -> None:
    rows = [_seen(NOV, FIRST, 100), _seen(NOV, REVISED, 100, precision=1)]
    assert record_observations(engine, USBP, rows) == 2


def test_a_vintage_that_came_in_late_takes_its_place_between_the_others(engine: Engine) -> None:
    first, last = _seen(NOV, FIRST, 100), _seen(NOV, LATE, 100)
    record_observations(engine, USBP, [first, last])
    between = _seen(NOV, REVISED, 120)
    assert record_observations(engine, USBP, [first, between, last]) == 2
    assert read.observations(engine, ["el-paso"], as_of=REVISED) == [between]
    assert read.observations(engine, ["el-paso"], as_of=LATE) == [last]


def test_a_second_file_of_the_same_day_replaces_the_figure_of_the_first(engine: Engine) -> None:
    record_observations(engine, USBP, [_seen(NOV, FIRST, 100)])
    better = _seen(NOV, FIRST, 103, precision=1)
    assert record_observations(engine, USBP, [better]) == 1
    assert read.observations(engine, ["el-paso"]) == [better]


def test_two_files_of_one_day_handed_over_together_leave_the_later_figure_and_are_stable(engine: Engine) -> None:
    rows = [_seen(NOV, FIRST, 100), _seen(NOV, FIRST, 103)]
    assert record_observations(engine, USBP, rows) == 1
    assert record_observations(engine, USBP, rows) == 0
    assert read.observations(engine, ["el-paso"]) == rows[1:]


def test_counts_of_another_panel_are_refused_whole(engine: Engine) -> None:
    with pytest.raises(TableError, match="state-tx are not areas of usbp-sectors; nothing was recorded"):
        record_observations(engine, USBP, [_seen(NOV, FIRST, 1), _seen(NOV, FIRST, 1, area="state-tx")])
    assert read.observations(engine, ["el-paso", "state-tx"]) == []


def test_reading_loads_no_numerical_library_and_no_migrations() -> None:
    program = "import sys, forecast.release.read; print(*{'numpy', 'pandas', 'alembic', 'mlflow'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip() == ""
    )
