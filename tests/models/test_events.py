from __future__ import annotations

from datetime import date

import pytest

from forecast.core.months import Month
from forecast.models.events import Event, known_at, read_events, shares


def event(name: str) -> Event:
    return next(listed for listed in read_events() if listed.name == name)


def test_no_event_is_known_before_the_month_of_its_announcement() -> None:
    known = {
        month: {listed.name for listed in known_at(Month.parse(month))}
        for month in ("2018-11", "2018-12", "2020-02", "2020-03")
    }
    assert "migrant_protection_protocols" not in known["2018-11"]
    assert "migrant_protection_protocols" in known["2018-12"]  # announced on the 20th, in force a month later
    assert "title_42" not in known["2020-02"]
    assert "title_42" in known["2020-03"]


def test_a_month_counts_by_its_days_in_force() -> None:
    in_force = shares(event("title_42"), origin=Month.parse("2021-01"), first=Month.parse("2020-02"), count=3)
    assert in_force.tolist() == [0, 12 / 31, 1]  # from 20 to 31 March


def test_an_end_counts_from_its_announcement_on() -> None:
    before = shares(event("title_42"), origin=Month.parse("2022-12"), first=Month.parse("2023-05"), count=2)
    after = shares(event("title_42"), origin=Month.parse("2023-01"), first=Month.parse("2023-05"), count=2)
    assert before.tolist() == [1, 1]
    assert after.tolist() == [11 / 31, 0]


def test_an_end_that_was_withdrawn_counts_only_while_it_stood() -> None:
    standing = shares(event("title_42"), origin=Month.parse("2022-04"), first=Month.parse("2022-05"), count=2)
    withdrawn = shares(event("title_42"), origin=Month.parse("2022-05"), first=Month.parse("2022-05"), count=2)
    assert standing.tolist() == [22 / 31, 0]
    assert withdrawn.tolist() == [1, 1]


def test_a_start_to_come_counts_once_announced() -> None:
    protocols = event("migrant_protection_protocols")
    assert shares(protocols, origin=Month.parse("2018-12"), first=Month.parse("2019-01"), count=2).tolist() == [
        7 / 31,
        1,
    ]
    assert not shares(protocols, origin=Month.parse("2018-11"), first=Month.parse("2019-01"), count=2).any()


@pytest.mark.parametrize("listed", read_events(), ids=lambda listed: listed.name)
def test_the_list_is_in_order(listed: Event) -> None:
    assert date(1999, 10, 1) < listed.announced <= listed.start
    assert list(listed.ends) == sorted(listed.ends, key=lambda end: end.announced)
    for end in listed.ends:
        assert listed.announced <= end.announced
        assert end.last_day >= max(listed.start, end.announced)
        assert end.withdrawn is None or end.announced < end.withdrawn <= end.last_day
