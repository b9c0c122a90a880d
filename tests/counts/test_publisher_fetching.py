"""From a page to the archive, over real sockets: the newest files are taken;
whatever a server does, no half file and no lost one.
"""

import hashlib
import re
import time
import tracemalloc
from datetime import date, timedelta

import pytest

from forecast.core.months import Month, month_range
from forecast.core.panels import bundled
from forecast.counts.archive import Archive
from forecast.counts.declared_panels import offered, read_declaration
from forecast.counts.publisher.session import user_agent
from forecast.counts.refusals import Refusals
from forecast.counts.sources.catalog import read
from tests.catalogue import SECTORS
from tests.counts.layouts import usbp_sheets, write_workbook
from tests.counts.publisher_server import answers, endless, gzipped, hangs_up, redirects, silent, unannounced
from tests.counts.publisher_world import (
    AOR,
    BOMB,
    FOLDER,
    IMPATIENT,
    NEW,
    NOW,
    OLD,
    STATE,
    go,
    inside,
    one,
    states,
)
from tests.waiting import until


def test_the_newest_of_each_kind_is_downloaded_and_ingested(site, archive, folder, tmp_path):
    stretch = month_range(Month.parse("2023-12"), 12)
    cells = {(month, area.slug): 100 for month in stretch for area in SECTORS if area.closed is None}
    book = write_workbook(tmp_path / "book.xlsx", usbp_sheets(cells)).read_bytes()
    older, again = AOR.replace("2026-08", "2026-07").replace("jul", "jun"), AOR.replace(".csv", "_0.csv")
    workbook = "/sites/default/files/2025-01/khsm-encounters-usbp-fy25-nov.xlsx"
    southwest = f"{FOLDER}southwest-land-border-encounters-fy23-fy26-jul.csv"
    page = site.links(older, AOR, southwest, STATE, again, workbook)
    site.replies |= {again: answers(200, NEW), STATE: answers(200, states()), workbook: answers(200, book)}
    results = go(archive, folder, page)
    assert [result.verdict for result in results] == ["taken"] * 3
    assert site.paths() == ["/stats", again, STATE, workbook]
    assert {name: hashlib.sha256(content).hexdigest() for name, content in inside(folder).items()} == {
        result.file.name: result.appended.vintage.sha256 for result in results
    }
    assert [(v.panel.id, v.published, str(v.last)) for v in archive.vintages()] == [
        ("usbp-sectors", date(2025, 1, 16), "2024-11"),
        ("usbp-sectors", date(2026, 8, 20), "2026-07"),
        ("cbp-states", date(2026, 8, 20), "2026-07"),
    ]


def test_a_fetched_file_feeds_the_panels_that_are_declared_on_its_layout(site, folder, tmp_path):
    detail = read_declaration(offered()["cbp-states-detail"])
    archive = Archive(tmp_path / "finer", panels={**bundled(), detail.id: detail})
    site.replies[STATE] = answers(200, states())
    result = one(archive, folder, site.links(STATE))
    assert [(taken.panel, taken.error) for taken in result.finer] == [("cbp-states-detail", None)]
    assert {vintage.panel.id for vintage in archive.vintages()} == {"cbp-states", "cbp-states-detail"}


@pytest.mark.parametrize("again", [answers(200, states()), answers(304)])
def test_a_finer_panel_that_lacks_a_file_of_the_archive_gets_it_with_the_next_fetch(site, archive, folder, again):
    """It was added later, or the fetch was killed between the two."""
    detail = read_declaration(offered()["cbp-states-detail"])
    site.replies[STATE] = [answers(200, states(), ETag='"v1"'), again, again]
    page = site.links(STATE)
    one(archive, folder, page)
    right = date(2026, 8, 10)
    archive.redate(archive.vintages()[0].sha256, right, now=NOW)
    archive = Archive(archive.folder, panels={**bundled(), detail.id: detail})
    second, third = one(archive, folder, page), one(archive, folder, page)
    assert (second.verdict, third.verdict) == ("already there", "already there")
    assert [(taken.panel, taken.appended.already_there) for taken in second.finer] == [("cbp-states-detail", False)]
    assert third.finer == ()
    assert [(vintage.panel.id, vintage.published) for vintage in archive.vintages()] == [
        ("cbp-states", right), ("cbp-states-detail", right),
    ]  # fmt: skip


