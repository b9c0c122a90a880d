"""Events on joint paths: paired, coherent, in order, the same again; figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.core.errors import PlanError
from forecast.core.months import Month
from forecast.core.tables import Paths
from forecast.planning import laws
from forecast.planning.substitution import RecentCounts
from tests.planning.worlds import GROUPS, LEAVES, MEMBERS, ORIGIN, outcome, sectors

GROUP = {
    "kind": "group_arrival",
    "people": [10_000, 15_000],
    "share": {"el-paso": 0.7, "del-rio": 0.3},
    "arrive": ["2024-12", "2025-01"],
    "show_up": [0.3, 0.9],
}
CHANGE = {"kind": "change", "month": "2025-01", "multiplier": [1.1, 1.8], "areas": ["southwest"]}
TRANSFER = {
    "kind": "transfer",
    "from": "el-paso",
    "to": {"laredo": 0.5, "san-diego": 0.5},
    "share": [0.1, 0.2],
    "from_month": "2025-02",
}
BEDS = {"kind": "capacity", "month": "2025-01", "beds": [-50, 100]}
EVENTS = [GROUP, CHANGE, TRANSFER, BEDS]
ALL = tuple(MEMBERS)


def difference(made, area):
    row = made.baseline.areas.index(area)
    return made.scenario.values[row] - made.baseline.values[row]


def fixed(level=100, draws=8):
    """Every sector with the same count in every month and world."""
    return Paths("recipe", ORIGIN, LEAVES, np.full((len(LEAVES), 6, draws), float(level)))


def test_sums_are_exact_in_every_draw_with_and_without_events():
    made = outcome(EVENTS, ALL)
    for paths in (made.baseline, made.scenario):
        assert laws.exact_sums(paths, MEMBERS) == []
        assert laws.whole(paths) == []


def test_what_no_event_touches_is_the_same_draw_by_draw():
    made = outcome(EVENTS, ALL)
    untouched = [(ALL.index("blaine"), month) for month in range(6)] + [(ALL.index("laredo"), 0)]
    assert laws.paired(made.baseline, made.scenario, untouched=untouched) == []
    assert laws.paired(made.baseline, made.scenario, untouched=[(ALL.index("el-paso"), 0)]) != []


def test_the_baseline_is_the_release_and_without_events_both_sides_are():
    made = outcome([], ALL)
    paths = sectors()
    for slug in LEAVES:
        assert (made.baseline.values[ALL.index(slug)] == paths.values[LEAVES.index(slug)]).all()
    assert (made.scenario.values == made.baseline.values).all()


def test_the_same_question_has_the_same_answer_and_another_seed_another():
    first, again, other = outcome(EVENTS), outcome(EVENTS), outcome(EVENTS, seed=2)
    assert (first.scenario.values == again.scenario.values).all()
    assert (first.scenario.values != other.scenario.values).any()
    assert (first.baseline.values == other.baseline.values).all()


def test_an_areas_figures_do_not_depend_on_which_others_are_asked_for():
    alone, among = outcome(EVENTS, ("el-paso",)), outcome(EVENTS, ALL)
    assert (alone.scenario.values[0] == among.scenario.values[ALL.index("el-paso")]).all()


def test_an_event_that_is_added_leaves_the_draws_of_those_before_alone():
    short, long = outcome([GROUP]), outcome([GROUP, CHANGE])
    assert (short.tags[0].people == long.tags[0].people).all()


def test_a_group_brings_its_people_times_its_show_up_to_its_areas():
    made = outcome([GROUP], ("el-paso", "del-rio", "nation"), paths=fixed(draws=400))
    tag = made.tags[0]
    assert ((tag.people >= 10_000) & (tag.people <= 15_000)).all()
    assert ((tag.show_up >= 0.3) & (tag.show_up <= 0.9)).all()
    came = tag.people * tag.show_up
    # Each month is rounded to whole people.
    assert np.abs(difference(made, "el-paso").sum(axis=0) - 0.7 * came).max() <= 1
    assert np.abs(difference(made, "del-rio").sum(axis=0) - 0.3 * came).max() <= 1
    assert (difference(made, "nation")[2:] == 0).all()
    assert tag.people.mean() == pytest.approx(12_500, rel=0.002)


def test_a_group_that_is_certain_is_a_number():
    group = {**GROUP, "people": 1000, "show_up": 0.5, "share": {"el-paso": 0.8}, "arrive": ["2024-12", "2024-12"]}
    made = outcome([group], ("el-paso", "southwest"), paths=fixed())
    assert (difference(made, "el-paso")[0] == 400).all()
    assert (difference(made, "southwest")[0] == 400).all()
    assert (difference(made, "southwest")[1:] == 0).all()


def test_a_group_to_a_sum_is_spread_over_its_parts_and_loses_nobody():
    group = {**GROUP, "people": 1001, "show_up": 1, "share": {"southwest": 1}, "arrive": ["2024-12", "2024-12"]}
    made = outcome([group], ALL)
    assert (difference(made, "southwest")[0] == 1001).all()
    # By their arrivals in the same world: the busiest sector gets the most.
    most = made.baseline.values[[ALL.index(leaf) for leaf in MEMBERS["southwest"]], 0].argmax(axis=0)
    gained = np.array([difference(made, leaf)[0] for leaf in MEMBERS["southwest"]])
    assert (gained.argmax(axis=0) == most).mean() > 0.99


def test_a_change_multiplies_from_its_month_on_and_no_other_area():
    change = {"kind": "change", "month": "2025-02", "multiplier": 1.5, "areas": ["el-paso"]}
    made = outcome([change], ("el-paso", "tucson"), paths=fixed())
    assert (made.scenario.values[0][:2] == 100).all()
    assert (made.scenario.values[0][2:] == 150).all()
    assert (made.scenario.values[1] == 100).all()


def test_a_change_without_areas_is_of_all():
    made = outcome([{"kind": "change", "month": "2024-12", "multiplier": 0}], ("nation",), paths=fixed())
    assert (made.scenario.values == 0).all()


def test_a_leaf_that_is_named_twice_by_a_sum_and_itself_is_changed_once():
    change = {"kind": "change", "month": "2024-12", "multiplier": 2, "areas": ["southwest", "el-paso"]}
    assert (outcome([change], ("el-paso",), paths=fixed()).scenario.values == 200).all()


def test_a_transfer_leaves_every_total_above_both_as_it_was():
    made = outcome([TRANSFER], ALL)
    for total in ("southwest", "nation"):
        assert (difference(made, total) == 0).all()
    moved = -difference(made, "el-paso")
    assert (moved == difference(made, "laredo") + difference(made, "san-diego")).all()
    share = made.tags[0].share["el-paso"]
    before = made.baseline.values[ALL.index("el-paso")]
    assert np.abs(moved[2:] - share * before[2:]).max() <= 0.5
    assert (moved[:2] == 0).all()


def test_events_apply_in_the_order_given():
    group = {**GROUP, "people": 100, "show_up": 1, "share": {"el-paso": 1}, "arrive": ["2024-12", "2024-12"]}
    double = {"kind": "change", "month": "2024-12", "multiplier": 2, "areas": ["el-paso"]}
    first, last = (outcome(events, ("el-paso",), paths=fixed()) for events in ([group, double], [double, group]))
    assert (first.scenario.values[0, 0] == 400).all()
    assert (last.scenario.values[0, 0] == 300).all()


def test_beds_change_no_arrivals_and_are_told():
    made = outcome([BEDS], ALL)
    assert (made.scenario.values == made.baseline.values).all()
    assert made.tags[0].beds.min() >= -50
    assert made.tags[0].beds.max() <= 100


def test_an_analogue_multiplies_by_what_followed_then():
    change = {"kind": "change", "month": "2025-01", "analogue": "orders-january-2025"}
    made = outcome([change], ("southwest",))
    factor = made.tags[0].multiplier
    assert factor.shape == (5, 2000)
    assert np.median(factor[1]) < 0.3  # the second month after it
    assert "one event" in made.tags[0].words
    assert (difference(made, "southwest")[0] == 0).all()


def test_shares_are_learnt_from_who_took_over_from_whom():
    """El Paso loses to Tucson alone, month after month; what it keeps is at least nine tenths."""
    rng = np.random.default_rng(5)
    share = 0.5 + np.cumsum(rng.choice([-0.01, 0.01], 60))
    near = GROUPS["el-paso"]
    counts = np.full((60, len(near)), 100.0)
    counts[:, near.index("el-paso")], counts[:, near.index("tucson")] = 10_000 * share, 10_000 * (1 - share)
    group = {"kind": "group_arrival", "people": 1000, "towards": "el-paso", "arrive": ["2024-12", "2024-12"]}
    made = outcome([group], tuple(LEAVES), recent=RecentCounts(tuple(near), counts))
    shares = made.tags[0].share
    assert set(shares) == {"el-paso", "tucson"}
    assert np.allclose(shares["el-paso"] + shares["tucson"], 1)
    assert shares["el-paso"].min() > 0.9
    assert shares["tucson"].max() > 0
    assert "learnt from 60 months" in made.tags[0].words


def test_shares_are_recent_ones_where_nothing_can_be_learnt():
    near = GROUPS["el-paso"]
    counts = np.full((60, len(near)), np.nan)
    counts[-10:] = 1.0
    counts[-10:, near.index("yuma")] = len(near) + 1
    group = {
        "kind": "group_arrival",
        "people": 1000,
        "share": "learnt",
        "towards": "el-paso",
        "arrive": ["2024-12"] * 2,
    }
    made = outcome([group], ("yuma",), recent=RecentCounts(tuple(near), counts))
    assert made.tags[0].share["yuma"] == pytest.approx((len(near) + 1) / (2 * len(near)))
    assert "too little is known" in made.tags[0].words


months = st.sampled_from([str(ORIGIN + step) for step in range(1, 7)])
shares = st.floats(0, 1)
areas = st.sampled_from(["el-paso", "tucson", "southwest", "northern", "blaine", "nation"])
ranges = st.tuples(shares, shares).map(sorted)
events = st.lists(
    st.one_of(
        st.builds(
            lambda people, area, month, show: {
                "kind": "group_arrival",
                "people": sorted(people),
                "share": {area: 1},
                "arrive": [month, month],
                "show_up": show,
            },
            st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)),
            areas,
            months,
            ranges,
        ),
        st.builds(
            lambda month, factor, area: {"kind": "change", "month": month, "multiplier": factor, "areas": [area]},
            months,
            st.floats(0, 5),
            areas,
        ),
        st.builds(
            lambda month, share, to: {
                "kind": "transfer",
                "from": "laredo",
                "to": {to: 1},
                "share": share,
                "from_month": month,
            },
            months,
            ranges,
            st.sampled_from(["el-paso", "tucson", "northern", "blaine"]),
        ),
    ),
    max_size=5,
)


def test_nobody_is_moved_to_where_they_were():
    """Half of a sector to a sum that holds it would move less than half."""
    with pytest.raises(PlanError, match=r"Event 2 \(transfer\), to: southwest and el-paso have places in common"):
        outcome([CHANGE, {**TRANSFER, "to": {"southwest": 1}}], ALL)


def test_the_order_in_which_shares_are_written_changes_no_draw():
    share = {"el-paso": [0.5, 0.7], "del-rio": [0.1, 0.3]}
    one = outcome([{**GROUP, "share": share}], ALL)
    other = outcome([{**GROUP, "share": dict(reversed(share.items()))}], ALL)
    assert np.array_equal(one.scenario.values, other.scenario.values)


def event_month(event):
    return Month.parse(event["arrive"][0] if "arrive" in event else event.get("from_month") or event["month"])


@given(events)
def test_whatever_happens_draws_stay_whole_coherent_and_paired(happens):
    made = outcome(happens, ALL, paths=sectors(draws=40))
    assert laws.exact_sums(made.scenario, MEMBERS) == []
    assert laws.whole(made.scenario) == []
    first = min((event_month(event) - ORIGIN for event in happens), default=7)
    untouched = [(area, month) for area in range(len(ALL)) for month in range(first - 1)]
    assert laws.paired(made.baseline, made.scenario, untouched=untouched) == []
    if all(event["kind"] == "transfer" for event in happens):
        assert (difference(made, "nation") == 0).all()


def test_the_catalogue_says_what_each_event_was():
    from forecast.planning.analogues import analogues

    catalogue = analogues()
    assert {"mpp-start", "title-42-start", "title-42-end", "proclamation-june-2024", "orders-january-2025"} == set(
        catalogue
    )
    for one in catalogue.values():
        assert len(one.ratios) == 6
        assert all(list(row) == sorted(row) for row in one.ratios)
        assert one.origin + 1 == Month.containing(one.date)
        assert one.skill >= 1  # where it is less, the answer's words change
