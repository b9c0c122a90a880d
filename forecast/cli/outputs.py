"""Looks at a path that a command will write, before it does any work. Writes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from forecast.core.errors import EncountersError
from forecast.settings import Settings

__all__ = ["checked"]

# What a home keeps itself: a result that took one of these places would destroy state.
_KEPT = ("archive", "outbox", "mlartifacts", "downloads", "cache", "encounters.db", "mlflow.db")


def checked(path: Path, *, suffixes: Sequence[str] = (), inputs: Iterable[Path] = (), settings: Settings | None = None) -> Path:
    """The path, `~` expanded, where a file may be written to it. Raises EncountersError, one line, otherwise.

    Its folder must be there and may be written, its ending is one of `suffixes` (none: any), and it takes the place neither of one of
    `inputs` nor of what the home of `settings` keeps.
    """
    path = path.expanduser()
    if suffixes and path.suffix.lower() not in suffixes:
        raise _refused(
            path, f"the file's ending says its format, and {path.suffix or 'no ending'} is none of {', '.join(suffixes)}", "Name it so"
        )
    if path.is_dir():
        raise _refused(path, "it is a folder", "Name a file in it")
    if not path.parent.is_dir():
        raise _refused(path, f"{path.parent} is no folder", "Name a file in a folder that exists")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise _refused(path, f"the folder {path.parent.resolve()} may not be written", "Name a file in another folder")
    for given in inputs:
        if _same(path, given):
            raise _refused(path, f"it is {given}, which is read", "Name another file")
    if settings is not None and (kept := _kept(path, settings.root)):
        raise _refused(path, f"{kept} is part of the home's own state", "Name a file elsewhere")
    return path


def _refused(path: Path, why: str, remedy: str) -> EncountersError:
    return EncountersError(f"{path} cannot be written: {why}. {remedy}.")


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there: the other cannot be overwritten by it
        return False


def _kept(path: Path, root: Path) -> Path | None:
    place = path.parent.resolve() / path.name
    return next((root / name for name in _KEPT if place.is_relative_to(root / name) or _same(path, root / name)), None)
