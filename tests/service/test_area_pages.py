"""The pages of areas as they are sent: what they say, in which order, and what becomes of an address cut short."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from forecast.core.months import Month
from forecast.core.scorecard import Scored
from forecast.release import issued_scores
from service.dashboard.plot import mark
from service.dashboard.scales import Across, Up
from tests.samples import SCORE


@pytest.mark.parametrize(
    ("path", "interval"),
    [("/", "8 in 10: 300 to 1,100"), ("/areas/el-paso", "Half the time 450 to 950, 8 times in 10 from 300 to 1,100.")],
)
def test_the_largest_risk_is_said_before_the_first_interval(client, path, interval):
    page = client.get(path).text
    assert page.index("What no interval here contains: a change of law, policy") < page.index(interval)


def test_a_name_or_a_code_leads_to_the_page_of_its_area(client):
    for path, target in (
        ("/areas?q=El Paso, TX", "areas/el-paso"),
        ("/areas?q=EPT", "areas/el-paso"),
        ("/areas?q=texas", "areas/state-tx"),
        ("/areas/EPT", "el-paso"),
    ):
        answer = client.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, target)


def test_a_search_that_several_areas_fit_lists_them(client):
    page = client.get("/areas?q=mexico").text
    assert re.findall(r'<li [^>]*><a href="areas/([^"]+)"', page) == ["southwest", "state-nm", "state-nm-southwest"]
    assert "No area is called" in client.get("/areas?q=atlantis").text


def test_an_unknown_area_is_a_page_that_says_so(client):
    answer = client.get("/areas/atlantis")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert 'href="../areas"' in answer.text


def test_what_is_no_choice_is_passed_over(client):
    plain = client.get("/areas/el-paso").text
    assert client.get("/areas/el-paso?scale=cubic&years=-1&utm_source=x&unit=").text == plain


def test_a_word_that_cannot_be_compared_is_told(client):
    assert "No single area is called “atlantis”." in client.get("/areas/el-paso?with=atlantis").text


def test_per_day_figures_are_the_means_of_the_months_days(client):
    assert "about 22.6 encounters per day" in client.get("/areas/el-paso?unit=day").text


def test_how_often_issued_intervals_held_is_said_in_words(office):
    office.publish(key="b", origin="2024-07", issued_at=datetime(2024, 9, 20, tzinfo=UTC))
    older = office.publish(key="c", origin="2024-08", issued_at=datetime(2024, 10, 20, tzinfo=UTC))
    office.publish()
    for month, figures in (("2024-09", {}), ("2024-10", {"inside_80": False}), ("2024-11", {"inside_50": True})):
        target = Month.parse(month)
        row = Scored(older, "el-paso", target, date(2025, 1, 10), target - Month.of(2024, 10), **{**SCORE, **figures})
        issued_scores.record(office.engine, "usbp-sectors", [row])
    with office.client() as client:
        page = client.get("/areas/el-paso").text
    assert "the 80 % interval that was issued held 2 of 3 months" in page
    assert "the 50 % interval 1, and the 95 % interval 3." in page
    assert "<strong>3 months before</strong>" in page
    assert "No release from counts of about 1, 6 and 12 months before" in page


def test_where_nothing_was_said_before_the_page_says_that(client):
    page = client.get("/areas/el-paso").text
    assert "No release from counts of about 1, 3, 6 and 12 months before the newest is in the store" in page
    assert "no issued interval of this area has been tried yet" in page


def test_beds_that_close_by_the_further_end_alone_are_explained(client):
    closed = "/areas/el-paso?beds=90&stay=3&opened_to=-90&opened_since=2025-01"
    assert "Where more close than there are, none is left." in client.get(closed).text


def test_every_id_of_a_page_is_there_once(client):
    asked = "more=600&times=2&since=2025-01&people=500&arrive=2025-02&show=50&beds=100&stay=3&with=tucson"
    for path in ("/", "/areas", "/areas/el-paso", f"/areas/el-paso?{asked}", "/models", "/docs"):
        ids = re.findall(r"""\sid=["']([^"']+)""", client.get(path).text)
        assert ids
        assert [name for name, number in Counter(ids).items() if number > 1] == [], path


def test_a_new_home_shows_what_its_method_would_have_said_and_calls_it_that(office):
    office.publish(replays={1: date(2024, 11, 20), 3: None, 6: None, 12: None})
    for back, count in enumerate((600, 2000, 300, 600)):
        office.observe("el-paso", str(Month.of(2024, 11) + -back), date(2025, 1, 10), count)
    with office.client() as client:
        page = client.get("/areas/el-paso").text
    assert "no issued interval of this area has been tried yet" in page
    assert "Replayed, as if this method had been asked 1, 3, 6 and 12 months before the newest counts" in page
    assert "of the last 4 months, 3 would have come inside the last 80 % interval before it" in page
    assert "2 inside the 50 % and 3 inside the 95 % interval." in page
    assert "All of them are <strong>replayed</strong>" in page
    assert "Nobody was told it at the time" in page
    assert "replayed from what was public on 20 November 2024): for November 2024 it said 600" in page
    assert page.count("; replayed):") == 3
    assert "from the counts up to then as they stand today, unless another day is named" in page
    assert "issued 1" not in page[page.index('id="before"') : page.index("All of them are")]
    assert "No release from counts" not in page


def test_what_was_issued_goes_before_a_replay_and_the_chart_tells_them_apart(office):
    office.publish(key="c", origin="2024-08", issued_at=datetime(2024, 10, 20, tzinfo=UTC))
    office.publish(replays={1: None, 3: None})
    with office.client() as client:
        page = client.get("/areas/el-paso").text
    assert "Those marked “replayed” are" in page
    assert re.findall(r'class="letter k\d"[^>]*>([^<]+)<', page) == ["1 replayed", "3"]
    assert "3 months before</strong> (counts through August 2024; issued 20 October 2024)" in page
    assert "No release from counts of about 6 and 12 months before" in page


def test_a_record_of_replays_says_that_nobody_was_told_them_where_none_is_drawn(office):
    for key, origin in (("b", "2023-11"), ("c", "2024-05"), ("e", "2024-08"), ("f", "2024-10")):
        office.publish(key=key, origin=origin, issued_at=datetime(2024, 12, 1, tzinfo=UTC))
    office.publish(replays={1: None})
    office.observe("el-paso", "2024-11", date(2025, 1, 10), 600)
    with office.client() as client:
        page = client.get("/areas/el-paso").text
    assert "of the last 1 month, 1 would have come inside" in page
    assert "; replayed" not in page
    assert page.count("Nobody was told it at the time") == 1


def test_beds_are_answered_with_and_without_what_was_asked(client):
    shelter = "beds=100&occupied=60&stay=3&share=50&months=1"
    page = client.get(f"/areas/el-paso?{shelter}").text
    section = page[page.index('id="shelter"') :]
    assert "For 9 chances in 10 that no night lacks a bed: " in section
    assert re.findall(r"<time[^>]*>([^<]+)", section) == ["February 2025"]
    assert "without</li>" not in section
    assert "What is taken for granted" in section
    both = client.get(f"/areas/el-paso?{shelter}&times=2&since=2025-02").text
    assert "without</li>" in both[both.index('id="shelter"') :]


def test_a_transfer_and_a_past_event_are_drawn_as_the_api_answers_them(client):
    transfer = {
        "kind": "transfer",
        "from": "el-paso",
        "to": {"tucson": 1},
        "share": [0.1, 0.3],
        "from_month": "2025-01",
    }
    change = {"kind": "change", "month": "2025-01", "analogue": "title-42-end", "areas": ["el-paso"]}
    for query, event in (
        ("moved=10%25&moved_to=30&moved_into=Tucson, AZ&moved_since=2025-01", transfer),
        ("like=title-42-end&since=2025-01", change),
    ):
        body = {"areas": ["el-paso"], "events": [event], "coverage": [80]}
        months = client.post("/v1/scenarios", json=body).json()["forecasts"][0]["months"]
        page = client.get(f"/areas/el-paso?{query}").text
        section = page[page.index('id="what-if"') : page.index('id="shelter"')]
        assert section.count('<div class="plot"><svg') == 2, "both sides, and the difference"
        for month in months:
            assert f"{month['scenario']['median']:,}<br>" in section
            assert f"{month['difference']['median']:,}<br>" in section
    assert '<option value="title-42-end" selected>May 2023: end of expulsions' in page


def test_a_share_that_nobody_gave_is_said_to_be_an_old_one(client):
    note = "people released through August 2024. Nothing newer is here, and it is out of date since January 2025."
    assert note in client.get("/areas/el-paso?beds=100&occupied=60&stay=3&months=1").text
    assert note not in client.get("/areas/el-paso?beds=100&occupied=60&stay=3&months=1&share=20").text


def test_beds_that_open_or_close_count_in_the_shelter_alone(client):
    shelter = "beds=100&occupied=60&stay=3&share=50&months=1"
    closing = client.get(f"/areas/el-paso?{shelter}&opened=-100&opened_since=2025-02").text
    assert "Event 1: 100 beds fewer from 2025-02 on, down to none." in closing[closing.index('id="shelter"') :]
    assert "<svg" not in closing[closing.index('id="what-if"') : closing.index('id="shelter"')].split("</form>")[1]
    alone = client.get("/areas/el-paso?opened=50&opened_since=2025-02").text
    assert "Beds that open change no arrivals." in alone[alone.index('id="shelter"') :]
    assert "Beds that open change no arrivals." not in alone[: alone.index('id="shelter"')]


def test_forms_show_what_most_ask_and_fold_the_rest_until_it_is_filled_in(client):
    def folds(page: str) -> dict[str, bool]:
        return {key: bool(on) for key, on in re.findall(r'<details class="fold" id="([a-z-]+)-fold"( open)?', page)}

    plain = dict.fromkeys(("group", "moved-away", "coming", "opening"), False)
    assert folds(client.get("/areas/el-paso?times=2&since=2025-01").text) == plain
    group = client.get("/areas/el-paso?people=900&arrive=2025-01&beds=9&stay=3&opened=-4&opened_since=2025-01").text
    assert folds(group) == plain | {"group": True, "opening": True}
    for asked, fold in (("share_to=20", "coming"), ("opened_to=-90", "opening"), ("people_to=500", "group")):
        assert folds(client.get(f"/areas/el-paso?beds=100&stay=3&{asked}").text) == plain | {fold: True}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("moved=10&moved_since=2025-01", "To the area: name the area that they are moved to"),
        ("moved=10&moved_into=atlantis&moved_since=2025-01", "atlantis"),
        ("moved=10&moved_into=state-tx&moved_since=2025-01", "state-tx is of cbp-states"),
        (
            "moved=120&moved_into=tucson&moved_since=2025-01",
            "Share that is moved: &#x27;120&#x27; is not between 0 and 100 per cent.",
        ),
        (
            "people=9&show=200&arrive=2025-01",
            "Share that is counted here: &#x27;200&#x27; is not between 0 and 100 per",
        ),
        ("beds=9&stay=3&share=200", "Share of those who come: &#x27;200&#x27; is not between 0 and 100 per cent."),
        ("times=2&like=title-42-end&since=2025-01", "by a factor or as after a past event, not by both"),
        ("times=1e308&since=2025-01", "By a factor of: &#x27;1e308&#x27; is not between 0 and 100. Write"),
        (
            "opened=-1e12&beds=9&stay=3&opened_since=2025-02",
            "Beds that open: &#x27;-1e12&#x27; is not between -1,000,000 and",
        ),
        ("people=9&arrive=2025-02&arrive_to=2025-01", "Months in which the group comes: the months are reversed"),
        ("times=2&since=2031-01", "What comes changes, from: 2031-01 is after"),
        ("beds=9&stay=9e9", "Nights that people stay: 9000000000 is outside 0 to"),
        ("times=2&since=2025-01&opened=9", "Fill in how many beds there are too"),
        ("like=nothing&since=2025-01", "is not in the catalogue"),
        ("opened=many", "is no number. Write it as 1500."),
        ("more=lots", "More than: &#x27;lots&#x27; is no number of 0 or more."),
        ("people=100&arrive=2030-01", "2030-01"),
        ("beds=10&stay=", "Nights that people stay: write a number"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence_on_the_page(client, asked, said):
    answer = client.get(f"/areas/el-paso?{asked}")
    assert answer.status_code == 200
    notes = re.findall(r'<p class="note">([^<]*)', answer.text)
    assert any(said in note for note in notes), notes


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        ("times=2", "since=2025-01"),
        ("like=title-42-end&since=", "since=2025-01"),
        ("people_to=900", "arrive=2025-01"),
        ("moved=10&moved_into=tucson", "moved_since=2025-01"),
        ("beds=90&stay=3&opened=-40", "opened_since=2025-01"),
    ],
)
def test_a_month_that_a_link_leaves_out_is_the_one_that_the_form_shows(client, asked, missing):
    short, whole = (client.get(f"/areas/el-paso?{query}").text for query in (asked, f"{asked}&{missing}"))
    assert short == whole
    assert "is no month" not in short
    name, month = missing.split("=")
    assert f'<option value="{month}" selected>' in re.search(f'id="{name}">(.*?)</select>', short)[1]
    assert missing in short.replace("&amp;", "&")


