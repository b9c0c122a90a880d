"""PLANNING.md: its questions are asked again and give its numbers, and its words are no statistician's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "PLANNING.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")
CASES = re.findall(r"```json\n(.*?)```\n+`encounters (\w+) [a-z]+\.json`.*?```text\n(.*?)```", PAGE, re.DOTALL)
TERMS = (
    *("median", "quantile", "percentile", "probabilit", "distribution", "interval", "variance", "deviation", "average"),
    *("stochastic", "sample", "expectation", "confidence", "significan", "random", "likelihood", "posterior"),
)


def numbers(line):
    return [float(text.replace(",", "")) for text in NUMBER.findall(line)]


def shape(line):
    """A line without its numbers and its width: what stands between them, as it is printed."""
    return " ".join(NUMBER.sub("#", line).split())


def test_the_page_works_through_three_questions():
    assert [name for _, name, _ in CASES] == ["scenario", "scenario", "capacity"]
    assert all(len(lines.splitlines()) >= 3 for _, _, lines in CASES)


@pytest.mark.parametrize("place", range(3))
def test_a_question_of_the_page_gives_its_numbers(place, served_home, tmp_path, command):
    question, name, lines = CASES[place]
    (tmp_path / "question.json").write_text(question)
    code, out, err = command(name, tmp_path / "question.json")
    assert (code, err) == (0, "")
    printed = {line.split()[0]: line for line in reversed(out.splitlines()) if line.startswith("  ")}
    for line in lines.splitlines():
        row = printed[line.split()[0]]
        # Other machines round differently in the last place: a draw or two may fall on the other side.
        assert numbers(row) == pytest.approx(numbers(line), rel=0.005, abs=1), (line, row)
        assert shape(row) == shape(line)


def test_numbers_in_the_text_are_those_of_the_tables():
    tables = " ".join(lines for _, _, lines in CASES)
    for number in ("4,054", "11,572", "207"):
        assert number in tables
        assert PAGE.count(number) > tables.count(number)


def test_the_page_speaks_no_statistics():
    text = re.sub(r"```.*?```|`[^`]*`", "", PAGE, flags=re.DOTALL).lower()
    assert [term for term in TERMS if term in text] == []


def test_the_largest_risk_comes_before_the_first_range():
    assert PAGE.index("The largest risk") < PAGE.index("between 4,054")
