"""A file that is withdrawn or redated reaches the store and the forecasts;
what was served stays on record and old answers say so.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import select

from forecast import pipeline
from forecast.core.months import Month
from forecast.pipeline.correcting import record_counts, since_issue
from forecast.release import corrections, read, schema
from forecast.release.migrations import migrate
from forecast.release.store import reading
from tests.pipeline.conftest import ISSUED, vintage

PANEL = "cbp-states"
AREA = "states-nation"
AUGUST, SEPTEMBER = date(2024, 8, 31), date(2024, 9, 30)
LATER = ISSUED + timedelta(hours=1)


@pytest.fixture
def store(home):
    engine = home.job().engine
    migrate(engine)
    return engine


def months(store, as_of=None):
    return [row.month for row in read.observations(store, [AREA], as_of=as_of)]


def corrected(store, as_of):
    answer = read.observations(store, [AREA], as_of=as_of)
    return [one.kind for one in corrections.corrected_answers(store, answer, [AREA], as_of=as_of)]


def test_counts_of_a_withdrawn_file_are_served_no_longer_kept_and_old_answers_say_so(home, store):
    home.archive.append(vintage(70, AUGUST, "b"), when=ISSUED)
    record_counts(store, PANEL, home.archive)
    assert months(store)[-1] == Month.of(2024, 7)
    assert corrected(store, SEPTEMBER) == []
    home.archive.withdraw("b" * 12, now=LATER)
    record_counts(store, PANEL, home.archive)
    record_counts(store, PANEL, home.archive)
    assert months(store)[-1] == months(store, SEPTEMBER)[-1] == Month.of(2024, 3)
    assert corrected(store, SEPTEMBER) == ["withdrawn"]
    assert corrected(store, date(2024, 8, 30)) == []
    with reading(store) as connection:
        kept = (
            connection.execute(select(schema.superseded.c.month).where(schema.superseded.c.area == AREA))
            .scalars()
            .all()
        )
    assert sorted(kept) == [Month.of(2024, 4) + step for step in range(4)]


def test_a_redated_file_is_served_from_its_right_day_on_and_answers_of_the_days_between_say_so(home, store):
    home.archive.append(vintage(70, AUGUST, "b"), when=ISSUED)
    record_counts(store, PANEL, home.archive)
    home.archive.redate("b" * 12, SEPTEMBER, now=LATER)
    record_counts(store, PANEL, home.archive)
    assert months(store, date(2024, 9, 15))[-1] == Month.of(2024, 3)
    assert months(store, SEPTEMBER)[-1] == Month.of(2024, 7)
    assert corrected(store, date(2024, 9, 15)) == ["redated"]
    assert corrected(store, date(2024, 8, 30)) == []
    home.archive.redate("b" * 12, AUGUST, now=LATER)
    record_counts(store, PANEL, home.archive)
    assert months(store, AUGUST)[-1] == Month.of(2024, 7)


def test_a_later_file_with_the_same_figures_stands_in_for_the_withdrawn_one(home, store):
    home.archive.append(vintage(70, AUGUST, "b"), when=ISSUED)
    home.archive.append(vintage(70, SEPTEMBER, "c"), when=ISSUED)
    record_counts(store, PANEL, home.archive)
    home.archive.withdraw("b" * 12, now=LATER)
    record_counts(store, PANEL, home.archive)
    newest = read.observations(store, [AREA])[-1]
    assert (newest.month, newest.published, newest.sha256) == (Month.of(2024, 7), SEPTEMBER, "c" * 64)
    assert corrected(store, date(2024, 9, 15)) == ["withdrawn"]
    assert corrected(store, SEPTEMBER) == []


def at(home, moment: datetime):
    job = home.without_tracking()
    return pipeline.Job(**{name: getattr(job, name) for name in job.__dataclass_fields__} | {"clock": lambda: moment})


def test_after_a_withdrawal_the_earlier_release_of_the_same_counts_is_served_again(home, silence):
    first = pipeline.retrain(PANEL, home.without_tracking(), silence)
    home.archive.append(vintage(70, AUGUST, "b"), when=ISSUED + timedelta(minutes=10))
    wrong = pipeline.retrain(PANEL, at(home, ISSUED + timedelta(minutes=20)), silence)
    home.archive.withdraw("b" * 12, now=LATER)
    job = at(home, LATER + timedelta(hours=1))
    assert [one.kind for one in since_issue(PANEL, home.archive, read.load(job.engine, wrong.release).manifest)] == [
        "withdrawn"
    ]
    assert pipeline.retrain(PANEL, job, silence).release == first.release
    assert read.pointers(job.engine) == {PANEL: first.release}
    assert read.load(job.engine, first.release).corrections == ()
    assert [one.kind for one in read.load(job.engine, wrong.release).corrections] == ["withdrawn"]
    assert months(job.engine)[-1] == Month.of(2024, 3)
    assert pipeline.retrain(PANEL, job, silence).verdict == "nothing new"
    assert read.pointers(job.engine) == {PANEL: first.release}


def test_a_withdrawal_that_moves_the_counts_back_is_not_taken_for_a_clock_that_is_behind(home, silence):
    home.archive.append(vintage(70, AUGUST, "b"), when=ISSUED)
    wrong = pipeline.retrain(PANEL, home.without_tracking(), silence)
    home.archive.withdraw("b" * 12, now=LATER)
    job = at(home, LATER + timedelta(hours=1))
    right = pipeline.retrain(PANEL, job, silence)
    assert (right.verdict, read.pointers(job.engine)) == ("published", {PANEL: right.release})
    assert right.release != wrong.release
    assert read.latest(job.engine, PANEL).manifest.origin == Month.of(2024, 3)
    assert np.isclose(
        read.observations(job.engine, [AREA])[-1].count, home.archive.as_of(PANEL, ISSUED.date()).values[-1].sum()
    )
