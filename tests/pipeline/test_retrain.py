"""The scheduled job: publishes once, refuses what it must, and leaves the last release alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from forecast import pipeline
from forecast.core.errors import ArchiveError, ClockError, GateRefused, LockHeld, RecipeError
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.counts.archive import Archive
from forecast.evaluation import gates
from forecast.recipe import recipe as recipes_module
from forecast.release import ledger, read
from forecast.release.lease import hold
from forecast.release.migrations import migrate
from tests.pipeline.conftest import ISSUED, vintage

pytestmark = pytest.mark.slow
PANEL = "cbp-states"


def test_a_release_carries_where_its_figures_come_from(home, silence):
    job = home.job()
    result = pipeline.retrain(PANEL, job, silence)
    release = read.latest(job.engine, PANEL)
    manifest = release.manifest
    counts = home.archive.as_of(PANEL, ISSUED.date())
    assert (result.verdict, result.release) == ("published", release.id)
    assert (manifest.origin, manifest.data_digest, manifest.issued_at) == (Month.of(2024, 3), counts.digest, ISSUED)
    assert manifest.stale_after == date(2024, 6, 30)
    assert manifest.recipe in ("small", "floor")
    assert release.run_id
    assert set(manifest.scores["figures"]["all"]) == {"small", "floor", "random_walk-log", "seasonal_naive-log"}
    assert len(release.areas) == 11
    assert [str(month) for month in release.areas[0].months] == [
        "2024-04",
        "2024-05",
        "2024-06",
        "2024-07",
        "2024-08",
        "2024-09",
    ]
    run = ledger.last(job.engine, PANEL)
    assert run.verdict == "published"
    assert [step.name for step in run.steps] == [
        "evaluating at 2 origins",
        "replaying the record of 14 origins",
        "scoring the record",
        "fitting through 2024-03",
        "replaying the months before",
        "describing it for MLflow",
        "publishing",
    ]
    assert manifest.scores["selection"]["before"] == "small"
    assert [one["lead"] for one in manifest.scores["confidence"]] == ["0-2", "3-5", "6-10"]
    chances = manifest.scores["exceedance"]["figures"]
    assert {(one["group"], one["lead"]) for one in chances} == {
        (group, lead) for group in ("southwest", "other", "total") for lead in ("0-2", "3-5", "6-10")
    }
    assert all(0 <= one["brier"] <= 1 and 0 <= one["reliability_error"] <= 1 for one in chances)
    decided = manifest.scores["decisions"]["figures"]
    assert {(one["group"], one["lead"], one["cells"]) for one in decided} == {
        (one["group"], one["lead"], one["cells"] // 3)
        for one in chances  # three thresholds each
    }
    assert [cost["level"] for cost in decided[0]["costs"]] == [0.8, 0.9, 0.95]
    joint = read.joint_paths(job.engine, release.id)
    assert joint.values.shape == (11, 6, 2000)
    assert manifest.scores["draws"] == 60  # of so many the quantiles are made


def test_nothing_new_publishes_nothing(first, silence):
    job = first.home.without_tracking()
    again = pipeline.retrain(PANEL, job, silence)
    assert (again.verdict, again.release) == ("nothing new", first.result.release)
    assert silence.parts == [f"{PANEL}: logging to MLflow"]
    assert len(read.releases(job.engine, PANEL)) == 1


def test_new_counts_publish_a_new_release_and_observations_follow(first, silence):
    home, job = first.home, first.home.without_tracking()
    home.archive.append(vintage(70, date(2024, 8, 31), "b"))
    second = pipeline.retrain(PANEL, job, silence)
    assert second.release != first.result.release
    assert read.pointers(job.engine) == {PANEL: second.release}
    early = read.observations(job.engine, ["states-nation"], as_of=date(2024, 5, 1))
    late = read.observations(job.engine, ["states-nation"])
    assert (early[-1].month, late[-1].month) == (Month.of(2024, 3), Month.of(2024, 7))
    assert early[-1].count == home.archive.as_of(PANEL, date(2024, 5, 1)).values[-1].sum()


@pytest.mark.parametrize("months", [68, 67], ids=["a new month", "a revision"])
def test_a_clock_that_is_behind_cannot_bring_older_counts_back(months, home, silence):
    home.archive.append(vintage(months, ISSUED.date() - timedelta(days=1), "b"))
    served = pipeline.retrain(PANEL, home.without_tracking(), silence).release
    behind = replace(home.without_tracking(), clock=lambda: ISSUED - timedelta(days=2))
    for force in (False, True):
        with pytest.raises(ClockError, match=f"{served}.*2024-11-18 06:00 UTC.*set this machine's clock right"):
            pipeline.retrain(PANEL, behind, silence, force=force)
    assert read.pointers(behind.engine) == {PANEL: served}
    assert pipeline.retrain(PANEL, home.without_tracking(), silence).verdict == "nothing new"


def test_a_clock_that_was_ahead_holds_nothing_up(home, silence):
    ahead = replace(home.without_tracking(), clock=lambda: ISSUED + timedelta(days=2))
    pipeline.retrain(PANEL, ahead, silence)
    assert pipeline.retrain(PANEL, home.without_tracking(), silence).verdict == "nothing new"
    home.archive.append(vintage(70, ISSUED.date(), "b"))
    assert pipeline.retrain(PANEL, home.without_tracking(), silence).verdict == "published"


def test_a_machine_that_lacks_the_newer_files_cannot_bring_older_counts_back(home, silence, tmp_path):
    first = home.archive.vintages(PANEL)
    newer = home.archive.append(vintage(70, date(2024, 8, 31), "b")).vintage
    served = pipeline.retrain(PANEL, home.without_tracking(), silence).release
    other = Archive(tmp_path / "other")
    other.append(first[0])
    lacking = replace(home.without_tracking(), archive=other)
    with pytest.raises(ClockError, match=f"{served}.*counts through {newer.last}.*ingest the newer files"):
        pipeline.retrain(PANEL, lacking, silence)
    assert read.pointers(lacking.engine) == {PANEL: served}


def test_force_publishes_the_same_counts_again(first, silence):
    job = first.home.without_tracking()
    forced = pipeline.retrain(PANEL, job, silence, force=True)
    assert forced.verdict == "published"
    one, other = (read.load(job.engine, summary.id) for summary in read.releases(job.engine, PANEL))
    assert one.id != other.id
    assert one.areas == other.areas


def test_a_hindcast_knows_only_its_day_and_is_never_served(home, silence):
    job = home.without_tracking()
    home.archive.append(vintage(70, date(2024, 8, 31), "b"))
    issued = pipeline.retrain(PANEL, job, silence)
    past = pipeline.retrain(PANEL, job, silence, as_of=date(2024, 6, 30))
    manifest = read.load(job.engine, past.release).manifest
    assert (manifest.hindcast, manifest.origin, manifest.as_of) == (True, Month.of(2024, 3), date(2024, 6, 30))
    assert read.pointers(job.engine) == {PANEL: issued.release}
    with pytest.raises(ArchiveError, match="no counts published by 2024-01-01"):
        pipeline.retrain(PANEL, job, silence, as_of=date(2024, 1, 1))


def test_a_refused_release_leaves_the_last_one_and_a_reason(first, silence, monkeypatch):
    home, job = first.home, first.home.without_tracking()
    home.archive.append(vintage(70, date(2024, 8, 31), "b"))
    monkeypatch.setattr(gates, "PLAUSIBLE", 0.01)
    monkeypatch.setattr(gates, "ALWAYS_PLAUSIBLE", 0.0)
    with pytest.raises(GateRefused, match="highest month ever seen"):
        pipeline.retrain(PANEL, job, silence)
    assert read.pointers(job.engine) == {PANEL: first.result.release}
    run = ledger.last(job.engine, PANEL)
    assert run.verdict == "refused"
    assert "highest month ever seen" in run.reason


def test_a_tracking_server_that_is_down_delays_nothing_but_tracking(first):
    assert read.latest(first.home.without_tracking().engine, PANEL).run_id is None
    assert first.result.verdict == "published"
    assert f"MLflow has no run of {first.result.release} yet" in first.said[0]


def test_a_second_retraining_is_turned_away(home, silence):
    job = home.without_tracking()
    migrate(job.engine)
    with (
        hold(job.engine, PANEL, holder="somebody else", now=ISSUED, ttl=timedelta(minutes=5)),
        pytest.raises(LockHeld, match="somebody else"),
    ):
        pipeline.retrain(PANEL, home.without_tracking(), silence)


def test_late_counts_are_cautioned_against(first):
    assert "end in 2024-03: all 6 forecast months had begun or passed" in first.result.notes[0]


def test_the_key_follows_counts_recipe_and_code(home):
    counts = home.archive.as_of(PANEL, ISSUED.date())
    recipes = [recipes_module.load(name) for name in home.job().recipes]
    key = pipeline.release_key(counts, recipes, code="1")
    assert key == pipeline.release_key(counts, recipes, code="1")
    assert (
        len({key, pipeline.release_key(counts, recipes, code="2"), pipeline.release_key(counts, recipes[:1], code="1")})
        == 3
    )
    assert key != pipeline.release_key(counts.until(counts.through + -1), recipes, code="1")


def test_the_clock_of_the_job_is_the_only_one(home, silence):
    later = datetime(2031, 2, 3, 4, 5, tzinfo=UTC)
    job = home.without_tracking()
    object.__setattr__(job, "clock", lambda: later)
    result = pipeline.retrain(PANEL, job, silence)
    assert read.load(job.engine, result.release).manifest.issued_at == later


def test_a_release_is_the_recipe_s_own_forecast(first):
    job = first.home.without_tracking()
    release = read.load(job.engine, first.result.release)
    counts = first.home.archive.as_of(PANEL, ISSUED.date())
    recipe = next(loaded for loaded in map(recipes_module.load, job.recipes) if loaded.name == release.manifest.recipe)
    again = recipes_module.run(recipe, counts, origin=counts.through, executor=HERE)
    row = again.forecasts.areas.index("states-nation")
    assert np.allclose(release.by_slug["states-nation"].quantiles, again.forecasts.values[row], atol=0.005)


def test_a_recipe_that_serves_defends_itself_against_one_that_is_named_alone(home, silence):
    job = home.without_tracking()
    first = replace(job, recipes=("floor",))
    assert read.load(job.engine, pipeline.retrain(PANEL, first, silence).release).manifest.recipe == "floor"
    small = home.root / "small.toml"
    second = pipeline.retrain(PANEL, replace(job, recipes=(str(small),)), silence)
    verdict = read.load(job.engine, second.release).manifest.scores["selection"]
    assert verdict["before"] == "floor"
    assert [one["name"] for one in verdict["challengers"]] == ["small"]


def test_a_champion_whose_file_is_unknown_must_be_named(home, silence):
    job = home.without_tracking()
    mine = home.root / "mine.toml"
    mine.write_text((home.root / "small.toml").read_text().replace('"small"', '"mine"'))
    pipeline.retrain(PANEL, replace(job, recipes=(str(mine),)), silence)
    with pytest.raises(RecipeError, match="'mine' serves and is not among those named"):
        pipeline.retrain(PANEL, replace(job, recipes=(str(home.root / "small.toml"),)), silence)


def test_two_recipes_of_one_name_are_refused(home, silence):
    job = home.without_tracking()
    small = str(home.root / "small.toml")
    with pytest.raises(RecipeError, match="Two recipes are called 'small'"):
        pipeline.retrain(PANEL, replace(job, recipes=(small, small)), silence)


def test_a_hindcast_is_judged_without_the_champion_of_today(home, silence):
    job = home.without_tracking()
    pipeline.retrain(PANEL, replace(job, recipes=("floor",)), silence)
    small = replace(job, recipes=(str(home.root / "small.toml"),))
    past = pipeline.retrain(PANEL, small, silence, as_of=date(2024, 5, 1))
    verdict = read.load(job.engine, past.release).manifest.scores["selection"]
    assert (verdict["before"], verdict["champion"], verdict["challengers"]) == ("small", "small", [])
