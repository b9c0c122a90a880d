"""What decisions cost: worked out by hand, over the cells that all models have, in words and in a release's report."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.core.months import Month
from forecast.core.scoring import pinball, seasonal_scale
from forecast.core.tables import LEVELS, Forecasts
from forecast.evaluation import decisions
from forecast.evaluation.outside.forecasts import NEEDED_LEVELS
from forecast.evaluation.report.decisions import decisions_section
from tests.samples import CELLS, cell_counts

COUNTS = cell_counts()
ORIGINS = [COUNTS.through + -back for back in (26, 20, 14, 8, 2)]
SLUG = CELLS[0]


def table(origin: Month, shift: float = 0.0, levels: tuple[float, ...] = LEVELS, model: str = "made") -> Forecasts:
    """At each level the count that came, times one and as much more as the level is over the median."""
    start = origin - COUNTS.first + 1
    came = COUNTS.totals()[SLUG][start : start + 2]
    values = np.maximum(came[None, :, None] * (1 + shift + np.array(levels) - 0.5), 0)
    return Forecasts(model, origin, (SLUG,), values, values[:, :, 0], levels)


def test_a_cost_is_the_pinball_loss_of_the_level_that_is_right_for_it() -> None:
    rng = np.random.default_rng(1)
    ready, came = rng.gamma(2, 100, 50), rng.gamma(2, 100, 50)
    for ratio in (4, 9, 19):
        expected = (1 + ratio) * pinball(ready, ratio / (1 + ratio), came)
        assert decisions.cost(ready, came, ratio) == pytest.approx(expected)


def test_costs_are_over_the_seasonal_change_and_of_both_plans() -> None:
    origin = ORIGINS[2]
    (first, _) = decisions.costs(forecasts=[table(origin)], truth=COUNTS).to_dict("records")
    came = COUNTS.totals()[SLUG][origin - COUNTS.first + 1]
    scale = seasonal_scale(COUNTS.totals()[SLUG][: origin - COUNTS.first + 1])
    assert first["median_4"] == 0  # the median is what came
    assert first["safe_4"] == pytest.approx((np.round(1.3 * came) - came) / scale)  # all idle
    assert first["safe_19"] == pytest.approx((np.round(1.45 * came) - came) / scale)


def test_the_board_has_the_cheapest_first_on_shared_cells_and_what_is_saved() -> None:
    low = [table(origin, -0.3, model="low") for origin in ORIGINS]  # the median lies 30 % under what came
    even = [table(origin) for origin in ORIGINS[1:]]
    first, second = decisions.board(forecasts=[*low, *even], truth=COUNTS)
    assert (first["model"], second["model"], second["cells"]) == ("low", "made", 8)
    # Of the low one the level of 80 % is what came; planning on its median lacks 30 % of it, four times as dear.
    assert first["costs"][0] == {
        "ratio": 4,
        "level": 0.8,
        "cost": pytest.approx(0, abs=0.01),
        "median_cost": pytest.approx(4 * second["costs"][0]["cost"], rel=0.01),
        "saved": pytest.approx(1, abs=0.01),
        "saved_low": pytest.approx(1, abs=0.01),
        "saved_high": pytest.approx(1, abs=0.01),
    }
    assert second["costs"][0]["saved"] is None  # its median cost nothing
    said = "\n".join(decisions.lines([first, second]))
    assert "1:4" in said
    assert "100 % [100, 100]" in said
    section = decisions_section([first, second], own="low")
    assert '<tr class=own><th scope="row">low</th>' in section
    assert "a missing one 4, 9 or 19" in section
    assert decisions_section([], own="low") == ""


def test_a_level_that_a_table_lacks_is_not_priced() -> None:
    (row,) = decisions.board(forecasts=[table(origin, 0.1, NEEDED_LEVELS) for origin in ORIGINS], truth=COUNTS)
    assert [one["cost"] is None for one in row["costs"]] == [True, False, False]
    assert decisions.in_words(row["costs"][0]) == "-"


def test_a_release_says_costs_by_group_and_lead_of_its_recipe_alone() -> None:
    costs = decisions.costs(forecasts=[table(ORIGINS[0]), table(ORIGINS[0], model="other")], truth=COUNTS)
    report = decisions.report(costs, model="made")
    assert (report["ratios"], [one["cells"] for one in report["figures"]]) == ([4, 9, 19], [1])  # the first was past
    three = [table(origin) for origin in ORIGINS[:3]]
    longer = [
        Forecasts(one.model, one.origin, one.areas, np.repeat(one.values, 2, axis=1), np.zeros((1, 4))) for one in three
    ]
    (figure,) = decisions.report(decisions.costs(forecasts=longer, truth=COUNTS), model="made")["figures"]
    assert (figure["lead"], figure["months"], figure["cells"], len(figure["costs"])) == ("0-2", 9, 9, 3)
