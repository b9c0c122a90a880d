"""Slugs, official spellings and parents."""

import pytest

from forecast.core.errors import AreaError
from forecast.core.months import Month
from tests.catalogue import SECTORS, STATES, STATES_PANEL, USBP, area, cell, group_of, hierarchy, panel_of, sector


@pytest.mark.parametrize("spelling", ["El Paso, TX", "El Paso Sector", "EPT", " el paso, tx "])
def test_every_official_spelling_of_a_sector_is_known(spelling):
    assert sector(spelling).slug == "el-paso"


def test_the_field_office_abbreviation_is_no_sector():
    with pytest.raises(AreaError, match="'El Paso' is not a sector of usbp-sectors"):
        sector("El Paso")


def test_twenty_sectors_are_open_and_livermore_closed_in_october_2004():
    closed = [leaf for leaf in SECTORS if leaf.closed]
    assert len(SECTORS) - len(closed) == 20
    assert [(leaf.slug, leaf.closed) for leaf in closed] == [("livermore", Month.of(2004, 10))]


def test_slugs_are_unique_over_panels():
    slugs = [leaf.slug for leaf in SECTORS] + ["southwest", "northern", "coastal", "nation"]
    slugs += [f"state-{code.lower()}" for code in STATES] + [cell(code, "other").slug for code in STATES]
    assert len(set(slugs)) == len(slugs)
    assert all(area(slug).slug == slug for slug in slugs)


def test_a_cell_counts_in_its_state_its_region_and_once_in_the_nation():
    tree = hierarchy(["state-tx-other", "state-tx-southwest", "state-az-southwest"])
    assert tree["state-tx"] == ("state-tx-other", "state-tx-southwest")
    assert tree["states-southwest"] == ("state-tx-southwest", "state-az-southwest")
    assert tree["states-nation"] == ("state-tx-other", "state-tx-southwest", "state-az-southwest")
    assert next(iter(tree)) == "states-nation"


def test_a_sum_that_lacks_a_sector_is_not_there():
    coastal, one = ("miami", "new-orleans", "ramey"), "el-paso"
    assert set(hierarchy((*coastal, one))) == {"coastal", *coastal, one}
    everywhere = tuple(leaf.slug for leaf in SECTORS if leaf.closed is None)
    assert len(hierarchy(everywhere)["nation"]) == 20
    assert len(hierarchy((*everywhere, "livermore"))["northern"]) == 9


def test_series_names_are_those_of_the_quantile_table():
    assert [area(slug).series for slug in ("el-paso", "state-tx", "state-tx-southwest", "nation")] == [
        "El Paso, TX",
        "TX",
        "TX / Southwest",
        "Nation",
    ]


@pytest.mark.parametrize(
    "slug", ["el-pasoo", "state-xx", "state-tx-coastal", "STATE-TX", "state-tx-southwest-1", "", "state-"]
)
def test_unknown_slugs_are_refused(slug):
    for panel in (USBP, STATES_PANEL):
        with pytest.raises(AreaError, match=f"{panel} has no area with the slug"):
            panel.area(slug)


def test_a_slug_tells_its_panel():
    assert panel_of("southwest") == "usbp-sectors"
    assert panel_of("states-southwest") == "cbp-states"


def test_groups_keep_leaves_and_totals_apart():
    assert [
        group_of(slug)
        for slug in ("el-paso", "ramey", "southwest", "nation", "state-tx-southwest", "state-tx-other", "state-tx")
    ] == [
        "southwest",
        "other",
        "total",
        "total",
        "southwest",
        "other",
        "total",
    ]