def test_a_fetched_file_that_was_withdrawn_feeds_no_panel(site, archive, folder):
    detail = read_declaration(offered()["cbp-states-detail"])
    site.replies[STATE] = answers(200, states())
    page = site.links(STATE)
    one(archive, folder, page)
    archive.withdraw(archive.vintages()[0].sha256, now=NOW)
    archive = Archive(archive.folder, panels={**bundled(), detail.id: detail})
    again = one(archive, folder, page)
    assert (again.verdict, again.finer, archive.vintages()) == ("already there", (), ())


def test_the_server_is_told_who_asks_and_robots_is_read_first(site, archive, folder):
    page = site.links(AOR)
    site.replies[AOR] = answers(200, NEW)
    go(archive, folder, page)
    assert [path for path, _ in site.asked] == ["/robots.txt", "/stats", AOR]
    assert {headers["user-agent"] for _, headers in site.asked} == {user_agent()}
    assert re.match(r"encounter-forecast/\d+\.\d+\.\d+ \(open-source project;", user_agent())


def test_publication_is_the_day_of_last_modified(site, archive, folder):
    site.replies[AOR] = answers(200, NEW, Last_Modified="Mon, 17 Aug 2026 14:00:00 GMT")
    assert one(archive, folder, site.links(AOR)).appended.vintage.published == date(2026, 8, 17)


def test_an_unchanged_file_is_asked_for_by_its_marks_and_not_sent_again(site, archive, folder):
    page = site.links(AOR)
    sent = answers(200, NEW, ETag='"v1"', Last_Modified="Mon, 17 Aug 2026 14:00:00 GMT")
    site.replies[AOR] = [sent, answers(304)]
    assert one(archive, folder, page).verdict == "taken"
    second = one(archive, folder, page)
    assert (second.verdict, second.file.read_bytes()) == ("already there", NEW)
    asked = site.asked[-1][1]
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"v1"', "Mon, 17 Aug 2026 14:00:00 GMT")
    assert len(archive.vintages()) == 1


@pytest.mark.parametrize("lost", ["file", "archive", "marks"])
def test_what_is_no_longer_whole_is_asked_for_without_marks(site, archive, folder, tmp_path, lost):
    page = site.links(AOR)
    site.replies[AOR] = answers(200, NEW, ETag='"v1"')
    first = one(archive, folder, page)
    if lost == "file":
        first.file.write_bytes(NEW[:500])
    elif lost == "archive":
        archive = Archive(tmp_path / "another")
    else:
        (folder / f".{first.file.name}.json").write_text("{")
    second = one(archive, folder, page)
    assert "if-none-match" not in site.asked[-1][1]
    assert second.verdict == ("taken" if lost == "archive" else "already there")
    assert second.file.read_bytes() == NEW
    assert len(archive.vintages()) == 1


def test_bytes_that_the_archive_has_are_nothing_new(site, archive, folder, tmp_path):
    site.replies[AOR] = answers(200, NEW)
    page = site.links(AOR)
    one(archive, folder, page)
    second = one(archive, tmp_path / "elsewhere", page)
    assert (second.verdict, second.file.read_bytes(), len(archive.vintages())) == ("already there", NEW, 1)


def test_a_file_replaced_in_place_is_a_new_vintage_of_the_day_after_the_last_look(site, archive, folder):
    page = site.links(AOR)
    revised = NEW.replace(b",100\n", b",101\n")
    site.replies[AOR] = [answers(200, NEW), answers(200, revised)]
    one(archive, folder, page)
    second = one(archive, folder, page, now=NOW + timedelta(days=40))
    assert second.verdict == "taken"
    assert second.file.read_bytes() == revised
    assert [vintage.published for vintage in archive.vintages()] == [date(2026, 8, 20), date(2026, 8, 31)]


def test_a_packed_answer_is_unpacked(site, archive, folder):
    site.replies[AOR] = gzipped(NEW)
    assert one(archive, folder, site.links(AOR)).file.read_bytes() == NEW


