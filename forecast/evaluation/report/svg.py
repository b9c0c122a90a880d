"""Axes, lines, bands and bars as SVG text, small and readable without a script. Knows no forecast.

Colours are classes of the page's style sheet: `c0` to `c7` for models, so that light and dark have their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

__all__ = ["COLOURS", "Plot", "legend", "ticks"]

# How many models are told apart by colour.
COLOURS = 8
# Pixels to the right of what is drawn, where half of the last tick's text stands.
_RIGHT = 16

Points = Iterable[tuple[float, float]]


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two ends, some `about` of them."""
    span = high - low
    if not span > 0:
        return [low]
    step = 10 ** math.floor(math.log10(span / about))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (factor * step) <= about)
    return [round(place * step, 10) for place in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


@dataclass
class Plot:
    """A chart whose x and y run between two ends; drawn upon by its methods, then given as SVG by `svg`.

    `label`: what it shows, in a sentence, for those who don't see it. `scale`: what y is drawn as.
    """

    label: str
    x: tuple[float, float]
    y: tuple[float, float]
    width: int = 360
    height: int = 200
    left: int = 46
    bottom: int = 34
    scale: Callable[[float], float] = float
    parts: list[str] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a point; what lies outside the ends is drawn at them."""
        low, high = self.scale(self.y[0]), self.scale(self.y[1])
        across = (min(max(x, self.x[0]), self.x[1]) - self.x[0]) / (self.x[1] - self.x[0])
        up = (min(max(self.scale(y), low), high) - low) / (high - low)
        return self.left + across * (self.width - self.left - _RIGHT), 8 + (1 - up) * (self.height - self.bottom - 8)

    def line(self, points: Points, css: str) -> None:
        """A line through points; it breaks where one is not finite."""
        for run in _runs(points):
            drawn = " ".join("{:.1f},{:.1f}".format(*self.at(x, y)) for x, y in run)
            self.parts.append(f'<polyline class="{css}" points="{drawn}"/>')

    def band(self, x: Sequence[float], low: Sequence[float], high: Sequence[float], css: str) -> None:
        """The area between two lines."""
        corners = [*zip(x, low, strict=True), *reversed([*zip(x, high, strict=True)])]
        drawn = " ".join("{:.1f},{:.1f}".format(*self.at(*corner)) for corner in corners)
        self.parts.append(f'<polygon class="{css}" points="{drawn}"/>')

    def bar(self, first: float, last: float, value: float, css: str, title: str = "") -> None:
        """A bar from the lower end of y to `value`."""
        left, top = self.at(first, value)
        right, foot = self.at(last, self.y[0])
        self.parts.append(
            f'<rect class="{css}" x="{left + 0.5:.1f}" y="{top:.1f}" width="{max(right - left - 1, 0.5):.1f}" '
            f'height="{max(foot - top, 0):.1f}">{_title(title)}</rect>'
        )

    def dot(self, x: float, y: float, css: str, title: str = "") -> None:
        """A point."""
        across, down = self.at(x, y)
        self.parts.append(f'<circle class="{css}" cx="{across:.1f}" cy="{down:.1f}" r="3">{_title(title)}</circle>')

    def level(self, y: float, css: str = "axis") -> None:
        """A line across at one value."""
        self.line([(self.x[0], y), (self.x[1], y)], css)

    def words(self, x: float, y: float, text: str, css: str = "note") -> None:
        """Text that begins at a point."""
        across, down = self.at(x, y)
        self.parts.append(f'<text class="{css}" x="{across + 3:.1f}" y="{down - 3:.1f}">{escape(text)}</text>')

    def svg(
        self, *, across: Iterable[tuple[float, str]], up: Iterable[tuple[float, str]], names: tuple[str, str] = ("", "")
    ) -> str:
        """The chart with the ticks of both axes, and what they are named."""
        foot = self.height - self.bottom
        frame = []
        for y, text in up:
            _, down = self.at(self.x[0], y)
            frame.append(
                f'<line class="grid" x1="{self.left}" x2="{self.width - _RIGHT}" y1="{down:.1f}" y2="{down:.1f}"/>'
            )
            frame.append(f'<text class="tick end" x="{self.left - 5}" y="{down + 3.5:.1f}">{escape(text)}</text>')
        for x, text in across:
            place, _ = self.at(x, self.y[0])
            frame.append(f'<text class="tick mid" x="{place:.1f}" y="{foot + 14}">{escape(text)}</text>')
        if names[0]:
            middle = (self.left + self.width) / 2
            frame.append(f'<text class="tick mid" x="{middle:.0f}" y="{self.height - 5}">{escape(names[0])}</text>')
        if names[1]:
            turned = f'transform="translate(10 {foot / 2:.0f}) rotate(-90)"'
            frame.append(f'<text class="tick mid" {turned}>{escape(names[1])}</text>')
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}" role="img" '
            f'aria-label="{escape(self.label)}">{"".join(frame)}{"".join(self.parts)}</svg>'
        )


def legend(names: Sequence[str], *, kind: str = "line") -> str:
    """The colours of some models, in their order."""
    keys = "".join(
        f'<span><svg width="18" height="10" aria-hidden="true"><{_KEYS[kind]} class="{kind} c{place % COLOURS}"/></svg>'
        f"{escape(name)}</span>"
        for place, name in enumerate(names)
    )
    return f'<p class="legend">{keys}</p>'


_KEYS = {"line": 'polyline points="1,5 17,5"', "fill": 'rect x="2" y="1" width="14" height="8"'}


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def _runs(points: Points) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if all(map(math.isfinite, point)):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
