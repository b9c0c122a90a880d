"""What a publisher's page links: official files by the shape of their names,
the newest of each kind, and its publication date.
"""

from datetime import date

import pytest

from forecast.core.months import Month
from forecast.counts.publisher.page import KINDS, links, newest, recognised
from forecast.counts.publisher.publication import publication, sent_day

CBP = "https://www.cbp.gov/sites/default/files/"
AOR, STATE, WORKBOOK = KINDS


def link(path, at=CBP):
    official = recognised(at + path)
    assert official is not None
    return official


def chosen(*paths, kind=AOR):
    latest = newest([link(path) for path in paths], kind)
    return latest.address.removeprefix(CBP)


@pytest.mark.parametrize(
    ("path", "kind", "through", "folder", "again"),
    [
        ("2026-08/nationwide-encounters-fy23-fy26-jul-aor.csv", AOR, "2026-07", "2026-08", -1),
        ("2026-08/nationwide-encounters-fy23-fy26-jul-state_0.csv", STATE, "2026-07", "2026-08", 0),
        ("2025-11/nationwide-encounters-fy22-fy25-state.csv", STATE, "2025-09", "2025-11", -1),
        ("2025-11/nationwide-encounters-fy23-fy26-oct-aor.csv?v=2#top", AOR, "2025-10", "2025-11", -1),
        ("assets/documents/2023-Nov/nationwide-encounters-fy20-fy23-aor.csv", AOR, "2023-09", "2023-11", -1),
        ("2026-08/Nationwide-Encounters-FY23-FY26-Sept-AOR.CSV", AOR, "2026-09", "2026-08", -1),
        ("nationwide-encounters-fy23-fy26-jul-aor.csv", AOR, "2026-07", None, -1),
        ("2025-01/khsm-encounters-usbp-fy25-nov.xlsx", WORKBOOK, "2024-11", "2025-01", -1),
        ("2025-01/KHSM%20Encounters%20%28USBP%29%20fy25m11.xlsx", WORKBOOK, "2024-11", "2025-01", -1),
        ("2025-09/KHSM Encounters (USBP) fy25m8_0.xlsx", WORKBOOK, "2025-08", "2025-09", 0),
        ("2026-08/Nationwide%20Encounters%20FY23-FY26%20Jul%20AOR.csv", AOR, "2026-07", "2026-08", -1),
        (
            "2024-12/2024_1206_ohss_immigration-enforcement-and-legal-processes-tables-august-2024.xlsx",
            WORKBOOK,
            "2024-08",
            "2024-12",
            -1,
        ),
        (
            "2024-10/24-1011_ohss_immigration-enforcement-and-legal-processes-tables-june-2024_2.xlsx",
            WORKBOOK,
            "2024-06",
            "2024-10",
            2,
        ),
    ],
)
def test_an_official_file_is_known_by_the_shape_of_its_address(path, kind, through, folder, again):
    official = link(path)
    assert (official.kind, official.through, official.again) == (kind, Month.parse(through), again)
    assert official.folder == (Month.parse(folder) if folder else None)


@pytest.mark.parametrize(
    "path",
    [
        "2026-08/southwest-land-border-encounters-fy23-fy26-jul.csv",
        "2026-08/sbo-encounters-fy23-fy26-jul-aor.csv",
        "2026-08/nationwide-encounters-data-dictionary.pdf",
        "2026-08/nationwide-encounters-fy23-fy26-xyz-aor.csv",
        "2026-08/nationwide-encounters-fy23-fy26-jul-aor.csv.exe",
        "2026-08/nationwide-encounters-fy23-fy26-jul-aor.csv/",
        "2025-01/khsm-encounters-ofo-fy25-nov.xlsx",
        "2025-01/KHSM%20Encounters%20%28OFO%29%20fy25m11.xlsx",
        "2025-01/KHSM%20Encounters%20%28USBP%29%20fy25m13.xlsx",
        "2025-01/KHSM%0AEncounters%20%28USBP%29%20fy25m11.xlsx",
        "2026-08/..%2f..%2fpasswd",
        "2026-08/nationwide-encounters-fy٢٣-fy26-jul-aor.csv",
    ],
)
def test_any_other_file_is_passed_over(path):
    assert recognised(CBP + path) is None


def test_an_escaped_slash_cannot_lead_out_of_the_folder():
    official = link("2026-08/..%2F..%2Fnationwide-encounters-fy23-fy26-jul-aor.csv")
    assert official.name == "nationwide-encounters-fy23-fy26-jul-aor.csv"


def test_newest_is_the_month_of_the_name_then_the_folder_then_the_upload():
    march, july = (
        "2026-04/nationwide-encounters-fy23-fy26-mar-aor.csv",
        "2026-08/nationwide-encounters-fy23-fy26-jul-aor.csv",
    )
    again, later = july.replace(".csv", "_0.csv"), july.replace("2026-08", "2026-09")
    tenth, second = july.replace(".csv", "_10.csv"), july.replace(".csv", "_2.csv")
    assert chosen(march, july) == july
    assert chosen(again, july) == again
    assert chosen(later, again) == later
    assert chosen(second, tenth) == tenth


