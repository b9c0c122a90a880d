"""Builds the site of zensical.toml from the pages of the repository, each where it lies, into build/docs/site.

A link that leads nowhere, or to a heading that is not there, ends the build. Needs no network. Copies pages and the
files that they link to; changes no text.

    .venv/bin/python docs/build.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["build", "linked", "pages"]

ROOT = Path(__file__).resolve().parents[1]
CONFIG = Path(__file__).with_name("zensical.toml")
STYLE = "docs/site.css"
# Targets of links and images that lie in the repository, without the heading after #.
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")


def pages() -> tuple[str, ...]:
    """The pages of the site, by their paths in the repository, in the order in which they are read."""

    def leaves(part: object) -> Iterator[str]:
        if isinstance(part, str):
            yield part
        else:
            for inner in part.values() if isinstance(part, dict) else part:  # type: ignore[attr-defined]
                yield from leaves(inner)

    return tuple(leaves(tomllib.loads(CONFIG.read_text(encoding="utf-8"))["project"]["nav"]))


def linked(page: str) -> set[str]:
    """The files of the repository that a page links to and that are no pages: figures, recipes, scripts."""
    targets = _LINK.findall((ROOT / page).read_text(encoding="utf-8"))
    paths = [((ROOT / page).parent / target).resolve() for target in targets]
    return {str(path.relative_to(ROOT)) for path in paths if path.is_file() and path.suffix != ".md"}


def build(folder: Path) -> Path:
    """Build the site in a folder, which is emptied, and return the site's own folder.
    Raises CalledProcessError, with the warnings in `stdout`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in {STYLE, *pages(), *(name for page in pages() for name in linked(page))}:
        place = folder / "pages" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place)
    shutil.copy(CONFIG, folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(folder / CONFIG.name)]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return folder / "site"


def main() -> None:
    """Build it where `make docs` says."""
    try:
        site = build(ROOT / "build" / "docs")
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.stdout) from None
    print(f"{len(pages())} pages: {site.relative_to(ROOT)}/index.html")


if __name__ == "__main__":
    main()
