"""Beds: the nights against people simulated one by one, the figures worked out by hand, the table of releases."""

from __future__ import annotations

import csv
import io
import math
from datetime import date

import numpy as np
import pytest

from experiments.release_shares import derived
from forecast.core.area_names import AreaNames
from forecast.core.errors import PlanError
from forecast.core.months import Month, month_range
from forecast.core.panels import bundled
from forecast.core.tables import Paths
from forecast.planning import beds_answer, released
from forecast.planning.body import Body
from forecast.planning.capacity import nights, read_capacity
from forecast.planning.nights import arrivals_by_day, need_by_night
from forecast.planning.stay import read_stay, remaining
from tests.planning.test_events import WITHOUT, change
from tests.planning.worlds import ORIGIN

NAMES = AreaNames(bundled().values())
BODY = {
    "area": "el-paso",
    "beds": [900, 1000],
    "occupied": 640,
    "share": [0.1, 0.3],
    "stay": {"days": [0, 0, 0.5, 0.5]},
    "months": 3,
}
TODAY = date(2024, 12, 1)
MONTHS = month_range(ORIGIN + 1, 3)


def asked(body=BODY, today=TODAY, **members):
    return read_capacity(
        change(body, **members), named=NAMES.named, months=lambda panel: (ORIGIN, ORIGIN + 6), today=today
    )


def steady(level=3000.0, draws=2000):
    return Paths("recipe", ORIGIN, ("el-paso",), np.full((1, 6, draws), level))


def answered(paths=None, **members):
    return beds_answer.beds_answered(nights(asked(**members), paths or steady()))


def stay(value):
    return read_stay(Body({"stay": value}, known=("stay",)))


def survival(value, draws=1):
    return stay(value).survival(np.random.default_rng(1), draws)


def test_nights_agree_with_people_who_come_and_go_one_by_one():
    """Sixty days, a table of stays, a census: need by night has the mean and the spread of a simulation by person."""
    rng = np.random.default_rng(11)
    table = np.array([0.1, 0.2, 0.0, 0.3, 0.4])
    share = survival({"days": table.tolist()})
    monthly = np.full((2, 4000), 900.0)
    months = month_range(Month.of(2025, 1), 2)
    come = arrivals_by_day(monthly, months, rng, variation=0.3)
    need = need_by_night(come, share, np.full(4000, 50.0), rng)
    days, draws = come.shape
    there = np.zeros((days, draws))
    # Who is there at the start came on days when as many came as ever: longer stays are met more often.
    length = np.arange(1, 5)
    weight = table[1:] * length
    for world in range(draws):
        own = rng.choice(length, 50, p=weight / weight.sum())
        left = np.floor(rng.random(50) * own)  # nights that are still to come
        stays = rng.choice(5, int(come[:, world].sum()), p=table)
        start = np.repeat(np.arange(days), come[:, world].astype(int))
        change = np.zeros(days + 6)
        np.add.at(change, start, 1)
        np.add.at(change, start + stays, -1)
        there[:, world] = np.cumsum(change)[:days] + (left[None, :] > np.arange(days)[:, None]).sum(axis=1)
    assert np.abs(need.mean(axis=1) - there.mean(axis=1)).max() < 1.5
    spread = need.std(axis=1) / there.std(axis=1)
    assert ((spread > 0.9) & (spread < 1.1)).all()
    for level in (0.75, 0.9, 0.95):
        busiest = [np.quantile(one[31:].max(axis=0), level) for one in (need, there)]
        assert busiest[0] == pytest.approx(busiest[1], rel=0.04)


def test_an_event_in_one_month_moves_no_arrival_of_another():
    """The same worlds with it and without: the chance of each day is its own."""
    months = month_range(Month.of(2025, 1), 3)
    usual = np.full((3, 500), 900.0)
    more = usual * np.array([[1.0], [2.5], [1.0]])
    one, other = (
        arrivals_by_day(monthly, months, np.random.default_rng(4), variation=0.3) for monthly in (usual, more)
    )
    assert np.array_equal(one[:31], other[:31])
    assert np.array_equal(one[59:], other[59:])
    assert (other[31:59].sum(axis=0) > one[31:59].sum(axis=0)).all()


