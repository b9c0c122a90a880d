"""What moves between two tables of forecasts; figures worked out by hand."""

import numpy as np
import pytest

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.core.tables import LEVELS, Forecasts
from forecast.evaluation.differences import differences
from tests.catalogue import STATES_PANEL

ORIGIN = Month.of(2024, 1)
AREAS = ("state-az-southwest", "state-tx-southwest")


def table(model="before", origin=ORIGIN, areas=AREAS, horizon=3, level=100.0):
    values = np.broadcast_to(level + np.arange(23.0), (len(areas), horizon, 23)).copy()
    return Forecasts(model, origin, areas, values, values.mean(axis=2))


def test_equal_forecasts_have_no_change():
    changes = differences(before=table(), after=table("after"), panel=STATES_PANEL)
    assert len(changes.rows) == 8 * 2 * 3  # median, mean and the ends of three intervals
    assert changes.moved.empty
    assert changes.lines() == ["  None of 48 published figures moved."]


def test_every_figure_that_moved_is_named_with_its_share_the_largest_first():
    values = table().values.copy()
    values[1, 2, LEVELS.index(0.975) :] += 12.1  # Texas, the third month, the upper end of 95 %
    values[0, 0, LEVELS.index(0.5)] += 0.5
    after = Forecasts("after", ORIGIN, AREAS, values, table().mean)
    document = differences(before=table(), after=after, panel=STATES_PANEL).as_json()
    assert (document["figures"], document["moved"]) == (48, 2)
    assert (document["moved_over_1_percent"], document["moved_over_5_percent"]) == (1, 1)
    assert document["changes"][0] == {
        "area": "state-tx-southwest",
        "month": "2024-04",
        "figure": "upper_95",
        "before": 121.0,
        "after": 133.1,
        "share": 0.1,
    }
    assert document["by_figure"]["median"] == {"moved": 1, "mean_share": round(0.5 / 111 / 6, 6)}
    lines = differences(before=table(), after=after, panel=STATES_PANEL).lines(most=1)
    assert lines[0] == "  2 of 48 published figures moved, 1 by over 1 %, 1 by over 5 %."
    assert lines[-1] == "  and 1 more: --json has them"
    assert "2024-04  upper_95" in lines[-2]


def test_a_change_below_what_a_release_keeps_is_none_and_small_figures_count_as_one():
    values = table(level=0.0).values.copy()
    values[:, :, 0] = 0.0
    low = Forecasts("low", ORIGIN, AREAS, values * 0.001, table().mean)
    changes = differences(before=low, after=low, panel=STATES_PANEL)
    assert np.isfinite(changes.rows["share"]).all()
    nudged = Forecasts("nudged", ORIGIN, AREAS, table().values + 0.001, table().mean)
    assert differences(before=table(), after=nudged, panel=STATES_PANEL).moved.empty


def test_only_months_and_areas_of_both_are_compared_and_others_are_named():
    later = table("after", Month.of(2024, 2), ("state-tx-southwest", "state-wa-northern"))
    changes = differences(before=table(), after=later, panel=STATES_PANEL)
    assert set(zip(changes.rows["area"], changes.rows["month"], strict=True)) == {
        ("state-tx-southwest", "2024-03"),
        ("state-tx-southwest", "2024-04"),
    }
    assert (changes.only_before, changes.only_after) == (("state-az-southwest",), ("state-wa-northern",))
    assert changes.lines()[1:] == ["  only before: state-az-southwest", "  only after: state-wa-northern"]


def test_releases_that_never_meet_are_refused():
    with pytest.raises(TableError, match="before forecasts 2024-02 to 2024-04, after 2025-02 to 2025-04: no area"):
        differences(before=table(), after=table("after", Month.of(2025, 1)), panel=STATES_PANEL)