COMMAS = [
    ("times=2,5&since=2025-01", "By a factor of: &#x27;2,5&#x27; has a comma that parts no thousands. Write 2.5"),
    ("times_to=0,500&since=2025-01", "Write 0.500"),
    ("people=100,5&arrive=2025-01", "Write 100.5"),
    ("moved=12,5&moved_into=tucson&moved_since=2025-01", "Write 12.5"),
    ("opened=-1,5&beds=9&stay=3&opened_since=2025-02", "Write -1.5"),
    ("more=2,5", "More than: &#x27;2,5&#x27;"),
    ("beds=9&stay=2,5", "Nights that people stay: &#x27;2,5&#x27;"),
    ("beds=9,5&stay=3", "Beds: &#x27;9,5&#x27;"),
    ("beds=9&occupied=1,2,3&stay=3", "is no number of 0 or more"),
    ("beds=9&stay=3&share=7,5", "Write 7.5"),
    ("times=1_0&since=2025-01", "is no number of 0 or more"),
    ("more=٣", "is no number of 0 or more"),
]


@pytest.mark.parametrize(("asked", "said"), COMMAS)
def test_a_comma_that_parts_no_thousands_is_told_and_never_dropped(client, asked, said):
    notes = re.findall(r'<p class="note">([^<]*)', client.get(f"/areas/el-paso?{asked}").text)
    assert any(said in note for note in notes), notes


