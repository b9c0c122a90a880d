"""The parts of a chart as SVG: lines, bands, axes and marks. Knows no release.

A chart is as wide as its place: shapes lie in a nested picture of 1000 units that is stretched, and texts outside of it
at shares of the width, so that they keep their size on every screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from forecast.core.months import Month
from service.dashboard.scales import Across, Up, short

__all__ = ["TOP", "band", "chart", "label", "line", "mark", "rules", "text", "ticks"]

# Above the plot there is room for the names of marks, below it for the years.
TOP, BOTTOM = 22, 24
# What a name beside a mark takes of a narrow screen's width, in per cent.
_ROOM = 20.0
# What no XML may hold, escaped or not.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

Points = Iterable[tuple[Month, float]]


def text(words: str) -> str:
    """Plain words as they stand in HTML or SVG."""
    return escape(_FORBIDDEN.sub("", words))


def line(points: Points, across: Across, up: Up, kind: str) -> str:
    """A line through points, broken where a month is missing. `kind`: its class."""
    path, before = [], None
    for month, value in points:
        joined = before is not None and month - before == 1
        path.append(f"{'L' if joined else 'M'}{_place(month, value, across, up)}")
        before = month
    return f'<path class="{kind}" d="{"".join(path)}"/>' if path else ""


def band(
    low: Sequence[tuple[Month, float]], high: Sequence[tuple[Month, float]], across: Across, up: Up, kind: str
) -> str:
    """The area between two lines over the same months."""
    if not low:
        return ""
    around = [_place(month, value, across, up) for month, value in (*low, *reversed(high))]
    return f'<path class="{kind}" d="M{"L".join(around)}Z"/>'


def rules(across: Across, up: Up) -> str:
    """The lines of the value axis, and short ones where years begin."""
    heights = [TOP + up.at(value) for value in up.lines()]
    shares, foot = [100 * across.share(january) for january, _ in across.years()], TOP + up.height
    return "".join(
        [f'<line class="rule" x2="100%" y1="{at:.1f}" y2="{at:.1f}"/>' for at in heights]
        + [
            f'<line class="rule" x1="{share:.2f}%" x2="{share:.2f}%" y1="{foot:.0f}" y2="{foot + 5:.0f}"/>'
            for share in shares
        ]
    )


def ticks(across: Across, up: Up) -> str:
    """The figures of the value axis, and the years below."""
    foot = TOP + up.height + 18
    values = [label(short(value), 0, TOP + up.at(value) - 3, "tick") for value in up.lines()]
    years = [(100 * across.share(january), year) for january, year in across.years()]
    return "".join(
        values + [label(year, at, foot, "tick", anchor="start" if at < 4 else "middle") for at, year in years]
    )


def mark(month: Month, across: Across, up: Up, before: str, after: str) -> str:
    """A line at a month, with a name on either side; the second at the edge where a phone has no room."""
    share = 100 * across.share(month)
    narrow = share > 100 - _ROOM
    return (
        f'<line class="mark" x1="{share:.2f}%" x2="{share:.2f}%" y1="4" y2="{TOP + up.height:.0f}"/>'
        + label(f"{before} ", share - 0.8, 14, "name", anchor="end")
        + (label(after, 100, TOP + 14, "name", anchor="end") if narrow else label(f" {after}", share + 0.8, 14, "name"))
    )


def label(words: str, share: float, at: float, kind: str, *, anchor: str = "start") -> str:
    """Words at a share of the width, in per cent, and a height."""
    return f'<text class="{kind}" x="{share:.2f}%" y="{at:.1f}" text-anchor="{anchor}">{text(words)}</text>'


def chart(shapes: str, under: str, over: str, up: Up, *, name: str, kind: str = "chart") -> str:
    """A whole chart. `shapes` are stretched; `under` and `over` them lies what keeps its size, words above all lines;
    `name`: what a screen reader calls it.
    """
    return (
        f'<svg class="{kind}" width="100%" height="{TOP + up.height + BOTTOM:.0f}" role="img" '
        f'aria-label="{text(name)}">{under}'
        f'<svg y="{TOP}" width="100%" height="{up.height:.0f}" viewBox="0 0 1000 {up.height:.0f}" '
        f'preserveAspectRatio="none" overflow="visible">{shapes}</svg>{over}</svg>'
    )


def _place(month: Month, value: float, across: Across, up: Up) -> str:
    return f"{across.at(month):.1f} {up.at(value):.1f}"