def test_the_days_of_a_month_add_up_to_it_but_for_chance_and_a_busy_week_is_a_quarter_above():
    rng = np.random.default_rng(2)
    months = month_range(Month.of(2025, 1), 2)
    monthly = np.array([[31_000.0] * 3000, [2_800.0] * 3000])
    come = arrivals_by_day(monthly, months, rng, variation=0.3)
    assert come.shape == (59, 3000)
    assert come[:31].sum(axis=0).mean() == pytest.approx(31_000, rel=0.001)
    assert come[31:].sum(axis=0).mean() == pytest.approx(2_800, rel=0.003)
    assert np.abs(come[:31].sum(axis=0) - 31_000).max() < 5.5 * math.sqrt(31_000)  # chance alone
    weeks = np.lib.stride_tricks.sliding_window_view(come[:31], 7, axis=0).mean(axis=-1)
    assert np.median(weeks.max(axis=0)) / 1000 == pytest.approx(1.25, abs=0.06)


def test_without_variation_and_chance_a_steady_stream_fills_as_many_beds_as_nights_times_people():
    answer = answered(steady(30_000), share=0.2, occupied=0, daily_variation=0, stay=3, beds=600)
    # December: 6,000 people in 31 days, three nights each.
    assert answer["months"][1]["occupancy"]["median"] == pytest.approx(30_000 * 0.2 / 31 * 3, rel=0.01)


@pytest.mark.parametrize(
    ("value", "mean"),
    [
        ({"days": [0, 0, 0.5, 0.5]}, 2.5),
        ({"days": [1]}, 0),
        ({"mean": 3, "variation": 0.5}, 3),
        ({"mean": 0.5, "variation": 2}, 0.5),
        ({"mean": 40, "variation": 1}, 40),
        ({"mean": 7}, 7),
        (2.5, 2.5),
        (0.25, 0.25),
    ],
)
def test_a_stay_has_its_mean(value, mean):
    share = survival(value)
    assert share.sum() == pytest.approx(mean, rel=0.005, abs=1e-9)
    assert (np.diff(share[0]) <= 1e-12).all()
    assert share.max(initial=0) <= 1 + 1e-12


def test_a_table_is_the_share_still_there_night_by_night():
    assert survival({"days": [0, 0, 0.5, 0.5]}).tolist() == [[1, 1, 0.5]]
    assert survival(2.5).tolist() == [[1, 1, 0.5]]


def test_a_range_of_stays_is_one_length_per_world():
    share = survival([2, 5], draws=1000)
    assert share.sum(axis=1).min() == pytest.approx(2, abs=0.01)
    assert share.sum(axis=1).max() == pytest.approx(5, abs=0.01)


def test_who_is_there_today_leaves_as_after_an_unknown_part_of_a_stay():
    # Stays of two and three nights, met by their length: two fifths and three fifths, each night as likely.
    assert remaining(survival({"days": [0, 0, 0.5, 0.5]}))[0] == pytest.approx([1, 0.6, 0.2, 0])


def test_the_census_counts_and_is_forgotten_with_the_stays():
    empty, full = answered(occupied=0), answered(occupied=640)
    first = [answer["months"][0]["busiest_night"]["median"] for answer in (empty, full)]
    assert first[1] > first[0] + 200
    last = [answer["months"][2]["occupancy"]["median"] for answer in (empty, full)]
    assert last[0] == pytest.approx(last[1], abs=5)


def test_more_beds_are_never_fuller_and_the_safe_number_is_safe():
    chances = [answered(beds=beds)["months"][1]["full"] for beds in (30, 60, 90, 5000)]
    known = [1.0 if one["bound"] and "over" in one["bound"] else one["probability"] or 0.0 for one in chances]
    assert known == sorted(known, reverse=True)
    assert chances[3]["bound"] == "under 1 in 400"
    safe = answered()["months"][1]["beds_for"]
    for safety, beds in safe.items():
        full = answered(beds=beds)["months"][1]["full"]["probability"]
        assert full == pytest.approx(1 - int(safety) / 100, abs=0.02)  # beds are whole
        assert full <= 1 - int(safety) / 100