def test_a_file_of_unannounced_length_is_taken_if_it_comes_the_same_twice(site, archive, folder):
    site.replies[AOR] = unannounced(NEW)
    assert one(archive, folder, site.links(AOR)).verdict == "taken"
    assert site.paths().count(AOR) == 2


# What a server does with the file -> what the one line says, and how often it was asked.
def _bad(site):
    return {
        "short body": (answers(200, NEW[:5000], length=len(NEW)), "broke off before it was whole", 3),
        "long body, cut by its length": (answers(200, NEW, length=len(NEW) - 2), "expected a line end, but the file "
                                                                                 "is cut", 1),
        "unannounced and cut": ([unannounced(NEW), unannounced(NEW[: NEW.rindex(b"\n", 0, -1) + 1])], "two downloads differ", 2),
        "announces too much": (answers(200, b"x", length=10**12), "larger than any official file", 1),
        "sends too much": (unannounced(b"x" * 400_000), "larger than any official file", 1),
        "gzip bomb": (answers(200, BOMB, Content_Encoding="gzip"), "larger than any official file", 1),
        "gzip cut": (gzipped(NEW, cut=9), "broke off before it was whole", 3),
        "gzip damaged": (answers(200, b"no gzip", Content_Encoding="gzip"), "damaged on the way", 1),
        "packed otherwise": (answers(200, NEW, Content_Encoding="br"), "not asked for", 1),
        "endless drip": (endless(site), "not here after 0.6 s", 1),
        "endless headers": (endless(site, headers_too=True), "not here after 0.6 s", 1),
        "silence": (silent(site), "no answer within the time for it", 3),
        "hangs up": (hangs_up, "broke off", 3),
        "redirect to another host": (redirects("https://example.org/nationwide-encounters-fy23-fy26-jul-aor.csv"), "not one that", 1),
        "redirect to another port": (redirects("http://127.0.0.1:9/x"), "not one that", 1),
        "redirect to a file": (redirects("file:///etc/passwd"), "expected an address", 1),
        "redirect loop": (redirects(AOR), "redirected more than 5 times", 6),
        "redirect to nowhere": (answers(302), "redirected, but nowhere", 1),
        "refusal": (answers(403, b"<html>Access Denied</html>"), "refuses this program (403), and is not asked again. "
                                                                 "Open http", 1),
        "not there": (answers(404), "answered 404", 1),
        "part": (answers(206, NEW[:100]), "answered 206", 1),
        "unasked 304": (answers(304), "answered 304", 1),
        "asks to wait for long": (answers(429, Retry_After="3600"), "answered 429", 1),
        "always busy": (answers(503), "answered 503", 3),
        "a page with 200": (answers(200, b"<!DOCTYPE html><html>Access denied</html>", content_type="text/html"), "this is a web page", 1),
        "empty": (answers(200), "the file is empty", 1),
        "changed columns": (answers(200, NEW.replace(b"Area of Responsibility", b"Area")), "a column 'Area of Responsibility'", 1),
        "cut in a row": (answers(200, NEW[:-700]), "expected 12 columns", 1),
    }  # fmt: skip


DOWNLOADED = {"long body, cut by its length", "a page with 200", "empty", "changed columns", "cut in a row"}


@pytest.mark.parametrize("kind", _bad(None))
def test_a_misbehaving_server_changes_nothing_and_is_told_in_one_line(site, archive, folder, kind):
    """An older file of the same name is there, in the folder and in the archive: both stay as they are."""
    page, old = site.links(AOR), folder / AOR.rsplit("/", 1)[1]
    folder.mkdir()
    old.write_bytes(OLD)
    archive.append(read(old, date(2026, 7, 16)))
    before = inside(archive.folder), inside(folder)
    reply, says, times = _bad(site)[kind]
    site.replies[AOR] = reply
    result = one(archive, folder, page, **IMPATIENT.get(kind, {}))
    assert result.verdict == "refused"
    assert says in result.reason
    assert "\n" not in result.reason
    until(lambda: site.paths().count(AOR) >= times)  # who gives up need not wait for the server to note what it asked
    assert site.paths().count(AOR) == times
    refused = Refusals(archive.folder).recent(9)
    assert [refusal.reason for refusal in refused] == ([result.reason] if kind in DOWNLOADED else [])
    after = inside(archive.folder)
    after.pop("refused.jsonl", None)
    assert (after, inside(folder)) == before
    assert [path.name for path in folder.iterdir() if path.is_dir()] == []
    site.replies[AOR] = answers(200, NEW)
    assert one(archive, folder, page).verdict == "taken", "the next fetch takes it"


