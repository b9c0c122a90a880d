"""Pages that cannot be had, files that are kept aside, fetches that are killed: told in a line, and nothing is lost."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from forecast.core.months import Month, month_range
from forecast.counts.publisher.fetching import Page, fetch
from forecast.counts.refusals import Refusals
from tests.catalogue import SECTORS
from tests.counts.layouts import usbp_sheets, write_workbook
from tests.counts.publisher_server import answers, endless, redirects
from tests.counts.publisher_world import (
    AOR,
    LIMITS,
    NEW,
    NOW,
    OLD,
    go,
    inside,
    one,
    sectors,
)
from tests.waiting import until


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (answers(403), "refuses this program (403)"),
        (answers(200, b"<html><p>Please enable JavaScript</p></html>"), "links no official file"),
        (answers(404), "answered 404"),
        (redirects("https://example.org/"), "not one that official files"),
    ],
)
def test_a_page_that_cannot_be_had_is_told_and_the_next_is_visited(site, archive, folder, reply, says):
    site.links(AOR, at="/good")
    site.replies |= {"/bad": reply, AOR: answers(200, NEW)}
    pages = [Page(f"{site.root}/bad"), Page(f"{site.root}/good")]
    bad, good = fetch(archive, folder, now=NOW, pages=pages, limits=LIMITS)
    assert says in bad.reason
    assert (bad.verdict, good.verdict) == ("refused", "taken")


def test_a_page_without_one_of_its_kinds_is_told_and_the_others_are_taken(site, archive, folder):
    site.replies[AOR] = answers(200, NEW)
    page = Page(site.links(AOR), ("by area of responsibility", "by state"))
    missing, taken = fetch(archive, folder, now=NOW, pages=[page], limits=LIMITS)
    assert "links no official file by state" in missing.reason
    assert taken.verdict == "taken"


def test_a_newer_link_to_another_host_is_told_and_the_publishers_is_taken(site, archive, folder):
    site.replies[AOR] = answers(200, NEW)
    page = site.links(AOR, "https://example.org/files/2026-09/nationwide-encounters-fy23-fy26-aug-aor.csv")
    elsewhere, taken = go(archive, folder, page)
    assert (elsewhere.verdict, taken.verdict) == ("refused", "taken")
    assert "example.org" in elsewhere.reason


def test_a_publisher_that_is_down_is_told(site, archive, folder):
    assert "cannot be reached" in one(archive, folder, "http://127.0.0.1:9/stats").reason


def test_a_doubtful_file_is_kept_aside_with_the_command_that_takes_it(site, archive, folder):
    page = site.links(AOR)
    site.replies[AOR] = [answers(200, OLD), answers(200, sectors(times=3))]
    one(archive, folder, page)
    result = one(archive, folder, page)
    digest = hashlib.sha256(sectors(times=3)).hexdigest()
    kept = folder / "quarantined" / digest[:12] / AOR.rsplit("/", 1)[1]
    assert f"encounters ingest {kept} --published 2026-08-20 --accept" in result.reason
    assert (folder / kept.name).read_bytes() == OLD
    assert kept.read_bytes() == sectors(times=3)
    assert [refusal.sha256 for refusal in Refusals(archive.folder).recent(9)] == [digest]
    assert len(archive.vintages()) == 1


def test_a_folder_that_cannot_be_written_is_told(site, archive, folder):
    folder.write_text("a file in its place")
    site.replies[AOR] = answers(200, NEW)
    assert "cannot be written" in one(archive, folder, site.links(AOR)).reason
    assert archive.vintages() == ()


def test_a_fetch_that_is_killed_leaves_no_file_and_the_next_one_works(site, archive, folder):
    page = site.links(AOR)
    site.replies[AOR] = endless(site)
    script = (
        "from pathlib import Path\nfrom datetime import UTC, datetime\n"
        "from forecast.counts.archive import Archive\nfrom forecast.counts.publisher.fetching import Page, fetch\n"
        f"fetch(Archive(Path({str(archive.folder)!r})), Path({str(folder)!r}), now=datetime.now(UTC), "
        f"pages=[Page({page!r})])\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        until(lambda: AOR in site.paths(), process=process)
        time.sleep(0.2)  # amid the file, which never ends
        os.kill(process.pid, signal.SIGKILL)
    assert inside(folder) == {}
    assert archive.vintages() == ()
    site.replies[AOR] = answers(200, NEW)
    assert one(archive, folder, page).verdict == "taken"


def test_what_a_killed_fetch_left_beside_is_swept_after_a_day(site, archive, folder):
    for name, age in (("old", timedelta(days=2)), ("young", timedelta(hours=1))):
        left = folder / f".fetching-{name}"
        left.mkdir(parents=True)
        (left / "half.csv").write_text("half")
        moment = (NOW - age).timestamp()
        os.utime(left, (moment, moment))
    for name in (".a.csv.0badf00d.part", "another.part", ".of.another.part"):
        (folder / name).write_text("half")
        os.utime(folder / name, (0, 0))
    site.replies[AOR] = answers(200, NEW)
    one(archive, folder, site.links(AOR))
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [".fetching-young"]
    assert sorted(path.name for path in folder.glob("*.part")) == [".of.another.part", "another.part"], "only its own"


def test_what_is_remembered_names_where_the_file_came_from(site, archive, folder):
    site.replies[AOR] = answers(200, NEW, ETag='"v1"')
    one(archive, folder, site.links(AOR))
    remembered = json.loads((folder / f".{AOR.rsplit('/', 1)[1]}.json").read_text())
    assert remembered == {
        "address": site.root + AOR,
        "etag": '"v1"',
        "last_modified": "",
        "sha256": hashlib.sha256(NEW).hexdigest(),
        "fetched": "2026-08-20",
    }


def test_a_workbook_that_says_a_day_to_come_is_refused(site, archive, folder, tmp_path):
    cells = {
        (month, area.slug): 100
        for month in month_range(Month.parse("2023-12"), 12)
        for area in SECTORS
        if area.closed is None
    }
    book = write_workbook(tmp_path / "book.xlsx", usbp_sheets(cells), modified="2026-08-21").read_bytes()
    workbook = "/sites/default/files/2025-01/khsm-encounters-usbp-fy25-nov.xlsx"
    site.replies[workbook] = answers(200, book)
    assert "expected a day up to today, 2026-08-20, not 2026-08-21" in one(archive, folder, site.links(workbook)).reason
    assert archive.vintages() == ()
