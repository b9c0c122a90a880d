"""Frozen what-ifs: kept as they were asked, never changed, scored when counts come out."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import numpy as np
import pytest
from sqlalchemy import exc, text

from forecast.core.errors import PlanError, StoreError
from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.release import frozen, read, what_if
from forecast.release.migrations import migrate
from forecast.release.publish import record_observations
from forecast.release.read import Observation
from forecast.release.store import connect
from tests.waiting import until

NOW = datetime(2026, 1, 20, 6, 0, tzinfo=UTC)
FIRST = Month.of(2025, 12)
BODY = {
    "areas": ["state-nm"],
    "events": [{"kind": "change", "month": str(FIRST), "multiplier": 3, "areas": ["state-nm"]}],
}


@pytest.fixture
def engine(trained, tmp_path):
    shutil.copy(trained.home / "encounters.db", tmp_path)
    engine = connect(f"sqlite:///{tmp_path}/encounters.db")
    yield engine
    engine.dispose()


def test_a_what_if_gets_a_letter_and_the_day_and_stays_as_it_was(engine, trained):
    first = frozen.freeze(engine, BODY, title="three times as many", now=NOW)
    second = frozen.freeze(engine, BODY, title="again", now=NOW)
    assert (first.id, second.id, first.release) == ("A-2026-01-20", "B-2026-01-20", trained.release)
    assert frozen.frozen(engine) == [first, second]
    for change in ("UPDATE frozen_scenario SET title = 'x'", "DELETE FROM frozen_scenario"):
        with engine.begin() as connection, pytest.raises(exc.IntegrityError, match="never change"):
            connection.execute(text(change))


def test_what_cannot_be_answered_is_not_kept(engine):
    with pytest.raises(PlanError):
        frozen.freeze(engine, {**BODY, "areas": ["nowhere"]}, title="x", now=NOW)
    assert frozen.frozen(engine) == []


def test_a_damaged_row_is_refused(engine):
    frozen.freeze(engine, BODY, title="x", now=NOW)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER frozen_scenario_no_update"))
        connection.execute(text("UPDATE frozen_scenario SET body = '{}'"))
    with pytest.raises(StoreError, match="damaged"):
        frozen.frozen(engine)


def test_it_is_scored_beside_the_forecast_once_the_count_is_out(engine, trained):
    one = frozen.freeze(engine, BODY, title="x", now=NOW)
    assert frozen.scores(engine, one) == []
    paths = read.joint_paths(engine, trained.release, ["state-nm"]).values[0, 0]
    leaves = [slug for slug in read.load(engine, trained.release).by_slug if slug.startswith("state-nm-")]
    count = round(3 * float(np.median(paths)))
    rows = [
        Observation(leaf, FIRST, date(2026, 2, 20), count if place == 0 else 0, 1, "test", "e" * 64)
        for place, leaf in enumerate(leaves)
    ]
    record_observations(engine, bundled()["cbp-states"], rows)
    (month,) = frozen.scores(engine, one)
    assert (month.area, month.month, month.count) == ("state-nm", FIRST, count)
    assert month.baseline == pytest.approx(np.median(paths))
    assert month.scenario == pytest.approx(3 * month.baseline, rel=0.01)
    assert month.scenario_crps < month.baseline_crps  # three times as many came


def test_what_is_kept_answers_as_it_was_asked(engine):
    """Shares are drawn one after the other: in which order they stand must not decide what is scored."""
    places = {"state-tx": [0.5, 0.7], "state-nm": [0.1, 0.3]}
    group = {"kind": "group_arrival", "people": [900, 4000], "share": places, "arrive": [str(FIRST)] * 2}
    body = {"areas": ["state-tx", "state-nm"], "events": [group]}
    one = frozen.freeze(engine, body, title="x", now=NOW)
    answers = [
        what_if.scenario(what_if.of_store(engine), asked, today=NOW.date()).answer()["forecasts"]
        for asked in (body, frozen.frozen(engine)[0].body)
    ]
    assert answers[0] == answers[1]
    assert list(one.body["events"][0]["share"]) == list(frozen.frozen(engine)[0].body["events"][0]["share"])


def test_a_count_that_was_out_when_it_was_frozen_is_no_forecast(engine):
    slugs = [slug for slug in read.latest(engine, "cbp-states").by_slug if slug.startswith("state-nm-")]
    out = [Observation(slug, FIRST, date(2026, 1, 19), 700, 1, "test", "e" * 64) for slug in slugs]
    record_observations(engine, bundled()["cbp-states"], out)
    assert frozen.scores(engine, frozen.freeze(engine, BODY, title="x", now=NOW)) == []


def test_several_that_are_frozen_together_share_letter_and_day_and_come_back_in_order(engine):
    frozen.freeze(engine, BODY, title="alone", now=NOW)
    more = [(f"times {factor}", {**BODY, "seed": factor}) for factor in range(1, 13)]
    kept = frozen.freeze_together(engine, more, title="December", now=NOW)
    assert [one.id for one in kept] == [f"B-2026-01-20.{number}" for number in range(1, 13)]
    assert {one.together for one in kept} == {"B-2026-01-20"}
    assert kept[1].title == "December: times 2"
    assert frozen.called(engine, "B-2026-01-20") == kept == frozen.frozen(engine)[1:]
    assert frozen.called(engine, "B-2026-01-20.12") == [kept[11]]
    assert frozen.called(engine, "B-2026-01-20.13") == []
    assert frozen.freeze(engine, BODY, title="next", now=NOW).id == "C-2026-01-20"


def test_of_several_none_is_kept_where_one_cannot_be_answered(engine):
    with pytest.raises(PlanError):
        frozen.freeze_together(engine, [("a", BODY), ("b", {**BODY, "areas": ["nowhere"]})], title="x", now=NOW)
    assert frozen.frozen(engine) == []


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_two_panels_that_are_frozen_at_once_get_a_letter_each(empty, parts):
    migrate(empty)
    bodies = []
    for panel, areas in (("usbp-sectors", ("el-paso",)), ("cbp-states", ("state-nm-southwest",))):
        release = parts(key="ab"[len(bodies)], panel=panel, areas=areas)
        release.publish(empty)
        change = {"kind": "change", "month": "2024-12", "multiplier": 2, "areas": list(areas)}
        bodies.append({"areas": list(areas), "events": [change]})
    waiting = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(2) as pool:
        # Rows can be read and none inserted, until both have looked which letters are taken, or wait for their turn.
        with empty.connect() as connection:
            connection.execute(text("LOCK TABLE frozen_scenario IN EXCLUSIVE MODE"))
            asked = [pool.submit(frozen.freeze, empty, body, title="x", now=NOW) for body in bodies]
            until(lambda: connection.execute(waiting).scalar() == 2)
        assert {one.result().id for one in asked} == {"A-2026-01-20", "B-2026-01-20"}
