"""Every code block of every page is run here, or says which test runs it, or why nothing does."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib

import httpx2
import matplotlib as mpl
import pytest

from docs.build import ROOT
from forecast.cli.main import main
from tests.docs.blocks import RUN, blocks, commands, every_block
from tests.trained import environment, put_on
from tests.waiting import HANG

PRINTED = "http://127.0.0.1:8000"
OURS = sorted({block.page for block in every_block() if not block.mark or block.mark.startswith("answers: ")})
MINE = "".join(
    f"{series},{2019 + step // 12}-{step % 12 + 1:02d},{100 + 3 * step + 20 * (step % 12 == 6)}\n"
    for series in "ab"
    for step in range(60)
)
OWN = "".join(
    f"{2021 + step // 12}-{step % 12 + 1:02d},Office {office},Flow {flow},{50 + 10 * office + 5 * flow + step % 12}\n"
    for step in range(60)
    for office in (1, 2)
    for flow in (1, 2)
)


def test_a_block_that_is_not_run_here_says_who_runs_it_or_why_nobody_does():
    for block in every_block():
        assert block.language in RUN, f"{block}: a block of {block.language or 'no language'} is run by nothing"
        mark = block.mark
        if named := re.fullmatch(r"run by (tests/\S+\.py)", mark):
            assert block.page in (ROOT / named[1]).read_text(encoding="utf-8"), f"{block}: {named[1]} does not read it"
        elif mark.startswith("not run: "):
            assert len(mark) > len("not run: ") + 15, f"{block}: why?"
            tests = [test for test in re.findall(r"tests/[\w/]+\.py", mark) if not (ROOT / test).exists()]
            assert not tests, f"{block}: {tests} are not there"
        else:
            assert not mark or mark.startswith("answers: "), f"{block}: nobody knows what '{mark}' means"


def test_most_blocks_are_run_by_something():
    marks = [block.mark for block in every_block()]
    assert len([mark for mark in marks if mark.startswith("not run")]) < len(marks) / 2


@pytest.fixture
def folder(documented, tmp_path, monkeypatch):
    """A folder to work in, with a copy of the home and the tables that the pages speak of."""
    work = tmp_path / "work"
    work.mkdir()
    shutil.copytree(documented.home, tmp_path / "home")
    (work / "mine.csv").write_text("series,month,value\n" + MINE)
    (work / "counts.csv").write_text("month,office,nationality,count\n" + OWN)
    monkeypatch.chdir(work)
    put_on(monkeypatch, environment(tmp_path / "home"))
    return work


def run_command(line: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command of a page: `encounters` in this process, curl as it is. Fails where it does, or knows it not."""
    with monkeypatch.context() as patch:
        words = shlex.split(line.replace(PRINTED, url), comments=True)
        while "=" in words[0]:
            name, value = words.pop(0).split("=", 1)
            patch.setenv(name, value)
        if words[0] == ".venv/bin/encounters":
            patch.setattr(sys, "argv", ["encounters", *words[1:]])
            with pytest.raises(SystemExit) as left:
                main()
            assert left.value.code == 0, line
        elif words[0] == "curl":
            if shutil.which("curl") is None:
                pytest.skip("the page asks with curl, which is not here. On Debian: apt-get install curl")
            done = subprocess.run(["curl", "-sS", "--fail-with-body", *words[1:]], capture_output=True, text=True)
            assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
            assert done.stdout
        else:
            pytest.fail(f"no test can run '{line}': say so before its block")


def members(example: object, answer: object, path: str = "") -> list[str]:
    """What an example has and an answer has not; of lists the first entries are compared."""
    if isinstance(example, dict):
        assert isinstance(answer, dict), path
        lacking = [f"{path}/{name}" for name in example.keys() - answer.keys()]
        return lacking + [
            more
            for name in example.keys() & answer.keys()
            for more in members(example[name], answer[name], f"{path}/{name}")
        ]
    if isinstance(example, list) and example:
        assert answer, path
        return members(example[0], answer[0], f"{path}/0")
    return []


@pytest.mark.parametrize("page", OURS)
def test_the_blocks_of_a_page_run_in_their_order(page, documented, folder, monkeypatch, capsys):
    mpl.use("Agg")
    names = {"__name__": "page"}
    for block in blocks(page):
        if block.mark.startswith("answers: "):
            answer = httpx2.get(documented.url + block.mark.removeprefix("answers: "), timeout=HANG).json()
            assert members(json.loads(block.code), answer) == [], str(block)
        elif block.mark or block.language not in RUN:
            continue
        elif block.language == "console":
            for line in commands(block.code):
                run_command(line, documented.url, monkeypatch)
        elif block.language == "python":
            exec(compile(block.code.replace(PRINTED, documented.url), str(block), "exec"), names)  # noqa: S102 ours
        else:
            parsed = {"toml": tomllib.loads, "json": json.loads}[block.language](block.code)
            assert parsed, str(block)
            if name := re.match(r"# (\w+\.toml)\n", block.code):
                (folder / name[1]).write_text(block.code)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