def test_commas_between_thousands_are_read(client):
    page = client.get("/areas/el-paso?more=1,250&people=1,000,000&arrive=2025-02&beds=1,000&stay=.5").text
    assert "More than 1,250 in at least one" in page
    assert "1,000,000 people arrive in 2025-02, " in page, "the last month is the first where it is not given"
    assert "For 9 chances in 10 that no night lacks a bed" in page


def test_the_form_asks_for_no_last_month_of_a_group_by_itself(client):
    page = client.get("/areas/el-paso?arrive=2025-02").text
    asked = re.search(r'<select name="arrive_to"[^>]*>(.*?)</select>', page)[1]
    assert asked.startswith('<option value="">the same month</option>')
    assert "selected" not in asked


@pytest.mark.parametrize(("opened", "then"), [("-60", 40), ("-120", 0), ("50", 150)])
def test_the_beds_that_there_are_are_drawn_month_by_month(office, opened, then):
    office.publish(horizon=6)
    shelter = "beds=100&occupied=20&stay=3&share=10&months=3"
    with office.client() as client:
        page = client.get(f"/areas/el-paso?{shelter}&opened={opened}&opened_since=2025-03").text
    section = page[page.index('id="shelter"') :]
    lines = re.findall(r'<line class="mark" x1="([^"]*)%" x2="([^"]*)%" y1="([^"]*)" y2="([^"]*)"', section)
    flat = sorted((float(x1), float(x2), float(y1)) for x1, x2, y1, _ in lines if x1 != x2)
    (start, turn, before), (again, end, after) = flat
    assert (start, turn, again, end) == (0, 25, 25, 100), "until half-way from February to March, and from there on"
    foot = 202  # where nothing lies: the height of the chart and what is above it
    assert (foot - after) / (foot - before) == pytest.approx(then / 100, abs=0.01)
    assert ("none is left" in section) == (then == 0)


