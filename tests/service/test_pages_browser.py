"""The pages in Chromium over a real server: every feature is clicked through, and what is waited for is an event."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from forecast.core.months import Month
from tests.service.browsing import browser, filled, visiting
from tests.service.conftest import _open
from tests.service.processes import served

__all__ = ["browser"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(blank, tmp_path_factory):
    """A running service over a store with a past, and the office that fills it."""
    folder = tmp_path_factory.mktemp("site")
    for office in _open(blank, folder):
        filled(office)
        with served(office.url, folder) as running:
            yield running, office


@pytest.fixture
def page(browser, site):
    """A page at the service's root."""
    with visiting(browser) as page:
        page.goto(f"http://127.0.0.1:{site[0].port}/")
        yield page


def area(page, query=""):
    """Go to the page of an area."""
    page.goto(re.sub(r"(//[^/]+/).*", r"\1", page.url) + "areas/el-paso" + query)
    return page


@pytest.mark.parametrize("words", ["El Paso, TX", "EPT", "el paso"])
def test_a_search_finds_an_area_by_anything_that_it_is_called(page, words):
    page.get_by_label("Find an area").fill(words)
    page.get_by_role("option", name="El Paso, TX").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("El Paso, TX")
    assert page.url.endswith("/areas/el-paso")


def test_a_search_works_by_keyboard_alone(page):
    field = page.get_by_role("combobox", name="Find an area")
    field.focus()
    page.keyboard.type("texas")
    expect(page.get_by_role("option").first).to_have_text("Texas")
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Texas")


def test_escape_closes_what_is_offered(page):
    page.get_by_label("Find an area").fill("paso")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_the_first_page_has_a_small_chart_of_every_sector_that_leads_to_its_page(page):
    cards = page.locator(".cards").first.locator("li")
    expect(cards).to_have_count(6)
    assert page.locator(".cards svg .seen").count() == 14
    cards.filter(has_text="Tucson, AZ").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tucson, AZ")


def test_the_list_by_region_leads_to_each_area(page):
    page.get_by_role("link", name="Areas", exact=True).click()
    expect(page.get_by_role("heading", name="Sector: Southwest border")).to_be_visible()
    page.get_by_role("link", name="Blaine, WA").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Blaine, WA")


def test_arrow_keys_move_a_cursor_that_is_read_out_from_the_table(page):
    area(page)
    chart, said = page.locator("#chart"), page.locator("#readout")
    assert said.get_attribute("aria-live") == "polite"
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text(
        "January 2025: half the time 450 to 950 encounters per month, 8 times in 10 from 300 to 1,100, "
        "19 times in 20 from 225 to 1,175; middle 700."
    )
    marked = page.locator("#numbers tr.here")
    expect(marked).to_have_count(1)
    expect(marked.locator("th")).to_have_text("January 2025")
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("February 2025: half the time")
    page.keyboard.press("Home")
    expect(said).to_have_text("December 2022: 940 encounters per month, observed.")
    page.keyboard.press("End")
    expect(said).to_contain_text("November 2025")
    page.keyboard.press("PageUp")
    expect(said).to_contain_text("November 2024: 900 encounters per month, observed.")
    page.keyboard.press("Escape")
    expect(said).to_have_text("")
    expect(page.locator(".cursor")).to_be_hidden()


