"""How a release becomes rows and is read back: manifest, panel, quantiles, paths, checksum. Opens no database.

A release of before panels were described is of a bundled one, which is then its description. numpy is loaded only for
paths, so that a reader of quantiles does without it.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from forecast.core.errors import StoreError, TableError
from forecast.core.months import Month
from forecast.core.panels import Panel, bundled
from forecast.core.provenance import Provenance
from forecast.release.manifest import Manifest

if TYPE_CHECKING:
    from forecast.core.tables import Floats, Words

__all__ = [
    "checksum",
    "describe",
    "described",
    "description_digest",
    "intact",
    "manifest_of",
    "numbers",
    "pack_paths",
    "text_of",
    "unpack_paths",
]

# Fast: paths of counts are mostly noise, and a higher level gains little for four times the time.
_COMPRESSION = 1
# What packed paths begin with; those of releases of before begin with zlib's own first byte, 0x78.
_BY_BYTE = b"\x02"


@contextmanager
def intact(what: str) -> Iterator[None]:
    """Raise StoreError, which names `what`, where a row cannot be made of what is stored."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, zlib.error) as error:
        raise StoreError(f"{what} is damaged ({error}). Restore the store from a backup.") from error


def text_of(manifest: Manifest) -> str:
    """The manifest as canonical JSON: sorted keys, ISO 8601. Raises TableError where a score is no JSON value."""
    try:
        return json.dumps(asdict(manifest), default=_plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TableError(
            f"The manifest of {manifest.id} cannot be written as JSON: {error}. Scores are numbers, text, lists or "
            "maps."
        ) from error


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON value")


@lru_cache(maxsize=256)  # every look at a panel's releases reads them all again
def manifest_of(text: str) -> Manifest:
    """The manifest that `text_of` wrote. Raises StoreError for anything else."""
    with intact("A manifest in the store"):
        fields = json.loads(text)
        fields.pop("run_id", None)  # where it was kept before it had a table
        dates = {name: date.fromisoformat(fields[name]) for name in ("as_of", "stale_after")}
        return Manifest(
            **{
                **fields,
                **dates,
                "issued_at": datetime.fromisoformat(fields["issued_at"]).astimezone(UTC),
                "origin": Month(**fields["origin"]),
                "notes": tuple(fields["notes"]),
                "recipe_notes": tuple(fields["recipe_notes"] if "recipe_notes" in fields else _of_the_recipe(fields)),
                "sources": tuple(_provenance(source) for source in fields.get("sources", ())),
            }
        )


def _of_the_recipe(fields: dict[str, Any]) -> list[str]:
    """Releases of before they were kept have one such note at most, the last, where they name sparse leaves."""
    notes: list[str] = fields["notes"]
    return notes[-1:] if fields["scores"].get("sparse") else []


def _provenance(source: dict[str, Any]) -> Provenance:
    months = {name: Month(**source[name]) for name in ("first", "last")}
    return Provenance(**{**source, **months, "published": date.fromisoformat(source["published"])})


def describe(panel: Panel) -> str:
    """The description as canonical JSON."""
    return json.dumps(panel.described(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def description_digest(text: str) -> str:
    """sha256 of a description."""
    return hashlib.sha256(text.encode()).hexdigest()


def described(text: str | None, *, panel: str) -> Panel:
    """The panel of a description, or the bundled one of the id `panel` where there is none. Raises StoreError."""
    if text is not None:
        return _parsed(text)
    if panel not in bundled():
        raise StoreError(f"The releases of {panel} say nothing of its areas. Restore the store from a backup.")
    return bundled()[panel]


@lru_cache(maxsize=32)
def _parsed(text: str) -> Panel:
    """One object for all releases with the same description, which are nearly all of a panel."""
    with intact("The description of a panel in the store"):
        return Panel.of_description(json.loads(text))


def numbers(text: str, *, place: str, expected: int | None = None) -> tuple[float, ...]:
    """A JSON array of numbers, `expected` of them; `place` names the row. Raises StoreError for anything else."""
    try:
        entries = json.loads(text)
        values = tuple(float(value) for value in entries)
    except (ValueError, TypeError) as error:
        raise StoreError(f"{place} is damaged ({error}). Find out how far: encounters verify.") from error
    if expected is not None and len(values) != expected:
        raise StoreError(
            f"{place} holds {len(values)} numbers instead of {expected}. Find out how far the damage goes: encounters "
            "verify."
        )
    return values


def pack_paths(values: Floats) -> bytes:
    """(horizons, draws) of encounters per month -> a byte 2, then zlib over whole numbers, unsigned 32 bit: first the
    lowest byte of each, then the next of each, and so on, which takes a quarter less. Raises TableError.
    """
    import numpy as np

    if values.max(initial=0) > np.iinfo(np.uint32).max:
        raise TableError(
            f"A sample path reaches {values.max():g} encounters in a month; the store holds at most "
            f"{np.iinfo(np.uint32).max}."
        )
    whole = np.ascontiguousarray(np.rint(values), dtype="<u4")
    return _BY_BYTE + zlib.compress(whole.view("u1").reshape(-1, 4).T.tobytes(), _COMPRESSION)


def unpack_paths(packed: bytes, *, samples: int, place: str) -> Words:
    """The (horizons, samples) that `pack_paths` packed, or that were packed before bytes were set apart.
    `place` names the row. Raises StoreError where they are damaged.
    """
    import numpy as np

    try:
        if packed[:1] != _BY_BYTE:
            return np.frombuffer(zlib.decompress(packed), dtype="<u4").reshape(-1, samples)
        by_byte = np.frombuffer(zlib.decompress(packed[1:]), dtype="u1").reshape(4, -1)
        return np.ascontiguousarray(by_byte.T).view("<u4").reshape(-1, samples)
    except (zlib.error, ValueError) as error:
        raise StoreError(f"{place} is damaged ({error}). Find out how far: encounters verify.") from error


def checksum(
    *,
    manifest: str,
    levels: str,
    quantiles: Iterable[tuple[str, int, Month, float, str]],
    paths: Iterable[tuple[str, int, bytes]],
) -> str:
    """sha256 over all that a release holds, as stored.

    `quantiles`: (area, horizon, target month, mean, JSON), in order of area (by code point) and horizon; `paths`:
    (area, samples, packed), in any order.
    """
    digest = hashlib.sha256()
    _feed(digest, [manifest, levels])
    for area, horizon, month, mean, text in quantiles:
        _feed(digest, [area, horizon, month, repr(mean), text])
    for area, samples, packed in sorted(paths):
        _feed(digest, [area, samples, hashlib.sha256(packed).hexdigest()])
    return digest.hexdigest()


def _feed(digest: Any, parts: Sequence[object]) -> None:
    # JSON keeps the parts apart: ["ab", "c"] and ["a", "bc"] must not have one sum.
    digest.update(json.dumps([str(part) for part in parts]).encode())
