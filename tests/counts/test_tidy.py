"""Tables of declared panels: what is read, and what is refused with its row."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from forecast.core.declarations import declared
from forecast.core.errors import Quarantined, SourceError
from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.counts.archive import Archive
from forecast.counts.sources.tidy import read
from tests.core.test_declarations import DEMO

DAY = date(2026, 1, 20)
TABLE = """month,office,nationality,count
2025-11,Office 1,Flow 7,10
2025-11,Office 2,Flow 7,5
2025-12,Office 1,Flow 7,12
"""


@pytest.fixture
def table(tmp_path):
    def write(text, name="counts.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_leaf_without_a_row_in_a_covered_month_is_zero(table):
    vintage = read(table(TABLE), declared(DEMO), DAY)
    assert (vintage.first, vintage.areas) == (Month.of(2025, 11), ("demo.office-1.flow-7", "demo.office-2.flow-7"))
    assert vintage.values.tolist() == [[10, 5], [12, 0]]
    assert (vintage.source, vintage.precision, vintage.covers_panel) == ("Arrivals by office and nationality", 1, True)


def test_columns_may_stand_in_any_order_and_case(table):
    rows = [line.split(",") for line in TABLE.splitlines()]
    turned = "\n".join(",".join(reversed(row)) for row in rows).replace("office", "OFFICE", 1)
    assert read(table(turned), declared(DEMO), DAY).values.tolist() == [[10, 5], [12, 0]]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("month,office,nationality,count", "month,office,count", "row 1: expected a column 'nationality'"),
        (
            "nationality,count",
            "nationality,count,note",
            "row 1: expected no column but month, office, nationality, count",
        ),
        ("nationality,count", "office,count", "row 1: expected one column 'office'"),
        ("2025-12,Office 1,Flow 7,12", "2025-11,Office 1,Flow 7,12", "row 4: expected one row of Office 1 / Flow 7 in"),
        ("Flow 7,12", "Flow 7,-12", "row 4: expected a whole count from 0"),
        ("Flow 7,12", "Flow 7,1.5", "row 4: expected a whole count from 0"),
        ("Flow 7,12", "Flow 7,", "row 4: expected a whole count from 0"),
        ("Flow 7,12", "Flow 7,9999999999", "row 4: expected a whole count from 0"),
        ("2025-12,", "Dec 2025,", "row 4: expected a month such as 2024-11, not 'Dec 2025'. Write it as 2025-12"),
        ("2025-12,", "2025-Q4,", "sum the rows of each month up"),
        ("2025-12,", "9999-12,", "row 4: expected a month from 1800 to 2200"),
        ("2025-12,", "2026-12,", "from 2025-11 to 2026-12, but there is none for 2025-12. Where nothing"),
        ("2025-12,Office 1,", "2025-12, ,", "row 4: expected a value of office"),
        ("2025-12,Office 1,", "2025-12,office-1,", "have one slug, demo.office-1. Rename one of the values."),
        (TABLE.partition("\n")[2], "", "expected at least one row under the header"),
    ],
)
def test_a_bad_table_is_refused_in_one_line_with_its_row(table, old, new, says):
    assert old in TABLE
    with pytest.raises(SourceError) as refused:
        read(table(TABLE.replace(old, new, 1)), declared(DEMO), date(2027, 1, 20))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_counts_of_a_declared_panel_have_vintages_and_days(table, tmp_path):
    """A later table adds a leaf and a month; what was public before stays answerable."""
    panel = declared(DEMO)
    archive = Archive(tmp_path / "archive", panels={**bundled(), "demo": panel})
    now = datetime(2026, 3, 1, tzinfo=UTC)
    archive.append(read(table(TABLE), panel, DAY), when=now)
    more = TABLE + "2025-12,Office 2,Flow 7,2\n2026-01,Office 1,Flow 7,11\n2026-01,Office 3,Flow 9,4\n"
    taken = archive.append(read(table(more, "more.csv"), panel, date(2026, 2, 20)), when=now)
    assert [(one.area, one.before, one.after) for one in taken.revised] == [("demo.office-2.flow-7", 0, 2)]
    before, after = archive.as_of("demo", date(2026, 2, 1)), archive.as_of("demo", date(2026, 2, 20))
    assert (len(before.areas), str(before.through)) == (2, "2025-12")
    assert (len(after.areas), str(after.through)) == (3, "2026-01")
    assert after.totals()["demo"].tolist() == [15, 14, 15]
    assert after.series("demo.office-3.flow-9").group == "office-office-3"
    assert after.panel.area("demo.office-3").name == "Office 3"


def test_a_month_that_nobody_counted_lies_between_two_files_and_stays_unknown(table, tmp_path):
    archive = Archive(tmp_path / "archive", panels={**bundled(), "demo": declared(DEMO)})
    for name, month, count in (("a.csv", "2025-10", 10), ("b.csv", "2025-12", 30)):
        text = f"month,office,nationality,count\n{month},Office 1,Flow 7,{count}\n"
        archive.append(read(table(text, name), declared(DEMO), DAY), when=datetime(2026, 3, 1, tzinfo=UTC))
    counts = archive.as_of("demo", DAY)
    assert str(counts.through) == "2025-12"
    assert np.array_equal(counts.totals()["demo"], [10, np.nan, 30], equal_nan=True)


def test_what_looks_wrong_is_told_in_the_panels_own_unit(table, tmp_path):
    archive = Archive(tmp_path / "archive", panels={**bundled(), "demo": declared(DEMO)})
    now = datetime(2026, 3, 1, tzinfo=UTC)
    before = "month,office,nationality,count\n2025-10,Office 1,Flow 7,100\n"
    archive.append(read(table(before), declared(DEMO), DAY), when=now)
    revised = read(table(before.replace("100", "10"), "revised.csv"), declared(DEMO), DAY)
    with pytest.raises(Quarantined, match="2025-10 is revised from 100 to 10 arrivals"):
        archive.append(revised, when=now)


def test_of_many_small_leaves_some_have_none_in_any_month_and_a_cut_is_still_seen(table, tmp_path):
    panel, rng = declared(DEMO), np.random.default_rng(5)
    counts = rng.poisson(rng.gamma(0.5, 8.0, 300), (40, 300))
    rows = [
        f"{Month.of(2022, 9) + step},Office {leaf % 10},Flow {leaf // 10},{count}"
        for step, month in enumerate(counts)
        for leaf, count in enumerate(month)
    ]
    head = TABLE.partition("\n")[0]
    cut = read(table("\n".join([head, *rows[:-120]]), "cut.csv"), panel, DAY)
    archive = Archive(tmp_path / "archive", panels={"demo": panel})
    with pytest.raises(Quarantined, match="2025-12 lacks"):
        archive.append(cut, when=datetime(2026, 1, 21, tzinfo=UTC))
    whole = read(table("\n".join([head, *rows])), panel, DAY)
    assert archive.append(whole, when=datetime(2026, 1, 21, tzinfo=UTC)).doubts == ()
