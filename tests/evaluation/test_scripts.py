"""Every script of `experiments/` says the question that it answers, and can be run quickly. Runs none."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted(
    path.stem
    for path in (Path(__file__).resolve().parents[2] / "experiments").glob("*.py")
    if "\ndef main(" in path.read_text(encoding="utf-8")
)


def test_the_scripts_are_there():
    assert len(SCRIPTS) >= 23


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_tells_its_question_first_and_has_a_quick_form(name, monkeypatch, capsys):
    script = importlib.import_module(f"experiments.{name}")
    question = script.__doc__.splitlines()[0]
    assert "?" in question
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as left:
        script.main()
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert question in said
    assert "--quick" in said
