"""Any panel as a CSV: what is read, and what is refused in one line."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.core.errors import SourceError
from forecast.core.months import Month
from forecast.counts.plain import read_plain


def written(tmp_path, text, name="panel.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_series_of_different_starts_and_ends_in_the_order_of_their_first_rows(tmp_path):
    text = "series,month,value\nb,2024-01,5\na,2023-11,1\na,2023-12,\na,2024-01,3\nb,2024-02,\n"
    b, a = read_plain(written(tmp_path, text))
    assert (b.area, b.first, b.origin, b.values.tolist()) == ("b", Month.of(2024, 1), Month.of(2024, 1), [5])
    assert (a.first, a.season, a.calendar) == (Month.of(2023, 11), 12, True)
    assert a.values[[0, 2]].tolist() == [1, 3]
    assert np.isnan(a.values[1])


def test_a_missing_row_is_unknown_and_not_zero(tmp_path):
    (one,) = read_plain(written(tmp_path, "series,month,value\na,2024-01,1\na,2024-03,3\n"))
    assert np.isnan(one.values[1])


def test_other_seasons_count_steps(tmp_path):
    (one,) = read_plain(written(tmp_path, "series,month,value\na,7,1\na,8,2.5\n"), season=4)
    assert (one.season, one.calendar, one.first.ordinal, one.values.tolist()) == (4, False, 7, [1, 2.5])


def test_compressed_and_marked_files_are_read(tmp_path):
    path = tmp_path / "panel.csv.gz"
    path.write_bytes(gzip.compress("\ufeffSeries,Month,Value\r\na,2024-01,1\r\n".encode()))
    assert read_plain(path)[0].values.tolist() == [1]


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
        ("series,month,value\na,0001-01,1\na,2024-01,1\n", "series a.*at most 5000"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path, text, says):
    with pytest.raises(SourceError, match=says):
        read_plain(written(tmp_path, text))


def test_a_calendar_month_with_season_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"whole number.*steps"):
        read_plain(written(tmp_path, "series,month,value\na,2024-01,1\n"), season=4)


def test_missing_binary_and_damaged_files_are_refused(tmp_path):
    (tmp_path / "b.csv").write_bytes(b"series,month,value\n\xff\xfe,2024-01,1\n")
    (tmp_path / "c.csv.gz").write_bytes(b"not gzip")
    for name in ("none.csv", "b.csv", "c.csv.gz"):
        with pytest.raises(SourceError):
            read_plain(tmp_path / name)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.integers(0, 600), st.integers(0, 10**6), min_size=1, max_size=30))
def test_writing_and_reading_is_the_identity(tmp_path_factory, months):
    rows = "".join(f"x,{Month(step)},{value}\n" for step, value in months.items())
    (one,) = read_plain(written(tmp_path_factory.mktemp("plain"), "series,month,value\n" + rows))
    assert {one.first.ordinal + at: value for at, value in enumerate(one.values) if value == value} == months
