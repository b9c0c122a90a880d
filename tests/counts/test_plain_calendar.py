"""Rows that are no row a month, months that slipped,
values and histories of which nothing can be forecast: refused, with what to do.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.core.errors import SourceError
from forecast.core.months import Month
from forecast.counts.plain import read_plain, remarks
from forecast.counts.regularity import spacing, stray

FIELD = Path(__file__).parents[3] / "shared" / "field"
START = Month.of(2018, 1)


@pytest.fixture
def table(tmp_path):
    """A function that writes (series, month, value) rows, or (month, value) of a series `a`, as a file."""

    def write(rows):
        rows = [row if len(row) == 3 else ("a", *row) for row in rows]
        path = tmp_path / "mine.csv"
        path.write_text(
            "series,month,value\n" + "".join(f"{name},{month},{value}\n" for name, month, value in rows),
            encoding="utf-8",
        )
        return path

    return write


def monthly(count, start=START):
    return [(str(start + step), 100 + step % 12) for step in range(count)]


def refusal(path, season=None):
    with pytest.raises(SourceError) as raised:
        read_plain(path, season)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_quarters_with_one_missing_or_late_are_quarters_still(table):
    quarters = [(str(START + step * 3), 10) for step in range(20)]
    late = [(str(START + 19), 10) if place == 6 else row for place, row in enumerate(quarters)]
    for rows in (quarters[:5] + quarters[6:], late):
        assert "found quarters only" in refusal(table(rows))


def test_quarters_that_turn_into_months_are_read(table):
    rows = [(str(START + step * 3), 10) for step in range(8)] + monthly(24, START + 24)
    assert len(read_plain(table(rows))[0].values) == 48


def test_one_quarterly_series_among_monthly_ones_is_named(table):
    rows = [("m", *row) for row in monthly(36)] + [("q", str(START + step * 3), 10) for step in range(12)]
    assert "series q: expected a row for every month" in refusal(table(rows))


def test_quarters_whose_months_between_are_written_empty_are_read_with_a_remark(table):
    (series,) = read_plain(table([(str(START + step), "" if step % 3 else 10) for step in range(36)]))
    (said,) = remarks(series)
    assert "a has values for quarters only" in said
    assert "--season 4" in said


def test_every_other_step_of_a_numbered_panel_is_refused(table):
    said = refusal(table([(step * 2, 10) for step in range(12)]), season=4)
    assert "one step in 2 only. Number these rows 0, 1, 2, ...;" in said


@pytest.mark.parametrize(
    ("days", "season"), [((7, 14), "52"), ((1, 2), "7"), ((1, 4), "7"), ((1, 16), "7 (daily) or --season 52 (weekly)")]
)
def test_several_days_of_one_month_are_rows_by_the_week_or_day(table, days, season):
    said = refusal(table([(f"2024-01-{day:02d}", 10) for day in days]))
    assert "(row 2)" in said
    assert said.endswith(f"0, 1, 2, ... in the place of months and add --season {season}.")


@pytest.mark.parametrize("second", ["2024-01", "2024-01-01"])
def test_one_month_twice_names_both_rows(table, second):
    said = refusal(table([("2024-01-01", 5), ("2024-02-01", 5), (second, 6)]))
    assert "row 4: expected one value of a in" in said
    assert "beside row 2. Remove one of the two rows, or correct its month." in said


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("2022-5", "Write it as 2022-05."),
        ("202205", "Write it as 2022-05."),
        ("2022/05", "Write it as 2022-05."),
        ("05/2022", "Write it as 2022-05."),
        ("May 2022", "Write it as 2022-05."),
        ("May-22", "Write it as 2022-05."),
        ("2022M05", "Write it as 2022-05."),
        ("20220501", "Write it as 2022-05."),
        ("2022-05-01 00:00:00", "Write it as 2022-05."),
        ("03/04/2022", "with months as 2024-11"),
        ("2022-02-30", "with months as 2024-11"),
        ("2022", "Yearly rows are numbered: write 0, 1, 2, ... in the place of months and add --season 1."),
        ("2022Q2", "Quarterly rows are numbered: write 0, 1, 2, ... in the place of months and add --season 4."),
        ("2022-W14", "Weekly rows are numbered: write 0, 1, 2, ... in the place of months and add --season 52."),
    ],
)
def test_a_month_in_another_form_is_refused_with_how_to_write_it(table, wrong, says):
    said = refusal(table([(wrong, 5)]))
    assert f"row 2: expected a month such as 2024-11, found '{wrong}'" in said
    assert says in said


@pytest.mark.parametrize("form", ["{:04d}{:02d}", "{:04d}{:02d}01"])
def test_dates_written_as_numbers_are_no_steps(table, form):
    rows = [(form.format(month.year, month.number), 10) for month in (START + step for step in range(30))]
    assert "steps that are counted, found the date 201801" in refusal(table(rows), season=12)


@pytest.mark.parametrize("wrong", ["9999-06", "2204-05", "1024-05", "0001-01"])
def test_a_year_of_which_nothing_is_counted_names_its_row(table, wrong):
    said = refusal(table([*monthly(76), (wrong, 5), *monthly(4, START + 77)]))
    assert f"row 78: expected a year from 1800 to 2200, found {wrong}" in said


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("2024-05", "2042-05"),  # 18 years ahead
        ("2024-05", "2014-05"),  # before the first month
        ("2020-07", "2030-07"),  # leaves a hole
        ("2024-12", "2025-12"),  # the last row, one year on
        ("2018-01", "2017-01"),  # the first row, one year back
    ],
)
def test_one_slipped_year_names_its_row(table, right, wrong):
    rows = [(wrong if month == right else month, value) for month, value in monthly(84)]
    line = [month for month, _ in rows].index(wrong) + 2
    said = refusal(table(rows))
    assert f"row {line}: expected months of a that follow one another, found {wrong} far from all others" in said


def test_a_whole_year_that_slipped_is_named_from_its_first_row_to_its_last(table):
    said = refusal(table(monthly(72) + monthly(12, Month.of(2042, 1))))
    assert "row 74: expected months of a that follow one another, found 2042-01 to 2042-12 (row 85)" in said


def test_a_slipped_step_of_a_numbered_panel_is_refused(table):
    said = refusal(table([(step, 10) for step in range(40)] + [(400, 10)]), season=4)
    assert "row 42: expected steps of a that follow one another, found 400" in said


def test_a_month_that_is_meant_so_is_read_where_those_between_are_written(table):
    rows = monthly(60) + [(str(START + step), "") for step in range(60, 110)] + [("2027-03", 5)]
    (series,) = read_plain(table(rows))
    assert series.origin == Month.of(2027, 3)
    (said,) = remarks(series)
    assert "no value from 2023-01 to 2027-02" in said


@pytest.mark.parametrize("gap", [2, 11, 14, 35])
def test_a_real_gap_is_read_and_no_slip(table, gap):
    rows = monthly(40) + monthly(20, START + 40 + gap)
    (series,) = read_plain(table(rows))
    assert len(series.values) == 60 + gap
    assert not list(remarks(series))


def test_a_long_real_gap_is_read_with_a_remark(table):
    (series,) = read_plain(table(monthly(40) + monthly(40, START + 100)))
    (said,) = remarks(series)
    assert "a has no value from 2021-05 to 2026-04" in said


@pytest.mark.parametrize("value", ["1000000000000000000", "1e18", "1000000000001", "9" * 300])
def test_more_than_anybody_counts_is_refused(table, value):
    assert "row 2: expected a count up to 1,000,000,000,000, found" in refusal(table([("2024-01", value)]))


@pytest.mark.parametrize(
    "value",
    ["1_000", "1.234,5", "1,234", "5%", "0x1F", "٣", "-1", "null", "1e4000", "inf"],
)
def test_a_value_in_another_form_is_refused_with_how_to_write_it(table, value):
    said = refusal(table([("2024-01", value)]))
    assert said.startswith("mine.csv: row 2: expected ")
    assert "separated by commas, with months as 2024-11 and values of at least 0 as 1234.5" in said


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ('"1,234"', "1234, without"),
        ("12 345", "12345, without"),
        ("12\u202f345", "12345, without"),
        ("12'345", "12345, without"),
        ('"1,234,567.5"', "1234567.5, without"),
        ('"12,5"', r"12.5."),
        ('"0,123"', r"0.123."),
    ],
)
def test_a_value_with_separators_is_refused_with_its_plain_form(table, value, plain):
    assert f"Write it as {plain}" in refusal(table([("2024-01", value)]))


def test_semicolons_show_the_header_that_was_found(tmp_path):
    (tmp_path / "mine.csv").write_text("series;month;value\na;2024-01;5,5\n")
    assert (
        "found series;month;value. Write one row per series and month: series,month,value, separated by commas"
        in refusal(tmp_path / "mine.csv")
    )


def test_short_series_among_long_ones_are_listed_up_to_three(table):
    rows = [("long", *row) for row in monthly(40)] + [
        (f"new-{k}", *row) for k in range(5) for row in monthly(k % 3 + 1)
    ]
    assert "series new-0 (1), new-1 (2), new-2 (3) and 2 more: expected at least 4" in refusal(table(rows))


def test_few_months_are_read_with_a_remark(table):
    (four,) = read_plain(table(monthly(4)))
    assert list(remarks(four)) == ["a has 4 known months; so few hardly tell how wide intervals must be."]
    (eight,) = read_plain(table(monthly(8)))
    assert not list(remarks(eight))


@settings(max_examples=200, deadline=None)
@given(st.integers(-2000, 2000), st.integers(1, 400), st.sampled_from([None, 1, 4, 12, 52]))
def test_steps_that_follow_one_another_are_never_strays(start, count, season):
    steps = range(start, start + count)
    assert spacing(steps) == 1
    assert not stray(steps, season)


@settings(max_examples=200, deadline=None)
@given(st.sets(st.integers(0, 500), min_size=1, max_size=60), st.sampled_from([None, 1, 4, 52]))
def test_strays_are_few_and_among_the_steps(steps, season):
    strays = stray(sorted(steps), season)
    assert set(strays) <= steps
    assert len(strays) * 2 < len(steps) or not strays


@pytest.mark.skipif(not FIELD.is_dir(), reason="the samples from the field are not here")
@pytest.mark.parametrize(
    ("sample", "says"),
    [
        ("month-9999/end.csv", "row 2: expected a year from 1800 to 2200"),
        ("quarterly-dates/quarters.csv", "--season 4"),
        ("weekly-dates/weeks.csv", "--season 52"),
        ("short-series/three-months.csv", "series new-office (3): expected at least 4 known values"),
    ],
)
def test_the_samples_from_the_field_are_refused(sample, says):
    assert says in refusal(FIELD / sample)
