"""`encounters scenario` and `encounters capacity` on a trained home: tables, JSON, CSV, or one line why not."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from service.schemas.planning import CapacityAnswer, ScenarioAnswer, ScenarioDrawsAnswer
from tests.service.test_planning import BEDS, BODY, FIRST
from tests.trained import environment, put_on


@pytest.fixture
def home(served_home):
    return served_home


@pytest.fixture
def question(tmp_path):
    """A function that writes a question to a file."""

    def write(body):
        file = tmp_path / "question.json"
        file.write_text(body if isinstance(body, str) else json.dumps(body))
        return file

    return write


def test_a_what_if_is_a_table_and_its_assumptions(command, home, question):
    code, out, err = command("scenario", question(BODY))
    assert (code, err) == (0, "")
    assert f"{FIRST}" in out
    assert "difference (80 % of worlds)" in out
    assert "peak with: " in out
    assert "  - Event 3: " in out


def test_the_json_is_the_answer_of_the_service(command, home, question):
    code, out, _ = command("scenario", question(BODY), "--json")
    assert code == 0
    ScenarioAnswer.model_validate_json(out)
    code, out, _ = command("capacity", question(BEDS), "--json")
    assert code == 0
    CapacityAnswer.model_validate_json(out)


def test_draws_are_json_with_every_world(command, home, question):
    code, out, _ = command("scenario", question({**BODY, "areas": ["state-tx"]}), "--draws")
    assert code == 0
    ScenarioDrawsAnswer.model_validate_json(out)


def test_beds_are_a_table_or_csv(command, home, question):
    code, out, _ = command("capacity", question(BEDS))
    assert code == 0
    assert "not full in any of these months" in out
    code, out, _ = command("capacity", question(BEDS), "--csv")
    assert code == 0
    assert len(list(csv.DictReader(io.StringIO(out)))) == 4


def test_a_question_comes_from_standard_input_too(command, home, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(BEDS).encode())))
    assert command("capacity", "-", "--csv")[0] == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "The body is no JSON"),
        ({**BODY, "events": [{"kind": "change", "month": "2025-11", "multiplier": 2}]}, "Event 1 (change), month: "),
        ({**BODY, "areas": ["el-paso"]}, "el-paso"),
        ({**BODY, "seed": 10**400}, "seed: the number is not finite"),
    ],
)
def test_what_cannot_be_answered_is_one_line(command, home, question, body, reason):
    code, out, err = command("scenario", question(body))
    assert (code, out) == (1, "")
    assert err.startswith("encounters: ")
    assert reason in err
    assert err.count("\n") == 1


def test_a_what_if_is_frozen_and_listed(command, home, question):
    assert "No what-if was frozen yet" in command("scenarios")[1]
    code, out, err = command("scenario", question(BODY), "--freeze", "the news", "--json")
    assert (code, err) == (0, f"frozen as A-2026-01-20 on {json.loads(out)['releases']['cbp-states']['id']}\n")
    assert "A-2026-01-20  the news" in command("scenarios")[1]
    (kept,) = json.loads(command("scenarios", "--json")[1])
    assert (kept["id"], kept["title"], kept["months"]) == ("A-2026-01-20", "the news", [])
    assert command("scenario", question(BODY), "--freeze", " ")[0] == 1
    code, out, err = command("scenario", question(BODY), "--freeze", "a\nb\x1b[31m")
    assert (code, out, err.count("\n"), "without control characters" in err) == (1, "", 1, True)


def test_a_file_that_is_not_there_and_two_formats_are_one_line(command, home, question):
    code, _, err = command("capacity", home / "nowhere.json")
    assert (code, err.count("\n")) == (1, 1)
    code, _, err = command("capacity", question(BEDS), "--csv", "--json")
    assert (code, err.count("\n")) == (1, 1)


def test_without_a_release_one_line_says_what_to_do(command, tmp_path, monkeypatch, question):
    put_on(monkeypatch, environment(tmp_path / "empty"))
    code, _, err = command("scenario", question(BODY))
    assert code == 1
    assert "encounters retrain" in err


def test_several_what_ifs_of_a_file_are_answered_and_frozen_together(command, home, question):
    file = question({"scenarios": [{"title": "as announced", **BODY}, {"title": "twice", **BODY, "seed": 2}]})
    code, out, err = command("scenario", file, "--freeze", "January")
    assert code == 0, err
    assert [line for line in out.splitlines() if line in ("as announced:", "twice:")] == ["as announced:", "twice:"]
    assert [line.split()[2] for line in err.splitlines()] == ["A-2026-01-20.1", "A-2026-01-20.2"]
    assert "A-2026-01-20.2  January: twice" in command("scenarios")[1]
    code, out, _ = command("scenario", file, "--json")
    assert [one["title"] for one in json.loads(out)["scenarios"]] == ["as announced", "twice"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"scenarios": []}, "1 to 20"),
        ({"scenarios": [BODY]}, "scenarios[1].title: it is missing"),
        ({"scenarios": [{"title": "a", **BODY}] * 2}, "'a' is taken"),
        ({"scenarios": [{"title": "a", **BODY}], "areas": []}, "areas: there is no such member"),
        ({"scenarios": [{"title": "a\x1b[31m", **BODY}]}, "scenarios[1].title: it has a line end or a control"),
        ({"scenarios": [3]}, "number 1 is no object"),
    ],
)
def test_several_what_ifs_that_are_not_whole_are_one_line(command, home, question, body, why):
    code, _, err = command("scenario", question(body), "--freeze", "x")
    assert (code, err.count("\n")) == (1, 1)
    assert why in err
    assert command("scenarios")[1].startswith("No what-if was frozen yet.")
