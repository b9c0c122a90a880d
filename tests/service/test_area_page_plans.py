"""What planners ask on an area's page: what-ifs, beds and chances, how they are written, and what is no question."""

from __future__ import annotations

import re

import pytest


def test_beds_that_close_by_the_further_end_alone_are_explained(client):
    closed = "/areas/el-paso?beds=90&stay=3&opened_to=-90&opened_since=2025-01"
    assert "Where more close than there are, none is left." in client.get(closed).text


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
