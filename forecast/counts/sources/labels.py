"""Labels of official files that drifted from year to year: one name for each thing, so that a row is known again.
Which labels are one stands in `labels.toml`, and in the declaration of a panel. Reads no official file.

A file that joins two vintages holds one cell under two labels; each of the two rows looks new where labels are compared
as written.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources

from forecast.counts.sources.official_file import label

__all__ = ["canonical", "today"]

# A label in capitals that is longer is a name (`EL SALVADOR`), a shorter one a code (`TX`).
_LONGEST_CODE = 3


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    """Column -> what a label has been called -> the label of today, as it is shown."""
    text = (resources.files("forecast.counts.sources") / "labels.toml").read_text(encoding="utf-8")
    return {
        column: {label(name): shown for shown, olds in table.items() for name in (shown, *olds)}
        for column, table in tomllib.loads(text).items()
    }


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """A label as it is called today, for comparison: `UC / Single Minors` and `UAC` are one.
    An unknown label stands for itself.
    """
    plain = label(text)
    return next((label(table[plain]) for table in _tables().values() if plain in table), plain)


def today(text: str, column: str, own: Mapping[str, str]) -> str:
    """A label of a column as it is called today, to be shown. `own`: what a declaration calls labels, by the old one
    in lower case.

    `UC / Single Minors` -> `UAC`; a name in capitals, as CBP writes some, like any other: `EL SALVADOR` ->
    `El Salvador`.
    """
    plain, known = label(text), _tables().get(column, {}).get(label(text))
    shown = own.get(plain) or (own.get(label(known)) if known else None) or known
    if shown is not None:
        return shown
    spelled = " ".join(text.split())
    return spelled.title() if spelled.isupper() and len(spelled) > _LONGEST_CODE else spelled
