from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from forecast.core.errors import ArchiveError
from forecast.counts.refusals import TAIL, Refusals

NOON = datetime(2026, 8, 14, 12, 0, tzinfo=UTC)
SHA = "ab" * 32


@pytest.fixture
def register(tmp_path):
    return Refusals(tmp_path / "archive")


def record(
    register, file="file.csv", sha256=SHA, reason="file.csv: row 2: cut. Download it again.", when=NOON, panel=""
):
    register.record(file=file, sha256=sha256, reason=reason, when=when, panel=panel)


def test_what_was_recorded_is_told_newest_first_and_no_more_than_asked(register):
    for hour in range(5):
        record(register, file=f"{hour}.csv", when=NOON + timedelta(hours=hour))
    first, second = register.recent(2)
    assert (first.file, first.sha256, first.reason) == ("4.csv", SHA, "file.csv: row 2: cut. Download it again.")
    assert first.when == NOON + timedelta(hours=4)
    assert second.file == "3.csv"


def test_an_archive_that_refused_nothing_has_no_register_and_tells_nothing(register):
    assert register.recent(10) == ()
    assert not register.path.exists()


def test_a_time_of_any_zone_is_kept_in_utc(register):
    record(register, when=NOON.astimezone(timezone(timedelta(hours=-7))))
    assert json.loads(register.path.read_text())["when"] == "2026-08-14T12:00:00+00:00"


def test_a_name_with_line_ends_and_control_signs_stays_one_line_on_disk_and_is_escaped_when_told(register):
    record(register, file="a\n\x1b[31mb\udc80.csv", reason="two\nlines\u2028\x00")
    record(register)
    assert register.path.read_bytes().count(b"\n") == 2
    assert register.path.read_bytes().isascii()
    hostile = register.recent(2)[1]
    assert hostile.file == r"a\n\x1b[31mb\udc80.csv"
    assert hostile.reason.isprintable()


def test_a_line_is_small_however_long_the_name_and_the_reason(register):
    record(register, file="\U0001f600" * 10_000, sha256="a" * 10_000, reason="x" * 10_000)
    assert len(register.path.read_bytes()) < 4096
    assert len(register.recent(1)) == 1


@pytest.mark.parametrize(
    "torn",
    [b'{"file": "x.csv", "sha', b"\xff\xfe\x00", b"[]", b'{"file": 1, "sha256": "", "reason": "", "when": "never"}'],
)
def test_a_torn_last_line_hides_neither_the_lines_before_it_nor_the_next(register, torn):
    record(register, file="before.csv")
    with register.path.open("ab") as file:
        file.write(torn)
    assert [refusal.file for refusal in register.recent(9)] == ["before.csv"]
    record(register, file="after.csv")
    assert [refusal.file for refusal in register.recent(9)] == ["after.csv", "before.csv"]


def test_only_the_tail_of_a_long_register_is_read(register):
    record(register, file="oldest.csv")
    with register.path.open("ab") as file:
        file.truncate(2**30)  # takes no room on the disk
    record(register, file="newest.csv")
    assert [refusal.file for refusal in register.recent(9)] == ["newest.csv"]
    with register.path.open("ab") as file:
        file.write(b"x" * TAIL)
    assert register.recent(9) == ()


def _many(folder, name):
    for number in range(200):
        Refusals(folder).record(file=f"{name}-{number}", sha256="", reason="r" * 500, when=NOON)


def test_lines_of_processes_that_record_at_once_never_mix(register):
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_many, args=(register.folder, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = register.path.read_text().splitlines()
    assert {json.loads(line)["file"] for line in lines} == {
        f"{name}-{number}" for name in "abc" for number in range(200)
    }
    assert len(lines) == 600


def test_a_refusal_is_settled_when_the_archive_has_taken_the_same_bytes(register):
    record(register, sha256="aa")
    record(register, sha256="bb")
    unsettled = register.unsettled(taken=lambda sha256, _: sha256 == "aa", since=NOON)
    assert [refusal.sha256 for refusal in unsettled] == ["bb"]


def test_a_file_that_was_refused_again_and_again_is_unsettled_once_with_the_last_reason(register):
    for reason in ("first", "second", "third"):
        record(register, reason=reason)
    assert [refusal.reason for refusal in register.unsettled(taken=lambda *_: False, since=NOON)] == ["third"]


def test_files_of_which_no_byte_could_be_read_are_told_apart_by_name_and_never_settled(register):
    record(register, file="a.csv", sha256="")
    record(register, file="b.csv", sha256="")
    assert [refusal.file for refusal in register.unsettled(taken=lambda *_: True, since=NOON)] == ["b.csv", "a.csv"]


def test_bytes_that_were_recorded_are_known_and_others_are_not(register):
    assert not register.knows(SHA)
    record(register, sha256="aa")
    record(register, sha256="bb")
    assert [register.knows(sha256) for sha256 in ("aa", "bb", SHA)] == [True, True, False]


def test_a_file_that_a_finer_panel_refused_is_its_own_and_settled_by_that_panel(register):
    record(register, sha256="aa", panel="fine")
    record(register, sha256="aa", panel="finest")
    assert [register.knows("aa", panel) for panel in ("", "fine", "finest", "other")] == [False, True, True, False]
    unsettled = register.unsettled(taken=lambda sha256, panel: panel != "fine", since=NOON)
    assert [(refusal.sha256, refusal.panel) for refusal in unsettled] == [("aa", "fine")]


def test_what_was_refused_before_the_day_is_left_out(register):
    record(register, sha256="old", when=NOON - timedelta(seconds=1))
    record(register, sha256="new")
    assert [refusal.sha256 for refusal in register.unsettled(taken=lambda *_: False, since=NOON)] == ["new"]


def test_a_register_that_cannot_be_written_or_read_is_an_error_of_one_line(register, tmp_path):
    register.folder.write_text("a file where the folder should be")
    with pytest.raises(
        ArchiveError, match=r"refused\.jsonl cannot be written \(.*\)\. Check free space and permissions\."
    ):
        record(register)
    with pytest.raises(ArchiveError, match=r"refused\.jsonl cannot be read"):
        register.recent(1)


def test_a_full_disk_is_told_and_the_next_line_is_whole(register):
    record(register, file="before.csv")
    script = (
        "import resource, signal, sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from forecast.counts.refusals import Refusals\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({register.path.stat().st_size + 20},) * 2)\n"
        f"Refusals(Path({str(register.folder)!r})).record(file='x', sha256='', reason='r', when=datetime.now(UTC))\n"
    )
    ran = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, check=False)
    assert "ArchiveError" in ran.stderr
    record(register, file="after.csv")
    assert [refusal.file for refusal in register.recent(9)] == ["after.csv", "before.csv"]


def test_a_refusal_is_on_disk_before_the_call_returns(register, monkeypatch):
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_size), fsync(handle)))
    record(register)
    assert synced == [register.path.stat().st_size]


def test_the_register_loads_no_heavy_library():
    script = "import sys, forecast.counts.refusals\nprint(sorted({'pandas', 'numpy', 'sqlalchemy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
