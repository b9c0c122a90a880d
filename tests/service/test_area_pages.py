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
    assert "It was not issued at the time" in page
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
    assert page.count("It was not issued at the time") == 1


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
