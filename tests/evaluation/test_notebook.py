"""The analyst's notebook runs from its first cell to its last, in its quick form, and leaves what it promises."""

import json
from pathlib import Path

import pytest

from forecast.models import catalog

NOTEBOOK = Path(__file__).resolve().parents[2] / "experiments" / "analyst.ipynb"
FIGURES = {"counts.png", "comparison.png", "coverage.png", "drift.png"}
FILES = {*FIGURES, "agency.csv", "report.html"}


@pytest.fixture(scope="module")
def cells():
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


def test_it_says_its_question_first_and_keeps_no_output(cells):
    assert "**Question:" in "".join(cells[0]["source"])
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_every_cell_runs(cells, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("QUICK", "1")
    monkeypatch.setenv("OUT", str(tmp_path))
    monkeypatch.setattr(catalog, "FAMILIES", dict(catalog.FAMILIES))
    names = {"__name__": "notebook"}
    monkeypatch.setitem(__import__("sys").modules, "notebook", type(catalog)("notebook"))  # dataclasses look there
    for place, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"cell {place}", "exec"), names)  # noqa: S102 the project's own
    said = capsys.readouterr().out
    assert "2024-11 20 sectors" in said
    assert "* drift" in said
    assert "agency" in said
    assert "coverage_80" in said
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in FIGURES)
    assert "Who led when" in (tmp_path / "report.html").read_text()
