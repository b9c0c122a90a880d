"""A question's body as strict JSON: every member known, every number finite and within its bounds. Knows no question.

Whatever is wrong is one PlanError that names the member, and the event where it is one of those.
"""

from __future__ import annotations

import difflib
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from forecast.core.errors import PlanError
from forecast.core.logs import escaped
from forecast.core.months import Month
from forecast.core.tables import Floats

__all__ = ["MOST_BYTES", "Body", "Range", "parsed", "percent"]

# The longest body that is read, in bytes: some hundred times what fifty events need.
MOST_BYTES = 65_536
# Stands for the member itself, where a value within it may be given in its place; that value may be null.
_ITSELF: Any = object()


@dataclass(frozen=True)
class Range:
    """A quantity that is known to lie between two ends: every value between them is as likely."""

    low: float
    high: float

    @property
    def is_fixed(self) -> bool:
        """Whether it is a single number."""
        return self.low == self.high

    def drawn(self, rng: np.random.Generator, n: int) -> Floats:
        """(n,), one from each of n equal parts of the range, in random order, so that few draws already fill it."""
        places = (rng.permutation(n) + rng.random(n)) / n
        return np.asarray(self.low + (self.high - self.low) * places)

    def words(self, form: Callable[[float], str] = lambda value: f"{value:,.12g}") -> str:
        """`10,000 to 15,000`, or the one number."""
        return form(self.low) if self.is_fixed else f"{form(self.low)} to {form(self.high)}"


def percent(share: float) -> str:
    """`12.5 %` of 0.125: a share in words, to three digits."""
    return f"{100 * share:.3g} %"


def parsed(text: bytes | str) -> dict[str, Any]:
    """The object of a JSON text. Raises PlanError for anything else: a number that is not finite, a member given
    twice, nesting without end, more than MOST_BYTES.
    """
    if len(text) > MOST_BYTES:
        raise PlanError(f"The body has {len(text)} bytes; {MOST_BYTES} are read. Ask with fewer events.")
    try:
        plain = text.decode() if isinstance(text, bytes) else text
        body = json.loads(plain, object_pairs_hook=_once, parse_constant=_not_finite)
    except RecursionError:
        raise PlanError("The body is nested too deeply. Send an object of plain members.") from None
    except UnicodeDecodeError:
        raise PlanError("The body is no UTF-8. Send JSON in UTF-8.") from None
    except ValueError as error:
        raise PlanError(f"The body is no JSON: {' '.join(str(error).split())[:200]}. Correct it.") from None
    if not isinstance(body, dict):
        raise PlanError('The body is no JSON object. Send one, such as {"areas": ["el-paso"], "events": []}.')
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise PlanError(f"The member {twice[:60]!r} is given twice. Give it once.", member=twice[:60])
    return members


def _not_finite(name: str) -> NoReturn:
    raise PlanError(f"{name} is no number of JSON. Write a finite number.")


