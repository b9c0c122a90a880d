"""After each new month: past releases are scored against it, once, and alarms follow; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import select, text, update

from forecast.core.executor import HERE
from forecast.core.scoring import seasonal_scale, weighted_interval_score
from forecast.core.tables import Forecasts
from forecast.evaluation import monitoring
from forecast.evaluation import scores as evaluation
from forecast.pipeline.scoring import look_back
from forecast.pipeline.training import Training
from forecast.recipe import recipe as recipes_module
from forecast.release import alarms, issued_models, issued_scores, ledger, outside_forecasts, read, schema
from forecast.release.lease import hold
from forecast.release.live_board import live
from forecast.release.store import reading, writing
from tests.pipeline.offices import APRIL, JULY, JUNE, MAY, PANEL, april, may, past
from tests.release.conftest import postgres  # noqa: F401 (a fixture)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def offices(request, tmp_path_factory):
    """Copies of two offices, on either database."""
    address = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    yield from past(tmp_path_factory.mktemp("offices"), address)


@pytest.fixture
def office(offices, tmp_path, silence):
    """After the retraining of May."""
    office = offices("one", "may", tmp_path, silence)
    yield office
    office.engine.dispose()


@pytest.fixture
def office_in_june(offices, tmp_path, silence):
    """After the counts of April came in and were retrained on."""
    office = offices("one", "june", tmp_path, silence)
    yield office
    office.engine.dispose()


def beside_the_first(office, factors):
    """Register forecasts in May, each so many times what serves; the leaves that they are of. "more" lacks the last."""
    served = read.load(office.engine, office.first)
    leaves = [slug for slug in office.home.archive.as_of(PANEL, MAY.date()).areas if slug in served.by_slug]
    values = np.array([served.by_slug[slug].quantiles for slug in leaves])
    for name, factor in factors.items():
        areas = leaves[:-1] if name == "more" else leaves
        rows = factor * values[: len(areas)]
        table = Forecasts("theirs", served.manifest.origin, tuple(areas), rows, rows[:, :, 0], served.levels)
        outside_forecasts.register(
            office.engine, [table], name=name, panel=PANEL, file="theirs.csv", sha256="e" * 64, now=MAY
        )
    return leaves


def unlock(office):
    """Let rows of outside forecasts be changed, as a damaged disk would."""
    with writing(office.engine, subject=PANEL) as open_:
        open_.execute(
            text("DROP TRIGGER outside_forecast_no_update" if office.engine.dialect.name == "sqlite"
                 else "ALTER TABLE outside_forecast DISABLE TRIGGER ALL")
        )  # fmt: skip


def rename(office, **files):
    """Name another file for each forecast: damaged but for "theirs.csv"."""
    kept = schema.outside_forecast
    with writing(office.engine, subject=PANEL) as open_:
        for name, file in files.items():
            open_.execute(update(kept).where(kept.c.name == name).values(file=file))


def looked_back(office, day):
    job = replace(office.home.without_tracking(), engine=office.engine, clock=lambda: day)
    with hold(office.engine, PANEL, holder="a test", now=day, ttl=timedelta(hours=1)) as lease:
        run = ledger.start(office.engine, PANEL, why="a test", now=day)
        look_back(PANEL, job, office.silence, lease, run, hindcast=False)


def test_models_that_were_issued_with_a_release_are_scored_beside_it(office_in_june):
    office = office_in_june
    kept = {one.model: one for one in issued_models.load(office.engine, office.first)}
    assert set(kept) == {"random_walk-log", "seasonal_naive-log"}
    counts = office.home.archive.as_of(PANEL, JUNE.date())
    board = {one.model: one for one in live(office.engine, counts.areas, monthly=True)}
    assert set(board) == {"recipe", "floor", *kept}
    assert {(one.n, one.releases, one.month) for one in board.values()} == {(len(counts.areas), 1, APRIL)}
    assert [one.floor for one in board.values()] == pytest.approx([board["floor"].score] * 4)
    for name, model in kept.items():
        rows = [model.areas.index(slug) for slug in counts.areas]
        quantiles = np.round(model.values[rows, 0])  # April is the first month; its counts are exact
        observed = counts.values[-1]
        scale = [seasonal_scale(counts.until(APRIL + -1).totals()[slug]) for slug in counts.areas]
        wis = weighted_interval_score(quantiles, model.levels, observed)
        assert board[name].score == pytest.approx(float(np.mean(wis / scale)))
        held = (quantiles[:, model.levels.index(0.1)] <= observed) & (observed <= quantiles[:, model.levels.index(0.9)])
        assert board[name].coverage_80 == pytest.approx(held.mean())


def test_an_outside_forecast_is_scored_as_the_release_that_it_was_registered_beside(office):
    leaves = beside_the_first(office, {"same": 1.0, "more": 1.1, "gone": 1.0})
    outside_forecasts.withdraw(office.engine, "gone", panel=PANEL, now=MAY)
    april(office)
    may(office)
    looked_back(office, JULY)
    rows = live(office.engine, leaves, monthly=True)
    # April had ended when they were registered.
    assert {one.month for one in rows if one.model.endswith("(outside)")} == {APRIL + 1}
    board = {one.model: one for one in rows if one.month == APRIL + 1}
    assert "gone (outside)" not in board
    same, more, own = board["same (outside)"], board["more (outside)"], board["recipe"]
    assert (same.n, same.score, same.coverage_80) == (own.n, pytest.approx(own.score), own.coverage_80)
    assert (more.n, more.releases) == (len(leaves) - 1, 1)
    assert more.score != pytest.approx(more.served)


def test_an_outside_forecast_that_was_withdrawn_after_the_count_stays_on_the_board_when_that_is_revised(office):
    leaves = beside_the_first(office, {"theirs": 1.0})
    may(office)
    looked_back(office, JULY)
    outside_forecasts.withdraw(office.engine, "theirs", panel=PANEL, now=JULY)
    office.arrive(68, date(2024, 7, 15), "d", factor=1.1)
    looked_back(office, JULY.replace(day=20))
    board = {one.model: one for one in live(office.engine, leaves, monthly=True) if one.month == APRIL + 1}
    own, theirs = board["recipe"], board["theirs (outside)"]
    assert (theirs.n, theirs.score) == (own.n, pytest.approx(own.score))


def with_a_damaged_one(office):
    """Beside the first release two outside forecasts, one of them damaged when May is scored; the leaves."""
    leaves = beside_the_first(office, {"bad": 1.0, "good": 1.0})
    unlock(office)
    rename(office, bad="other.csv")
    may(office)
    looked_back(office, JULY)
    return leaves


def test_a_damaged_outside_forecast_is_named_and_costs_no_other_its_scores(office):
    leaves = with_a_damaged_one(office)
    assert {"good (outside)", "recipe"} < (models := {one.model for one in live(office.engine, leaves)})
    assert "bad (outside)" not in models
    (line,) = [line for line in office.said if "damaged" in line]
    assert f"left out of the scores of this run. The forecast of bad beside {office.first} is damaged" in line
    assert "tried again" not in line
    # Restored from a backup, it gets what it missed, and everything else stays as it was; then nothing is left to do.
    before = {one.model: one for one in live(office.engine, leaves)}
    rename(office, bad="theirs.csv")
    looked_back(office, JULY)
    after = {one.model: one for one in live(office.engine, leaves)}
    assert (bad := after.pop("bad (outside)")).n == before["good (outside)"].n
    assert bad.score == pytest.approx(before["good (outside)"].score)
    assert {name: (one.n, pytest.approx(one.score)) for name, one in after.items()} == {
        name: (one.n, one.score) for name, one in before.items()
    }
    steps = len(ledger.last(office.engine, PANEL).steps)
    looked_back(office, JULY)
    assert steps == 1
    assert ledger.last(office.engine, PANEL).steps == ()


def test_a_restored_outside_forecast_costs_one_that_is_damaged_meanwhile_no_score(office):
    leaves = with_a_damaged_one(office)
    before = {one.model: (one.n, one.score) for one in live(office.engine, leaves)}
    rename(office, bad="theirs.csv", good="other.csv")
    looked_back(office, JULY)
    after = {one.model: (one.n, one.score) for one in live(office.engine, leaves)}
    assert after.pop("bad (outside)") == pytest.approx(before["good (outside)"])
    assert {name: pytest.approx(figures) for name, figures in after.items()} == before


def test_a_new_month_scores_every_past_release_once(office):
    first = office.first
    assert office.rows() == 0
    april(office)
    second = office.retrain(JUNE).release
    cells = issued_scores.cells(office.engine, PANEL)
    areas = set(read.load(office.engine, first).by_slug)
    assert {cell.area for cell in cells} == areas
    assert len(cells) == len(areas) == office.rows()
    assert {(cell.release, cell.target_month, cell.lead, cell.published) for cell in cells} == {
        (first, APRIL, -1, date(2024, 5, 31))
    }
    totals = office.home.archive.as_of(PANEL, JUNE.date()).totals()
    assert {cell.area: cell.observed for cell in cells} == {slug: totals[slug][-1] for slug in areas}
    assert "scoring past releases" in [step.name for step in ledger.last(office.engine, PANEL).steps]

    office.retrain(JUNE, force=True)
    assert office.rows() == len(areas)
    assert "scoring past releases" not in [step.name for step in ledger.last(office.engine, PANEL).steps]

    may(office)
    third = office.retrain(JULY).release
    by_release = {
        cell.release: cell
        for cell in issued_scores.cells(office.engine, PANEL)
        if cell.area == "states-nation" and cell.lead == 0
    }
    assert by_release.keys() == {first}
    scored = {cell.release for cell in issued_scores.cells(office.engine, PANEL, first=APRIL + 1)}
    assert {first, second} < scored  # and the one that was forced
    assert third not in scored


def test_scores_of_a_release_and_of_the_floor_are_those_of_the_evaluation(office_in_june):
    office = office_in_june
    counts, truth = (office.home.archive.as_of(PANEL, day.date()) for day in (MAY, JUNE))
    floor = recipes_module.run(
        recipes_module.load("floor"), counts, origin=counts.through, executor=HERE, horizon=6
    ).forecasts
    table = evaluation.score(forecasts=[floor], truth=truth)
    cells = {cell.area: cell for cell in issued_scores.cells(office.engine, PANEL)}
    assert len(table) == len(cells)
    for row in table.to_dict("records"):
        assert cells[row["area"]].floor_wis / cells[row["area"]].scale == pytest.approx(row["sWIS"])
    stored = read.load(office.engine, office.first).by_slug["states-nation"].quantiles[0]
    nation = cells["states-nation"]
    assert (nation.median, nation.lower_95, nation.upper_95) == tuple(np.round([stored[11], stored[1], stored[21]]))


def test_a_revised_count_adds_a_score_that_takes_the_place_of_the_first(office_in_june):
    office = office_in_june
    before = office.rows()
    office.arrive(67, date(2024, 6, 15), "d", factor=1.1)
    office.retrain(datetime(2024, 6, 20, tzinfo=UTC))
    assert office.rows() == 2 * before
    cells = issued_scores.cells(office.engine, PANEL)
    assert len(cells) == before
    assert {cell.published for cell in cells} == {date(2024, 6, 15)}


def test_hindcasts_are_scored_apart_at_once_and_by_every_later_month(office_in_june):
    office = office_in_june
    before = issued_scores.cells(office.engine, PANEL)
    hindcast = office.retrain(JUNE, as_of=date(2024, 5, 1)).release
    assert office.rows() == 2 * len(before)
    (at_once,) = issued_scores.tallies(office.engine, hindcast=True, areas=["states-nation"])
    assert (at_once.n, at_once.months, at_once.through) == (1, 1, APRIL)
    assert issued_scores.cells(office.engine, PANEL) == before
    may(office)
    office.retrain(JULY)
    assert hindcast not in {cell.release for cell in issued_scores.cells(office.engine, PANEL)}
    (past,) = issued_scores.tallies(office.engine, hindcast=True, areas=["states-nation"])
    assert (past.n, past.months, past.through) == (2, 2, APRIL + 1)


def test_a_run_that_is_killed_while_it_scores_is_made_up_for_by_the_next(office, monkeypatch):
    first = office.first
    office.retrain(MAY, as_of=date(2024, 5, 2))
    april(office)
    recorded, record = [], issued_scores.record

    def killed(engine, panel, rows, **more):
        if recorded:
            raise KeyboardInterrupt
        recorded.append(rows)
        record(engine, panel, rows, **more)

    with monkeypatch.context() as patch:
        patch.setattr(issued_scores, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            office.retrain(JUNE)
    assert office.rows() == len(recorded[0])
    assert read.observations(office.engine, ["states-nation"])[-1].month == APRIL
    assert read.pointers(office.engine) == {PANEL: first}

    assert office.retrain(JUNE).verdict == "published"
    assert office.rows() == 2 * len(recorded[0])


def test_a_run_that_is_killed_while_it_trains_has_lost_neither_counts_nor_scores(office, monkeypatch):
    april(office)

    def killed(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Training, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            office.retrain(JUNE)
    assert read.observations(office.engine, ["states-nation"])[-1].month == APRIL
    assert len(issued_scores.cells(office.engine, PANEL)) == office.rows() > 0


def test_scores_that_fail_stop_no_publication_and_are_made_up_for(office, monkeypatch):
    april(office)

    def broken(**_):
        raise RuntimeError("no score today")

    with monkeypatch.context() as patch:
        patch.setattr(monitoring, "score", broken)
        assert office.retrain(JUNE).verdict == "published"
    assert any(
        "could not be scored, and will be tried again" in line and "no score today" in line for line in office.said
    )
    assert any(
        "failed" in step.name and "no score today" in step.name for step in ledger.last(office.engine, PANEL).steps
    )
    assert office.rows() == 0
    office.retrain(JUNE, force=True)
    assert office.rows() > 0


def test_a_hindcast_that_cannot_be_scored_is_published_and_scored_by_the_next_run(office_in_june, monkeypatch):
    office = office_in_june
    before = office.rows()

    def broken(**_):
        raise RuntimeError("no score today")

    with monkeypatch.context() as patch:
        patch.setattr(monitoring, "score", broken)
        assert office.retrain(JUNE, as_of=date(2024, 5, 1)).verdict == "published"
    assert any(
        "could not be scored, and will be tried again" in line and "no score today" in line for line in office.said
    )
    assert office.rows() == before
    office.retrain(JUNE, force=True)
    assert office.rows() == 2 * before


def test_a_hindcast_scores_no_other_release(office):
    april(office)
    hindcast = office.retrain(JUNE, as_of=date(2024, 5, 1)).release
    with reading(office.engine) as connection:
        assert set(connection.execute(select(schema.accuracy.c.release)).scalars()) == {hindcast}


def test_one_release_that_cannot_be_scored_hides_no_other(office, monkeypatch):
    first = office.first
    second = office.retrain(MAY, force=True).release
    april(office)
    load = read.load

    def damaged(engine, release):
        if release == first:
            raise RuntimeError("damaged")
        return load(engine, release)

    monkeypatch.setattr(read, "load", damaged)
    office.retrain(JUNE)
    assert {cell.release for cell in issued_scores.cells(office.engine, PANEL)} == {second}


def test_a_month_far_outside_raises_an_alarm_that_a_month_inside_clears(office):
    april(office, factor=9.0)
    raised = office.retrain(JUNE)
    (opened,) = alarms.opened(office.engine)[PANEL]
    assert raised.alarms == (opened,)
    assert (opened.kind, opened.raised, opened.since) == ("big-miss", True, JUNE)
    assert "encounters in 2024-04, outside the 95 % interval" in opened.detail
    assert any("alarm big-miss raised" in line for line in office.said)
    assert office.retrain(JUNE, force=True).alarms == ()
    # The file of May says that April was as expected, and so is May by the release before it.
    may(office)
    cleared = office.retrain(JULY)
    assert [(event.kind, event.raised) for event in cleared.alarms] == [("big-miss", False)]
    assert PANEL not in alarms.opened(office.engine)
