"""Everybody can use the pages: axe-core in Chromium, both themes, three widths; and what they weigh."""

from __future__ import annotations

import gzip
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.service.browsing import browser, filled, visiting
from tests.service.conftest import _open
from tests.service.processes import served

__all__ = ["browser"]

pytestmark = pytest.mark.slow

PAGES = (
    "",
    "areas",
    "areas/el-paso",
    "areas/el-paso?scale=log&unit=day&with=tucson&with=blaine&with=state-tx",
    "areas/el-paso?more=600&times=1.5&since=2025-03&beds=x",
    "areas/el-paso?like=title-42-end&since=2025-03&moved=10&moved_to=20&moved_into=tucson&moved_since=2025-03",
    "areas/nowhere",
    "models",
    "docs",
)
# WCAG 2.2 AA and what it builds on, and what axe holds to be good practice besides.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A page is the same document in either theme and at every width, but for gaps and paddings, so that each rule is tried
# once, and again where what it looks at has changed: colours with the theme, places and sizes with the width.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
OF_PLACES = ["target-size", "scrollable-region-focusable"]

# Names of tables that leave the screen, and words of charts that do or lie on others.
_HIDDEN = """Array.from(document.querySelectorAll("caption"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.textContent)
  .concat(Array.from(document.querySelectorAll("svg")).flatMap((svg) => {
  const words = Array.from(svg.querySelectorAll("text"), (one) => [one.textContent, one.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0);
  const apart = (one, other) => one.right < other.left + 1 || other.right < one.left + 1
    || one.bottom < other.top + 3 || other.bottom < one.top + 3;
  return words.filter(([, box], place) => box.left < 0 || box.right > innerWidth
    || words.slice(0, place).some(([, other]) => !apart(box, other))).map(([said]) => said);
}))"""


@pytest.fixture(scope="module")
def address(blank, tmp_path_factory):
    """Of a running service over a store with a past."""
    folder = tmp_path_factory.mktemp("accessible")
    for office in _open(blank, folder):
        filled(office)
        with served(office.url, folder) as running:
            yield f"http://127.0.0.1:{running.port}/"


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(browser, address, path):
    # That an address is not there is logged, and no fault of a script.
    with visiting(browser, width=320, forgiven="404") as page:
        page.goto(address + path)
        page.locator(".theme").wait_for()
        for details in page.locator("details").all():
            details.evaluate("one => { one.open = true }")
        if page.locator("#chart").count():
            page.locator("#chart").focus()
            page.keyboard.press("ArrowRight")
            page.locator("#numbers tr.here").wait_for(state="attached")
        looked(page, RULES, {"color-contrast", "html-has-lang", "target-size"})
        page.emulate_media(color_scheme="dark")
        looked(page, OF_COLOURS, {"color-contrast"})
        for width in (768, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            looked(page, OF_PLACES, {"target-size"})


def looked(page, rules, kept):
    """Nothing breaks one of some rules of axe, or leaves the screen; `kept`: rules that something must keep."""
    answer = Axe().run(page, options={"runOnly": rules}).response
    assert kept <= {one["id"] for one in answer["passes"]}
    violations = [
        (one["id"], node["html"][:200], node["failureSummary"][:300])
        for one in answer["violations"]
        for node in one["nodes"]
    ]
    assert violations == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(_HIDDEN) == []


def test_with_the_width_of_the_screen_gaps_change_and_nothing_else(client):
    styles = client.get("/static/" + re.search(r"static/([^\"]*\.css)", client.get("/").text)[1]).text
    asks = {ask.strip() for ask in re.findall(r"@(?:media|container)([^{]*)", styles)}
    assert asks == {"(prefers-color-scheme: dark)", "(max-width: 30rem)", "print"}
    (narrow,) = re.findall(r"@media \(max-width: 30rem\) \{(.*?)\n\}", styles, flags=re.DOTALL)
    changed = set(re.findall(r"([a-z-]+):", narrow))
    assert changed == {"gap", "padding", "padding-left", "padding-right", "white-space", "width"}
    scripts = re.findall(r'src="[^"]*static/([^"]*)"', client.get("/areas/el-paso").text)
    assert scripts
    for name in scripts:
        assert not re.search(r"matchMedia\(.*width|(?:inner|client|offset)Width", client.get(f"/static/{name}").text), (
            name
        )


def test_targets_of_the_pointer_are_large_enough(browser, address):
    """WCAG 2.2, 2.5.8: 24 by 24 pixels, links within a sentence apart."""
    with visiting(browser, width=320) as page:
        page.goto(address + "areas/el-paso")
        page.locator(".theme").wait_for()
        for target in page.locator("button:visible, select:visible, nav a, .links a, summary:visible").all():
            box = target.bounding_box()
            assert min(box["width"], box["height"]) >= 24, target.inner_text()


def test_scripts_and_styles_weigh_less_than_40_kb_and_a_page_less_than_100(client):
    for path in ("/", "/areas/el-paso", "/areas/el-paso?years=all&with=tucson&with=blaine"):
        page = client.get(path).text
        up = "/areas/" if path.startswith("/areas") else "/"
        files = re.findall(r'(?:src|href)="([^"]*static/[^"]*)"', page)
        assert len(files) == 3
        sizes = [len(gzip.compress(client.get(_joined(up, name)).content)) for name in files]
        assert sum(sizes) <= 40_000
        assert sum(sizes) + len(gzip.compress(page.encode())) <= 100_000


def _joined(folder, name):
    return "/" + name[3:] if name.startswith("../") else folder + name
