from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.core.errors import ArchiveError
from forecast.core.months import Month
from forecast.counts.comparison import revisions
from forecast.counts.overlay import counts_of, overlay
from tests.counts.layouts import vintage

SECTORS, STATES = "usbp-sectors", "cbp-states"
LATE = date(2026, 12, 31)


def figures(*vintages, panel=SECTORS, day=LATE):
    return counts_of(vintages, panel, day).values.tolist()


def precisions(*vintages, day=LATE):
    return counts_of(vintages, SECTORS, day).precision.tolist()


def test_an_older_exact_figure_is_kept_where_the_newer_rounded_one_agrees():
    exact = vintage([[1234, 1234]], ["el-paso", "laredo"], published="2025-01-31")
    rounded = vintage([[1230, 1250]], ["el-paso", "laredo"], published="2025-02-28", precision=10)
    assert figures(exact, rounded) == [[1234, 1250]]
    assert precisions(exact, rounded) == [[1, 10]]


@pytest.mark.parametrize(("newer", "holds"), [(1220, 1220), (1230, 1235), (1240, 1235), (1250, 1250)])
def test_a_half_agrees_with_both_neighbours_since_publishers_do_not_say_how_they_round(newer, holds):
    exact = vintage([[1235]], ["el-paso"], published="2025-01-31")
    rounded = vintage([[newer]], ["el-paso"], published="2025-02-28", precision=10)
    assert figures(exact, rounded) == [[holds]]


def test_an_exact_figure_is_found_under_several_rounded_ones():
    exact = vintage([[1234]], ["el-paso"], published="2025-01-31")
    moved = vintage([[1300]], ["el-paso"], published="2025-02-28", precision=10)
    back = vintage([[1230]], ["el-paso"], published="2025-03-31", precision=10)
    assert figures(exact, moved) == [[1300]]
    assert figures(exact, moved, back) == [[1234]]


def test_an_exact_figure_that_is_published_later_does_not_show_early():
    rounded = vintage([[1230]], ["el-paso"], published="2025-01-31", precision=10)
    exact = vintage([[1234]], ["el-paso"], published="2025-02-28")
    assert figures(rounded, exact, day=date(2025, 2, 27)) == [[1230]]
    assert figures(rounded, exact) == [[1234]]


def test_areas_that_a_partial_file_does_not_name_keep_what_they_had():
    whole = vintage([[100, 9]], ["el-paso", "miami"], published="2025-01-31", covers_panel=True)
    southwest = vintage([[110]], ["el-paso"], published="2025-02-28")
    assert figures(whole, southwest) == [[110, 9]]


def test_areas_that_a_whole_file_does_not_name_are_zero_in_its_months_only():
    older = vintage(
        [[100, 9], [100, 9]], ["el-paso", "miami"], first="2024-01", published="2025-01-31", covers_panel=True
    )
    newer = vintage([[110], [120]], ["el-paso"], first="2024-02", published="2025-02-28", covers_panel=True)
    assert figures(older, newer) == [[100, 9], [110, 0], [120, 0]]


def test_a_cell_that_only_the_newer_file_names_is_zero_in_the_months_of_the_older():
    older = vintage([[5]], ["state-tx-other"], first="2024-01", published="2025-01-31", covers_panel=True, panel=STATES)
    newer = vintage(
        [[7, 8]],
        ["state-mo-other", "state-tx-other"],
        first="2024-02",
        published="2025-02-28",
        covers_panel=True,
        panel=STATES,
    )
    assert figures(older, newer, panel=STATES) == [[0, 5], [7, 8]]


def test_counts_end_at_the_last_month_in_which_every_open_area_is_known():
    whole = vintage(
        [[100, 9], [100, 9]], ["el-paso", "miami"], first="2024-01", published="2025-01-31", covers_panel=True
    )
    southwest = vintage([[110], [120]], ["el-paso"], first="2024-02", published="2025-02-28")
    counts = counts_of([whole, southwest], SECTORS, LATE)
    assert counts.through == Month.of(2024, 2)
    assert counts.values.tolist() == [[100, 9], [110, 9]]


def test_a_closed_sector_does_not_hold_the_end_back():
    past = vintage([[100, 20]], ["el-paso", "livermore"], first="2004-09", published="2025-01-31")
    since = vintage([[110]], ["el-paso"], first="2004-10", published="2025-02-28")
    counts = counts_of([past, since], SECTORS, LATE)
    assert counts.through == Month.of(2004, 10)
    assert counts.open_areas == ("el-paso",)
    assert math.isnan(counts.values[1, 1])


def test_a_month_between_files_is_unknown_and_not_zero():
    early = vintage([[100]], ["el-paso"], first="2024-01", published="2025-01-31", covers_panel=True)
    late = vintage([[120]], ["el-paso"], first="2024-03", published="2025-02-28", covers_panel=True)
    counts = counts_of([early, late], SECTORS, LATE)
    assert math.isnan(counts.values[1, 0])
    assert counts.precision.tolist() == [[1], [0], [1]]


def test_two_files_of_one_day_are_ordered_by_digest_whatever_came_first():
    one, other = (vintage([[count]], ["el-paso"], published="2025-01-31") for count in (100, 101))
    last = max((one, other), key=lambda each: each.sha256)
    assert figures(one, other) == figures(other, one) == last.values.tolist()


def test_files_that_never_know_every_area_in_one_month_give_no_counts():
    one = vintage([[100]], ["el-paso"], first="2024-01")
    other = vintage([[9]], ["miami"], first="2024-02")
    with pytest.raises(ArchiveError, match="no month in which every area was known"):
        counts_of([one, other], SECTORS, LATE)


