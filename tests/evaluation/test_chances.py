"""Chances of thresholds at past origins, scored on figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from forecast.core.scoring import chance_above
from forecast.core.tables import LEVELS, Forecasts
from forecast.evaluation.chances import WINDOW, chances, reliability, report, summary
from forecast.evaluation.chances_figure import forecast_and_frequency
from tests.samples import cell_counts

SLUG = "state-az-southwest"


@pytest.fixture(scope="module")
def counts():
    """Months 1, 2, 3, ... of encounters in one area, exact."""
    whole = cell_counts(months=72)
    values = whole.values.copy()
    values[:, whole.areas.index(SLUG)] = np.arange(1, 73)
    return replace(whole, values=values, precision=np.ones_like(whole.precision))


def _forecasts(counts, origin, quantiles, horizon=3):
    values = np.broadcast_to(np.asarray(quantiles, dtype=float), (1, horizon, len(LEVELS))).copy()
    return Forecasts("made", origin, (SLUG,), values, values.mean(axis=2))


def test_a_chance_is_read_between_the_quantiles_and_halved_beyond_them():
    quantiles = np.array([[10.0, 20.0, 30.0]] * 6)
    at = np.array([5.0, 10.0, 15.0, 20.0, 30.0, 35.0])
    assert chance_above(quantiles, (0.1, 0.5, 0.9), at) == pytest.approx([0.95, 0.9, 0.7, 0.5, 0.05, 0.05])
    stuck = np.zeros((1, 3))
    assert chance_above(stuck, (0.1, 0.5, 0.9), np.array([0.5])) == pytest.approx([0.05])


def test_thresholds_and_both_climatologies_know_the_months_up_to_the_origin_alone(counts):
    origin = counts.first + 47  # months 1 to 48 are known; the last 36 are 13 to 48
    rows = chances(forecasts=[_forecasts(counts, origin, np.linspace(0, 100, len(LEVELS)))], truth=counts)
    assert len(rows) == 3 * 3
    first = rows[rows["horizon"] == 1].set_index("level")
    assert first["threshold"].to_dict() == {0.5: 30.5, 0.75: 39.25, 0.9: 44.5}
    assert first["climatology"].to_dict() == {0.5: 18 / 48, 0.75: 9 / 48, 0.9: 4 / 48}
    assert first["recent"].to_dict() == {0.5: 18 / WINDOW, 0.75: 9 / WINDOW, 0.9: 4 / WINDOW}
    assert (first["above"] == 1).all()  # the next months have 49 and more
    cut = chances(
        forecasts=[_forecasts(counts, origin, np.linspace(0, 100, len(LEVELS)))], truth=counts.until(origin + 1)
    )
    pd.testing.assert_frame_equal(cut.reset_index(drop=True), rows[rows["horizon"] == 1].reset_index(drop=True))


def test_a_count_rounded_to_ten_is_above_where_what_it_stands_for_is(counts):
    rounded = replace(counts, values=np.round(counts.values / 10) * 10, precision=np.full_like(counts.precision, 10))
    origin = counts.first + 47
    quantiles = np.interp(LEVELS, [0.01, 0.99], [30.0, 40.0])
    rows = chances(forecasts=[_forecasts(counts, origin, quantiles, horizon=1)], truth=rounded)
    half = rows[rows["level"] == 0.5].iloc[0]
    assert half["threshold"] == 30
    assert half["probability"] == pytest.approx(0.5)  # of 35 and more, which is published as 40
    assert half["above"] == 1


def test_brier_ratios_and_reliability_are_worked_out_by_hand():
    rows = pd.DataFrame(
        {
            "model": "made",
            "group": "southwest",
            "lead_band": "0-2",
            "target_month": ["2024-01", "2024-02", "2024-03", "2024-04"],
            "probability": [0.8, 0.8, 0.2, 0.2],
            "above": [1.0, 0.0, 0.0, 0.0],
            "climatology": 0.5,
            "recent": 0.25,
        }
    )
    (row,) = summary(rows).to_dict("records")
    assert row["brier"] == pytest.approx((0.04 + 0.64 + 0.04 + 0.04) / 4)
    assert row["climatology"] == pytest.approx(0.25)
    assert row["ratio"] == pytest.approx(0.19 / 0.25)
    assert row["recent_ratio"] == pytest.approx(0.19 / ((0.5625 + 3 * 0.0625) / 4))
    # Of .8 one half came, of .2 nothing: distances .3 and .2, two cells each.
    assert row["reliability_error"] == pytest.approx(0.25)
    assert (row["months"], row["cells"]) == (4, 4)
    assert reliability(rows)["frequency"].to_list() == [0.0, 0.5]
    reported = report(rows, model="made")
    assert reported["figures"][0] | {"brier": None} == {
        "group": "southwest", "lead": "0-2", "months": 4, "cells": 4, "brier": None, "climatology": 0.25,
        "recent": 0.1875, "ratio": 0.76, "recent_ratio": round(0.19 / 0.1875, 4), "reliability_error": 0.25,
    }  # fmt: skip


def test_where_climatology_is_never_wrong_there_is_no_ratio():
    rows = pd.DataFrame(
        {"model": "made", "group": "other", "lead_band": "0-2", "target_month": ["2024-01"], "probability": [0.1],
         "above": [0.0], "climatology": [0.0], "recent": [0.0]}
    )  # fmt: skip
    (row,) = report(rows, model="made")["figures"]
    assert (row["ratio"], row["recent_ratio"], row["brier"]) == (None, None, 0.01)
    assert report(rows, model="other")["figures"] == []


def test_the_figure_has_a_panel_per_group_and_a_line_per_band():
    parts = pd.DataFrame(
        {"group": ["southwest"] * 4 + ["other"] * 2, "lead_band": ["0-2", "0-2", "3-5", "3-5", "0-2", "0-2"],
         "forecast": [0.1, 0.9] * 3, "frequency": [0.2, 0.8] * 3, "cells": 10}
    )  # fmt: skip
    figure = forecast_and_frequency(parts, title="Chances", caption="made")
    assert isinstance(figure, Figure)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["southwest", "other"]
    assert [len(axes.lines) for axes in figure.axes] == [3, 2]
    assert list(figure.axes[0].lines[1].get_ydata()) == [20, 80]
