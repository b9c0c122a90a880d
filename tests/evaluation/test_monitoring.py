"""Issued forecasts beside later counts, and the rules by which alarms are raised: figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecast.core.errors import TableError
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.scorecard import ALARMS, Scored, Truth
from forecast.core.tables import LEVELS, Counts, Forecasts
from forecast.evaluation import scores
from forecast.evaluation.monitoring import judge, score
from forecast.recipe import recipe as recipes_module
from tests.catalogue import STATES_PANEL, USBP
from tests.samples import cell_counts

AREA = "state-tx-southwest"
ORIGIN = Month.of(2024, 3)
DAY = date(2024, 6, 20)


def forecasts(factor: float = 1000.0, areas: tuple[str, ...] = (AREA,), horizon: int = 2) -> Forecasts:
    """At level q every month has `factor` q encounters."""
    values = np.broadcast_to(factor * np.array(LEVELS), (len(areas), horizon, len(LEVELS)))
    return Forecasts("release", ORIGIN, areas, values.copy(), values.mean(axis=2))


def known(change: float = 50.0) -> Counts:
    """Two years up to the origin, of which each month of the second differs from that of the first by `change`."""
    values = np.concatenate([np.full(12, 400.0), np.full(12, 400.0 + change)])[:, None]
    return Counts(STATES_PANEL, date(2024, 5, 1), ORIGIN + -23, (AREA,), values, np.ones(values.shape, dtype=np.int64))


def one(
    count: int, *, precision: int = 1, month: int = 1, counts: Counts | None = None, floor: float = 2000.0
) -> Scored:
    truth = [Truth(AREA, ORIGIN + month, DAY, count, precision)]
    issued = Month.of(2024, 5)
    made = score(
        release="r", issued=issued, forecasts=forecasts(), floor=forecasts(floor), counts=counts or known(), truth=truth
    )
    return made[0]


def test_a_count_inside_is_scored_by_the_widths_and_its_distance_from_the_median():
    # 600 against a median of 500 and intervals 250-750, 100-900, 50-950, 25-975:
    # 0.5 * 100 + 0.25 * 500 + 0.1 * 800 + 0.05 * 900 + 0.025 * 950 = 323.75, over 4.5.
    scored = one(600)
    assert scored.wis == pytest.approx(323.75 / 4.5)
    assert (scored.median, scored.lower_95, scored.upper_95, scored.scale) == (500, 25, 975, 50)
    assert (scored.inside_50, scored.inside_80, scored.inside_95) == (True, True, True)
    assert (scored.observed, scored.precision, scored.published, scored.release) == (600, 1, DAY, "r")


def test_a_count_outside_is_punished_by_how_far_it_lies_out():
    # 1000: 0.5 * 500 + the same widths + 250 + 100 + 50 + 25.
    scored = one(1000)
    assert scored.wis == pytest.approx((250 + 273.75 + 425) / 4.5)
    assert (scored.inside_50, scored.inside_80, scored.inside_95) == (False, False, False)
    # The floor, twice as high and wide: 1000 is its median, and half of each width goes in: 2 * 273.75.
    assert scored.floor_wis == pytest.approx(2 * 273.75 / 4.5)


def test_quantiles_are_rounded_as_the_count_is():
    assert not one(980).inside_95  # 975 is the upper end
    rounded = one(980, precision=10)
    assert rounded.inside_95
    assert (rounded.lower_95, rounded.upper_95) == (20, 980)


def test_leads_count_from_the_month_of_issue():
    assert [one(600, month=month).lead for month in (1, 2)] == [-1, 0]


def test_the_scale_is_that_of_the_counts_which_the_release_knew():
    later = known()
    longer = np.concatenate([later.values, [[9000.0]]])
    more = replace(later, values=longer, precision=np.ones(longer.shape, dtype=np.int64))
    assert one(600, counts=more).scale == 50  # the month after the origin is not looked at
    assert one(600, counts=known(change=8.0)).scale == 8


def test_a_count_that_was_not_forecast_is_an_error():
    with pytest.raises(TableError, match=f"no forecast of {AREA} in 2024-06"):
        one(600, month=3)
    truth = [Truth("state-az-southwest", ORIGIN + 1, DAY, 5, 1)]
    with pytest.raises(TableError, match="no forecast of state-az-southwest"):
        score(release="r", issued=ORIGIN, forecasts=forecasts(), floor=forecasts(), counts=cell_counts(), truth=truth)


def test_scores_are_those_of_the_evaluation():
    truth = cell_counts(months=72)
    origin = truth.first + 59
    floor = recipes_module.run(recipes_module.load("floor"), truth, origin=origin, executor=HERE, horizon=6).forecasts
    wider = Forecasts("wider", origin, floor.areas, floor.values * 1.5, floor.mean)
    totals = truth.totals()
    truths = [
        Truth(slug, month, DAY, int(totals[slug][month - truth.first]), 1)
        for slug in floor.areas
        for month in floor.months
    ]
    made = score(release="r", issued=origin + 2, forecasts=wider, floor=floor, counts=truth.until(origin), truth=truths)
    table = scores.score(forecasts=[wider, floor], truth=truth)
    expected, naive = (table[table["model"] == name] for name in ("wider", floor.model))
    assert len(made) == len(expected) == len(floor.areas) * 6
    assert [(cell.area, str(cell.target_month), cell.lead) for cell in made] == list(
        expected[["area", "target_month", "lead"]].itertuples(index=False, name=None)
    )
    assert [cell.wis / cell.scale for cell in made] == pytest.approx(expected["sWIS"].tolist())
    assert [cell.floor_wis / cell.scale for cell in made] == pytest.approx(naive["sWIS"].tolist())
    for coverage in (50, 80, 95):
        assert [float(getattr(cell, f"inside_{coverage}")) for cell in made] == expected[
            f"coverage_{coverage}"
        ].tolist()


START = Month.of(2024, 1)
LEAVES = ("el-paso", "tucson", "yuma", "laredo")


def cell(
    area: str, month: int, *, lead: int = 0, inside: bool = True, wis: float = 1.0, release: str = "r", **more: object
) -> Scored:
    figures = {
        "observed": 5000,
        "precision": 1,
        "median": 100.0,
        "lower_95": 10.0,
        "upper_95": 900.0,
        "floor_wis": 10.0,
        "scale": 1.0,
    }
    held = {"inside_50": False, "inside_80": inside, "inside_95": True}
    return Scored(release, area, START + month, DAY, lead, wis=wis, **{**figures, **held, **more})  # type: ignore[arg-type]


def record(months: int, held: int, leaves: tuple[str, ...] = LEAVES, **more: object) -> list[Scored]:
    """Months in which the intervals of the first `held` leaves held."""
    return [
        cell(slug, month, inside=place < held, **more) for month in range(months) for place, slug in enumerate(leaves)
    ]  # type: ignore[arg-type]


def raised(cells: list[Scored]) -> dict[str, bool]:
    return {finding.kind: finding.raised for finding in judge(cells, USBP)}


def test_nothing_is_raised_before_anything_is_known():
    findings = judge([], USBP)
    assert tuple(finding.kind for finding in findings) == ALARMS
    assert not any(finding.raised for finding in findings)
    assert all("too few months to tell" in finding.detail for finding in findings)


def test_intervals_that_hold_half_of_a_year_are_too_narrow():
    # A month of four leaves is no surer than 0.4 / 2; Student's t for 12 months is 1.796: 0.5 + 1.796 * 0.2 / sqrt(12)
    # = 0.604.
    finding = judge(record(12, 2), USBP)[0]
    assert finding.raised
    assert finding.figures == {
        "months": 12,
        "first": "2024-01",
        "last": "2024-12",
        "coverage_80": 0.5,
        "low": 0.3963,
        "high": 0.6037,
    }
    assert finding.detail.startswith("80 % intervals held 50 % of the counts of 12 months (2024-01 to 2024-12)")


def test_intervals_that_hold_what_they_promise_raise_nothing():
    assert not any(raised(record(12, 3)).values())


def test_few_months_must_be_much_worse_to_be_told_from_chance():
    # 2.920 * 0.2 / sqrt(3) = 0.337: half of three months may be 84 %, none of three months is at most 34 %.
    assert not raised(record(3, 2))["intervals-narrow"]
    assert raised(record(3, 0))["intervals-narrow"]
    assert "2 months scored, 3 needed" in judge(record(2, 0), USBP)[0].detail


def test_the_areas_of_a_month_are_one_observation():
    """Half of the months held whole and half not at all: 0.5, but by months it may as well be 77 %."""
    waves = [cell(slug, month, inside=month % 2 == 0) for month in range(12) for slug in LEAVES]
    finding = judge(waves, USBP)[0]
    assert finding.figures["coverage_80"] == 0.5
    assert finding.figures["high"] == pytest.approx(0.5 + 1.7959 * np.sqrt(3 / 11) / np.sqrt(12), abs=1e-4)
    assert not finding.raised


def test_intervals_that_hold_everything_are_too_wide_where_there_are_areas_enough():
    nine = (*LEAVES, "big-bend", "del-rio", "el-centro", "rio-grande-valley", "san-diego")
    assert not raised(record(12, 4))["intervals-wide"]  # 1 - 1.796 * 0.4 / 2 / sqrt(12) = 0.896
    assert raised(record(12, 9, nine))["intervals-wide"]  # 1 - 1.796 * 0.4 / 3 / sqrt(12) = 0.931


def test_coverage_is_measured_on_the_southwest_where_the_panel_has_it():
    north = record(12, 0, ("blaine", "havre"))
    assert not raised([*north, *record(12, 3)])["intervals-narrow"]
    assert raised(north)["intervals-narrow"]


@pytest.mark.parametrize("lead", [-1, 12])
def test_leads_that_nobody_plans_by_are_not_judged(lead):
    assert not any(raised(record(12, 0, lead=lead, wis=20.0)).values())


def test_the_last_twelve_months_are_judged():
    old = record(12, 0)
    assert raised(old)["intervals-narrow"]
    new = [replace(one, target_month=one.target_month + 12) for one in record(12, 3)]
    assert not raised([*old, *new])["intervals-narrow"]


def test_a_release_worse_than_the_floor_in_every_month_has_drifted():
    finding = judge(record(6, 3, wis=12.0), USBP)[2]
    assert (finding.kind, finding.raised) == ("drift", True)
    assert (finding.figures["ratio"], finding.figures["low"], finding.figures["months"]) == (1.2, 1.2, 6)
    assert not raised(record(6, 3, wis=9.0))["drift"]
    assert "5 months scored, 6 needed" in judge(record(5, 3, wis=12.0), USBP)[2].detail


def test_one_bad_month_is_no_drift():
    # Scores of 1 in five months and 3 in one, the floor's 1: a ratio of 8 / 6, within 2.015 * 0.8165 / sqrt(6) = 0.672
    # of it.
    cells = record(6, 3, wis=10.0)
    finding = judge([replace(one, wis=30.0) if one.target_month == START else one for one in cells], USBP)[2]
    assert (finding.figures["ratio"], finding.figures["low"]) == (1.3333, pytest.approx(1.3333 - 0.6717, abs=2e-4))
    assert not finding.raised


def test_drift_is_measured_in_units_of_each_area():
    """A quiet sector weighs as much as a busy one:
    worse by half in its own unit, it outweighs a gain of tenths in the other.
    """
    busy = record(6, 3, ("el-paso",), wis=900.0, floor_wis=1000.0, scale=1000.0)
    quiet = record(6, 3, ("havre",), wis=1.5, floor_wis=1.0, scale=1.0)
    assert judge([*busy, *quiet], USBP)[2].figures["ratio"] == 1.2


def test_the_newest_month_outside_the_widest_interval_is_a_big_miss():
    miss = cell("southwest", 1, inside_95=False)
    finding = judge([cell("southwest", 0), miss, cell("nation", 1)], USBP)[3]
    assert (finding.kind, finding.raised) == ("big-miss", True)
    assert finding.detail == "Southwest border: 5,000 encounters in 2024-02, outside the 95 % interval 10 to 900 of r"
    assert finding.figures == {"month": "2024-02", "missed": ["southwest"]}


def test_a_miss_of_an_earlier_month_or_of_an_older_release_is_over():
    assert not raised([cell("southwest", 0, inside_95=False), cell("southwest", 1)])["big-miss"]
    assert not raised([cell("southwest", 1, inside_95=False, release="old"), cell("southwest", 1, release="new")])[
        "big-miss"
    ]
    assert not raised([cell("el-paso", 1, inside_95=False), cell("northern", 1, inside_95=False), cell("nation", 1)])[
        "big-miss"
    ]
