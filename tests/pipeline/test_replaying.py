"""Replays of a release's method: from what was public then, or else cut; and never with a look ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecast import pipeline
from forecast.core.executor import HERE, Executor
from forecast.core.months import Month
from forecast.counts.archive import Archive
from forecast.pipeline.replaying import Replays, known_at
from forecast.recipe.recipe import parse
from forecast.release import read
from forecast.release.replays import Replay, replayed
from tests.pipeline.conftest import ISSUED, RECIPE, Home, vintage

PANEL, DAY = "cbp-states", ISSUED.date()
MARCH = Month.of(2024, 3)
EARLIER = date(2024, 1, 20)


def archive(folder, *, tilt: float = 1.0, after: int = 66) -> Archive:
    """Counts through March 2024, and those that a file had through December 2023 a while before, half as high.
    `tilt`: what the newest file's months from the `after`-th on are multiplied by.
    """
    made = Archive(folder)
    first, last = vintage(63, EARLIER, "a"), vintage(66, date(2024, 4, 30), "b")
    made.append(replace(first, values=first.values // 2))
    values = last.values.copy()
    values[after:] = np.rint(values[after:] * tilt)
    made.append(replace(last, values=values), accept=True)
    return made


def replays(made: Archive, folder) -> dict[str, Replay]:
    planned = Replays.of(parse(RECIPE), made.as_of(PANEL, DAY), made, cache=folder)
    kept, ended = planned.make(executor=HERE)
    assert ended == ()
    return {str(one.forecasts.origin): one for one in kept}


def test_a_replay_rests_on_what_was_public_where_that_is_known(tmp_path):
    made = archive(tmp_path / "a")
    counts = made.as_of(PANEL, DAY)
    public = known_at(made, counts, Month.of(2023, 12))
    assert (public.as_of, public.through) == (EARLIER, Month.of(2023, 12))
    assert public.values.sum() < 0.6 * counts.until(Month.of(2023, 12)).values.sum()
    assert known_at(made, counts, Month.of(2024, 2)) is None
    made_now = replays(made, tmp_path / "cache")
    assert {origin: one.as_of for origin, one in made_now.items()} == {
        "2024-02": None, "2023-12": EARLIER, "2023-09": None, "2023-03": None,
    }  # fmt: skip
    nation = {origin: one.forecasts.values[-1, 0, 11] for origin, one in made_now.items()}
    assert nation["2023-12"] < 0.7 * nation["2023-09"]
    assert {one.forecasts.horizon for one in made_now.values()} == {12}


def test_no_replay_sees_a_month_after_its_origin(tmp_path):
    plain = replays(archive(tmp_path / "a"), tmp_path / "one")
    # March alone is another; then every month from the sixtieth, October 2023, on.
    for after, same in ((65, {"2024-02", "2023-12", "2023-09", "2023-03"}), (60, {"2023-12", "2023-09", "2023-03"})):
        other = replays(archive(tmp_path / f"b{after}", tilt=9.0, after=after), tmp_path / f"two{after}")
        equal = {o for o, one in plain.items() if np.array_equal(one.forecasts.values, other[o].forecasts.values)}
        assert equal == same


def test_what_was_public_is_looked_up_by_the_day_of_the_counts(tmp_path):
    """A hindcast for a day before a file came out knows nothing of it."""
    made = archive(tmp_path)
    assert known_at(made, replace(made.as_of(PANEL, DAY), as_of=date(2024, 1, 19)), Month.of(2023, 12)) is None


def test_with_too_few_months_before_an_origin_it_is_left_out(tmp_path):
    made = archive(tmp_path / "a")
    short = made.as_of(PANEL, DAY)
    short = replace(short, first=short.first + 36, values=short.values[36:], precision=short.precision[36:])
    planned = Replays.of(parse(RECIPE), short, made, cache=tmp_path)
    assert [str(origin) for _, record in planned.records for origin in record.origins] == [
        "2023-12",
        "2024-02",
        "2023-09",
    ]


@pytest.mark.slow
def test_what_a_deadline_ended_is_no_word_of_the_method(tmp_path):
    """December is remembered whole; of February fits are ended, and the floor would speak in their place."""
    made = archive(tmp_path / "a")
    slow = parse(RECIPE.replace('"seasonal_naive"\nscale = "log"', '"prophet"'))
    planned = Replays.of(slow, made.as_of(PANEL, DAY), made, cache=tmp_path / "cache")
    (public, december), (_, rest) = planned.records
    replace(planned, records=((public, december),)).make(executor=HERE)
    february = replace(rest, origins=(Month.of(2024, 2),))
    kept, ended = replace(planned, records=((public, december), (None, february))).make(executor=Executor(2, 0.05))
    assert [(one.forecasts.origin, one.as_of) for one in kept] == [(Month.of(2023, 12), EARLIER)]
    assert ended == (Month.of(2024, 2),)


@pytest.mark.slow
def test_a_release_has_replays_of_every_area_and_a_hindcast_none(tmp_path, silence):
    home = Home(tmp_path, archive(tmp_path / "archive"))
    job = home.without_tracking()
    result = pipeline.retrain(PANEL, job, silence)
    release = read.load(job.engine, result.release)
    slugs = [area.slug for area in release.areas]
    kept = replayed(job.engine, [release.id], slugs)
    assert [(one.area, MARCH - one.origin, len(one.months)) for one in kept] == [
        (slug, back, 12) for slug in slugs for back in (1, 3, 6, 12)
    ]
    assert {one.as_of for one in kept} == {None, EARLIER}
    hindcast = pipeline.retrain(PANEL, job, silence, as_of=date(2024, 5, 2))
    assert hindcast.release != release.id
    assert replayed(job.engine, [hindcast.release], slugs) == []
