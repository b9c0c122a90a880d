"""Scores of tables, by hand."""

from datetime import date

import numpy as np
import pytest

from forecast.core.months import Month
from forecast.core.tables import Counts, Forecasts
from forecast.evaluation.scores import report, score, summary
from tests.catalogue import USBP

LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
ORIGIN = Month.of(2023, 12)


def truth(tail, precision=1, area="el-paso"):
    # Two years at 100 and 110: the mean |y(t) - y(t-12)| up to the origin is 10.
    values = np.array([100.0] * 12 + [110.0] * 12 + tail)[:, None]
    return Counts(USBP, date(2025, 1, 1), Month.of(2022, 1), (area,), values, np.full(values.shape, precision))


def table(quantiles, model="m", area="el-paso"):
    values = np.array(quantiles, dtype=float)[None]
    return Forecasts(model, ORIGIN, (area,), values, values[:, :, 4], LEVELS)


FLAT = [90, 92, 94, 97, 100, 103, 106, 108, 110]


def test_figures_by_hand():
    (row,) = score(forecasts=[table([FLAT])], truth=truth([120])).to_dict("records")
    # median error 20; widths 6, 12, 16, 20 with alpha .5 .2 .1 .05; misses above 17, 14, 12, 10
    expected = (0.5 * 20 + (0.25 * 6 + 17) + (0.1 * 12 + 14) + (0.05 * 16 + 12) + (0.025 * 20 + 10)) / 4.5
    assert row["sWIS"] == pytest.approx(expected / 10)
    assert row["MASE"] == pytest.approx(2.0)
    assert (row["coverage_50"], row["coverage_80"], row["coverage_95"]) == (0, 0, 0)
    assert (row["area"], row["group"], row["origin"], row["horizon"]) == ("el-paso", "southwest", "2023-12", 1)


def test_quantiles_are_rounded_to_the_precision_of_the_truth():
    # The upper end of the 50 % interval, 103, rounds to 100 and no longer holds 103; on exact figures it does.
    exact = score(forecasts=[table([FLAT])], truth=truth([103])).iloc[0]
    rounded = score(forecasts=[table([FLAT])], truth=truth([103], precision=10)).iloc[0]
    assert (exact["coverage_50"], rounded["coverage_50"]) == (1, 0)


def test_the_scale_sees_no_month_after_the_origin():
    calm = score(forecasts=[table([FLAT])], truth=truth([120, 100])).iloc[0]
    wild = score(forecasts=[table([FLAT])], truth=truth([120, 90000])).iloc[0]
    assert calm["sWIS"] == wild["sWIS"]


def test_months_that_are_unknown_are_not_scored():
    scored = score(forecasts=[table([FLAT, FLAT, FLAT])], truth=truth([120, np.nan]))
    assert scored["horizon"].tolist() == [1]


def test_forecasts_without_any_known_month_give_an_empty_table():
    assert score(forecasts=[table([FLAT])], truth=truth([])).empty


def test_summary_is_the_mean_over_cells_best_first():
    good, bad = [110] * 9, [200] * 9
    scored = score(
        forecasts=[table([bad, bad], model="bad"), table([good, good], model="good")], truth=truth([110, 130])
    )
    means = summary(scored)
    assert means["model"].tolist() == ["good", "bad"]
    assert means["cells"].tolist() == [2, 2]
    assert means["MASE"].tolist() == pytest.approx([1.0, 8.0])


def test_the_report_holds_json_values_by_group():
    scored = score(forecasts=[table([FLAT])], truth=truth([100]))
    document = report(scored, origins=[ORIGIN])
    assert document["origins"] == ["2023-12"]
    assert document["figures"]["southwest"]["m"]["coverage_80"] == 1.0
    assert set(document["figures"]) == {"all", "southwest"}


def test_scores_equal_the_yardstick_s_own_formulas(yardstick):
    """The same cells through an independent implementation: a peer's stored quantiles against its published scores."""
    import pandas as pd

    from tests.catalogue import sector

    peers = pd.read_parquet(yardstick / "peers.parquet")
    frame = pd.read_csv(yardstick / "truth.csv", parse_dates=["month"]).pivot(
        index="month", columns="series", values="count"
    )
    slugs = [sector(name).slug for name in frame.columns]
    first = Month.containing(frame.index[0].date())
    counts = Counts(USBP, date(2025, 1, 16), first, tuple(slugs), frame.to_numpy(float), np.full(frame.shape, 10))
    model = sorted(peers["model"].unique())[0]
    own = peers[peers["model"] == model].sort_values(["origin", "series", "target_month", "level"])
    tables = []
    for origin, part in own.groupby("origin"):
        areas = [sector(name).slug for name in part["series"].unique()]
        values = np.sort(np.maximum(part["value"].to_numpy(float).reshape(len(areas), 12, 9), 0), axis=2)
        tables.append(
            Forecasts(
                str(model), Month.containing(pd.Timestamp(origin).date()), tuple(areas), values, values[:, :, 4], LEVELS
            )
        )
    figures = summary(score(forecasts=tables, truth=counts)).iloc[0]

    change = frame.diff(12).abs().expanding().mean()
    wide = own.pivot(index=["series", "origin", "target_month"], columns="level", values="value")
    q = np.round(np.sort(np.maximum(wide.to_numpy(float), 0), axis=1) / 10) * 10
    y = np.array([frame.at[t, s] for s, _, t in wide.index])
    scale = np.array([max(change.at[o, s], 1.0) for s, o, _ in wide.index])
    assert figures["cells"] == len(wide)
    assert figures["MASE"] == pytest.approx(np.mean(np.abs(y - q[:, 4]) / scale))
    assert figures["coverage_80"] == pytest.approx(np.mean((y >= q[:, 2]) & (y <= q[:, 6])))
    loss = sum(np.where(y >= q[:, k], a * (y - q[:, k]), (1 - a) * (q[:, k] - y)) for k, a in enumerate(LEVELS))
    assert figures["sWIS"] == pytest.approx(np.mean(2 * loss / 9 / scale))
