"""What a reader has chosen of a chart, as it stands in the address: a link that is shared shows the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlencode

from forecast.core.months import Month
from forecast.release.intervals import Unit

__all__ = ["EVENTS", "MOST_BESIDE", "SHELTER", "SPANS", "THRESHOLD", "Choices", "chosen"]

AxisScale = Literal["linear", "log"]
# Years of history that a chart can go back; 0: all of it.
SPANS = (2, 5, 10, 0)
# The fields of what is asked beside the forecast: a threshold; a change of what comes, a group that comes, a share that
# is moved elsewhere; a shelter, and beds that open there.
THRESHOLD = ("more",)
EVENTS = (
    *("times", "times_to", "like", "since", "people", "people_to", "arrive", "arrive_to", "show", "show_to"),
    *("moved", "moved_to", "moved_into", "moved_since"),
)
SHELTER = ("beds", "occupied", "stay", "share", "share_to", "months", "opened", "opened_to", "opened_since")
ASKED = (*THRESHOLD, *EVENTS, *SHELTER)
# The month of each change, and the fields that ask for the change.
_MONTHS_OF = {
    "since": ("times", "times_to", "like"),
    "arrive": ("people", "people_to"),
    "moved_since": ("moved", "moved_to"),
    "opened_since": ("opened", "opened_to"),
}
# Those that hold a name: an area's, a past event's; and characters that are read of them, and of others.
_NAMES, _LONG, _SHORT = frozenset({"moved_into", "like"}), 100, 20
# Areas beside the one whose page it is.
MOST_BESIDE = 3


@dataclass(frozen=True)
class Choices:
    """`scale` of the value axis; `unit`: per month or per day; `years` of history, 0 for all; `beside`: the slugs of
    areas to compare with; `asked`: what is asked beside the forecast, as it was typed, by the name of its field.
    """

    scale: AxisScale = "linear"
    unit: Unit = "month"
    years: int = 2
    beside: tuple[str, ...] = ()
    asked: tuple[tuple[str, str], ...] = ()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The choices that differ from those of a plain address, and what is asked."""
        said = {"scale": self.scale, "unit": self.unit, "years": str(self.years or "all")}
        plain = {"scale": "linear", "unit": "month", "years": "2"}
        pairs = [(name, value) for name, value in said.items() if value != plain[name]]
        return [*pairs, *(("with", slug) for slug in self.beside), *self.asked]

    @property
    def query(self) -> str:
        """The same as a query string with its question mark, or empty."""
        return f"?{urlencode(self.pairs)}" if self.pairs else ""

    def typed(self, name: str) -> str:
        """What was typed into a field; empty for nothing."""
        return dict(self.asked).get(name, "")

    def asked_any(self, *names: str) -> bool:
        """Whether one of some fields was filled in, or the further end of its range."""
        return any(name.removesuffix("_to") in names for name, _ in self.asked)

    def but(self, *names: str) -> list[tuple[str, str]]:
        """What a form with fields of these names has to carry along."""
        return [pair for pair in self.pairs if pair[0] not in names]

    def without(self, slug: str) -> Choices:
        """The same without an area to compare with."""
        return replace(self, beside=tuple(one for one in self.beside if one != slug))

    def dated(self, month: Month) -> Choices:
        """The same, where each change whose month was left out begins in the one that its form shows."""
        named = {name for name, _ in self.asked}
        missing = [
            (name, str(month)) for name, of in _MONTHS_OF.items() if name not in named and not named.isdisjoint(of)
        ]
        return replace(self, asked=(*self.asked, *missing))


def chosen(asked: Mapping[str, str], beside: tuple[str, ...]) -> Choices:
    """The choices of a query string, where what is none is passed over. `beside`: slugs known to be of areas."""
    years = {str(span or "all"): span for span in SPANS}.get(asked.get("years", ""), 2)
    return Choices(
        "log" if asked.get("scale") == "log" else "linear",
        "day" if asked.get("unit") == "day" else "month",
        years,
        tuple(dict.fromkeys(beside))[:MOST_BESIDE],
        tuple(
            (name, asked[name].strip()[: _LONG if name in _NAMES else _SHORT])
            for name in ASKED
            if asked.get(name, "").strip()
        ),
    )
