"""`/v1/models/live` and the page at `/models`: what was issued beside what came, model by model."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecast.core.months import Month
from forecast.core.scorecard import Scored
from forecast.core.tables import Forecasts
from forecast.release import issued_scores, live_board
from forecast.release.issued_models import rows as model_rows
from forecast.release.schema import release_model
from forecast.release.store import writing
from tests.samples import SCORE
from tests.service.conftest import Office
from tests.waiting import until

PANEL, DEC, JAN = "usbp-sectors", Month.of(2024, 12), Month.of(2025, 1)
HOSTILE = "<script>alert(1)</script>"


def cell(release: str, area: str = "el-paso", month: Month = DEC, **more: object) -> Scored:
    """A score of 30 over a scale of 10 where the floor has 60."""
    return Scored(release, area, month, date(2025, 2, 20), **{"lead": month - JAN, **SCORE, **more})


@pytest.fixture
def scored(office: Office) -> Office:
    """A release with a model of a hostile name, scored in two months; the model is better in the first."""
    release = office.publish()
    table = Forecasts(HOSTILE, Month.of(2024, 11), ("el-paso",), np.ones((1, 3, 23)), np.ones((1, 3)))
    with writing(office.engine, subject=PANEL) as connection:
        connection.execute(release_model.insert(), model_rows(release, [table]))
    rows = [cell(release), cell(release, month=JAN), cell(release, "southwest", wis=900.0)]
    models = {HOSTILE: [cell(release, wis=15.0), cell(release, month=JAN, wis=60.0)]}
    issued_scores.record(office.engine, PANEL, rows, models=models)
    return office


def test_the_board_has_a_row_per_month_and_model(scored: Office) -> None:
    with scored.client() as client:
        answer = client.get("/v1/models/live").json()
    assert answer["note"] is None
    board = [(row["month"], row["model"], row["n"], row["sWIS"], row["over_recipe"]) for row in answer["live"]]
    assert board == [
        ("2024-12", HOSTILE, 1, 1.5, 0.5),
        ("2024-12", "recipe", 1, 3.0, 1.0),
        ("2024-12", "floor", 1, 6.0, 2.0),
        ("2025-01", "recipe", 1, 3.0, 1.0),
        ("2025-01", HOSTILE, 1, 6.0, 2.0),
        ("2025-01", "floor", 1, 6.0, 2.0),
    ]


def test_over_all_months_there_is_a_row_per_model_and_as_csv_the_same(scored: Office) -> None:
    with scored.client() as client:
        rows = client.get("/v1/models/live?overall=true").json()["live"]
        table = list(csv.DictReader(io.StringIO(client.get("/v1/models/live.csv?overall=true").text)))
        other = client.get("/v1/models/live?panel=cbp-states").json()
    assert [(row["model"], row["month"], row["sWIS"], row["coverage_80"]) for row in rows] == [
        ("recipe", None, 3.0, 1.0),
        (HOSTILE, None, 3.75, 1.0),
        ("floor", None, 6.0, None),
    ]
    assert [(row["model"], row["sWIS"]) for row in table] == [(row["model"], str(row["sWIS"])) for row in rows]
    assert other["live"] == []
    assert "has seen a later count yet" in other["note"]


def test_the_page_says_who_led_and_names_are_only_text(scored: Office) -> None:
    with scored.client() as client:
        answer = client.get("/models")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in answer.headers["content-security-policy"]  # none but the service's own may run
    assert HOSTILE not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; (0.50 of recipe)" in answer.text
    assert '<th scope="row">2025-01</th><td>recipe</td>' in answer.text
    assert '<a href="v1/models/live.csv">' in answer.text


def test_before_the_first_score_page_and_board_say_what_brings_it(office: Office) -> None:
    office.publish()
    with office.client() as client:
        assert "the next month brings the first score" in client.get("/models").text
        assert client.get("/v1/models/live").json()["live"] == []


def test_without_the_store_the_page_says_so_calmly_and_is_whole_again_with_it(scored: Office) -> None:
    file = Path(scored.url.removeprefix("sqlite:///"))
    with scored.client() as client:
        file.rename(away := file.with_suffix(".away"))
        scored.engine.dispose()
        answer = client.get("/models")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "The scores cannot be read now" in answer.text
        assert "the next month brings the first score" not in answer.text
        away.rename(file)
        assert "(0.50 of recipe)" in client.get("/models").text


def test_an_outside_forecast_carries_its_mark_and_the_page_says_what_it_means(office: Office) -> None:
    release = office.publish()
    models = {"theirs (outside)": [cell(release, wis=15.0)]}
    issued_scores.record(office.engine, PANEL, [cell(release)], models=models)
    with office.client() as client:
        rows = client.get("/v1/models/live").json()["live"]
        page = client.get("/models").text
    assert [row["model"] for row in rows] == ["theirs (outside)", "recipe", "floor"]
    assert "(outside) marks another program's forecasts, registered before their counts came out." in page
    assert "theirs (outside) (0.50 of recipe)" in page


def test_a_new_score_is_on_the_board_at_the_next_look(scored: Office) -> None:
    scored.settings["poll_seconds"] = 0.05
    with scored.client() as client:
        before = client.get("/v1/models/live?overall=true").json()["live"][0]["n"]
        release = client.get("/v1/releases").json()["releases"][0]["id"]
        issued_scores.record(scored.engine, PANEL, [cell(release, "tucson")])
        until(lambda: client.get("/v1/models/live?overall=true").json()["live"][0]["n"] == before + 1)


def test_the_words_of_the_board_are_those_of_the_library() -> None:
    assert (live_board.SERVED, live_board.FLOOR) == ("recipe", "floor")