def test_the_first_full_month_is_a_distribution_that_adds_up():
    answer = answered(beds=[60, 90], occupied=0)
    chances = [entry["probability"] or 0.0 for entry in answer["first_full"]]
    assert [entry["month"] for entry in answer["first_full"]] == [*map(str, MONTHS), None]
    assert sum(chances) == pytest.approx(1, abs=0.01)


def test_a_shortfall_is_the_mean_of_the_worlds_in_which_beds_lack_and_never_a_maximum():
    question = asked(beds=70, occupied=0)
    occupancy = nights(question, steady())
    need, beds = occupancy.by_month()[1]
    worst = np.maximum(need - beds, 0).max(axis=0)
    month = beds_answer.beds_answered(occupancy)["months"][1]
    assert month["missing_beds_when_full"] == round(worst[worst > 0].mean())
    assert month["missing_beds_when_full"] < worst.max()
    assert answered(beds=100_000)["months"][1]["missing_beds_when_full"] is None


def test_with_few_worlds_no_end_is_read():
    answer = answered(steady(draws=40))
    assert answer["months"][0]["occupancy"]["median"] is not None
    assert answer["months"][0]["occupancy"]["75"] is not None
    assert answer["months"][0]["occupancy"]["90"] is None
    assert answer["months"][0]["beds_for"] == {"80": answer["months"][0]["beds_for"]["80"], "90": None, "95": None}


def test_the_csv_is_the_answer_row_by_row():
    release = {"id": "r", "data_through": "2024-11", "stale_after": "2025-02-28", "stale": False}
    answer = answered(beds=[60, 90]) | {"area": "el-paso", "releases": {"usbp-sectors": release}}
    rows = list(csv.DictReader(io.StringIO(beds_answer.as_csv(answer))))
    assert [row["month"] for row in rows] == [month["month"] for month in answer["months"]]
    assert rows[1]["beds_for_90"] == str(answer["months"][1]["beds_for"]["90"])
    assert rows[1]["full"] == str(answer["months"][1]["full"]["bound"] or answer["months"][1]["full"]["probability"])
    assert tuple(rows[0]) == beds_answer.COLUMNS
    assert {(row["area"], row["release"], row["data_through"], row["stale"]) for row in rows} == {
        ("el-paso", "r", "2024-11", "false")
    }


def test_the_same_question_has_the_same_answer():
    assert answered(share="released") == answered(share="released")
    assert answered() != answered(seed=2)


def test_released_shares_are_those_of_the_official_table(official):
    workbook = next(official.glob("2024_1206*.xlsx"))
    text = (released.resources.files("forecast.planning") / "released.csv").read_text(encoding="utf-8")
    assert derived(workbook) == text


def test_an_answer_that_takes_the_table_says_how_far_it_goes_and_since_when_it_is_out_of_date():
    assert (str(released.published()), str(released.stale_since())) == ("2024-12-06", "2025-01")
    question = asked(share="released")
    assert beds_answer.shares_used(question) == {
        "first": "2013-10", "through": "2024-08", "published": "2024-12-06", "stale_since": "2025-01",
    }  # fmt: skip
    said = " ".join(beds_answer.assumptions(question))
    assert "2013-10 to 2024-08" in said
    assert "published on 2024-12-06, and is out of date since 2025-01" in said
    assert beds_answer.shares_used(asked(share=0.5)) is None


def test_newer_months_of_the_table_are_likelier():
    table = released.released_shares("usbp-sectors")
    assert (str(table.months[0]), str(table.months[-1])) == ("2013-10", "2024-08")
    assert table.shares[-1] == pytest.approx(10_230 / 58_010)
    drawn = table.drawn(np.random.default_rng(1), 40_000)
    newest, year_before = (np.isclose(drawn, table.shares[place]).mean() for place in (-1, -13))
    assert newest / year_before == pytest.approx(2, rel=0.15)
    assert released.released_shares("cbp-states").shares[-1] == pytest.approx(55_100 / 107_470)


