"""What a fit's numbers follow from, as one sha256: the task,
the sources of its family, the libraries beneath. Fits nothing.

The sources are those that the family's module and the guard rails import, directly or through others, so that a change
of one family, or a new one, leaves the fingerprints of the others as they were.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

import forecast
from forecast.core.installation import release_of
from forecast.core.tables import Series
from forecast.models.catalog import FAMILIES
from forecast.models.fitting import FitTask

__all__ = ["fingerprint", "libraries", "source_digests"]

# These change no number: the catalog names families, the executor spreads work, errors are worded.
_INERT = {"forecast.models.catalog", "forecast.core.executor", "forecast.core.errors"}
_RAILS = "forecast.models.fitting"
_ROOT = Path(forecast.__file__).parent
# What families compute with. An upgrade may move the last digits, or more.
_LIBRARIES = ("numpy", "scipy", "statsmodels", "prophet")


def fingerprint(task: FitTask, sources: Mapping[str, str]) -> str:
    """sha256 in hex of everything in a task, and of the sources of its family as `source_digests` found them.

    Every field of the task counts. Raises TypeError for a field that is neither a value, a sequence, a mapping, an
    array nor a dataclass.
    """
    digest = hashlib.sha256(f"{task.member.label}\n{sources[task.member.model]}\n".encode())
    for word in _words(task):
        digest.update(word)
    return digest.hexdigest()


def source_digests() -> dict[str, str]:
    """Family -> sha256 over the sources that its numbers come from,
    as they are on disk now, and the versions of the libraries.
    """
    digests = {}
    beneath = libraries()
    for name, family in FAMILIES.items():
        digest = hashlib.sha256(beneath.encode())
        for path in _sources((family.__module__, _RAILS)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        digests[name] = digest.hexdigest()
    return digests


@lru_cache(maxsize=1)  # asked for each recipe and origin, and a look at every installed package's files
def libraries() -> str:
    """The libraries that numbers come from, a line each with its version."""
    return "\n".join(f"{name} {release_of(name)}" for name in _LIBRARIES)


def _sources(modules: Iterable[str]) -> list[Path]:
    """The files of the modules and of what they import of this package, and the tables that lie beside them."""
    waiting, seen, paths = list(modules), set(_INERT), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _file(name)
        if path is None:
            continue
        paths.add(path)
        if path.name != "__init__.py":
            paths.update(path.parent.glob("*.toml"))
        waiting.extend(_imports(path.read_text(encoding="utf-8")))
    return sorted(paths)


def _file(module: str) -> Path | None:
    """The source of a module of this package, found without importing it;
    None for a name that is no module (a class, say).
    """
    stem = _ROOT.joinpath(*module.split(".")[1:])
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)


@cache  # many modules import the same ones, and a process asks again for each cache of fits that it opens
def _imports(source: str) -> tuple[str, ...]:
    imported: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported += [name.name for name in node.names if name.name.startswith("forecast.")]
        elif isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("forecast."):
            imported += [str(node.module), *(f"{node.module}.{name.name}" for name in node.names)]
    return tuple(imported)


def _words(value: object) -> Iterator[bytes]:
    """An unambiguous spelling of a value: every part says what it is and how long."""
    if is_dataclass(value) and not isinstance(value, type):
        yield f"{type(value).__name__}(".encode()
        for part in fields(value):
            yield f"{part.name}=".encode()
            yield from _words(getattr(value, part.name))
        yield b")"
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype.str}{value.shape}".encode() + np.ascontiguousarray(value).tobytes()
    elif isinstance(value, Mapping):
        yield f"{{{len(value)}".encode()
        for key in sorted(value):
            yield f"{key!r}:".encode()
            yield from _words(value[key])
        yield b"}"
    elif isinstance(value, tuple) and value and isinstance(value[0], Series):
        yield _spelled(_Whole(value))
    elif isinstance(value, (list, tuple)):
        yield f"[{len(value)}".encode()
        for item in value:
            yield from _words(item)
        yield b"]"
    elif value is None or isinstance(value, (bool, int, float, str)):
        yield f"{value!r};".encode()
    else:
        raise TypeError(
            f"a fit task holds a {type(value).__name__}, which has no fingerprint; teach "
            "forecast.evaluation.fingerprint"
        )


@dataclass(frozen=True, eq=False)
class _Whole:
    """A panel, equal to itself alone: the tasks of one origin carry one tuple of series,
    which is spelled once for all of them.
    """

    series: tuple[Series, ...]

    def __hash__(self) -> int:
        return id(self.series)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Whole) and self.series is other.series


@lru_cache(maxsize=4)
def _spelled(whole: _Whole) -> bytes:
    """The words of a panel. The cache keeps the tuple, so that its identity stays its own."""
    return b"".join(word for one in (len(whole.series), *whole.series) for word in _words(one))
