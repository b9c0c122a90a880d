"""What readers must see first."""

from datetime import date

import numpy as np

from forecast.core.months import Month
from forecast.core.tables import Counts
from forecast.evaluation.cautions import cautions, stale_after


def table(panel, area, first, values):
    column = np.array(values, dtype=float)[:, None]
    return Counts(panel, date(2026, 1, 1), first, (area,), column, np.ones(column.shape, dtype=np.int64))


SECTORS = table("usbp-sectors", "el-paso", Month.of(2024, 10), [1000, 900])  # through 2024-11
STATES = table("cbp-states", "state-tx-southwest", Month.of(2024, 10), [2000, 1000, 500, 120])  # through 2025-01


def test_counts_of_a_month_are_stale_three_months_later():
    assert stale_after(Month.of(2024, 11)) == date(2025, 2, 28)


def test_fresh_counts_need_no_caution():
    assert cautions(SECTORS, horizon=18, issued=date(2025, 1, 20)) == ()


def test_months_that_are_past_are_counted():
    (line,) = cautions(SECTORS, horizon=18, issued=date(2025, 3, 1))
    assert "end in 2024-11" in line
    assert "4 of 18 forecast months had begun or passed" in line
    assert "by area of responsibility" in line
    (line,) = cautions(SECTORS, horizon=18, issued=date(2026, 11, 24))
    assert "all 18 forecast months" in line


def test_a_panel_that_reaches_further_shows_how_the_world_changed():
    (line,) = cautions(SECTORS, horizon=18, issued=date(2025, 2, 1), others=[STATES])
    assert "88 % fewer southwest border encounters in 2025-01 than in 2024-11" in line


def test_a_panel_that_reaches_no_further_says_nothing():
    assert cautions(STATES, horizon=18, issued=date(2025, 2, 1), others=[SECTORS]) == ()


def test_a_small_change_says_nothing():
    calm = table("cbp-states", "state-tx-southwest", Month.of(2024, 10), [2000, 1000, 900, 700])
    assert cautions(SECTORS, horizon=18, issued=date(2025, 2, 1), others=[calm]) == ()
