"""Names that a declaration or a table brings, however hostile, are shown as text and run nothing."""

from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from forecast.core.declarations import declared, with_leaves
from forecast.release.publish import record_observations
from forecast.release.read import Observation
from tests.service.browsing import browser, visiting
from tests.service.processes import served
from tests.service.test_any_panel import ORIGIN, issue

__all__ = ["browser"]

SCRIPT, QUOTES, RIGHT = "<script>alert(1)</script> 1", "O\"Neil & 'Söhne' 2", "مكتب \u202eevil\u202c 3"
DECLARED = """
id = "hostile"
title = "Arrivals <img src=x onerror=alert(2)> by office"
unit = "arrivals"
dimensions = ["office", "flow"]
levels = [[], ["office"]]
"""
PANEL = with_leaves(declared(DECLARED), [(SCRIPT, "a&b"), (QUOTES, "<u>"), (RIGHT, "'\" onfocus=alert(3) x='")])


@pytest.fixture
def hostile(office):
    issue(office.engine, PANEL)
    rows = [
        Observation(slug, ORIGIN + -back, date(2024, 12, 19), 90 + back, 1, "by hand", "e" * 64)
        for slug in PANEL.areas
        for back in range(14)
    ]
    record_observations(office.engine, PANEL, rows)
    return office


def test_names_are_escaped_in_every_page_and_picture(hostile):
    with hostile.client() as client:
        for slug in PANEL.areas:
            others = "&".join(f"with={one}" for one in list(PANEL.areas)[:4])
            paths = (f"/areas/{slug}", f"/areas/{slug}?{others}", f"/charts/{slug}.svg", f"/charts/{slug}.svg?{others}")
            for path in ("/", "/areas", "/areas?q=%3Cscript%3E", *paths):
                answer = client.get(path)
                assert answer.status_code == 200, path
                assert not re.search(r"<(script>|img|u>)", answer.text), path
                assert not re.search(r"<[^>]* on\w+=[^>]*>", re.sub(r'"[^"]*"', '""', answer.text)), path
                if "charts" in path:
                    assert ElementTree.fromstring(answer.text).tag.endswith("svg")  # noqa: S314 (the service's own)
        page = client.get("/areas").text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; 1" in page
        assert "O&quot;Neil &amp; &#x27;Söhne&#x27; 2" in page


@pytest.mark.parametrize(
    "path", ["/areas/%3Cscript%3Ealert(1)%3Cscript%3E", "/areas/%22onload=alert(1)%20", "/areas/%00"]
)
def test_an_address_that_is_no_area_is_told_as_text(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_what_is_asked_for_is_text_too(client):
    page = client.get("/areas", params={"q": '"><script>alert(1)</script>'}).text
    assert 'value="&quot;&gt;&lt;script&gt;' in page
    page = client.get("/areas/el-paso", params={"with": "<img src=x onerror=alert(1)>"}).text
    assert "No single area is called “&lt;img" in page
    assert "<img" not in page
    asked = {"moved": "1", "moved_into": '"><img src=x onerror=alert(1)>', "like": "<img>", "since": "2025-01"}
    page = client.get("/areas/el-paso", params=asked).text
    assert 'value="&quot;&gt;&lt;img' in page
    assert "<img" not in page


@pytest.mark.slow
def test_a_browser_shows_them_and_runs_nothing(hostile, tmp_path, browser):
    with served(hostile.url, tmp_path) as running, visiting(browser) as page:
        page.goto(f"http://127.0.0.1:{running.port}/")
        page.get_by_label("Find an area").fill("<script>")
        page.get_by_role("option", name=SCRIPT, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
        page.get_by_label("Compare with").fill("neil")
        page.get_by_role("option", name=QUOTES, exact=True).click()
        expect(page.locator(".chips")).to_contain_text(QUOTES)
        page.locator("#chart").focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator("#readout")).to_contain_text(SCRIPT)
        assert page.locator("main img, main script, main u").count() == 0
