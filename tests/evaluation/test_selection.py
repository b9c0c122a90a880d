"""The rule that chooses the champion, and how far its intervals are trusted."""

import re

import pandas as pd
import pytest

from forecast.core.errors import TableError
from forecast.core.months import Month, month_range
from forecast.core.scorecard import FIGURES
from forecast.evaluation.selection import choose, confidence, held, recent_coverage

FIRST = Month.of(2018, 1)


def cells(model, scaled=1.0, logged=1.0, coverage=0.8, origins=24, step=3, horizon=12, group="southwest"):
    """One area's scores at origins every `step` months: constant, or a function of the origin's place;
    coverage is dealt out evenly.
    """
    rows = []
    for place, origin in enumerate(month_range(FIRST, origins * step)[::step]):
        for ahead in range(1, horizon + 1):
            at = scaled(place) if callable(scaled) else scaled
            inside = float(int((len(rows) + 1) * coverage) > int(len(rows) * coverage))
            rows.append(
                dict.fromkeys(FIGURES, 0.0)
                | {
                    "model": model,
                    "group": group,
                    "area": "tucson",
                    "origin": str(origin),
                    "horizon": ahead,
                    "lead": ahead - 2,
                }
                | {"target_month": str(origin + ahead), "sWIS": at, "logWIS": logged, "coverage_80": inside}
            )
    return pd.DataFrame(rows)


def judged(*tables, candidates=("old", "new"), champion=None):
    return choose(pd.concat(tables), candidates, judged_on="southwest", champion=champion)


def test_a_challenger_that_is_clearly_better_takes_over():
    verdict = judged(cells("old"), cells("new", scaled=0.8, logged=0.9))
    (challenge,) = verdict.challenges
    assert (verdict.before, verdict.name, challenge.promoted) == ("old", "new", True)
    assert (challenge.scaled.ratio, challenge.logged.ratio) == pytest.approx((0.8, 0.9))


def test_noise_promotes_nobody():
    verdict = judged(cells("old"), cells("new", scaled=lambda place: 0.2 if place % 8 < 4 else 1.78))
    assert verdict.challenges[0].scaled.ratio < 1
    assert verdict.name == "old"
    assert verdict.challenges[0].reason == "not better than old by more than noise"


def test_better_on_one_score_and_clearly_worse_on_the_other_is_not_better():
    verdict = judged(cells("old"), cells("new", scaled=0.5, logged=1.1))
    assert (verdict.name, verdict.challenges[0].reason) == ("old", "clearly worse than old")


@pytest.mark.parametrize("coverage", [0.5, 1.0])
def test_intervals_that_lately_held_too_little_or_too_much_bar_promotion(coverage):
    verdict = judged(cells("old"), cells("new", scaled=0.8, logged=0.8, coverage=coverage))
    assert verdict.name == "old"
    assert re.search(r"80 % intervals held [01]\.\d\d of the last 12 months", verdict.challenges[0].reason)


def test_one_score_that_is_better_by_no_more_than_noise_bars_promotion():
    verdict = judged(cells("old"), cells("new", scaled=0.8, logged=1.0))
    assert (verdict.name, verdict.challenges[0].reason) == ("old", "not better than old by more than noise")


def test_few_origins_promote_nobody():
    verdict = judged(cells("old", origins=6), cells("new", scaled=0.1, logged=0.1, origins=6))
    assert (verdict.name, verdict.challenges[0].reason) == ("old", "6 origins are too few to tell it from old")


def test_the_champion_of_the_last_release_defends_whatever_the_order():
    tables = cells("old"), cells("new", scaled=0.99)
    assert judged(*tables, candidates=("new", "old"), champion="old").before == "old"
    assert judged(*tables, candidates=("new", "old"), champion="gone").before == "new"


def test_of_two_better_challengers_the_better_one_wins():
    verdict = judged(cells("old"), cells("good", 0.9, 0.9), cells("best", 0.8, 0.8), candidates=("old", "good", "best"))
    assert verdict.name == "best"


def test_totals_have_no_vote():
    lies = pd.concat([cells("old", scaled=9.0, group="total"), cells("new", scaled=0.1, group="total")])
    assert judged(cells("old"), cells("new"), lies).name == "old"


def test_a_candidate_without_scores_is_named():
    with pytest.raises(TableError, match="new has no scores"):
        judged(cells("old"))


def test_the_verdict_is_json_with_every_figure():
    figures = judged(cells("old"), cells("new", scaled=0.8, logged=0.9)).figures()
    (challenger,) = figures["challengers"]
    assert (figures["before"], figures["champion"], challenger["promoted"]) == ("old", "new", True)
    assert challenger["rel_sWIS"] == {"ratio": 0.8, "low": 0.8, "high": 0.8}
    assert challenger["coverage_80_last_12_months"] == pytest.approx(0.8, abs=0.02)


