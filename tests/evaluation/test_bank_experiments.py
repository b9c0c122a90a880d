"""The scripts that take the bank and its chances apart: steps of its constants, and the error of right chances."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from experiments import constants, fifth_look, own_sums, past, perfect_calibration, recalibrated_chances
from forecast.core.months import Month
from forecast.counts.bundle import bundled
from forecast.models.bank.family import Bank
from forecast.models.bank.future import forecast
from forecast.models.bank.options import Options
from forecast.models.bank.panel import panel_of
from forecast.models.bank.shape import shapes


@pytest.fixture(scope="module")
def states():
    return bundled().as_of("cbp-states", date(2025, 12, 31))


def test_one_run_over_all_months_says_at_a_past_origin_what_the_bank_said_then(states):
    origin, options = Month.of(2024, 3), Options()
    whole = panel_of([states.series(area) for area in states.open_areas], options.offset)
    cut = panel_of([states.until(origin).series(area) for area in states.open_areas], options.offset)
    known = past.know(whole, options)
    then = forecast(cut, past.HORIZON, options)
    at = len(cut.values) - 1
    assert known.median[at] == pytest.approx(then.median, rel=1e-9)
    assert known.scale(options)[at] == pytest.approx(then.scale, rel=1e-9)
    assert shapes(known.standardised[: at + 1], whole, options) == pytest.approx(then.shape, rel=1e-9)


def test_wider_growth_covers_more(states):
    narrow, wide = (
        constants.scored(past.past_of(states, [Month.of(2024, 3)], options), options)
        for options in (replace(Options(), growth=growth) for growth in (0.3, 1.0))
    )
    assert narrow["c80"].mean() < wide["c80"].mean()
    assert len(narrow) == len(states.open_areas) * past.HORIZON


def test_every_step_names_options_that_exist():
    for steps in constants.STEPS.values():
        assert len(steps) >= 2
        for _, changes in steps:
            assert replace(Options(), **changes) != Options()


def test_right_chances_of_a_half_err_as_much_as_a_coin():
    """A hundred origins a year apart, one month ahead, a chance of .5: a share of 100 lies .5 / 10 times the normal's
    mean size, .8, from a half.
    """
    origins = [Month.of(1900 + year, 1) for year in range(100)]
    rows = pd.DataFrame(
        {
            "group": "southwest", "lead_band": "0-2", "area": "yuma", "origin": [str(origin) for origin in origins],
            "horizon": 1, "probability": 0.5,
        }
    )  # fmt: skip
    alike = pd.DataFrame([[1.0]], ["yuma"], ["yuma"])
    errors = perfect_calibration.right_errors(rows, alike, draws=2000)
    assert errors.loc[("southwest", "0-2")].mean() == pytest.approx(0.05 * np.sqrt(2 / np.pi), rel=0.05)


def test_areas_that_go_wrong_together_make_right_chances_err_more():
    both = pd.DataFrame(
        [
            ("southwest", "0-2", area, str(Month.of(1900 + year, 1)), 1, 0.5)
            for year in range(50)
            for area in ("tucson", "yuma")
        ],
        columns=["group", "lead_band", "area", "origin", "horizon", "probability"],
    )
    names = ["tucson", "yuma"]
    apart, together = (
        perfect_calibration.right_errors(both, pd.DataFrame([[1.0, r], [r, 1.0]], names, names)).to_numpy().mean()
        for r in (0.0, 0.99)
    )
    assert together == pytest.approx(np.sqrt(2) * apart, rel=0.1)


def _chances(origins, *, wrong_from="9999-99"):
    """Chances of .2 and .8 that come true as often as they say, at each origin alike; from `wrong_from` on never."""
    rows = [
        ("southwest", "0-2", origin, origin, chance, float(case < 10 * chance and origin < wrong_from), 0.5)
        for origin in origins
        for chance in (0.2, 0.8)
        for case in range(10)
    ]
    return pd.DataFrame(
        rows, columns=["group", "lead_band", "origin", "target_month", "probability", "above", "recent"]
    )


@pytest.mark.parametrize("name", [name for name in recalibrated_chances.VARIANTS if name.endswith("learnt")])
def test_a_learnt_correction_leaves_right_chances_and_sees_no_later_month(name, monkeypatch):
    monkeypatch.setattr(recalibrated_chances, "LEAST", 100)
    origins = [str(Month.of(2000 + at // 12, 1 + at % 12)) for at in range(30)]
    variant = recalibrated_chances.VARIANTS[name]
    right = variant(_chances(origins))
    assert right == pytest.approx(_chances(origins)["probability"].to_numpy(), abs=0.02)
    later = variant(_chances(origins, wrong_from=origins[20]))
    assert later[: 20 * 20] == pytest.approx(right[: 20 * 20], abs=0)
    assert later[-10:].max() < 0.78  # has learnt that high chances came true too seldom


def test_a_map_of_chances_never_turns_their_order():
    rows = _chances([str(Month.of(2001, month)) for month in range(1, 13)])
    ladder = rows.iloc[:9].assign(probability=np.linspace(0.05, 0.95, 9))
    for learn in (recalibrated_chances.logistic, recalibrated_chances.shifted, recalibrated_chances.isotonic):
        assert (np.diff(learn(rows, ladder)) >= 0).all()
    wide = recalibrated_chances.spread(1.25)(ladder.assign(lead_band="3-5"))
    assert (np.diff(wide) > 0).all()
    assert abs(wide - 0.5).max() < 0.45 - 0.04


@pytest.fixture(scope="module")
def look(states):
    """The states at two origins, as the fifth look lays them out."""
    return past.past_of(states, [Month.of(2023, 3), Month.of(2024, 9)], Options())


def test_a_past_laid_out_has_the_quantiles_that_a_fit_at_the_origin_has(states, look):
    leaves = own_sums.Sums(look).leaves
    for place, origin in enumerate(look.origins):
        seen = tuple(states.until(origin).series(one.area) for one in look.series)
        for column, series in enumerate(seen):
            fit = Bank().fit_among(series, seen, past.HORIZON)
            assert leaves[place, column] == pytest.approx(fit.quantiles, rel=1e-9, abs=1e-9)


def test_what_came_in_each_month_ahead_scores_nothing_and_is_held(look):
    quantiles = np.empty((*look.truth.shape, len(past.LEVELS)))
    for place, origin in enumerate(look.origins):
        for column, one in enumerate(look.series):
            at = origin - one.first + 1
            quantiles[place, column] = one.values[at : at + past.HORIZON, None]
    cells = past.scored(look, quantiles, "perfect")
    assert len(cells) == len(look.origins) * len(look.series) * past.HORIZON
    assert (cells[["sWIS", "logWIS"]] == 0).all(axis=None)
    assert cells["c80"].all()


def test_without_a_change_the_ideas_after_one_say_what_the_bank_says(look):
    for said in (fifth_look.relearnt(0.5, 99, once=True, quick=True), fifth_look.median_of(fifth_look.walk, 0.5, 99)):
        for own, bank in zip(said(look), fifth_look.bank(look), strict=True):
            assert own == pytest.approx(bank, rel=1e-9)


def test_after_a_change_the_median_leans_on_the_simple_one_less_and_less(look):
    since = fifth_look.months_since(look, 2)
    leaning = fifth_look.leaning(look, fifth_look.walk, 0.5, size=2)
    apart = fifth_look.walk(look) - look.known.median
    known = ~np.isnan(apart[..., 0]) & (np.abs(apart[..., 0]) > 1e-6)
    share = ((leaning - look.known.median)[..., 0] / np.where(known, apart[..., 0], 1))[known]
    months = since[known]
    assert (months == 0).any()
    assert share[months == 0] == pytest.approx(0.5)
    assert share[months == 6] == pytest.approx(0.25)
    assert share[months == fifth_look.NEVER] == pytest.approx(0.0)


def test_scaled_regions_take_their_quantiles_and_all_of_nothing_is_the_sum_of_leaves(look):
    sums = own_sums.Sums(look)
    regions = sums.of_kind("region")
    own = {pooled: sums.alone(regions, pooled=pooled) for pooled in (True, False)}
    before, nothing, whole = (
        sums.draws(0),
        *(own_sums.Way("", own_sums.always(share)).draws(sums, own, 0) for share in (0.0, 1.0)),
    )
    assert nothing == pytest.approx(before)
    (rows,) = [sums.of[region] for region in regions if region == "states-other"]
    middle = np.median(whole[rows].sum(axis=0), axis=-1)
    at_half = list(own_sums.PROBABILITIES).index(pytest.approx(0.5))
    assert middle == pytest.approx(own[True]["states-other"][0][:, at_half], rel=0.01)
