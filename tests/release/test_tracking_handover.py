"""Promises of the metrics and tables of a retraining, worked out by hand on a small table of scores."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from forecast.core.scorecard import FIGURES
from forecast.models.catalog import Member
from forecast.models.fitting import Fit
from forecast.release.tracking.handover import area_table, cost, leaderboard, metrics

WALK = Member.of("random_walk", scale="log")


def make_scores() -> pd.DataFrame:
    """Two leaves and their sum for the pool, one leaf for the walk; every figure but sWIS is a constant."""
    rows = [
        ("pool", "el-paso", "southwest", 1, 0.2),
        ("pool", "el-paso", "southwest", 2, 0.4),
        ("pool", "swanton", "other", 1, 0.9),
        ("pool", "nation", "total", 1, 5.0),
        (WALK.label, "el-paso", "southwest", 1, 0.8),
    ]
    frame = pd.DataFrame(rows, columns=["model", "area", "group", "horizon", "sWIS"]).assign(origin="2024-01")
    return frame.assign(**dict.fromkeys(set(FIGURES) - {"sWIS"}, 0.5))


def make_fit(area: str, seconds: float, failure: str | None = None) -> Fit:
    return Fit(WALK, area, np.ones((2, 3)), {}, seconds, 250_000_000, failure, ("a note",) if failure else ())


def test_the_overall_metric_is_the_mean_over_the_leaves_cells_and_leaves_sums_out():
    logged = metrics(make_scores(), "pool")
    assert logged["sWIS"] == pytest.approx((0.2 + 0.4 + 0.9) / 3)
    assert logged["sWIS_southwest"] == pytest.approx(0.3)
    assert logged["sWIS_other"] == pytest.approx(0.9)
    assert logged["sWIS_total"] == pytest.approx(5.0)


def test_a_group_without_scores_has_no_metric():
    assert set(metrics(make_scores(), WALK.label)) == {
        f"{figure}{suffix}" for figure in FIGURES for suffix in ("", "_southwest")
    }


def test_cost_counts_seconds_memory_and_failures():
    spent = cost((make_fit("el-paso", 1.0), make_fit("swanton", 3.0, "too short")))
    assert spent == {
        "fit_seconds": 4.0,
        "fit_seconds_per_fit": 2.0,
        "peak_memory_mb": 250.0,
        "fits": 2.0,
        "failures": 1.0,
    }


def test_an_area_without_a_score_keeps_its_row_with_what_became_of_its_fit():
    table = area_table(
        make_scores(), WALK.label, (make_fit("el-paso", 1.0), make_fit("swanton", 3.0, "too short"))
    ).set_index("area")
    assert table.loc["el-paso", "sWIS"] == pytest.approx(0.8)
    assert np.isnan(table.loc["swanton", "sWIS"])
    assert (table.loc["swanton", "failure"], table.loc["swanton", "notes"]) == ("too short", "a note")


def test_the_leaderboard_lists_each_group_best_score_first():
    table = leaderboard(make_scores())
    southwest = table[table["group"] == "southwest"]
    assert list(southwest["model"]) == ["pool", WALK.label]
    assert list(southwest["cells"]) == [2, 1]


@pytest.mark.parametrize(
    ("half", "absent"),
    [("describing", {"mlflow", "matplotlib"}), ("sending", {"mlflow"}), ("outbox", {"mlflow", "pandas", "numpy"})],
)
def test_naming_a_half_of_the_tracking_wing_loads_no_heavy_library(half, absent):
    ask = f"import sys, forecast.release.tracking.{half}; print(sorted({absent!r} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