def test_coverage_of_the_last_year_leaves_older_months_out():
    table = cells("m", coverage=1.0)
    table.loc[table["target_month"] <= "2023-09", "coverage_80"] = 0.0
    # The last target is 2024-09: 2023-10 to 2024-09 are the last twelve.
    assert recent_coverage(table, "southwest") == 1.0
    assert recent_coverage(table, "southwest", months=24) < 1.0


def test_coverage_is_measured_in_the_southwest_where_there_is_one():
    both = pd.concat([cells("m", coverage=1.0), cells("m", coverage=0.0, group="other")])
    assert recent_coverage(both, "southwest") == 1.0
    assert recent_coverage(cells("m", coverage=0.0, group="other"), "southwest") == 0.0
    assert recent_coverage(both.iloc[:0], "southwest") is None


def test_confidence_is_said_by_lead_in_plain_words():
    table = cells("m", coverage=1.0)
    table.loc[table["lead"] >= 6, "coverage_80"] = 0.0
    table.loc[table["lead"] < 3, "coverage_80"] = 0.8
    near, middle, far = confidence(table[table["lead"] != 4], judged_on="southwest")
    assert near == {"lead": "0-2", "label": "normal", "coverage_80": 0.8}
    assert middle["label"] == "wide: coverage of the last 12 months was 1.00"
    assert far == {"lead": "6-10", "label": "low: coverage of the last 12 months was 0.00", "coverage_80": 0.0}
    assert confidence(table[table["lead"] < 3], judged_on="southwest")[2]["label"].startswith("unknown")


def test_newer_counts_that_contradict_the_forecasts_lower_every_confidence():
    labels = {one["label"] for one in confidence(cells("m"), judged_on="southwest", contradicted="cbp-states, 2025-09")}
    assert labels == {"low: newer counts (cbp-states, 2025-09) contradict these forecasts"}


def judged_by_coverage(own, floor, **more):
    """As in a record: the last origins have few of their months yet."""
    both = pd.concat([cells("mine", coverage=own, **more), cells("floor", coverage=floor, **more)])
    return held(both[both["target_month"] <= str(Month.parse(both["origin"].max()) + 1)], "mine", judged_on="southwest")


@pytest.mark.parametrize(
    ("own", "floor", "refused"),
    [
        (0.3, 0.8, True),
        (0.0, 0.8, True),  # a ratio that could be infinite or no number
        (0.55, 0.8, False),  # worse, but not far outside
        (0.3, 0.3, False),  # the world has broken, not the recipe
        (0.3, 0.1, False),
        (0.0, 0.0, False),
        (1.0, 0.8, False),  # too wide misleads nobody
    ],
)
def test_coverage_is_refused_only_where_it_is_low_and_the_floor_does_better(own, floor, refused):
    assert judged_by_coverage(own, floor).refused is refused


def test_coverage_that_differs_by_no_more_than_noise_is_not_refused():
    mine = cells("mine", coverage=0.45)
    floor = cells("floor", coverage=1.0)
    # The floor held nothing at every second pair of origins: better on the whole, but who knows.
    unlucky = {str(FIRST + place * 3) for place in range(24) if place % 4 < 2}
    floor.loc[floor["origin"].isin(unlucky), "coverage_80"] = 0.0
    verdict = held(pd.concat([mine, floor]), "mine", judged_on="southwest")
    assert verdict.compared.ratio < 1
    assert not verdict.refused


def test_few_origins_refuse_no_coverage():
    assert judged_by_coverage(0.1, 0.9, origins=6).refused is False


def test_without_the_floor_no_coverage_is_refused_nor_is_the_floor_s_own():
    assert held(cells("mine", coverage=0.1), "mine", judged_on="southwest").refused is False
    assert held(cells("floor", coverage=0.1), "floor", judged_on="southwest").refused is False


def test_the_shares_that_intervals_held_are_json_with_every_figure():
    figures = judged_by_coverage(0.3, 0.8).figures()
    assert figures["refused"] is True
    assert figures["coverage_80_last_12_months"] == pytest.approx(0.3, abs=0.02)
    assert figures["floor_coverage_80_last_12_months"] == pytest.approx(0.8, abs=0.02)
    ratio = figures["over_floor_last_24_months"]
    assert ratio["ratio"] == pytest.approx(0.375, abs=0.03)
    assert ratio["low"] <= ratio["ratio"] <= ratio["high"] < 1