def test_the_new_fiscal_year_follows_the_closed_one():
    closed, october = (
        "2025-11/nationwide-encounters-fy22-fy25-aor.csv",
        "2025-12/nationwide-encounters-fy23-fy26-oct-aor.csv",
    )
    december, january = (
        "2026-01/nationwide-encounters-fy23-fy26-dec-aor.csv",
        "2026-02/nationwide-encounters-fy23-fy26-jan-aor.csv",
    )
    assert chosen(october, closed) == october
    assert chosen(january, december) == january


def test_an_old_window_that_is_uploaded_again_is_not_newer():
    july, old = "2026-08/nationwide-encounters-fy23-fy26-jul-aor.csv", "2026-09/nationwide-encounters-fy22-fy25-aor.csv"
    assert chosen(old, july) == july


def test_a_name_without_its_month_is_not_newer_than_the_next_month():
    nameless, august = (
        "2026-08/nationwide-encounters-fy23-fy26-aor.csv",
        "2026-09/nationwide-encounters-fy23-fy26-aug-aor.csv",
    )
    assert chosen(nameless, august) == august


def test_links_are_read_from_tags_not_from_text():
    html = """<html><!-- <a href="/commented.csv">x</a> --><script>var x = '<a href="/script.csv">';</script>
      <p>/text.csv</p><A HREF=' /a.csv '>one</a><a href="b.csv?x=1&amp;y=2#part">two</a><a href="/a.csv">again</a>
      <a>none</a><a href="http://x:port/">bad</a><a href="mailto:x@y.z">mail</a></html>"""
    assert links(html, "https://www.cbp.gov/document/stats/page") == (
        "https://www.cbp.gov/a.csv",
        "https://www.cbp.gov/document/stats/b.csv?x=1&y=2",
        "mailto:x@y.z",
    )


@pytest.mark.parametrize(
    ("modified", "today", "day"),
    [
        ("2026-08-17", "2026-08-20", "2026-08-17"),  # in the folder's month
        ("2026-09-03", "2026-09-20", "2026-09-03"),  # replaced in place, soon after
        ("2026-07-30", "2026-10-01", "2026-08-31"),  # before the folder was there: not of this publication
        ("2027-03-01", "2027-04-01", "2026-08-31"),  # the site moved
        (None, "2026-10-01", "2026-08-31"),
        (None, "2026-08-20", "2026-08-20"),  # not later than the download
        ("2026-08-25", "2026-08-20", "2026-08-20"),  # a server whose clock is ahead
    ],
)
def test_publication_is_the_servers_day_within_reason_else_the_folders_last(modified, today, day):
    official = link("2026-08/nationwide-encounters-fy23-fy26-jul-aor.csv")
    last_modified = date.fromisoformat(modified) if modified else None
    assert publication(official, modified=last_modified, today=date.fromisoformat(today)) == date.fromisoformat(day)


def test_bytes_that_changed_in_place_were_published_after_the_last_look():
    official = link("2026-08/nationwide-encounters-fy23-fy26-jul-aor.csv")
    day = publication(official, modified=None, today=date(2026, 11, 2), not_before=date(2026, 10, 5))
    assert day == date(2026, 10, 5)


def test_without_a_folder_the_day_is_the_servers_or_the_downloads():
    official = link("nationwide-encounters-fy23-fy26-jul-aor.csv")
    assert publication(official, modified=date(2026, 8, 17), today=date(2026, 8, 20)) == date(2026, 8, 17)
    assert publication(official, modified=None, today=date(2026, 8, 20)) == date(2026, 8, 20)


def test_a_workbook_tells_its_own_day():
    assert (
        publication(
            link("2025-01/khsm-encounters-usbp-fy25-nov.xlsx"), modified=date(2025, 1, 20), today=date(2025, 2, 1)
        )
        is None
    )


def test_a_date_that_cannot_be_read_is_none():
    assert sent_day("Mon, 17 Aug 2026 23:30:00 -0500") == date(2026, 8, 18)
    assert [sent_day(text) for text in (None, "", "soon", "Mon, 99 Aug 2026 00:00:00 GMT")] == [None] * 4


def test_the_field_page_with_the_publisher_s_own_spelling_links_its_workbook():
    html = (
        '<a href="/sites/default/files/2025-01/KHSM%20Encounters%20%28USBP%29%20fy25m11.xlsx">CBP Encounters - USBP</a>'
    )
    (address,) = links(html, "https://ohss.dhs.gov/khsm/cbp-encounters")
    workbook = recognised(address)
    assert (workbook.kind, workbook.name, workbook.through) == (
        WORKBOOK,
        "KHSM Encounters (USBP) fy25m11.xlsx",
        Month.parse("2024-11"),
    )
