"""Vintages of one day hold in the order in which they were taken in;
a wrong day or file is corrected on record, and no file changes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from forecast.core.errors import ArchiveError
from forecast.core.months import Month
from forecast.counts.archive import Archive
from forecast.counts.description import describe
from forecast.counts.intake import Intake, IntakeEvent
from forecast.counts.overlay import Gap, gaps, overlay
from tests.counts.layouts import vintage

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
TODAY = NOON.date()
JANUARY, FEBRUARY = date(2025, 1, 31), date(2025, 2, 28)


def counted(count, published="2025-01-31"):
    return vintage([[count, 50]], ["el-paso", "laredo"], published=published)


FIRST, SECOND = counted(100), counted(101)


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


def in_force(archive, day=TODAY):
    return archive.as_of("usbp-sectors", day).values[-1, 0]


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)], ids=["one way", "the other"])
def test_of_two_files_of_one_day_the_one_taken_in_later_holds_and_ingest_says_so(archive, order):
    archive.append(order[0], when=NOON)
    appended = archive.append(order[1], when=NOON - timedelta(hours=1))  # by their order, whatever the clock says
    assert in_force(archive) == order[1].values[0, 0]
    assert "  in force    2 of 2 cells" in describe(appended)


def test_a_file_without_a_record_comes_before_every_one_that_has(archive):
    archive.append(FIRST, when=NOON)
    archive.append(SECOND)
    archive.append(counted(102))
    assert in_force(archive) == 100


def test_a_file_that_comes_in_behind_a_later_publication_says_what_stays_in_force(archive):
    archive.append(counted(100, "2025-02-28"), when=NOON)
    assert "  in force    0 of 2 cells; the others stay as given by hand.csv of 2025-02-28" in describe(
        archive.append(SECOND, when=NOON)
    )


def test_a_redated_vintage_is_public_from_its_right_day_on_and_its_file_is_as_it_was(archive):
    archive.append(FIRST, when=NOON)
    (path,) = archive.folder.glob("*/*.csv")
    before = path.name, path.read_bytes()
    assert archive.redate(FIRST.sha256[:12], FEBRUARY, now=NOON)[0].vintage.published == FEBRUARY
    with pytest.raises(ArchiveError, match="the first file is of 2025-02-28"):
        in_force(archive, JANUARY)
    assert in_force(archive, FEBRUARY) == 100
    (path,) = archive.folder.glob("*/*.csv")
    assert (path.name, path.read_bytes()) == before
    assert archive.redate(FIRST.sha256[:12], JANUARY, now=NOON)[0].vintage.published == JANUARY
    assert in_force(archive, JANUARY) == 100
    (kept,) = archive.kept()
    assert [(event.kind, event.before, event.published) for event in kept.standing.corrections] == [
        ("redated", JANUARY, FEBRUARY),
        ("redated", FEBRUARY, JANUARY),
    ]


@pytest.mark.parametrize(
    ("day", "trouble"),
    [(TODAY + timedelta(days=1), "is after today"), (date(2024, 1, 30), "is before the end of 2024-01")],
)
def test_a_day_that_cannot_be_is_refused_by_redate_too(archive, day, trouble):
    archive.append(FIRST, when=NOON)
    with pytest.raises(ArchiveError, match=trouble):
        archive.redate(FIRST.sha256, day, now=NOON)
    assert archive.kept()[0].standing.corrections == ()


def test_a_withdrawn_vintage_is_out_of_force_kept_and_taken_back_on_request_only(archive):
    archive.append(FIRST, when=NOON)
    archive.append(SECOND, when=NOON)
    archive.withdraw(SECOND.sha256[:12], now=NOON)
    assert in_force(archive) == 100
    assert archive.holds(SECOND.sha256)
    assert [kept.withdrawn for kept in archive.kept()] == [False, True]
    again = archive.append(SECOND, when=NOON)
    assert (again.already_there, again.withdrawn, in_force(archive)) == (True, True, 100)
    assert "to take it in again, repeat with --accept" in describe(again)[0]
    assert not archive.append(SECOND, accept=True, when=NOON).already_there
    assert in_force(archive) == 101


def test_a_withdrawn_bundled_vintage_is_not_laid_in_again(archive, tmp_path):
    other = Archive(tmp_path / "other")
    other.append(FIRST)
    archive.copy_from(other)
    archive.withdraw(FIRST.sha256, now=NOON)
    assert archive.copy_from(other) == 0
    assert archive.vintages() == ()


@pytest.mark.parametrize(
    ("name", "trouble"),
    [("ffff0000", "is the id of no vintage"), ("ab", "is the id of no vintage"), ("", "no vintage")],
)
def test_an_id_that_names_no_vintage_is_refused(archive, name, trouble):
    archive.append(FIRST, when=NOON)
    with pytest.raises(ArchiveError, match=trouble):
        archive.withdraw(name, now=NOON)


@pytest.mark.parametrize(
    "torn", [b'{"event": "withdrawn", "sha', b"[]", b'{"event": "eaten", "sha256": "a"}', b"\xff\x00"]
)
def test_a_torn_line_hides_neither_the_events_before_it_nor_the_next(archive, torn):
    archive.append(FIRST, when=NOON)
    with Intake(archive.folder).path.open("ab") as register:
        register.write(torn)
    assert archive.vintages()[0].intake == 1
    archive.redate(FIRST.sha256, FEBRUARY, now=NOON)
    assert archive.vintages()[0].published == FEBRUARY


def test_a_record_whose_file_was_never_written_says_nothing(archive):
    Intake(archive.folder).record(IntakeEvent("taken in", SECOND.sha256, NOON, JANUARY))
    archive.append(FIRST, when=NOON)
    assert [one.sha256 for one in archive.vintages()] == [FIRST.sha256]
    assert not archive.append(SECOND, when=NOON).already_there


def test_months_between_two_files_that_no_file_covers_are_a_gap_that_is_told(archive):
    archive.append(vintage([[10, 20]] * 2, ["el-paso", "laredo"], first="2024-10", published="2024-12-31"), when=NOON)
    appended = archive.append(
        vintage([[12, 21]], ["el-paso", "laredo"], first="2025-02", published="2025-03-31"), when=NOON
    )
    assert appended.gaps == (Gap(Month.of(2024, 12), Month.of(2025, 1), ("el-paso", "laredo")),)
    assert (
        "  gap         2024-12 to 2025-01: no file covers 2 areas; unknown, not zero, and bridged by the models"
        in describe(appended)
    )


def test_an_area_that_begins_later_or_ends_earlier_leaves_no_gap():
    early = vintage([[10]] * 3, ["el-paso"], first="2024-01", published="2024-12-31")
    late = vintage([[10]] * 3, ["laredo"], first="2024-02", published="2025-01-31")
    assert gaps(overlay([early, late])) == ()