def test_a_rounding_is_no_revision_and_a_change_beyond_it_is():
    exact = overlay([vintage([[1234, 1234]], ["el-paso", "laredo"], published="2025-01-31")])
    rounded = vintage([[1230, 1240]], ["el-paso", "laredo"], published="2025-02-28", precision=10)
    assert [(change.area, change.before, change.after) for change in revisions(rounded, exact)] == [
        ("laredo", 1234, 1240)
    ]
    coarse = overlay([rounded])
    refined = vintage([[1226, 1241]], ["el-paso", "laredo"], published="2025-03-31")
    assert revisions(refined, coarse) == ()
    again = vintage([[1230, 1250]], ["el-paso", "laredo"], published="2025-03-31", precision=10)
    assert [(change.area, change.before, change.after) for change in revisions(again, coarse)] == [
        ("laredo", 1240, 1250)
    ]


def test_an_area_that_a_whole_file_no_longer_names_is_a_revision_to_zero():
    before = overlay([vintage([[100, 9]], ["el-paso", "miami"], covers_panel=True)])
    after = vintage([[100]], ["el-paso"], published="2025-02-28", covers_panel=True)
    assert [(change.area, change.before, change.after) for change in revisions(after, before)] == [("miami", 9, 0)]


AREAS = ("el-paso", "laredo", "miami")


@st.composite
def histories(draw):
    """Up to five vintages of up to three sectors and four months."""
    made = []
    for number in range(draw(st.integers(1, 5))):
        areas = sorted(draw(st.sets(st.sampled_from(AREAS), min_size=1)))
        precision = draw(st.sampled_from([1, 10]))
        count = st.integers(0, 40).map(lambda value, step=precision: value * step)
        values = draw(st.lists(st.lists(count, min_size=len(areas), max_size=len(areas)), min_size=1, max_size=4))
        made.append(
            vintage(
                values,
                areas,
                first=str(Month.of(2024, draw(st.integers(1, 4)))),
                published=f"2025-01-{draw(st.integers(1, 28)):02d}",
                precision=precision,
                covers_panel=draw(st.booleans()),
                totals={"nation": [number] * len(values)},
            )
        )
    return made


@given(histories(), st.integers(1, 28))
def test_as_of_never_sees_the_future(history, day):
    seen = [one for one in history if one.published <= date(2025, 1, day)]
    try:
        whole = counts_of(history, SECTORS, date(2025, 1, day))
    except ArchiveError:
        with pytest.raises(ArchiveError):
            counts_of(seen, SECTORS, date(2025, 1, day))
        return
    assert whole.digest == counts_of(seen, SECTORS, date(2025, 1, day)).digest


@given(histories(), st.randoms())
def test_the_order_in_which_files_come_in_does_not_matter(history, random):
    shuffled = list(history)
    random.shuffle(shuffled)
    one, other = overlay(history), overlay(shuffled)
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert (one.precision == other.precision).all()


@given(histories())
def test_every_figure_is_one_that_a_vintage_tells(history):
    known = overlay(history)
    for step, row in enumerate(known.values):
        for at, slug in enumerate(known.areas):
            month = known.first + step
            counts = {
                int(one.values[month - one.first, one.areas.index(slug)]) if slug in one.areas else 0
                for one in history
                if one.first <= month <= one.last and (slug in one.areas or one.covers_panel)
            }
            assert (math.isnan(row[at]) and not counts) or int(row[at]) in counts


def carried(values, areas, **words):
    return replace(vintage(values, areas, **words), tabulated_by="somebody")


@pytest.mark.parametrize("published", ["2025-02-15", "2025-04-30"])
def test_an_exact_official_figure_takes_the_place_of_a_carried_over_one_whichever_came_first(published):
    table = carried([[11], [21], [31]], ["el-paso"], published="2025-03-31")
    official = vintage([[10], [20]], ["el-paso"], published=published)
    assert figures(table, official) == [[10], [20], [31]]
    assert figures(table, official, day=date(2025, 3, 31)) == (
        [[10], [20], [31]] if published < "2025-03-31" else [[11], [21], [31]]
    )


def test_a_carried_over_figure_and_a_rounded_official_one_go_by_their_days():
    table = carried([[14]], ["el-paso"], published="2025-03-31")
    assert figures(table, vintage([[20]], ["el-paso"], published="2025-02-28", precision=10)) == [[14]]
    assert figures(table, vintage([[20]], ["el-paso"], published="2025-04-30", precision=10)) == [[20]]
    assert precisions(table, vintage([[10]], ["el-paso"], published="2025-04-30", precision=10)) == [[1]]


def test_a_rounded_figure_never_brings_back_the_carried_over_one_that_an_official_file_replaced():
    table = carried([[14]], ["el-paso"], published="2025-03-31")
    official = vintage([[12]], ["el-paso"], published="2025-02-28")
    rounded = vintage([[10]], ["el-paso"], published="2025-04-30", precision=10)
    assert figures(table, official, rounded) == [[12]]


def test_sources_name_the_files_in_force_with_their_months():
    table = carried([[11], [21], [31]], ["el-paso"], published="2025-03-31")
    official = vintage([[10], [20]], ["el-paso"], published="2025-02-15")
    hidden = vintage([[9]], ["el-paso"], published="2025-01-31")
    sources = counts_of([table, official, hidden], SECTORS, LATE).sources
    assert [(str(source.first), str(source.last), source.credit) for source in sources] == [
        ("2024-01", "2024-02", "hand-written"),
        ("2024-03", "2024-03", "hand-written, tabulated by somebody"),
    ]