def test_nothing_of_a_bomb_is_unpacked_beyond_the_limit(site, archive, folder):
    site.replies[AOR] = answers(200, BOMB, Content_Encoding="gzip")
    page = site.links(AOR)
    tracemalloc.start()
    try:
        assert "larger than any official file" in one(archive, folder, page).reason
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000, "a piece of 64 KB unpacks to 64 MB"


@pytest.mark.parametrize(
    "first",
    [answers(503), answers(500), answers(429, Retry_After="0"), hangs_up, answers(200, NEW[:99], length=len(NEW))],
)
def test_what_may_pass_is_tried_again(site, archive, folder, first):
    page = site.links(AOR)
    site.replies[AOR] = [first, answers(200, NEW)]
    assert one(archive, folder, page).verdict == "taken"
    assert site.paths().count(AOR) == 2


@pytest.mark.parametrize("after", ["1", "Thu, 20 Aug 2026 12:00:01 GMT"])
def test_retry_after_is_honoured(site, archive, folder, after):
    page = site.links(AOR)
    site.server.RequestHandlerClass.date_time_string = lambda *_: (
        "Thu, 20 Aug 2026 12:00:00 GMT"
    )  # of the server's Date
    site.replies[AOR] = [answers(429, Retry_After=after), answers(200, NEW)]
    started = time.monotonic()
    assert one(archive, folder, page).verdict == "taken"
    assert time.monotonic() - started >= 1


def test_a_redirect_within_the_publisher_is_followed(site, archive, folder):
    moved = AOR.replace("/sites", "/moved")
    site.replies |= {AOR: redirects(moved, 301), moved: answers(200, NEW)}
    result = one(archive, folder, site.links(AOR))
    assert (result.verdict, result.file.name) == ("taken", AOR.rsplit("/", 1)[1])


def test_a_redirect_to_what_robots_closes_is_not_followed(site, archive, folder):
    site.replies |= {
        AOR: redirects("/closed/x.csv"),
        "/robots.txt": answers(200, b"User-agent: *\nDisallow: /closed/\n"),
    }
    assert "robots.txt closes this address" in one(archive, folder, site.links(AOR)).reason
    assert "/closed/x.csv" not in site.paths()


@pytest.mark.parametrize("agent", [b"*", b"encounter-forecast"])
def test_what_robots_closes_is_not_asked(site, archive, folder, agent):
    page = site.links(AOR, STATE)
    site.replies |= {STATE: answers(200, states())}
    site.replies["/robots.txt"] = answers(200, b"User-agent: " + agent + b"\nDisallow: " + AOR.encode() + b"\n")
    results = go(archive, folder, page)
    assert [result.verdict for result in results] == ["refused", "taken"]
    assert "encounters ingest FILE" in results[0].reason
    assert AOR not in site.paths()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_robots_that_is_not_there_closes_nothing(site, archive, folder, status):
    site.replies |= {AOR: answers(200, NEW), "/robots.txt": answers(status)}
    assert one(archive, folder, site.links(AOR)).verdict == "taken"


@pytest.mark.parametrize(
    "reply",
    [
        answers(206),
        answers(500),
        answers(503),
        hangs_up,
        redirects("https://example.org/robots.txt"),
        redirects("/robots.txt"),
    ],
)
def test_nothing_is_asked_while_robots_cannot_be_had(site, archive, folder, reply):
    site.replies |= {AOR: answers(200, NEW), "/robots.txt": reply}
    assert "robots.txt cannot be read" in one(archive, folder, site.links(AOR)).reason
    assert site.paths() == []


def test_the_delay_that_robots_asks_for_is_kept(site, archive, folder):
    site.replies |= {AOR: answers(200, NEW), STATE: answers(200, states())}
    site.replies["/robots.txt"] = answers(200, b"User-agent: *\nCrawl-delay: 1\n")
    started = time.monotonic()
    go(archive, folder, site.links(AOR, STATE))
    assert time.monotonic() - started >= 2
