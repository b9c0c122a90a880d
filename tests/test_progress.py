"""Progress is a bar on a terminal that draws one, and lines elsewhere."""

from __future__ import annotations

import pytest

from forecast.progress import Reporter

LINES = "fits ...\nfits: done in 0 s\n"


def shown(capsys) -> str:
    with Reporter() as progress:
        progress.begin("fits", 2)
        progress.advance()
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE", "NO_SUCH_SETTING"])
def test_a_file_gets_lines_whatever_the_environment_says_of_colours(name, monkeypatch, capsys):
    monkeypatch.setenv(name, "1")
    assert shown(capsys) == LINES


@pytest.mark.parametrize(("kind", "lines"), [("dumb", True), ("xterm", False)])
def test_a_terminal_that_draws_no_bar_gets_lines(kind, lines, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", kind)
    assert (shown(capsys) == LINES) is lines
