"""Which code made a number: the package's version and a digest of every source file that figures pass through."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable

__all__ = ["code_version"]

# The rooms on the road from counts to forecasts, and what composes them. A change of the service or the command line
# changes no number.
_ROOMS = ("core", "counts", "models", "recipe", "evaluation", "pipeline")


def _sources(folder: Traversable, inside: str) -> list[tuple[str, Traversable]]:
    sources = []
    for item in folder.iterdir():
        name = f"{inside}/{item.name}"
        if item.is_dir() and item.name not in ("data", "__pycache__"):
            sources.extend(_sources(item, name))
        elif item.name.endswith((".py", ".toml")):
            sources.append((name, item))
    return sources


@cache
def code_version() -> str:
    """`0.1.0+1a2b3c4d5e`: the version and the head of a sha256 over the sources; other code, other version."""
    digest = hashlib.sha256()
    root = resources.files("forecast")
    sources = [pair for room in _ROOMS for pair in _sources(root / room, room)]
    for name, item in sorted(sources):
        digest.update(name.encode() + b"\0" + item.read_bytes() + b"\0")
    return f"{metadata.version('encounter-forecast')}+{digest.hexdigest()[:10]}"
