"""What planners ask, by the Python client: chances, what-ifs, beds."""

from __future__ import annotations

import pandas as pd
import pytest

from forecast.client import ProblemError


def test_exceedance_is_a_table_of_chances(client):
    table = client.exceedance(["tucson", "el-paso"], [600, 1075.5], unit="month", horizon=2)
    assert list(dict.fromkeys(table["area"])) == ["tucson", "el-paso"]
    own = table[(table["area"] == "el-paso") & (table["threshold"] == 600)].set_index(["question", "month"])
    assert own.loc[("above", pd.Timestamp("2024-12-01")), "probability"] == 99 / 200
    assert own.loc[("first", pd.Timestamp("2025-01-01")), "probability"] == 20 / 200
    assert own.loc["any", "probability"].to_list() == [119 / 200]
    assert own.loc["never", "probability"].to_list() == [81 / 200]
    assert set(table["draws"]) == {200}
    rare = table[(table["area"] == "el-paso") & (table["threshold"] == 1075.5) & (table["question"] == "above")]
    assert (rare["probability"].isna().to_list(), rare["bound"].to_list()[0]) == ([True, False], "under 1 in 40")
    assert rare["lead"].to_list() == [-1, 0]
    daily = client.exceedance("el-paso", 20, unit="day")
    assert daily.attrs["note"].startswith("A threshold per day")
    assert daily["unit"].unique().tolist() == ["encounters per day"]
    with pytest.raises(ProblemError, match="is not a threshold"):
        client.exceedance("el-paso")


def test_a_what_if_is_a_table_of_both_sides(client):
    change = {"kind": "change", "month": "2025-01", "multiplier": 2, "areas": ["el-paso"]}
    table = client.scenario("el-paso", [change], coverage=[50], seed=3)
    assert list(table["month"]) == [pd.Timestamp("2024-12-01"), pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-01")]
    assert table["baseline_median"].tolist() == pytest.approx([600, 700, 800], rel=0.02)
    assert table["difference_median"].tolist() == pytest.approx([0, 700, 800], rel=0.02)
    assert table["scenario_upper_50"].tolist() == pytest.approx([850, 1900, 2100], rel=0.03)
    total = table.attrs["total"]["el-paso"]["difference"]["median"]
    assert total == pytest.approx(1500, rel=0.02)
    assert "Event 1: " in table.attrs["assumptions"][-1]


def test_beds_are_a_table_by_month(client):
    asked = {"area": "el-paso", "occupied": 0, "stay": 3, "share": 0.5, "start": "2024-12", "months": 2}
    table = client.capacity(beds=[30, 40], **asked)
    assert list(table["month"]) == [pd.Timestamp("2024-12-01"), pd.Timestamp("2025-01-01")]
    assert table["occupancy_median"].between(20, 40).all()
    assert table["full"].between(0.1, 0.9).all()
    assert table["full_bound"].isna().all()
    assert (table["beds_for_80"] < table["beds_for_95"]).all()
    assert [entry["month"] for entry in table.attrs["first_full"]] == ["2024-12", "2025-01", None]
    plenty = client.capacity(beds=10_000, **asked)
    assert plenty["full"].isna().all()
    assert plenty["full_bound"].unique().tolist() == ["under 1 in 40"]


def test_a_question_that_cannot_be_answered_raises_with_its_event_and_member(client):
    with pytest.raises(ProblemError) as refused:
        client.scenario("el-paso", [{"kind": "change", "month": "2024-11", "multiplier": 2}])
    assert (refused.value.status, refused.value.document["event"], refused.value.document["member"]) == (
        422,
        1,
        "month",
    )
