from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast.core.errors import SourceError
from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.core.tables import Vintage
from forecast.counts.sources.catalog import read
from forecast.counts.vintage_file import parse, render
from tests.catalogue import SECTORS
from tests.counts.fuzz_sources import damaged, run
from tests.counts.layouts import DATA, aor_csv, monthly_sheets, state_csv, usbp_sheets, write_workbook

LATER = date(2030, 1, 1)
CELLS = ["state-az-southwest", "state-tx-southwest", "state-tx-other", "state-mt-northern", "state-dc-other"]
SLUGS = [sector.slug for sector in SECTORS]

in_tmp = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)


@st.composite
def panels(draw, slugs, step=1, top=10**6):
    """(month, area) -> count for months in a row, every month with a row; rows in any order."""
    first = Month.of(draw(st.integers(2000, 2028)), draw(st.integers(1, 12)))
    cells = {}
    for offset in range(draw(st.integers(1, 5))):
        for slug in draw(st.sets(st.sampled_from(slugs), min_size=1, max_size=4)):
            cells[first + offset, slug] = step * draw(st.integers(0, top))
    return dict(draw(st.permutations(list(cells.items()))))


def figures(vintage: Vintage):
    """The figures of a vintage that are not zero."""
    return {
        (month, slug): int(count)
        for month, row in zip(vintage.months, vintage.values, strict=True)
        for slug, count in zip(vintage.areas, row, strict=True)
        if count
    }


def nonzero(cells):
    return {cell: count for cell, count in cells.items() if count}


@in_tmp
@given(cells=panels(SLUGS), end=st.sampled_from(["\n", "\r\n"]), mark=st.sampled_from(["", "\ufeff"]))
def test_sectors_written_by_area_of_responsibility_read_back_the_same(tmp_path, cells, end, mark):
    path = tmp_path / "aor.csv"
    path.write_bytes((mark + aor_csv(cells).replace("\n", end)).encode())
    vintage = read(path, LATER)
    assert figures(vintage) == nonzero(cells)
    assert set(vintage.months) == {month for month, _ in cells}


@in_tmp
@given(cells=panels(CELLS))
def test_cells_written_by_state_read_back_the_same(tmp_path, cells):
    path = tmp_path / "state.csv"
    path.write_text(state_csv(cells))
    assert figures(read(path, LATER)) == nonzero(cells)


@settings(parent=in_tmp, max_examples=25)
@given(cells=panels(SLUGS, step=10))
def test_sectors_written_as_the_usbp_workbook_read_back_the_same_and_agree_with_their_totals(tmp_path, cells):
    vintage = read(write_workbook(tmp_path / "usbp.xlsx", usbp_sheets(cells)), LATER)
    assert figures(vintage) == nonzero(cells)
    assert all(check.holds for check in vintage.checks())


@given(cells=panels(CELLS))
def test_a_vintage_rendered_for_the_archive_parses_to_the_same_bytes(tmp_path_factory, cells):
    path = tmp_path_factory.getbasetemp() / "state.csv"
    path.write_text(state_csv(cells))
    vintage = read(path, LATER)
    assert render(parse(render(vintage), "x", bundled())) == render(vintage)


@st.composite
def damages(draw):
    """How to damage bytes: a list of (where, as a share of the length;
    what to put there; how many bytes to take out).
    """
    piece = st.binary(max_size=3) | st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b"<", b"-", b"."])
    return draw(st.lists(st.tuples(st.floats(0, 1), piece, st.integers(0, 40)), min_size=1, max_size=4))


def read_or_refused(path):
    """The refusal's message, or nothing for a valid vintage; any other error fails the test."""
    try:
        vintage = read(path, LATER)
    except SourceError as error:
        return str(error)
    assert (vintage.values >= 0).all()
    return ""


@pytest.mark.parametrize("name", ["aor.csv", "state.csv", "southwest.csv"])
@in_tmp
@given(where=damages())
def test_a_damaged_csv_file_is_refused_or_still_a_table(tmp_path, name, where):
    path = tmp_path / name
    path.write_bytes(damaged((DATA / name).read_bytes(), where))
    assert "\n" not in read_or_refused(path)


@pytest.fixture(scope="module")
def workbooks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workbooks")
    cells = {(Month.of(2024, 1), "el-paso"): 10, (Month.of(2024, 2), "miami"): 20}
    return [
        write_workbook(folder / "usbp.xlsx", usbp_sheets(cells)).read_bytes(),
        write_workbook(
            folder / "24-0809_ohss.xlsx", monthly_sheets(2024, {"October": 10, "November": 20})
        ).read_bytes(),
    ]


@settings(parent=in_tmp, max_examples=60)
@given(which=st.integers(0, 1), where=damages())
def test_a_damaged_workbook_is_refused_or_still_a_table(tmp_path, workbooks, which, where):
    path = tmp_path / "damaged.xlsx"
    path.write_bytes(damaged(workbooks[which], where))
    assert "\n" not in read_or_refused(path)


@settings(parent=in_tmp, max_examples=100)
@given(which=st.integers(0, 1), part=st.integers(0, 100), where=damages())
def test_a_workbook_with_a_damaged_part_is_refused_or_still_a_table(tmp_path, workbooks, which, part, where):
    # The zip is whole and its checksums are right: what is damaged is the text inside.
    path = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(io.BytesIO(workbooks[which])) as parts, zipfile.ZipFile(path, "w") as written:
        names = parts.namelist()
        for name in names:
            content = parts.read(name)
            written.writestr(name, damaged(content, where) if name == names[part % len(names)] else content)
    assert "\n" not in read_or_refused(path)


def test_hundreds_of_files_that_are_damaged_in_other_ways_are_refused_or_still_a_table():
    # The same ones each time; `python -m tests.counts.fuzz_sources` makes others.
    tally = run(seed=1, cases=300)
    assert not tally.failures, tally.failures[0]
    assert tally.cases == 300
    # Neither so damaged that nothing is read, nor so little that nothing is refused.
    assert min(tally.readings, tally.refusals) > 30