def test_the_answers_on_the_page_are_those_of_the_api(client):
    body = {"areas": ["el-paso"], "events": [{"kind": "change", "month": "2025-01", "multiplier": 2}], "coverage": [80]}
    months = client.post("/v1/scenarios", json=body).json()["forecasts"][0]["months"]
    page = client.get("/areas/el-paso?times=2&since=2025-01").text
    section = page[page.index('id="what-if"') :]
    for month in months:
        assert f"{month['scenario']['median']:,}<br>" in section
    chances = client.get("/v1/exceedance?area=el-paso&threshold=650").json()["exceedance"][0]["thresholds"][0]
    page = client.get("/areas/el-paso?more=650").text
    for month in chances["months"]:
        assert (month["bound"] or f"{100 * (month['probability'] or 0):.0f} %") in page


@pytest.mark.parametrize("asked", ["beds=900%25&occupied=600&stay=3", "times=50%25&since=2024-12", "beds=9&stay=3%25"])
def test_a_per_cent_sign_where_none_is_meant_is_said_and_never_dropped(client, asked):
    page = client.get(f"/areas/el-paso?{asked}")
    assert page.status_code == 200
    assert "is no number of 0 or more" in page.text


def test_an_area_without_a_forecast_shows_its_counts(office):
    office.publish()
    for month in ("2003-08", "2003-09"):
        office.observe("livermore", month, date(2025, 1, 16), 40)
    with office.client() as client:
        page = client.get("/areas/livermore").text
    assert "There is no forecast of this area" in page
    assert "It closed in October 2004." in page
    assert '<td class="figure">40</td>' in page


