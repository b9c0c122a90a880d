"""A home that the real command has trained: the bundled state counts through a cheap recipe, as a scheduler runs it. To
be copied.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["HEAVY", "RETRAIN", "Trained", "environment", "hooked", "put_on", "script", "train"]

RECIPE = """
name = "floor"
purpose = "for tests"
horizon = 6
samples = 60
seed = 5
[[members]]
model = "random_walk"
scale = "log"
"""
HEAVY = ("pandas", "mlflow", "statsmodels", "prophet", "alembic", "matplotlib", "scipy")
RETRAIN = ("retrain", "--panel", "cbp-states", "--recipe")
# A hook notes what it is told and whether the store is free by then, and fails.
_HOOK = """
import json, sys, sqlite3
message = json.load(sys.stdin)
store = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
store.execute('BEGIN IMMEDIATE')
served = [row[0] for row in store.execute('SELECT release FROM pointer')]
print(json.dumps([message['event'], message['release'], message['reason'], served]), file=open(sys.argv[2], 'a'))
sys.exit(9)
"""


@dataclass(frozen=True)
class Trained:
    """A home after its first retraining, its recipe, and what the command said. `loaded`: the heavy libraries it ended
    with.
    """

    home: Path
    recipe: Path
    stdout: str
    stderr: str
    loaded: list[str]

    @property
    def release(self) -> str:
        return self.stdout.split()[2]

    @property
    def notices(self) -> list[list[object]]:
        """What the hook was told."""
        return [json.loads(line) for line in (self.home.parent / "notes").read_text().splitlines()]


def environment(home: Path, **more: str) -> dict[str, str]:
    """That of a command with a home of its own, one process, and a tracking server that refuses."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ENCOUNTERS_")}
    return {
        **clean,
        "ENCOUNTERS_HOME": str(home),
        "ENCOUNTERS_WORKERS": "0",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        **more,
    }


def put_on(patch: pytest.MonkeyPatch, given: Mapping[str, str]) -> None:
    """Make an environment this process's own, for a command that runs in it."""
    for name in os.environ.keys() - given.keys():
        patch.delenv(name)
    for name, value in given.items():
        patch.setenv(name, value)


def script(*arguments: object) -> list[str]:
    """`encounters` in a process that says, as its last line, which heavy libraries it has loaded."""
    return [
        sys.executable,
        "-c",
        f"import sys, atexit, json\nsys.argv = {['encounters', *map(str, arguments)]!r}\n"
        f"atexit.register(lambda: print(json.dumps([name for name in {HEAVY!r} if name in sys.modules])))\n"
        "from forecast.cli import main\nmain()\n",
    ]


def hooked(home: Path, notes: Path) -> str:
    """The line of a hook that notes what it is told of a home, and fails."""
    return shlex.join([sys.executable, "-c", _HOOK, str(home / "encounters.db"), str(notes)])


def train(folder: Path) -> Trained:
    """Let the real command train a home in a folder, with a hook and a log of JSON; or read what it said, where it has
    done so before.
    """
    home, recipe, said = folder / "home", folder / "floor.toml", folder / "said.json"
    if not said.exists():
        folder.mkdir(exist_ok=True)
        recipe.write_text(RECIPE)
        given = environment(home, ENCOUNTERS_LOG="json", ENCOUNTERS_HOOK=hooked(home, folder / "notes"))
        done = subprocess.run(script(*RETRAIN, recipe), env=given, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        *lines, loaded = done.stdout.splitlines()
        said.write_text(json.dumps(["\n".join(lines), done.stderr, json.loads(loaded)]))
    return Trained(home, recipe, *json.loads(said.read_text()))
