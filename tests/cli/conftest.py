"""The command line in this process: what it prints, and the code it leaves with."""

import sys

import pytest

from forecast.cli.main import main


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
