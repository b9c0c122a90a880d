"""The recipe for somebody else's panel: the one that would have forecast its own last months best."""

import numpy as np
import pytest

from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.scoring import seasonal_scale, weighted_interval_score
from forecast.core.tables import LEVELS, Series
from forecast.evaluation.choice import BLEND, SINGLE, Choice, choose, work
from forecast.recipe import recipe as recipes
from forecast.recipe.prediction import predict

BANK, BOTH = recipes.load(SINGLE), recipes.load(BLEND)
START = Month.of(2015, 1)


def growing(name, months=96, seed=0):
    """A straight trend with a season: what the bank's trends forecast better than the Theta method's half slope."""
    rng = np.random.default_rng(seed)
    time = np.arange(months)
    return Series(
        name, START, np.round(1000 + 25 * time + 60 * np.sin(2 * np.pi * time / 12) + rng.normal(0, 8, months))
    )


def cut(series, months):
    return Series(series.area, series.first, series.values[:-months].copy())


def test_the_scores_are_those_of_the_months_that_were_hidden():
    series = [growing("a"), growing("b", seed=1)]
    choice = choose(BANK, BOTH, series, horizon=12)
    assert (choice.series, choice.hidden) == (2, 24)
    expected = []
    for hidden in (12, 24):
        past = [cut(one, hidden) for one in series]
        for made, whole in zip(predict(BANK, past, horizon=12, executor=HERE), series, strict=True):
            truth = whole.values[-hidden:][:12]
            wis = weighted_interval_score(made.quantiles, LEVELS, truth).mean()
            expected.append(wis / seasonal_scale(made.series.values))
    assert choice.scores["bank"] == pytest.approx(np.mean(expected))


def test_the_bank_is_taken_where_it_is_better_by_more_than_noise():
    choice = choose(BANK, BOTH, [growing(str(place), seed=place) for place in range(6)], horizon=6)
    assert choice.recipe.name == "bank"
    assert choice.scores["bank"] < choice.scores["blend"]
    assert str(choice).startswith("recipe bank, as its sWIS is smaller by more than noise (")
    assert f"bank {choice.scores['bank']:.3f}" in str(choice)


def test_a_choice_never_reads_as_if_the_worse_had_won():
    assert str(Choice(BOTH, {"bank": 0.296, "blend": 0.311}, 2, 6)) == (
        "recipe blend, as bank's sWIS is not smaller by more than noise (bank 0.296, blend 0.311; the last 6 months of "
        "2 series)"
    )
    assert "whose sWIS is smaller than bank's" in str(Choice(BOTH, {"bank": 0.4, "blend": 0.3}, 2, 6))


def test_the_blend_is_taken_where_nobody_can_tell():
    """Of one series nothing is known of noise, whatever its scores."""
    assert choose(BANK, BOTH, [growing("a")], horizon=6).recipe.name == "blend"


def test_where_too_little_is_known_the_bank_is_taken():
    choice = choose(BANK, BOTH, [growing("a", months=30)], horizon=12)
    assert (choice.recipe, choice.scores) == (BANK, {})
    assert "too few months" in str(choice)


def test_series_too_short_leave_the_choice_to_the_others_and_a_gap_at_the_cut_is_no_month_to_begin_from():
    holed = growing("holed")
    holed.values.setflags(write=True)
    holed.values[-14:-12] = np.nan
    choice = choose(BANK, BOTH, [growing("a"), growing("short", months=20), holed], horizon=12)
    assert choice.series == 2
    assert np.isfinite(list(choice.scores.values())).all()


def test_as_many_fits_as_were_said():
    series, done = [growing("a"), growing("b", months=50, seed=2), growing("c", months=20)], []
    choose(BANK, BOTH, series, horizon=12, on_fit=lambda: done.append(1))
    assert len(done) == work(BANK, BOTH, series, horizon=12) == 3 * 4


def test_of_a_large_panel_an_even_choice_of_series_is_asked():
    series = [growing(str(place), months=60, seed=place) for place in range(450)]
    assert work(BANK, BOTH, series, horizon=12) == 3 * 2 * 150
