from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urljoin


def test_the_page_says_first_what_must_be_known(office):
    office.publish()
    office.now = datetime(2025, 3, 1, tzinfo=UTC)
    with office.client() as client:
        page = client.get("/").text
    before_figures = page[: page.index("<table>")]
    assert "These months are &lt;past&gt;." in before_figures
    assert "Data through <strong>2024-11</strong>" in before_figures
    assert "issued 2025-01-20 06:00 UTC" in before_figures
    assert "Stale: newer counts should have been in by 2025-02-28." in before_figures
    assert "encounters ingest FILE" in before_figures
    assert "2024-12 was past when this release was issued (2025-01): its lead is -1." in before_figures


def test_a_fresh_release_is_not_called_stale(client):
    assert "Stale" not in client.get("/").text


def test_the_page_shows_leads_medians_and_intervals_of_headline_areas(client):
    page = client.get("/").text
    heads = re.findall(r"(\d{4}-\d{2})<br><small>lead (-?\d+)</small>", page)
    assert heads[:3] == [("2024-12", "-1"), ("2025-01", "0"), ("2025-02", "1")]
    row = page[page.index("<table>") :]
    row = row[row.index("El Paso, TX") :]
    assert row.index("600<br><small>200 to 1,000</small>") < row.index("</tr>")
    for name in (
        "Nation (Border Patrol sectors)",
        "Southwest border",
        "Northern border",
        "Tucson, AZ",
        "Texas (Southwest)",
    ):
        assert name in page
    assert "Blaine, WA" in page


def test_the_page_links_to_figures_and_documentation_that_exist(client):
    page = client.get("/").text
    links = set(re.findall(r'<a href="([^"]*)"', page))
    assert {"docs", "v1/status", "v1/forecasts?panel=usbp-sectors", "v1/forecasts.csv?area=el-paso"} <= links
    assert {link: client.get(link.replace("&amp;", "&")).status_code for link in links} == dict.fromkeys(links, 200)


def test_a_feed_reader_finds_the_feed_from_any_page(client):
    for path in ("/", "/areas/el-paso"):
        (feed,) = re.findall(
            r'<link rel="alternate" type="application/atom\+xml"[^>]* href="([^"]*)"', client.get(path).text
        )
        assert client.get(urljoin(path, feed)).headers["content-type"] == "application/atom+xml"


def test_a_fallback_is_shown_where_it_stands_in(office):
    office.publish(fallbacks={"tucson": "ets <failed>"})
    with office.client() as client:
        assert "Floor model: ets &lt;failed&gt;" in client.get("/").text


def test_the_page_says_so_before_anything_is_published(office):
    with office.client() as client:
        assert "encounters retrain --panel usbp-sectors" in client.get("/").text


def test_a_release_whose_months_are_all_past_is_still_shown(office):
    office.publish(issued_at=datetime(2026, 1, 20, tzinfo=UTC))
    with office.client() as client:
        page = client.get("/").text
    assert re.findall(r"lead (-?\d+)</small>", page) == ["-13", "-12", "-11"]
    assert "Every month of this release, 2024-12 to 2025-02, was past when it was issued (2026-01)." in page


def test_pages_run_their_own_files_alone_and_load_nothing_from_elsewhere(client):
    for path, up in (("/", ""), ("/docs", ""), ("/areas", ""), ("/areas/el-paso", "../"), ("/areas/nowhere", "../")):
        answer = client.get(path)
        page, policy = answer.text, answer.headers["content-security-policy"]
        scripts = re.findall(r"<script[^>]*>", page)
        assert [re.sub(r"[0-9a-f]{12}", "HASH", one) for one in scripts] == [
            f'<script src="{up}static/theme.HASH.js">',
            f'<script defer src="{up}static/page.HASH.js">',
        ]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert not re.search(r"<style|style=|<[^>]* on[a-z]+=", page)
        assert not re.search(r'(src|href)="(https?:)?//', page)
        assert 'name="viewport"' in page


def test_the_documentation_has_every_address_and_every_kind_of_problem(client):
    page = client.get("/docs").text
    contents = re.findall(r'href="#([^"]+)"><code>[A-Z]+ ([^<]+)</code>', page)
    assert "/v1/forecasts.csv" not in dict(contents).values()
    assert {"/v1/forecasts", "/v1/capacity", "/readyz"} <= {path for _, path in contents}
    for name, path in contents:
        assert re.search(f'<h3 id="{name}">[A-Z]+ <code>{re.escape(path)}</code>', page), path
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in page
    kind = client.get("/v1/forecasts?x=1").json()["type"]
    assert f'id="{kind.split("#")[1]}"' in page


def test_addresses_to_try_in_the_documentation_work(client):
    tries = [unescape(address) for address in re.findall(r'Try: <a href="([^"]*)"', client.get("/docs").text)]
    assert len(tries) >= 9
    assert {address: client.get(address).status_code for address in tries} == dict.fromkeys(tries, 200)
