"""Noise told from skill, over origins that move as blocks."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.evaluation.significance import block_length, relative, relatives


def scores(ratio, origins=20, step=6, horizon=12, noise=0.2, areas=("yuma", "blaine"), seed=0):
    """Scores of `b` and of `a`, which is `ratio` times as high but for noise that the cells of an origin share."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(origins):
        origin = str(Month.of(2005, 5) + step * number)
        common = rng.lognormal(0, noise, 2)
        for area in areas:
            for month in range(1, horizon + 1):
                rows.append({"model": "a", "area": area, "origin": origin, "horizon": month, "sWIS": ratio * common[0]})
                rows.append({"model": "b", "area": area, "origin": origin, "horizon": month, "sWIS": common[1]})
    return pd.DataFrame(rows)


def test_each_area_of_many_has_what_it_has_alone():
    table = scores(0.9, areas=("yuma", "blaine", "tucson"), noise=0.4)
    table = table[(table["area"] != "blaine") | (table["origin"] > "2007")]  # one has fewer origins
    table["sWIS"] *= np.random.default_rng(1).lognormal(0, 0.3, len(table))
    table = table[(table["area"] != "tucson") | (table["model"] == "a")]
    alone = {area: relative(table[table["area"] == area], model="a", against="b") for area in ("yuma", "blaine")}
    assert alone["yuma"].origins > alone["blaine"].origins
    assert relatives(table, model="a", against="b") == alone


@pytest.mark.parametrize(("step", "horizon", "block"), [(6, 12, 3), (12, 12, 2), (1, 12, 13), (5, 12, 4), (24, 12, 2)])
def test_a_block_spans_the_longest_horizon(step, horizon, block):
    origins = [Month.of(2010, 1) + step * number for number in range(20)]
    assert block_length(origins, horizon) == block
    assert origins[block - 1] - origins[0] >= horizon


def test_the_smallest_step_decides_where_origins_are_uneven():
    assert block_length([Month.of(2010, 1), Month.of(2010, 7), Month.of(2010, 8)], 6) == 7


def test_the_ratio_is_that_of_the_means():
    rel = relative(scores(0.8, noise=0.0), model="a", against="b")
    assert (rel.ratio, rel.low, rel.high) == pytest.approx((0.8, 0.8, 0.8))
    assert (rel.origins, rel.block, rel.cells) == (20, 3, 480)


def test_a_model_against_itself_is_one():
    rel = relative(scores(0.8), model="a", against="a")
    assert (rel.ratio, rel.low, rel.high) == (1, 1, 1)


def test_half_the_score_at_every_origin_is_clear():
    assert relative(scores(0.5), model="a", against="b").high < 1


def test_better_at_every_other_origin_and_worse_between_is_noise():
    table = scores(1.0, noise=0.0)
    odd = table["origin"].str.endswith("-11") & (table["model"] == "a")
    even = table["origin"].str.endswith("-05") & (table["model"] == "a")
    rel = relative(table.assign(sWIS=np.where(odd, 0.8, np.where(even, 1.2, 1.0))), model="a", against="b")
    assert rel.ratio == pytest.approx(1)
    assert rel.low < 1 < rel.high


def test_more_areas_with_the_same_errors_bring_no_certainty():
    few, many = (
        relative(scores(0.9, areas=areas), model="a", against="b")
        for areas in (("yuma",), ("yuma", "blaine", "tucson"))
    )
    assert (few.low, few.high) == pytest.approx((many.low, many.high))


def test_too_few_origins_have_no_interval():
    rel = relative(scores(0.5, origins=5), model="a", against="b")  # blocks of 3; two of them do not fit
    assert rel.ratio < 1
    assert np.isnan([rel.low, rel.high]).all()


def test_only_cells_that_both_have_are_compared():
    table = scores(0.8, noise=0.0)
    lacking = table[~((table["model"] == "a") & (table["area"] == "yuma"))]
    rich = lacking.assign(sWIS=np.where(lacking["area"] == "yuma", 1000.0, lacking["sWIS"]))
    rel = relative(rich, model="a", against="b")
    assert (rel.ratio, rel.cells) == (pytest.approx(0.8), 240)


def test_models_without_a_common_cell_are_refused():
    with pytest.raises(TableError, match="no scored cell in common"):
        relative(scores(0.8), model="a", against="c")


def test_about_nine_in_ten_intervals_hold_the_truth():
    """Independent origins and a true ratio of 1:
    a 90 % interval of 40 origins may miss it a little more often than 1 in 10.
    """
    hits = [
        relative(scores(1.0, origins=40, horizon=1, areas=("yuma",), seed=seed), model="a", against="b", draws=400)
        for seed in range(80)
    ]
    assert 0.75 <= np.mean([rel.low <= 1 <= rel.high for rel in hits]) <= 1.0


def test_the_interval_is_that_of_the_outside_scorer(yardstick):
    """The scorer's own function on invented scores: the same draws, the same ends."""
    spec = importlib.util.spec_from_file_location("outside_scorer", yardstick / "score.py")
    outside = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(outside)
    table = scores(0.9)
    line = outside.interval(table.replace({"model": {"a": "CANDIDATE"}}), "sWIS")
    rel = relative(table, model="a", against="b", widened=False)
    assert line == f"rel_sWIS {rel.ratio:.3f} [{rel.low:.3f}, {rel.high:.3f}] against b"


def test_an_interval_of_few_blocks_is_widened_as_student_s_t_is():
    table = scores(0.9)  # 20 origins in blocks of 3: 6.67 blocks
    plain, wide = (relative(table, model="a", against="b", widened=widened) for widened in (False, True))
    blocks = 20 / 3
    factor = t.ppf(0.95, blocks - 1) / norm.ppf(0.95) * (blocks / (blocks - 1)) ** 0.5
    assert factor > 1.2
    assert wide.ratio - wide.low == pytest.approx(factor * (plain.ratio - plain.low))
    assert wide.high - wide.ratio == pytest.approx(factor * (plain.high - plain.ratio))


def test_intervals_of_overlapping_errors_hold_the_truth_about_as_often_as_they_say():
    """Errors that overlap over the four origins of a year, a true ratio of 1, 24 origins: the case of a promotion."""
    hits = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        shocks = rng.normal(0, 0.2, (2, 27))
        smooth = 1 + np.stack([shocks[:, k : k + 24] for k in range(4)]).mean(axis=0)
        rows = [
            {
                "model": name,
                "area": "yuma",
                "origin": str(Month.of(2015, 1) + 3 * k),
                "horizon": 12,
                "sWIS": smooth[m, k],
            }
            for m, name in enumerate("ab")
            for k in range(24)
        ]
        rel = relative(pd.DataFrame(rows), model="a", against="b", draws=300)
        hits.append(rel.low <= 1 <= rel.high)
    assert 0.8 <= np.mean(hits) <= 1.0
