"""The finer scores of tables, by hand."""

import numpy as np
import pytest

from forecast.core.months import Month
from forecast.core.tables import LEVELS, Forecasts
from forecast.evaluation.cells import band_of, era_of
from forecast.evaluation.reliability import by_level, pit_histogram
from forecast.evaluation.scores import DETAILS, details, score
from tests.catalogue import STATES_PANEL
from tests.evaluation.test_scores import FLAT, ORIGIN, table, truth
from tests.evaluation.test_scores import LEVELS as NINE


def test_cells_name_their_month_lead_era_and_band():
    scored = score(forecasts=[table([FLAT] * 4)], truth=truth([100] * 4))
    assert scored["target_month"].tolist() == ["2024-01", "2024-02", "2024-03", "2024-04"]
    # December's counts come out in February: January is two months before that, at lead -1.
    assert scored["lead"].tolist() == [-1, 0, 1, 2]
    assert scored["band"].tolist() == ["1", "2-3", "2-3", "4-6"]
    assert set(scored["era"]) == {"2022-"}


@pytest.mark.parametrize(
    ("year", "era"), [(2001, "-2015"), (2015, "-2015"), (2016, "2016-18"), (2021, "2019-21"), (2022, "2022-")]
)
def test_eras_by_year(year, era):
    assert era_of(Month.of(year, 6)) == era


def test_bands_cover_every_horizon():
    assert [band_of(horizon) for horizon in (1, 2, 3, 4, 6, 7, 12, 13, 40)] == [
        "1",
        "2-3",
        "2-3",
        "4-6",
        "4-6",
        "7-12",
        "7-12",
        "13-",
        "13-",
    ]


def test_widths_and_the_ninety_per_cent_interval_by_hand():
    (row,) = score(forecasts=[table([FLAT])], truth=truth([107])).to_dict("records")
    # The scale is 10; the 90 % interval reaches from 92 to 108, the 80 % one from 94 to 106.
    assert [row[f"width_{coverage}"] for coverage in (50, 80, 90, 95)] == pytest.approx([0.6, 1.2, 1.6, 2.0])
    assert (row["coverage_80"], row["coverage_90"]) == (0, 1)


def test_rmsse_is_the_root_within_an_area_and_origin_and_the_mean_over_them():
    # Seasonal changes of 10: the square scale is 100. Errors 10 and 30 in one area: root of (1 + 9) / 2; an area
    # without error: 0.
    near = Forecasts("m", ORIGIN, ("el-paso",), np.full((1, 2, 9), 100.0), np.array([[110.0, 130.0]]), NINE)
    scored = score(forecasts=[near], truth=truth([100, 100]))
    assert details(scored)["RMSSE"].tolist() == pytest.approx([5**0.5])
    both = scored.assign(area="yuma", squared=0.0)
    import pandas as pd

    assert details(pd.concat([scored, both]))["RMSSE"].tolist() == pytest.approx([5**0.5 / 2])


def test_details_are_means_by_any_key():
    scored = score(forecasts=[table([FLAT, FLAT])], truth=truth([100, 107]))
    means = details(scored, by=("band", "model")).set_index("band")
    assert set(DETAILS) < set(means.columns)
    assert means.loc["1", "coverage_80"] == 1
    assert means.loc["2-3", "coverage_80"] == 0
    assert means["cells"].tolist() == [1, 1]


def test_the_pit_of_an_exact_count_lies_where_the_count_lies():
    # 100 stands for 99.5 to 100.5: between the levels at 97 (.25), 100 (.5) and 103 (.75).
    pit = score(forecasts=[table([FLAT])], truth=truth([100]))["pit"].item()
    assert 0.25 + 0.25 * 2.5 / 3 <= pit <= 0.5 + 0.25 * 0.5 / 3


def test_every_model_gets_the_same_draws():
    scored = score(forecasts=[table([FLAT, FLAT], model="a"), table([FLAT, FLAT], model="b")], truth=truth([100, 104]))
    assert scored.loc[scored["model"] == "a", "pit"].tolist() == scored.loc[scored["model"] == "b", "pit"].tolist()
    other = score(forecasts=[table([FLAT, FLAT], model="a")], truth=truth([100, 104]), seed=1)
    assert other["pit"].tolist() != scored.loc[scored["model"] == "a", "pit"].tolist()


def test_shares_below_each_level_and_its_loss_by_hand():
    # Counts 100 (equal to the median, half below it) and 107 (above it, below the 95 % quantile 108).
    shares = by_level(forecasts=[table([FLAT, FLAT])], truth=truth([100, 107])).set_index("level")
    assert shares.loc[0.5, "below"] == pytest.approx(0.25)
    assert shares.loc[0.95, "below"] == 1.0
    assert shares.loc[0.25, "below"] == 0.0
    # Level .9 at 106, scaled by 10: 0.1 x 6 for the first count, 0.9 x 1 for the second.
    assert shares.loc[0.9, "pinball"] == pytest.approx((0.6 + 0.9) / 2 / 10)
    assert shares["cells"].tolist() == [2] * 9


def test_losses_over_levels_add_up_to_the_interval_score():
    tables = [table([FLAT, FLAT], model="a"), table([[0] * 9, FLAT], model="b")]
    counts = truth([93, 120])
    levels = by_level(forecasts=tables, truth=counts).groupby("model")["pinball"].sum()
    scored = score(forecasts=tables, truth=counts).groupby("model")["sWIS"].mean()
    assert (2 * levels / 9).to_dict() == pytest.approx(scored.to_dict())


def test_shares_by_group_are_counted_apart():
    shares = by_level(forecasts=[table([FLAT, FLAT])], truth=truth([100, 107]), by=("model", "horizon"))
    assert shares[shares["level"] == 0.5].set_index("horizon")["below"].to_dict() == {1: 0.5, 2: 0.0}


def test_pit_shares_by_hand():
    import pandas as pd

    scores = pd.DataFrame({"model": "m", "pit": [0.0, 0.05, 0.5, 1.0]})
    (row,) = pit_histogram(scores, bins=2).to_dict("records")
    assert row == {"model": "m", "0.00": 0.5, "0.50": 0.5}


def test_a_right_forecast_has_a_flat_pit_and_reliable_levels():
    """A normal forecast of 4000 counts that are drawn from it."""
    from datetime import date
    from statistics import NormalDist

    from forecast.core.tables import Counts

    right = NormalDist(500, 60)
    rng = np.random.default_rng(8)
    months = 400
    values = np.round(rng.normal(500, 60, (months, 10)))
    areas = tuple(
        sorted(f"state-{code}-other" for code in ("tx", "az", "ca", "nm", "fl", "ny", "wa", "mt", "ak", "vt"))
    )
    counts = Counts(
        STATES_PANEL, date(2060, 1, 1), Month.of(2020, 1), areas, values, np.ones(values.shape, dtype=np.int64)
    )
    quantiles = np.tile([right.inv_cdf(level) for level in LEVELS], (10, months - 24, 1))
    forecast = Forecasts("right", Month.of(2021, 12), areas, quantiles, quantiles[:, :, 11].copy(), LEVELS)
    shares = pit_histogram(score(forecasts=[forecast], truth=counts)).drop(columns="model").to_numpy()[0]
    assert shares == pytest.approx(np.full(10, 0.1), abs=0.015)
    levels = by_level(forecasts=[forecast], truth=counts)
    assert levels["below"].to_numpy() == pytest.approx(levels["level"].to_numpy(), abs=0.02)