@pytest.mark.parametrize(
    ("members", "member"),
    [
        ({"area": "nowhere"}, "area"),
        ({"area": WITHOUT}, "area"),
        ({"beds": WITHOUT}, "beds"),
        ({"beds": [1000, 900]}, "beds"),
        ({"beds": -1}, "beds"),
        ({"occupied": WITHOUT}, "occupied"),
        ({"occupied": "all"}, "occupied"),
        ({"share": 1.5}, "share"),
        ({"share": "most"}, "share"),
        ({"stay": WITHOUT}, "stay"),
        ({"stay": 0}, "stay"),
        ({"stay": [5, 2]}, "stay"),
        ({"stay": {"days": [0.5, 0.4]}}, "stay.days"),
        ({"stay": {"days": [0.5, None, 0.5]}}, "stay.days"),
        ({"stay": {"days": [1], "mean": 2}}, "stay.days"),
        ({"stay": {"mean": 2, "variation": 9}}, "stay.variation"),
        ({"stay": {"nights": 2}}, "stay.nights"),
        ({"months": 0}, "months"),
        ({"months": 7}, "months"),
        ({"months": 1.5}, "months"),
        ({"from": "2024-11"}, "from"),
        ({"scenario": []}, "scenario"),
        ({"scenario": {"events": "many"}}, "scenario.events"),
        ({"scenario": {"areas": ["state-tx"], "events": []}}, "scenario.areas"),
        ({"daily_variation": 2}, "daily_variation"),
        ({"bed": 3}, "bed"),
        ({"area": ["el-paso"]}, "area"),
        ({"beds": "NaN"}, "beds"),
        ({"occupied": None}, "occupied"),
        ({"occupied": 1e12}, "occupied"),
        ({"share": [0, 2]}, "share"),
        ({"share": {"el-paso": 1}}, "share"),
        ({"stay": "0:0:.5:.5"}, "stay"),
        ({"stay": -2}, "stay"),
        ({"stay": 366}, "stay"),
        ({"stay": {}}, "stay.days"),
        ({"stay": {"days": []}}, "stay.days"),
        ({"stay": {"days": [-0.5, 1.5]}}, "stay.days"),
        ({"stay": {"days": [0] * 730 + [1]}}, "stay.days"),
        ({"stay": {"mean": [5, 2]}}, "stay.mean"),
        ({"stay": {"mean": 3, "variation": [0.1, 0.5]}}, "stay.variation"),
        ({"months": 19}, "months"),
        ({"from": "2027-01"}, "from"),
        ({"scenario": {}}, "scenario.events"),
        ({"scenario": {"events": [], "coverage": [99]}}, "scenario.coverage"),
        ({"scenario": {"events": [], "seed": -1}}, "scenario.seed"),
    ],
)
def test_a_question_of_beds_that_cannot_be_answered_names_its_member(members, member):
    with pytest.raises(PlanError) as refused:
        asked(**members)
    assert refused.value.member == member


def test_an_event_of_a_scenario_within_is_named_by_its_number():
    with pytest.raises(PlanError) as refused:
        asked(scenario={"events": [{"kind": "change", "month": "2024-12", "multiplier": 2}, {"kind": "change"}]})
    assert (refused.value.event, refused.value.member) == (2, "month")


@pytest.mark.parametrize(
    ("today", "first"), [("2024-11-20", "2024-12"), ("2024-12-01", "2024-12"), ("2024-12-02", "2025-01")]
)
def test_nights_begin_with_the_first_month_that_begins_today_or_later(today, first):
    assert str(asked(today=date.fromisoformat(today)).months[0]) == first


def test_a_forecast_that_has_ended_answers_nothing():
    with pytest.raises(PlanError, match="A newer one is needed"):
        asked(today=date(2025, 6, 2))
