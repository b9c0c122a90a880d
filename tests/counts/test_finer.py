"""Finer panels of the official files: read, labels of different years one, taken in for every panel of a layout."""

from datetime import UTC, date, datetime
from itertools import combinations

import pytest

from forecast.core.declarations import declared
from forecast.core.errors import PanelError, SourceError
from forecast.core.layouts import layouts
from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.counts.archive import Archive
from forecast.counts.declared_panels import offered, read_declaration
from forecast.counts.sources.catalog import recognise
from forecast.counts.sources.finer import SHEETS
from forecast.counts.taking import take
from tests.counts.layouts import DATA, state_csv, usbp_sheets, write_workbook

DAY, NOON = date(2026, 1, 20), datetime(2026, 2, 1, 12, tzinfo=UTC)
HEADER = (
    "Fiscal Year,Month Grouping,Month (abbv),Land Border Region,State,Demographic,{},Title of Authority,Encounter Count"
)
ROWS = """
2024,FYTD,OCT,Southwest Land Border,TX,{uac},MEXICO,Title 8,7
2024,FYTD,OCT,Other,TX,{uac},MEXICO,Title 8,2
2024,FYTD,OCT,Other,TX,FMUA,"CHINA, PEOPLES REPUBLIC OF",Title 8,4
2024,FYTD,NOV,Southwest Land Border,TX,{uac},EL SALVADOR,Title 8,9
"""


def panel(name):
    return read_declaration(offered()[name])


def states(tmp_path, *, uac="UAC", citizenship="Citizenship", name="state.csv"):
    path = tmp_path / name
    path.write_text(HEADER.format(citizenship) + ROWS.format(uac=uac))
    return path


def workbook(tmp_path, family):
    sheets = usbp_sheets({(Month.of(2024, 10), "el-paso"): 110, (Month.of(2024, 11), "el-paso"): 60})
    rows = [["2025", "01 October", "Southwest Land Border", label, count] for label, count in family.items()]
    rows += [["2025", "02 November", "Southwest Land Border", "Single Adults", 60]]
    head = ["Fiscal\nYear", "Month", "Region", "Family Status", "Quantity"]
    return write_workbook(tmp_path / "usbp.xlsx", sheets | {"Monthly Rgn and Fam Status": [head, *rows]})


def test_each_set_of_dimensions_that_the_workbook_tells_has_its_sheet():
    together = layouts()["ohss-usbp"].together
    assert together
    for dimensions in together:
        for many in range(len(dimensions) + 1):
            assert {frozenset(some) for some in combinations(dimensions, many)} <= SHEETS.keys()


@pytest.mark.parametrize("name", sorted(offered()))
def test_a_declaration_that_is_offered_reads_and_names_its_layout(name):
    declared = panel(name)
    assert declared.id == name
    assert declared.layouts[0] in layouts()
    assert declared.is_finer


def test_a_state_file_is_read_by_demographic_and_citizenship(tmp_path):
    vintage = recognise(states(tmp_path)).finer(panel("cbp-states-detail"), DAY)
    assert vintage.areas == (
        "cbp-states-detail.tx.fmua.china",
        "cbp-states-detail.tx.uac.el-salvador",
        "cbp-states-detail.tx.uac.mexico",
    )
    assert vintage.values.tolist() == [[4, 0, 9], [0, 9, 0]]
    assert (vintage.precision, vintage.covers_panel) == (1, True)
    assert vintage.panel.area("cbp-states-detail.tx.fmua.china").values == ("TX", "FMUA", "China")


def test_labels_and_headers_of_other_years_are_the_same_leaves(tmp_path):
    old = recognise(states(tmp_path, uac="UC / Single Minors", name="a.csv")).finer(panel("cbp-states-detail"), DAY)
    new = recognise(states(tmp_path, citizenship="Citizenship Grouping", name="b.csv")).finer(
        panel("cbp-states-detail"), DAY
    )
    assert old.areas == new.areas
    assert (old.values == new.values).all()


def test_a_cell_under_an_old_and_a_new_label_is_counted_once_or_refused(tmp_path):
    path = states(tmp_path)
    path.write_text(
        path.read_text() + "2024,FYTD,NOV,Southwest Land Border,TX,UC / Single Minors,EL SALVADOR,Title 8,9\n"
    )
    with pytest.raises(SourceError, match=r"row 6: .*an old and a new label"):
        recognise(path).finer(panel("cbp-states-detail"), DAY)