def test_a_store_that_is_down_leaves_the_forecasts_and_says_so(office):
    office.publish()
    with office.client() as client:
        path = Path(office.url.removeprefix("sqlite:///"))
        path.rename(path.with_suffix(".away"))
        for address in ("/", "/areas/el-paso"):
            page = client.get(address)
            assert page.status_code == 200
            assert "the past counts cannot be read now" in page.text
        path.with_suffix(".away").rename(path)
        assert "the past counts cannot be read now" not in client.get("/areas/el-paso").text


def test_the_picture_of_a_chart_is_a_file_of_its_own(client):
    answer = client.get("/charts/el-paso.svg?unit=day")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "encounters per day" in answer.text
    assert "blue: middle of the forecast" in answer.text
    assert "Release usbp-sectors-2024-11-aaaaaaaaaa" in answer.text
    assert client.get("/charts/atlantis.svg").status_code == 404


def test_scripts_and_styles_are_kept_for_ever_under_the_name_of_their_content(client):
    for name in re.findall(r'"(static/[^"]+)"', client.get("/").text):
        answer = client.get(name)
        assert "immutable" in answer.headers["cache-control"]
        assert re.match("text/(css|javascript)", answer.headers["content-type"])
        assert client.get(re.sub("[0-9a-f]{12}", "0" * 12, name)).status_code == 404


@pytest.mark.parametrize("path", ["/areas", "/areas/el-paso", "/charts/el-paso.svg", "/models", "/"])
def test_where_keys_are_required_every_page_with_figures_needs_one(office, path):
    office.publish()
    office.settings["keys"] = "required"
    with office.client() as client:
        refused = client.get(path)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
        style = re.findall(r'"(static/[^"]+)"', client.get("/docs").text)
        assert {client.get(name).status_code for name in style} == {200}


def test_pages_load_no_library_of_numbers_until_draws_are_asked_for(office):
    office.publish()
    code = """
import sys
from collections import Counter
from fastapi.testclient import TestClient
from service.app import create_app
from service.settings import ServiceSettings
with TestClient(create_app(ServiceSettings(database_url=sys.argv[1]))) as client:
    area = "/areas/el-paso"
    for path in ("/", "/areas", f"{area}?with=tucson&scale=log", "/charts/el-paso.svg", f"{area}?more=600"):
        assert client.get(path).status_code == 200
        print([name for name in ("numpy", "pandas", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code, office.url], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]"] * 4 + ["['numpy']"]


def test_years_of_a_long_history_leave_each_other_room_on_a_narrow_screen():
    """On a screen of 320 pixels a chart has 288, and a year takes 31."""
    for months in range(12, 400):
        across = Across(Month.of(1999, 10), Month.of(1999, 10) + months, width=288)
        starts = [across.at(month) - (0 if across.share(month) < 0.04 else 15.5) for month, _ in across.years()]
        assert all(later - start > 33 for start, later in itertools.pairwise(starts)), months


def test_the_forecast_after_a_long_history_keeps_its_name_within_the_chart():
    across, up = Across(Month.of(1999, 10), Month.of(2026, 6)), Up(100, 0, 320)
    assert re.search(
        r'x="100.00%" y="36.0" text-anchor="end">forecast<',
        mark(Month.of(2024, 11), across, up, "observed", "forecast"),
    )
    assert 'text-anchor="start"> forecast<' in mark(Month.of(2010, 1), across, up, "observed", "forecast")