@dataclass(frozen=True)
class Body:
    """The members of one object. `event`: its number where it is an event; `kind`: what messages call it; `under`: the
    member that it stands in.
    """

    values: Mapping[str, Any]
    event: int | None = None
    kind: str = ""
    under: str = ""
    known: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        for name in self.values:
            if name not in self.known:
                near = difflib.get_close_matches(name[:60], self.known, n=1, cutoff=0.6)
                hint = f" Did you mean {near[0]}?" if near else ""
                raise self.refused(name[:60], f"there is no such member.{hint} Use some of {', '.join(self.known)}")

    def refused(self, member: str, why: str) -> PlanError:
        """The error of a member: where, why."""
        name = f"{self.under}.{member}" if self.under else member
        where = f"Event {self.event} ({self.kind}), " if self.event is not None else ""
        end = "" if why.endswith(("?", ".")) else "."
        return PlanError(f"{where}{escaped(name)}: {why}{end}", member=name, event=self.event)

    def has(self, name: str) -> bool:
        """Whether a member is given; null is as if it were not."""
        return self.values.get(name) is not None

    def needed(self, name: str) -> Any:
        """A member's value. Raises PlanError where it is not given."""
        if not self.has(name):
            raise self.refused(name, "it is missing. Give it")
        return self.values[name]

    def number(self, name: str, *, least: float, most: float, of: Any = _ITSELF) -> float:
        """A finite number between two bounds. `of`: the value, where it is not the member itself."""
        value = self.needed(name) if of is _ITSELF else of
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refused(name, f"{_shown(value)} is no number. Write one such as {_example(least, most)}")
        # A whole number may be beyond every float, as 1e400 is.
        if abs(value) > sys.float_info.max or math.isnan(value):
            raise self.refused(name, "the number is not finite. Write a finite one")
        if not least <= value <= most:
            raise self.refused(
                name, f"{value:.12g} is outside {least:,.12g} to {most:,.12g}. Give a number between them"
            )
        return float(value)

    def whole(self, name: str, *, least: int, most: int) -> int:
        """A whole number between two bounds."""
        value = self.number(name, least=least, most=most)
        if value != int(value):
            raise self.refused(name, f"{value:g} is no whole number. Write one")
        return int(value)

    def range(self, name: str, *, least: float, most: float, of: Any = _ITSELF) -> Range:
        """A number, or the two ends of a range, the lower one first."""
        value = self.needed(name) if of is _ITSELF else of
        if not isinstance(value, list):
            number = self.number(name, least=least, most=most, of=value)
            return Range(number, number)
        if len(value) != 2:
            raise self.refused(name, f"a range has two ends, and here are {len(value)}. Write [lower, upper]")
        low, high = (self.number(name, least=least, most=most, of=end) for end in value)
        if low > high:
            raise self.refused(name, f"the range is reversed: {low:g} is over {high:g}. Write the lower end first")
        return Range(low, high)

    def text(self, name: str) -> str:
        """A text."""
        value = self.needed(name)
        if not isinstance(value, str):
            raise self.refused(name, f"{_shown(value)} is no text. Write one in quotes")
        return value

    def month(self, name: str, *, origin: Month, last: Month, of: Any = _ITSELF) -> Month:
        """A month after `origin` and not after `last`, written as 2024-12."""
        value = self.needed(name) if of is _ITSELF else of
        try:
            month = Month.parse(value) if isinstance(value, str) and len(value) == 7 and value.isascii() else None
        except ValueError:
            month = None
        if month is None:
            raise self.refused(name, f"{_shown(value)} is no month. Write it as {origin + 1}")
        if month <= origin:
            raise self.refused(
                name, f"{month} is not after {origin}, the last month with counts. Use {origin + 1} to {last}"
            )
        if month > last:
            raise self.refused(name, f"{month} is after {last}, the last month ahead. Use {origin + 1} to {last}")
        return month

    def list_of(self, name: str, *, most: int, least: int = 1) -> list[Any]:
        """A list of so many entries."""
        value = self.needed(name)
        if not isinstance(value, list):
            raise self.refused(name, f"{_shown(value)} is no list. Write one in brackets")
        if not least <= len(value) <= most:
            raise self.refused(
                name, f"{len(value)} entries, where {least} to {most} are taken. Name others, or ask twice"
            )
        return value

    def mapping(self, name: str, *, most: int) -> dict[str, Any]:
        """An object with at least one member."""
        value = self.needed(name)
        if not isinstance(value, dict) or not value:
            raise self.refused(name, f'{_shown(value)} is no object with areas. Write one such as {{"el-paso": 0.7}}')
        if len(value) > most:
            raise self.refused(name, f"{len(value)} areas are named; at most {most} are taken")
        return value


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _example(least: float, most: float) -> str:
    return f"{least:g}" if least == most else f"{min(most, max(least, 1.0)):g}"