def test_a_workbook_is_read_by_family_status_and_stays_rounded(tmp_path):
    vintage = recognise(workbook(tmp_path, {"FMUA": 30, "Single Adults": 70, "UAC": 10})).finer(
        panel("usbp-family"), DAY
    )
    assert [area.rpartition(".")[2] for area in vintage.areas] == [
        "family-unit-individuals", "single-adults", "unaccompanied-children",
    ]  # fmt: skip
    assert vintage.values.tolist() == [[30, 70, 10], [0, 60, 0]]
    assert vintage.precision == 10
    assert {(check.area, check.published, check.holds) for check in vintage.checks()} >= {
        ("usbp-family", 110, True), ("usbp-family.southwest-land-border", 60, True),
    }  # fmt: skip


def test_a_workbook_without_the_sheet_is_refused_in_one_line(tmp_path):
    path = write_workbook(tmp_path / "usbp.xlsx", usbp_sheets({(Month.of(2024, 10), "el-paso"): 110}))
    with pytest.raises(SourceError, match="expected a sheet 'Monthly Rgn and Citp'") as refused:
        recognise(path).finer(panel("usbp-regions-citizenship"), DAY)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "dimensions", "says"),
    [
        ("ohss-usbp", '["sector", "family"]', "does not tell sector by family. It tells region by citizenship"),
        ("cbp-aor", '["area", "state"]', "cbp-aor has no 'state'. Its dimensions are component, region, area"),
        ("cbp-state", '["Citizenship Grouping", "citizenship"]', "names one column of cbp-state twice"),
        ("usbp", '["region"]', "no official layout is called 'usbp'. Use one of ohss-usbp, cbp-state"),
    ],
)
def test_dimensions_that_a_layout_does_not_tell_are_refused(source, dimensions, says):
    text = f'id = "x"\ntitle = "X"\nunit = "encounters"\nsource = "{source}"\ndimensions = {dimensions}\nlevels = [[]]'
    with pytest.raises(PanelError, match=says):
        declared(text)


def test_a_dimension_may_be_called_as_the_header_calls_it(tmp_path):
    text = 'id = "x"\ntitle = "X"\nunit = "encounters"\nsource = "cbp-state"\ndimensions = ["Title of Authority"]\nlevels = [[]]'
    vintage = recognise(states(tmp_path)).finer(declared(text), DAY)
    assert (vintage.areas, vintage.values.tolist()) == (("x.title-8",), [[13], [9]])


def test_one_file_feeds_every_panel_of_its_layout_and_each_once(tmp_path):
    archive = Archive(tmp_path / "archive", panels={**bundled(), "cbp-states-detail": panel("cbp-states-detail")})
    path = states(tmp_path)
    first = list(take(archive, path, when=NOON, published=DAY))
    assert [(one.panel, one.appended.already_there) for one in first] == [
        ("cbp-states", False), ("cbp-states-detail", False),
    ]  # fmt: skip
    again = list(take(archive, path, when=NOON))  # the day is known by then
    assert [(one.panel, one.appended.already_there) for one in again] == [
        ("cbp-states", True), ("cbp-states-detail", True),
    ]  # fmt: skip
    totals = {name: archive.as_of(name, DAY).values.sum() for name in ("cbp-states", "cbp-states-detail")}
    assert totals == {"cbp-states": 22.0, "cbp-states-detail": 22.0}


def test_a_day_is_corrected_in_every_panel_of_the_file_and_a_later_one_keeps_its_own_place(tmp_path):
    archive = Archive(tmp_path / "archive", panels={**bundled(), "cbp-states-detail": panel("cbp-states-detail")})
    list(take(archive, states(tmp_path), when=NOON, published=DAY))
    sha256 = archive.vintages("cbp-states")[0].sha256
    kept = archive.redate(sha256[:12], date(2026, 1, 25), now=NOON)
    assert [(one.vintage.panel.id, str(one.vintage.published)) for one in kept] == [
        ("cbp-states", "2026-01-25"), ("cbp-states-detail", "2026-01-25"),
    ]  # fmt: skip
    archive.withdraw(sha256, now=NOON)
    assert archive.vintages() == ()
    taken = list(take(archive, states(tmp_path), when=NOON, accept=True, panel=panel("cbp-states-detail")))
    assert [one.panel for one in taken] == ["cbp-states-detail"]
    assert [vintage.panel.id for vintage in archive.vintages()] == ["cbp-states-detail"]