def test_the_pointer_moves_the_same_cursor(page):
    box = area(page).locator("#chart .plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 100)
    expect(page.locator("#readout")).to_contain_text("November 2025")


def test_a_choice_is_drawn_at_once_and_stands_in_the_address(page):
    area(page)
    before = page.locator("#chart .plot .seen").get_attribute("d")
    page.locator("#scale-log").check()
    expect(page.locator("#chart-name")).to_have_text("El Paso, TX: encounters per month, logarithmic axis")
    assert page.url.endswith("?scale=log")
    assert page.locator("#chart .plot .seen").get_attribute("d") != before
    expect(page.locator("#news")).to_contain_text("Drawn again")
    page.get_by_label("mean per day").check()
    expect(page.locator("#numbers caption")).to_contain_text("encounters per day")
    page.get_by_label("History").focus()
    page.get_by_label("History").select_option("all")
    expect(page.locator("#numbers tbody tr")).to_have_count(36 + 12)
    assert page.url.endswith("?scale=log&unit=day&years=all")
    expect(page.get_by_label("History")).to_be_focused()
    page.go_back()
    expect(page.locator("#numbers tbody tr")).to_have_count(24 + 12)
    page.reload()
    expect(page.get_by_label("mean per day")).to_be_checked()


def test_up_to_four_areas_are_compared_and_left_out_again(page):
    area(page)
    for words, name in (("tucson", "Tucson, AZ"), ("BLW", "Blaine, WA"), ("Texas", "Texas")):
        page.get_by_label("Compare with").fill(words)
        page.get_by_role("option", name=name, exact=True).click()
        expect(page.locator(".chips")).to_contain_text(name)
    expect(page.locator("#numbers thead th")).to_have_count(5)
    expect(page.locator("#chart .plot .letter")).to_have_text(["A", "B", "C", "D"])
    expect(page.get_by_label("Compare with")).to_have_count(0)
    page.locator("#chart").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#readout")).to_contain_text("January 2025: El Paso, TX 700")
    page.get_by_role("link", name="Leave out Blaine, WA").click()
    expect(page.locator("#chart .plot .letter")).to_have_text(["A", "B", "C"])
    assert page.url.endswith("?with=tucson&with=state-tx")


def test_what_was_said_before_stands_beside_what_came(page):
    section = area(page).get_by_role("region", name="What was said before")
    expect(section.locator("svg .letter")).to_have_text(["1", "3", "6", "12"])
    expect(section.locator("li").first).to_contain_text(
        "1 month before (counts through October 2024; issued 28 October 2024): for November 2024 it said 600, "
        "8 times in 10 from 200 to 1,000; 900 came. Its 80 % interval held 1 of 1 month."
    )


def test_a_new_home_draws_what_would_have_been_said_and_calls_it_replayed(browser, blank, tmp_path):
    for office in _open(blank, tmp_path):
        office.publish(replays={1: date(2024, 11, 20), 3: None, 6: None, 12: None})
        for back in range(24):
            office.observe("el-paso", str(Month.of(2024, 11) + -back), date(2025, 1, 10), 700)
        with served(office.url, tmp_path) as running, visiting(browser, width=320) as page:
            page.goto(f"http://127.0.0.1:{running.port}/areas/el-paso")
            section = page.get_by_role("region", name="What was said before")
            expect(section.locator("svg .letter")).to_have_text(["1", "3", "6", "12"])
            expect(section.locator("figcaption")).to_contain_text("All of them are replayed")
            expect(section).to_contain_text("of the last 12 months, 12 would have come inside the last 80 % interval")
            expect(section.locator("li").nth(1)).to_contain_text("(counts through August 2024; replayed)")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_slider_and_the_number_ask_for_the_same_chance(page):
    area(page)
    page.get_by_text("Chance of more than a number").click()
    slider, number = page.get_by_role("slider"), page.get_by_label("More than", exact=True)
    number.fill("1000")
    page.locator("#show-chance").click()
    expect(page.locator("#chance caption")).to_have_text("Chance of more than 1,000 encounters per month")
    assert page.url.endswith("?more=1000#chance")
    expect(page.locator("#chance .column")).to_have_count(12)
    expect(page.locator("#show-chance")).to_be_focused()
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#chance caption")).to_have_text("Chance of more than 1,100 encounters per month")
    expect(number).to_have_value("1100")
    page.get_by_label("mean per day").check()
    expect(page.locator("#chance caption")).to_have_text("Chance of more than 1,100.0 encounters per day")


def test_a_what_if_draws_both_sides_and_the_difference(page):
    area(page)
    page.get_by_text("What if", exact=True).click()
    page.get_by_label("by a factor of").fill("2")
    page.locator("#since").select_option("2025-03")
    page.locator("#show-what-if").click()
    expect(page.locator("#what-if .plot > svg")).to_have_count(2)
    row = page.locator("#what-if tbody tr").filter(has_text="March 2025")
    expect(row.locator("td")).to_have_text(["898500 to 1,296", "1,795999 to 2,591", "898500 to 1,296"])
    assert page.url.endswith("?times=2&since=2025-03#what-if")
    page.get_by_text("What is taken for granted").click()
    expect(page.locator("#scenario-assumed li").first).to_be_visible()
    page.get_by_label("by a factor of").fill("much")
    page.locator("#show-what-if").click()
    expect(page.locator("#what-if .note")).to_have_text(
        "By a factor of: 'much' is no number of 0 or more. Write it as 1500."
    )


def test_a_transfer_is_asked_by_keyboard_alone_and_what_has_no_figure_leaves_the_address(page):
    area(page)
    page.get_by_text("What if", exact=True).click()
    page.get_by_text("Some are moved elsewhere").click()
    page.locator("#moved").fill("20")
    page.get_by_label("to the area").focus()
    page.keyboard.type("tucs")
    expect(page.get_by_role("option", name="Tucson, AZ")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#what-if .plot > svg")).to_have_count(2)
    assert re.search(r"\?moved=20&moved_into=tucson&moved_since=2025-01#what-if$", page.url), page.url
    page.locator("#moved").fill("")
    page.get_by_label("or as after").select_option("title-42-end")
    expect(page.locator("#scenario-assumed")).to_contain_text("Title 42")
    assert "?like=title-42-end&since=" in page.url
    assert "moved" not in page.url


def test_a_question_of_beds_carries_along_what_was_asked_before(page):
    """The months of this store are past by the server's clock, which is what its answer says."""
    area(page, "?times=2&since=2025-03")
    page.get_by_text("Beds of a shelter").click()
    page.get_by_text("How many of those counted come").click()
    for name, value in (("beds", "100"), ("occupied", "60"), ("stay", "3"), ("share", "50")):
        page.locator(f"#{name}").fill(value)
    page.locator("#show-shelter").click()
    expect(page.locator("#shelter .note")).to_contain_text("the forecast ends with 2025-11")
    assert page.url.endswith("?times=2&since=2025-03&beds=100&occupied=60&stay=3&share=50#shelter")
    expect(page.locator("#what-if .plot > svg")).to_have_count(2)


def test_figures_and_pictures_are_taken_along(page, tmp_path):
    area(page, "?scale=log")
    with page.expect_download() as saved:
        page.get_by_role("link", name="chart as SVG").click()
    assert saved.value.suggested_filename == "el-paso.svg"
    drawing = Path(saved.value.path()).read_text()
    assert "logarithmic axis" in drawing
    assert "Release usbp-sectors-2024-11-aaaaaaaaaa" in drawing
    with page.expect_download() as saved:
        page.get_by_role("button", name="chart as PNG").click()
    assert saved.value.suggested_filename == "el-paso.png"
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as saved:
        page.get_by_role("link", name="forecast as CSV").click()
    assert Path(saved.value.path()).read_text().startswith("panel,release,")
    cite = page.locator("#cite")
    expect(cite).to_contain_text("Release usbp-sectors-2024-11-aaaaaaaaaa, issued 20 January 2025")
    expect(cite).to_contain_text("/areas/el-paso?scale=log")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the citation").click()
    expect(page.locator("#news")).to_have_text("The citation is in the clipboard.")
    assert "aaaaaaaaaa" in page.evaluate("navigator.clipboard.readText()")


def test_the_switch_of_themes_is_kept(page):
    def paper():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = paper()
    page.get_by_role("button", name="Theme").click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    dark = paper()
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert paper() == dark


def test_stale_figures_say_so_in_one_sentence_with_the_way_out_folded(page):
    note = page.locator(".note")
    expect(note).to_have_count(1)
    expect(note.locator("p")).to_contain_text("newer ones have been due since 28 February 2025")
    expect(note.get_by_text("encounters ingest FILE").first).to_be_hidden()
    note.get_by_text("what the operator can do").click()
    expect(note.get_by_text("encounters ingest FILE").first).to_be_visible()


def test_without_a_script_charts_choices_and_search_work(browser, site):
    with visiting(browser, script=False) as page:
        page.goto(f"http://127.0.0.1:{site[0].port}/")
        page.get_by_label("Find an area").fill("EPT")
        page.get_by_role("search").get_by_role("button").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("El Paso, TX")
        page.locator("#scale-log").check()
        page.get_by_label("Compare with").fill("Tucson, AZ")
        page.locator(".choices").get_by_role("button").click()
        expect(page.locator("#chart-name")).to_have_text(
            "El Paso, TX, Tucson, AZ: encounters per month, logarithmic axis"
        )
        expect(page.locator("#chart .plot > svg")).to_be_visible()
        expect(page.locator("#numbers tbody tr").first).to_be_visible()


def test_on_paper_the_chart_and_the_whole_table_stand_without_controls(page):
    area(page)
    page.emulate_media(media="print")
    expect(page.locator("#chart .plot > svg").first).to_be_visible()
    expect(page.locator(".choices").first).to_be_hidden()
    expect(page.locator("nav")).to_be_hidden()
    table, box = page.locator("#numbers").bounding_box(), page.locator(".tall").bounding_box()
    assert box["height"] >= table["height"]


def test_a_changed_release_announces_itself(browser, site):
    """Last of the file: the store has another release afterwards."""
    running, office = site
    with visiting(browser) as page:
        page.goto(f"http://127.0.0.1:{running.port}/areas/el-paso")
        newer = office.publish(key="9", notes=(), horizon=12, issued_at=datetime(2025, 2, 3, tzinfo=UTC))
        while "newer release" not in (page.locator("#news").text_content() or ""):
            with page.expect_response(lambda answer: answer.url.endswith("/areas/el-paso")):
                page.evaluate("window.dispatchEvent(new Event('focus'))")
            page.evaluate("new Promise((done) => setTimeout(done))")
        page.get_by_role("button", name="Show it").click()
        expect(page.locator("#cite")).to_contain_text(newer)
