"""How straight does each figure grow with the number of series, and what would a million of them take by that?
Lines through what was measured, and their drawing; measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["Line", "draw", "plan"]

# What the plan in RESULTS has of each line, in a unit that a million series are told in.
_OF_A_MILLION = {
    "CPU": ("processor time of forecasts", "hours of one core", 3600),
    "memory of all processes": ("memory of all processes of forecasts", "GB", 1024),
    "table of counts": ("table of counts", "GB", 1024),
    "reading it": ("reading it, one process", "minutes", 60),
    "Parquet of forecasts": ("Parquet of forecasts", "GB", 1024),
    "publishing": ("publication", "minutes", 60),
    "disk": ("release on disk", "GB", 1024),
    "start": ("start of a service", "minutes", 60),
    "service": ("memory of each service process", "GB", 1024),
    "all areas": ("/v1/areas", "s", 1000),
}


@dataclass(frozen=True)
class Line:
    """`figures`, in `unit`, at so many series: `sizes`, ascending."""

    name: str
    unit: str
    sizes: Sequence[int]
    figures: Sequence[float]

    @property
    def last_slope(self) -> float:
        """Of a series more between the two largest sizes: small panels are worked on in one batch, which tells little
        of large ones.
        """
        return (self.figures[-1] - self.figures[-2]) / (self.sizes[-1] - self.sizes[-2])

    def __str__(self) -> str:
        if len(self.sizes) < 2:
            return f"    {self.name}: one size has no slope"
        slope, start = np.polyfit(self.sizes, self.figures, 1)
        exponent = np.polyfit(np.log(self.sizes[-2:]), np.log(np.maximum(self.figures[-2:], 1e-9)), 1)[0]
        r2 = np.corrcoef(self.sizes, self.figures)[0, 1] ** 2
        return (
            f"    {self.name}: {slope:.4g} {self.unit} a series and {start:.3g} to begin with; R² {r2:.4f}, and from "
            f"{self.sizes[-2]:,} to {self.sizes[-1]:,} as the power {exponent:.2f}"
        )


def plan(lines: Sequence[Line]) -> str:
    """What a million series take by the last slopes, a line each."""
    said = ["a million series, by the slopes between the two largest sizes"]
    for line in lines:
        if line.name in _OF_A_MILLION and len(line.sizes) > 1:
            words, unit, parts = _OF_A_MILLION[line.name]
            said.append(f"    {words:<40}{1e6 * line.last_slope / parts:>8.1f} {unit}")
    return "\n".join(said)


def draw(lines: Sequence[Line], path: Path) -> None:
    """Each line on axes of its own, both logarithmic, so that a straight line through nothing rises by one in one."""
    from matplotlib.figure import Figure

    columns = 4
    rows = -(-len(lines) // columns)
    figure = Figure(figsize=(3 * columns, 2.6 * rows), dpi=120, layout="constrained")
    for axes, line in zip(figure.subplots(rows, columns, squeeze=False).flat, lines, strict=False):
        axes.loglog(line.sizes, line.figures, marker="o", color="#00507f")
        axes.set_title(line.name, loc="left", fontsize=10)
        axes.set_xlabel("series", fontsize=9)
        axes.set_ylabel(line.unit, fontsize=9)
        axes.grid(color="#e6eaed", linewidth=0.8)
    for axes in figure.axes[len(lines) :]:
        axes.remove()
    figure.savefig(path)
