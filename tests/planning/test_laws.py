"""The laws of joint draws: kept by what is published and by any draws, and broken where they are broken."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.core.months import Month
from forecast.core.tables import Paths
from forecast.planning import laws
from forecast.planning.chance import Chance, in_words
from forecast.planning.exceedance import exceedance, limits, months_of
from forecast.release import lawful, read
from forecast.release.store import connect

ORIGIN = Month.of(2024, 11)
MEMBERS = {"whole": ("left", "right"), "left": ("left",), "right": ("right",)}


@st.composite
def drawn(draw: st.DrawFn) -> Paths:
    """Two leaves and their sum, of a few months and draws."""
    shape = (2, draw(st.integers(1, 4)), draw(st.integers(1, 30)))
    leaves = draw(arrays(np.int64, shape, elements=st.integers(0, 40))).astype(float)
    return Paths("drawn", ORIGIN, ("whole", "left", "right"), np.concatenate([leaves.sum(axis=0)[None], leaves]))


@pytest.fixture(scope="module")
def release(trained, tmp_path_factory):
    """The release of the trained home and its joint draws."""
    home = tmp_path_factory.mktemp("laws")
    shutil.copy(trained.home / "encounters.db", home)
    engine = connect(f"sqlite:///{home}/encounters.db")
    yield engine, read.load(engine, trained.release), read.joint_paths(engine, trained.release)
    engine.dispose()


def test_a_published_release_keeps_every_law(release):
    engine, served, paths = release
    assert paths.values.shape == (len(served.areas), 6, 2000)
    assert lawful.breaches(engine, served.id) == []


def test_quantiles_that_the_draws_do_not_have_are_told(release):
    _, served, paths = release
    published = lawful.forecasts_of(served)
    members = served.panel.hierarchy([area.slug for area in served.areas if served.panel.area(area.slug).is_leaf()])
    other = replace(published, values=published.values * 1.5 + 100)
    assert laws.marginals(paths, published, members, behind=60) == []
    broken = laws.marginals(paths, other, members, behind=60)
    assert any(line.startswith("states-nation, ") for line in broken)


def test_a_sparse_leaf_that_is_rounded_up_or_down_at_random_keeps_its_marginals_and_a_busier_one_does_not():
    worlds = np.repeat(0.3, 2000)  # scaled to a total; three worlds in ten round up
    rounded = np.floor(worlds + np.random.default_rng(1).random(2000))
    published = Paths("scaled", ORIGIN, ("left",), worlds[None, None]).quantiles()
    kept = Paths("scaled", ORIGIN, ("left",), rounded[None, None])
    assert laws.marginals(kept, published, {}) == []
    assert laws.marginals(replace(kept, values=kept.values + 2), published, {}) != []


@given(paths=drawn(), thresholds=st.lists(st.floats(0, 50), max_size=5))
def test_any_draws_that_are_sums_keep_the_laws(paths, thresholds):
    thresholds += [float(value) for value in np.unique(paths.values)[:5]]
    assert laws.of_release(paths, paths.quantiles(), MEMBERS) == []
    assert laws.strict_and_monotone(paths, thresholds) == []
    for values in paths.values:
        for threshold in thresholds:
            exceeded = exceedance(values, limits(threshold, months_of(paths), "day"))
            assert laws.tails_unread([*exceeded.above, *exceeded.first, exceeded.any, exceeded.never]) == []
            # Worlds are counted once: they begin in some month, or never.
            assert sum(one.hits for one in exceeded.first) + exceeded.never.hits == values.shape[1]
            assert max(one.hits for one in exceeded.above) <= exceeded.any.hits == values.shape[1] - exceeded.never.hits


@given(paths=drawn(), data=st.data())
def test_one_draw_that_is_no_sum_is_told(paths, data):
    values = paths.values.copy()
    at = tuple(data.draw(st.integers(0, size - 1)) for size in values.shape[1:])
    values[0][at] += 1
    assert laws.exact_sums(replace(paths, values=values.copy()), MEMBERS) == [
        "whole: 1 draws are not the sum of its leaves"
    ]
    values[0][at] += 0.5
    assert laws.whole(replace(paths, values=values)) == ["whole: 1 draws are not whole encounters of 0 or more"]


@given(paths=drawn())
def test_a_month_that_nothing_was_done_to_stays_the_same_draw_by_draw(paths):
    last = paths.horizon - 1
    values = paths.values.copy()
    values[:, last] += 7
    scenario = replace(paths, model="scenario", values=values)
    untouched = [(area, month) for area in range(3) for month in range(last)]
    assert laws.paired(paths, scenario, untouched=untouched) == []
    assert laws.paired(paths, scenario, untouched=[*untouched, (1, last)]) == [
        f"left, {ORIGIN + paths.horizon}: untouched, and not the same draw by draw"
    ]
    fewer = replace(paths, values=paths.values[..., :0].copy())
    assert laws.paired(paths, fewer) == ["drawn and drawn are not of the same areas, months and draws"]


@pytest.mark.parametrize(
    ("hits", "draws", "probability", "bound"),
    [
        (0, 2000, None, "under 1 in 400"),
        (4, 2000, None, "under 1 in 400"),
        (5, 2000, 0.0025, None),
        (1995, 2000, 0.9975, None),
        (1996, 2000, None, "over 399 in 400"),
        (2000, 2000, None, "over 399 in 400"),
        (4, 500, None, "under 1 in 100"),
        (250, 500, 0.5, None),
        (2, 4, None, "unknown from 4 draws"),
        (9, 9, None, "unknown from 9 draws"),
        (10, 10, None, "over 1 in 2"),
    ],
)
def test_a_chance_that_too_few_draws_speak_for_is_a_bound(hits, draws, probability, bound):
    assert (Chance(hits, draws).probability, Chance(hits, draws).bound) == (probability, bound)


def test_a_tail_that_is_read_is_told():
    class Eager(Chance):
        @property
        def probability(self):
            return self.hits / self.draws

    assert laws.tails_unread([Eager(3, 100)]) == ["3 of 100 draws are given as 0.03"]


def test_every_chance_of_a_release_is_tried_for_its_tails(monkeypatch):
    leaves = np.stack([np.arange(40.0), np.arange(40.0)[::-1]])[:, None]
    paths = Paths("drawn", ORIGIN, ("whole", "left", "right"), np.concatenate([leaves.sum(axis=0)[None], leaves]))
    assert laws.of_release(paths, paths.quantiles(), MEMBERS) == []
    monkeypatch.setattr(Chance, "probability", property(lambda self: self.hits / self.draws))
    broken = laws.of_release(paths, paths.quantiles(), MEMBERS)
    assert "1 of 40 draws are given as 0.025" in broken


@pytest.mark.parametrize(
    ("probability", "bound", "words"),
    [
        (0.0046, None, "under 1 %"),
        (0.01, None, "1 %"),
        (0.13, None, "13 %"),
        (0.99, None, "99 %"),
        (0.9976, None, "over 99 %"),
        (None, "under 1 in 400", "under 1 in 400"),
    ],
)
def test_no_chance_is_shown_as_none_or_all(probability, bound, words):
    assert in_words(probability, bound) == words
