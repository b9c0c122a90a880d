"""Declarations of panels of one's own: what is taken, what is refused in one line, and the areas that tables give."""

import json

import pytest

from forecast.core.declarations import declared, with_leaves
from forecast.core.errors import PanelError
from forecast.core.panels import Panel

DEMO = """
id = "demo"
title = "Arrivals by office and nationality"
unit = "arrivals"
dimensions = ["office", "nationality"]
levels = [[], ["office"], ["nationality"]]
group_by = "office"
months_until_stale = 2
"""
LEAVES = [("Office 1", "Flow 7"), ("Office 1", "Flow 8"), ("Zürich (north)", "Flow 7")]


def grown() -> Panel:
    return with_leaves(declared(DEMO), LEAVES)


def test_two_dimensions_make_a_grouped_hierarchy():
    panel = grown()
    assert panel.kinds == ("total", "office", "nationality", "leaf")
    assert panel.hierarchy(["demo.office-1.flow-7", "demo.office-1.flow-8", "demo.zurich-north.flow-7"]) == {
        "demo": ("demo.office-1.flow-7", "demo.office-1.flow-8", "demo.zurich-north.flow-7"),
        "demo.office-1": ("demo.office-1.flow-7", "demo.office-1.flow-8"),
        "demo.flow-7": ("demo.office-1.flow-7", "demo.zurich-north.flow-7"),
        "demo.flow-8": ("demo.office-1.flow-8",),
        "demo.zurich-north": ("demo.zurich-north.flow-7",),
        "demo.office-1.flow-7": ("demo.office-1.flow-7",),
        "demo.office-1.flow-8": ("demo.office-1.flow-8",),
        "demo.zurich-north.flow-7": ("demo.zurich-north.flow-7",),
    }


def test_areas_have_names_kinds_parents_and_groups():
    panel = grown()
    leaf, office, total = (panel.area(slug) for slug in ("demo.zurich-north.flow-7", "demo.zurich-north", "demo"))
    assert (leaf.name, leaf.kind, leaf.parents, leaf.group) == (
        "Zürich (north) / Flow 7",
        "leaf",
        ("demo.zurich-north", "demo.flow-7"),
        "office-zurich-north",
    )
    assert leaf.values == ("Zürich (north)", "Flow 7")
    assert (office.name, office.kind, office.parents, office.group) == ("Zürich (north)", "office", ("demo",), "total")
    assert (total.name, total.kind, total.series, total.parents) == (panel.title, "total", "Total", ())
    assert panel.headlines == ("demo",)


def test_one_dimension_makes_a_flat_panel():
    flat = declared('id = "beds"\ntitle = "Beds"\nunit = "beds"\ndimensions = ["ward"]\nlevels = []')
    panel = with_leaves(flat, [("A",), ("B",)])
    assert (panel.kinds, list(panel.areas), panel.headlines) == (("leaf",), ["beds.a", "beds.b"], ())
    assert panel.area("beds.a").parents == ()


def test_a_sum_under_another_is_reached_through_it():
    deep = declared(
        'id = "d"\ntitle = "D"\nunit = "cases"\ndimensions = ["a", "b", "c"]\nlevels = [["a", "b"], [], ["a"]]'
    )
    panel = with_leaves(deep, [("x", "y", "z")])
    assert panel.kinds == ("total", "a", "a-b", "leaf")
    assert [panel.area(slug).parents for slug in ("d.x.y.z", "d.x.y", "d.x")] == [("d.x.y",), ("d.x",), ("d",)]


def test_where_leaves_are_many_fewer_models_compete_unless_the_declaration_names_them():
    panel = declared(DEMO)
    assert (panel.recipes_for(200), panel.recipes_for(201)) == (("bank", "blend", "floor"), ("finer", "floor"))
    named = declared(DEMO.replace("months_until", 'recipes = ["bank"]\nmonths_until'))
    assert (named.recipes_for(200), named.recipes_for(2000)) == (("bank",), ("bank",))


def test_a_declared_panel_is_made_again_of_its_description():
    panel = grown()
    again = Panel.of_description(json.loads(json.dumps(panel.described())))
    assert again.described() == panel.described()
    assert again.area("demo.office-1.flow-7") == panel.area("demo.office-1.flow-7")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('title = "Arr', 'titel = "Arr', "unknown key 'titel'"),
        ('unit = "arrivals"', "", "lacks 'unit'"),
        ('unit = "arrivals"', "unit = 3", "unit: a short line of text in quotes"),
        ('id = "demo"', 'id = "Demo"', "'Demo' cannot begin a slug"),
        ('id = "demo"', 'id = "el-paso"', "'el-paso' is taken by another panel or area"),
        ('id = "demo"', 'id = "cbp-states"', "is taken"),
        ('["office"], ["nationality"]]', '["town"]]', "'town' is no dimension"),
        ('["office"], ["nationality"]]', '["office"], ["office"]]', "is given twice"),
        ('["office"], ["nationality"]]', '["office", "nationality"]]', "makes the leaves and no sum"),
        ('["office"], ["nationality"]]', '["office", "office"]]', "names a dimension twice"),
        ('"office", "nationality"]\n', '"office", "month"]\n', "'month' cannot be a column"),
        ('"office", "nationality"]\n', '"office", "Office"]\n', "different columns"),
        ('group_by = "office"', 'group_by = "town"', "group_by: 'town' is no dimension"),
        ("months_until_stale = 2", "months_until_stale = 0", "whole months from 1 to 60"),
        ("months_until_stale = 2", 'source = "cbp-county"', "no official layout is called 'cbp-county'"),
        (
            "months_until_stale = 2",
            'source = "cbp-state"',
            "cbp-state has no 'office'. Its dimensions are region, state",
        ),
        ("months_until_stale = 2", "labels = 3", "tables such as"),
        ("months_until_stale = 2", 'recipes = ["bank", "bank"]', "recipes: 'bank' is named twice"),
        ("months_until_stale = 2", "[labels.town]", "labels: 'town' is no dimension"),
        ("months_until_stale = 2", "[labels.office]\nA = ['x']\nB = ['X']", "'X' is both 'A' and 'B'"),
        ("months_until_stale = 2", "months_until_stale = ", "not valid TOML"),
        ("months_until_stale = 2", "recipes = []", "recipes: a list of names"),
    ],
)
def test_a_bad_declaration_is_refused_in_one_line(old, new, says):
    assert old in DEMO
    with pytest.raises(PanelError, match=says) as refused:
        declared(DEMO.replace(old, new))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("leaves", "says"),
    [
        (
            [("Office 1", "a"), ("office-1", "b")],
            "the office 'Office 1' and the office 'office-1' have one slug, demo.office-1",
        ),
        ([("A", "B"), ("B", "A")], "the office 'B' and the nationality 'B' have one slug, demo.b"),
        ([("北", "a")], "has no letter or digit"),
    ],
)
def test_values_that_make_no_slugs_of_their_own_are_refused(leaves, says):
    with pytest.raises(PanelError, match=says):
        with_leaves(declared(DEMO), leaves)
