"""Any panel as a CSV: what is read, and what is refused in one line."""

import csv
import gzip
import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.core.errors import SourceError
from forecast.core.months import Month
from forecast.counts.plain import LEAST_KNOWN, read_plain


def written(tmp_path, text, name="panel.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(name, first, *values):
    """Rows of a series from a month on; None is an empty value."""
    return "".join(
        f"{name},{Month.parse(first) + at},{'' if value is None else value}\n" for at, value in enumerate(values)
    )


HEADER = "series,month,value\n"


def test_series_of_different_starts_and_ends_in_the_order_of_their_first_rows(tmp_path):
    text = HEADER + rows("b", "2024-01", 5, 6, 7, 8, None) + rows("a", "2023-11", 1, None, 3, 4, 5)
    b, a = read_plain(written(tmp_path, text))
    assert (b.area, b.first, b.origin, b.values.tolist()) == ("b", Month.of(2024, 1), Month.of(2024, 4), [5, 6, 7, 8])
    assert (a.first, a.season, a.calendar) == (Month.of(2023, 11), 12, True)
    assert a.values[[0, 2, 3, 4]].tolist() == [1, 3, 4, 5]
    assert np.isnan(a.values[1])


def test_a_missing_row_is_unknown_and_not_zero(tmp_path):
    (one,) = read_plain(written(tmp_path, HEADER + rows("a", "2024-01", 1, 2) + rows("a", "2024-04", 4, 5)))
    assert np.isnan(one.values[2])


def test_other_seasons_count_steps(tmp_path):
    (one,) = read_plain(written(tmp_path, HEADER + "a,7,1\na,8,2.5\na,9,3\na,10,4\n"), season=4)
    assert (one.season, one.calendar, one.first.ordinal, one.values.tolist()) == (4, False, 7, [1, 2.5, 3, 4])


@pytest.mark.parametrize("name", ["panel.csv.gz", "panel.csv"])
def test_compressed_and_marked_files_are_read_whatever_they_are_called(tmp_path, name):
    (tmp_path / name).write_bytes(
        gzip.compress(("\ufeffSeries,Month,Value\r\n" + rows("a", "2024-01", 1, 2, 3, 4)).encode())
    )
    assert read_plain(tmp_path / name)[0].values.tolist() == [1, 2, 3, 4]


def every(step, *, count=12, first="2020-01"):
    return HEADER + "".join(f"a,{Month.parse(first) + step * at},{at + 1}\n" for at in range(count))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (3, r"found quarters only.*--season 4;"),
        (12, r"found years only.*--season 1;"),
        (6, r"found half-years only.*--season 2;"),
        (4, r"found thirds of a year only.*--season 3;"),
        (2, r"found every second month only.*--season 6;"),
        (5, r"found one month in 5 only.*--season N;"),
    ],
)
def test_rows_in_every_nth_month_are_not_taken_for_months_with_gaps(tmp_path, step, says):
    with pytest.raises(SourceError, match=says):
        read_plain(written(tmp_path, every(step)))


def test_quarters_are_taken_where_the_months_between_stand_empty_or_the_rows_are_numbered(tmp_path):
    months = HEADER + rows("a", "2020-01", *[value for at in range(8) for value in (at + 1, None, None)])
    assert np.isfinite(read_plain(written(tmp_path, months))[0].values).sum() == 8
    numbered = HEADER + "".join(f"a,{at},{at + 1}\n" for at in range(8))
    assert read_plain(written(tmp_path, numbered), season=4)[0].season == 4


WHOLE = ("2019-01", *range(1, 49))  # to 2022-12


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("2042-12", "2022-12"),  # the last month, twenty years on
        ("2024-12", "2022-12"),  # and two
        ("2002-01", "2019-01"),  # the first one
        ("2031-05", "2021-05"),  # one from the midst
        ("2012-05", "2021-05"),
    ],
)
def test_a_month_that_slipped_by_years_is_named(tmp_path, wrong, right):
    text = HEADER + rows("a", *WHOLE).replace(f"a,{right},", f"a,{wrong},")
    with pytest.raises(SourceError, match=rf"row \d+: .*found {wrong} far from all others"):
        read_plain(written(tmp_path, text))


