"""The command line in this process: what it prints, and the code it leaves with."""

import shutil
import sys
from datetime import UTC, datetime

import pytest

from forecast.cli import parts
from forecast.cli.main import main
from tests.trained import environment, put_on

NOW = datetime(2026, 1, 20, 6, 0, tzinfo=UTC)


@pytest.fixture
def command(capsys, monkeypatch):
    """A function that runs `encounters` with arguments: (exit code, stdout, stderr)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["encounters", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err

    return call


@pytest.fixture
def served_home(trained, tmp_path, monkeypatch):
    """A home of this process's own with the trained store and nothing else, on a day in January 2026."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(trained.home / "encounters.db", home)
    put_on(monkeypatch, environment(home))
    monkeypatch.setattr(parts, "now", lambda: NOW)
    return home
