"""Fiscal labels end at the door."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.core.months import Month, month_range

MONTHS = st.integers(-1200, 1200).map(Month)
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def test_november_of_fiscal_2023_is_november_2022():
    assert str(Month.fiscal(2023, "NOV")) == "2022-11"


def test_september_ends_the_fiscal_year():
    assert Month.fiscal(2023, "September") == Month.of(2023, 9)
    assert Month.of(2023, 9).fiscal_year == 2023
    assert Month.of(2023, 10).fiscal_year == 2024


def test_ordinal_is_the_number_behind_datetime64():
    assert Month.of(1970, 1).ordinal == 0
    assert Month.of(2024, 11).ordinal == 658


def test_february_of_a_leap_year_has_29_days():
    assert Month.of(2024, 2).days == 29
    assert Month.of(2024, 2).last_day == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["2024-13", "2024", "24-11", "2024-1", "November", ""])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ValueError, match="month"):
        Month.parse(text)


def test_unknown_month_names_are_refused():
    with pytest.raises(ValueError, match="'NOX'"):
        Month.fiscal(2024, "NOX")


@given(MONTHS)
def test_fiscal_label_leads_back_to_the_same_month(month):
    assert Month.fiscal(month.fiscal_year, NAMES[month.number - 1]) == month


@given(MONTHS)
def test_text_leads_back_to_the_same_month(month):
    assert Month.parse(str(month)) == month
    assert Month.containing(month.last_day) == month


@given(MONTHS, st.integers(1, 40))
def test_a_range_counts_up_by_one_month(month, count):
    months = month_range(month, count)
    assert len(months) == count
    assert [later - earlier for earlier, later in itertools.pairwise(months)] == [1] * (count - 1)
