"""The code blocks of a page, and what the comment before each says of how it is tried. Runs nothing.

Without a comment a block is run by `test_blocks.py`. Else, on the line before the fence:

    <!-- run by tests/FILE.py -->         another test does; it names the page
    <!-- not run: REASON -->              nothing does, and why
    <!-- answers: ADDRESS -->             JSON whose members the service's answer has
    <!-- blocks below run by FILE.py -->  as the first, of all blocks from there to the end of the page; likewise
    <!-- blocks below not run: REASON -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from docs.build import ROOT, pages

__all__ = ["OUTPUT", "RUN", "Block", "blocks", "commands"]

RUN = ("console", "python", "toml", "json")
OUTPUT = ("text",)  # what a command prints, or a drawing: no code
_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\S*)[^\n]*\n(?P<code>.*?)^```$"
    r"|^<!-- blocks below (?P<all>[^\n]*?) -->$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of a page. `mark`: the comment before it, or empty; `line`: of its fence, from 1."""

    page: str
    line: int
    language: str
    code: str
    mark: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> list[Block]:
    """The blocks of a page in their order."""
    text = (Path(ROOT) / page).read_text(encoding="utf-8")
    below, listed = "", []
    for part in _FENCE.finditer(text):
        if part["all"]:
            below = part["all"]
            continue
        line = text.count("\n", 0, part.start("language")) + 1
        listed.append(Block(page, line, part["language"], part["code"], part["mark"] or below))
    fences = len(re.findall(r"^```", text, re.MULTILINE))
    assert fences == 2 * len(listed), f"{page}: {fences} fences, {len(listed)} blocks"
    return listed


def every_block() -> list[Block]:
    """The blocks of all pages of the site that are code."""
    return [block for page in pages() for block in blocks(page) if block.language not in OUTPUT]


def commands(code: str) -> list[str]:
    """The commands of a console block: what follows `$ `, with the lines that a backslash joins."""
    joined = re.sub(r"\\\n\s*", "", code)
    lines = [line for line in joined.splitlines() if line.strip()]
    assert all(line.startswith("$ ") for line in lines), code
    return [line[2:] for line in lines]