@pytest.mark.parametrize("gap", [1, 5, 12, 30])
def test_a_real_gap_is_no_slip(tmp_path, gap):
    later = Month.of(2023, 1) + gap
    text = HEADER + rows("a", *WHOLE) + rows("a", str(later), 7, 8, 9)
    (one,) = read_plain(written(tmp_path, text))
    assert np.isnan(one.values).sum() == gap


@pytest.mark.parametrize("known", [1, 2, 3])
def test_series_too_short_to_say_anything_are_named(tmp_path, known):
    text = HEADER + rows("long", "2024-01", 1, 2, 3, 4) + rows("new", "2024-01", *range(known), *[None] * 5)
    with pytest.raises(SourceError, match=rf"series new \({known}\): expected at least 4 known values of each series"):
        read_plain(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "header"),
        ("name,month,value\n", "header"),
        ("series,month,value\n", "at least one row"),
        ("series,month,value\na,2024-01\n", "row 2.*3 columns"),
        ("series,month,value\na,Jan 2024,1\n", "row 2.*'Jan 2024'"),
        ("series,month,value\na,2024-13,1\n", "row 2.*'2024-13'"),
        ("series,month,value\na,2024-01,-1\n", "row 2.*at least 0, found '-1'"),
        ("series,month,value\na,2024-01,many\n", "row 2.*'many'"),
        ("series,month,value\na,2024-01,inf\n", "row 2.*'inf'"),
        ("series,month,value\na,2024-01,1\na,2024-01,2\n", "row 3.*found a second"),
        ("series,month,value\n,2024-01,1\n", "row 2.*series name"),
        ("series,month,value\na,2024-01,\n", "series a.*known value"),
        ("series,month,value\na,0001-01,1\na,2024-01,1\n", "row 2.*a year from 1800 to 2200, found 0001-01"),
        ("series,month,value\na,9999-01,1\n", "row 2.*a year from 1800 to 2200, found 9999-01"),
        ("series,month,value\na,2024-01,1e18\n", "row 2.*a count up to 1,000,000,000,000, found '1e18'"),
        ('series,month,value\na,2024-01,"1,234"\n', "row 2.*at least 0, found '1,234'. Write it as 1234, "),
        (
            'series,month,value\n"a,2024-01,1\n"a,2024-02,2\n',
            "a series name on one line, found 'a.*Close the quotation",
        ),
        ("series,month,value\na,0,1\na,1,2\n", "row 2.*found '0'. Whole numbers count steps: add --season"),
        ("series;month;value\na;2024-01;5\n", "header series,month,value, found series;month;value"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path, text, says):
    with pytest.raises(SourceError, match=says):
        read_plain(written(tmp_path, text))


def test_a_calendar_month_with_season_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"whole number.*steps"):
        read_plain(written(tmp_path, "series,month,value\na,2024-01,1\n"), season=4)


def numbered(steps, *more):
    return HEADER + "".join(f"a,{step},{step % 7 + 1}\n" for step in steps) + "".join(more)


ORDERS = {"newest first": range(4800, -1, -1), "in any order": sorted(range(4801), key=lambda step: step * 7 % 4801)}


@pytest.mark.parametrize("order", ORDERS)
def test_rows_in_any_order_are_read_as_fast_as_ascending_ones(tmp_path, order):
    ascending, other = written(tmp_path, numbered(range(4801))), written(tmp_path, numbered(ORDERS[order]), "other.csv")

    def seconds(path):
        started = time.process_time()
        assert read_plain(path, 7)[0].values.tolist() == [step % 7 + 1 for step in range(4801)]
        return time.process_time() - started

    assert min(seconds(other) for _ in range(3)) < 4 * min(seconds(ascending) for _ in range(3))


