"""The scripts behind the planner's figures: their arithmetic, worked out by hand."""

from __future__ import annotations

import pandas as pd

from experiments import bench_planning, december_2022, decision_score
from forecast.core.months import Month
from forecast.core.scorecard import COST_RATIOS
from forecast.planning.events import Window, read_events
from tests.planning.worlds import PANEL


def test_what_is_saved_is_the_share_of_the_medians_cost():
    rows = [{"area": "a", "origin": f"20{year}-01", "horizon": 1, "sWIS": 0.5} for year in (18, 19, 20, 21, 22, 23)]
    costs = {f"{name}_{ratio}": cost for name, cost in (("median", 4.0), ("safe", 3.0)) for ratio in COST_RATIOS}
    row = decision_score.row(pd.DataFrame(rows).assign(**costs))
    assert row["saved 1:4"] == "25 % [25, 25]"
    assert (row["cells"], row["sWIS"], row["cost 1:9"]) == (6, 0.5, 3.0)


def test_the_news_of_december_2022_and_the_events_of_the_bench_can_be_read():
    window = Window(PANEL.id, december_2022.ORIGIN, december_2022.ORIGIN + 6, PANEL.area)
    read = read_events([*december_2022.GROUPS, *december_2022.TRANSFERS], window)
    assert [type(event).__name__ for event in read] == ["GroupEvent", "GroupEvent", "TransferEvent"]
    first = Month.of(2024, 12)
    assert len(read_events(bench_planning.events_of(first), Window(PANEL.id, first + -1, first + 6, PANEL.area))) == 4