def with_detail(archive):
    """The archive once a finer panel of the state layout is added to it."""
    return Archive(archive.folder, panels={**bundled(), "cbp-states-detail": panel("cbp-states-detail")})


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("published", [None, DAY])
def test_a_panel_that_is_added_later_has_the_corrected_day_of_a_file(tmp_path, alone, published):
    archive, right = Archive(tmp_path / "archive"), date(2026, 1, 25)
    path = states(tmp_path, name=f"{DAY}_state.csv")  # its name still says the wrong day
    list(take(archive, path, when=NOON))
    archive.redate(archive.vintages("cbp-states")[0].sha256, right, now=NOON)
    archive = with_detail(archive)
    only = panel("cbp-states-detail") if alone else None
    list(take(archive, path, when=NOON, published=published, panel=only))
    assert [(one.panel.id, one.published) for one in archive.vintages()] == [
        ("cbp-states", right), ("cbp-states-detail", right),
    ]  # fmt: skip


def test_a_file_that_is_taken_back_on_another_day_has_that_day_in_every_panel(tmp_path):
    archive, right = with_detail(Archive(tmp_path / "archive")), date(2026, 1, 25)
    list(take(archive, states(tmp_path), when=NOON, published=DAY))
    archive.withdraw(archive.vintages("cbp-states")[0].sha256, now=NOON)
    list(take(archive, states(tmp_path), when=NOON, published=right, accept=True))
    assert {one.panel.id: one.published for one in archive.vintages()} == {
        "cbp-states": right, "cbp-states-detail": right,
    }  # fmt: skip


def test_a_file_that_was_withdrawn_enters_no_panel_that_is_added_later(tmp_path):
    archive = Archive(tmp_path / "archive")
    path = states(tmp_path)
    list(take(archive, path, when=NOON, published=DAY))
    archive.withdraw(archive.vintages()[0].sha256, now=NOON)
    archive = with_detail(archive)
    (taken,) = take(archive, path, when=NOON)
    assert (taken.panel, taken.appended.already_there, taken.appended.withdrawn) == ("cbp-states", True, True)
    (alone,) = take(archive, path, when=NOON, panel=panel("cbp-states-detail"))
    assert "state.csv was withdrawn from cbp-states" in str(alone.error)
    assert "--panel cbp-states-detail --accept" in str(alone.error)
    assert archive.vintages() == ()
    assert [one.appended.withdrawn for one in take(archive, path, when=NOON, accept=True)] == [False, False]
    assert [one.panel.id for one in archive.vintages()] == ["cbp-states", "cbp-states-detail"]


def test_a_panel_that_has_taken_a_withdrawn_file_back_alone_has_it_already(tmp_path):
    archive, detail = with_detail(Archive(tmp_path / "archive")), panel("cbp-states-detail")
    list(take(archive, states(tmp_path), when=NOON, published=DAY))
    archive.withdraw(archive.vintages("cbp-states")[0].sha256, now=NOON)
    list(take(archive, states(tmp_path), when=NOON, accept=True, panel=detail))
    (again,) = take(archive, states(tmp_path), when=NOON, panel=detail)
    assert (again.appended.already_there, again.appended.withdrawn) == (True, False)


def test_a_file_of_another_layout_is_refused_for_a_panel(tmp_path):
    archive = Archive(tmp_path / "archive")
    (taken,) = take(archive, DATA / "aor.csv", when=NOON, published=DAY, panel=panel("usbp-family"))
    assert "expected a file of the layout ohss-usbp, which usbp-family is declared on, not cbp-aor" in str(taken.error)


def test_what_the_bundled_panel_refuses_no_panel_gets(tmp_path):
    archive = Archive(tmp_path / "archive", panels={**bundled(), "cbp-states-detail": panel("cbp-states-detail")})
    path = tmp_path / "state.csv"
    path.write_text(state_csv({(Month.of(2024, 10), "state-tx-southwest"): 5}).replace("TX", "QQ"))
    (taken,) = take(archive, path, when=NOON, published=DAY)
    assert "a state's postal code" in str(taken.error)
    assert archive.vintages() == ()


def test_offices_and_sectors_are_read_by_authority():
    vintage = recognise(DATA / "aor.csv").finer(panel("cbp-offices-authority"), DAY)
    place = "cbp-offices-authority.office-of-field-operations.el-paso-field-office.title-8"
    sector = "cbp-offices-authority.u-s-border-patrol.el-paso-sector.title-8"
    october = vintage.months.index(Month.of(2025, 10))
    assert vintage.values[october, [vintage.areas.index(place), vintage.areas.index(sector)]].tolist() == [900, 123]
