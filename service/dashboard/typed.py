"""Numbers as people type them into fields: commas between thousands, a point before decimals. Knows no question.

A comma that parts no thousands may be meant for either, so that it is refused and never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from forecast.core.errors import PlanError

__all__ = ["number", "numbers"]

# Of thousands the first group has no leading zero: 0,500 is a half to whoever writes it.
_NUMBER = re.compile(r"([+-]?)((?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)((?:[eE][+-]?[0-9]+)?)")
_DECIMAL_COMMA = re.compile(r"([+-]?[0-9]+),([0-9]+)")
# Beyond any number of people.
_MOST = 1e12


def number(
    words: Mapping[str, str], name: str, label: str, *, least: float = 0, most: float = _MOST, per_cent: bool = False
) -> float | None:
    """The number in a field called `label`, 0 to 100 where it is `per_cent`; None for none. Raises PlanError."""
    if not (written := words.get(name, "").strip()):
        return None
    if per_cent:
        least, most = 0, 100
    word = written.removesuffix("%").strip() if per_cent else written
    word = word.replace("\N{MINUS SIGN}", "-")
    if comma := _DECIMAL_COMMA.fullmatch(word):
        whole, decimals = comma.groups()
        if not _NUMBER.fullmatch(word):
            raise PlanError(f"{label}: {written!r} has a comma that parts no thousands. Write {whole}.{decimals}")
    if not _NUMBER.fullmatch(word):
        kind = "number of 0 or more" if least == 0 else "number"
        raise PlanError(f"{label}: {written!r} is no {kind}. Write it as 1500.")
    value = float(word.replace(",", ""))
    if not least <= value <= most:
        unit = " per cent" if per_cent else ""
        raise PlanError(
            f"{label}: {written!r} is not between {least:,.12g} and {most:,.12g}{unit}. Write such a number."
        )
    return int(value) if value.is_integer() else value


def numbers(
    words: Mapping[str, str], name: str, label: str, *, least: float = 0, most: float = _MOST, per_cent: bool = False
) -> float | list[float] | None:
    """The same, or with that of `name`_to a range, lower end first; as a share where `per_cent`. Raises PlanError."""
    ends = [
        value / 100 if per_cent else value
        for one in (name, f"{name}_to")
        if (value := number(words, one, label, least=least, most=most, per_cent=per_cent)) is not None
    ]
    return ends[0] if len(set(ends)) == 1 else sorted(ends) or None