@pytest.mark.parametrize("order", ORDERS)
def test_a_second_row_of_a_step_is_seen_in_any_order(tmp_path, order):
    step = ORDERS[order][40]
    with pytest.raises(SourceError, match=f"row 4803: .*one value of a in {step}, found a second beside row 42"):
        read_plain(written(tmp_path, numbered(ORDERS[order], f"a,{step},5\n")), 7)


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (
            range(6000),
            r"row 5003: .*at most 5000 steps of a from first to last, found 0 \(row 2\) to 5001 \(row 5003\)",
        ),
        (range(6000, -1, -1), r"row 5003: .*found 999 \(row 5003\) to 6000 \(row 2\)"),
        ((*range(9), 9999), "row 11: .*found 9999 far from all others"),
        ((*range(20231228, 20231232), *range(20240101, 20240109)), "found the date 20231228"),
    ],
)
def test_a_series_that_is_too_long_is_refused_before_the_rest_is_read(tmp_path, steps, says):
    with pytest.raises(SourceError, match=says):
        read_plain(written(tmp_path, numbered(steps, "a row that is not reached\n")), 7)


def test_the_longest_series_is_read_with_unknown_ends(tmp_path):
    (series,) = read_plain(written(tmp_path, numbered(range(5001), "a,5020,\na,-20,\n")), 7)
    assert (series.first.ordinal, len(series.values)) == (0, 5001)


def test_missing_binary_and_damaged_files_are_refused(tmp_path):
    whole = gzip.compress(b"series,month,value\n" + b"a,2024-01,1\n" * 500)
    (tmp_path / "b.csv").write_bytes(b"series,month,value\n\xff\xfe,2024-01,1\n")
    (tmp_path / "c.csv.gz").write_bytes(b"not gzip")
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "damaged.csv.gz").write_bytes(whole[:12] + b"\xff" * 20 + whole[32:])
    for name in ("none.csv", "b.csv", "c.csv.gz", "cut.csv.gz", "damaged.csv.gz", "."):
        with pytest.raises(SourceError):
            read_plain(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04 rest of a workbook", "a workbook or zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook"),
        (b"PAR1....PAR1", "Parquet"),
        ("series,month,value\na,2024-01,1\n".encode("utf-16"), "text in UTF-16"),
    ],
)
def test_other_formats_are_named_and_how_to_save_them(tmp_path, content, what):
    (tmp_path / "panel.csv").write_bytes(content)
    with pytest.raises(SourceError, match=f"found {what}.*Save it as CSV, UTF-8"):
        read_plain(tmp_path / "panel.csv")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 600), st.lists(st.none() | st.integers(0, 10**6), min_size=4, max_size=60))
def test_writing_and_reading_is_the_identity(tmp_path_factory, first, values):
    known = {first + at: value for at, value in enumerate(values) if value is not None}
    if len(known) < LEAST_KNOWN:
        return
    (one,) = read_plain(written(tmp_path_factory.mktemp("plain"), HEADER + rows("x", str(Month(first)), *values)))
    assert {one.first.ordinal + at: value for at, value in enumerate(one.values) if value == value} == known


# Cells as people, spreadsheets and accidents write them.
CELLS = st.one_of(
    st.sampled_from(
        [
            "",
            "a",
            "b",
            "2024-01",
            "2024-1",
            "202401",
            "2024-02-30",
            "9999-12",
            "0000-00",
            "nan",
            "1e400",
            "-0",
            "1_000",
            "½",
            "٣",
        ]
    ),
    st.integers(-(10**30), 10**30).map(str),
    st.floats().map(repr),
    st.text(max_size=8),
    st.dates().map(str),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=12), st.sampled_from([None, 1, 4, 366]))
def test_any_table_is_read_or_refused(tmp_path_factory, rows, season):
    path = tmp_path_factory.mktemp("plain") / "any.csv"
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        csv.writer(file).writerows([["series", "month", "value"], *rows])
    with suppress(SourceError):
        series = read_plain(path, season)
        assert all(np.isfinite(one.values).sum() >= LEAST_KNOWN and np.nanmax(one.values) <= 1e12 for one in series)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, headed):
    path = tmp_path_factory.mktemp("plain") / "any.csv"
    path.write_bytes(b"series,month,value\n" * headed + content)
    with pytest.raises(SourceError):
        read_plain(path)
