"""Charts of what was asked: chances by month as columns, and the sides of a what-if with the difference."""

from __future__ import annotations

import calendar
from collections.abc import Sequence

from forecast.core.months import Month
from service.dashboard import plot
from service.dashboard.scales import Across, Up, up_to

__all__ = ["Row", "columns", "sides"]

_HEIGHT = 180.0
# Units of 1000 at the left of columns, where the figures of the axis stand: a column would hide them.
_LEFT = 80.0
# A month, what is in the middle, and the two ends of an interval; None where an end is not known.
Row = tuple[Month, float, float | None, float | None]


def columns(rows: Sequence[tuple[Month, float]], *, name: str) -> str:
    """Shares from 0 to 1, a column for each month."""
    up = Up(1.0, 0.0, _HEIGHT)
    width = (1000 - _LEFT) / len(rows)
    shapes = "".join(
        f'<rect class="column" x="{_LEFT + width * (place + 0.1):.1f}" y="{up.at(share):.1f}" '
        f'width="{0.8 * width:.1f}" height="{_HEIGHT - up.at(share):.1f}"/>'
        for place, (_, share) in enumerate(rows)
    )
    heights = [(share, plot.TOP + up.at(share)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    rules = "".join(f'<line class="rule" x2="100%" y1="{at:.1f}" y2="{at:.1f}"/>' for _, at in heights)
    words = [plot.label(f"{100 * share:.0f} %", 0, at - 3, "tick") for share, at in heights if share]
    for place, (month, _) in enumerate(rows):
        if month.number % 3 == 1:
            called = str(month.year) if month.number == 1 else calendar.month_abbr[month.number]
            middle = (_LEFT + width * (place + 0.5)) / 10
            words.append(plot.label(called, middle, plot.TOP + _HEIGHT + 18, "tick", anchor="middle"))
    return plot.chart(shapes, rules, "".join(words), up, name=name)


def sides(
    series: Sequence[Sequence[Row]],
    *,
    name: str,
    rule: Sequence[tuple[Month, float]] = (),
    places: Sequence[int] = (1, 2),
) -> str:
    """Some series, each a line with its band, in the colours of `places`; `rule`: a value a month, marked in steps."""
    months = [row[0] for rows in series for row in rows]
    values = [value for rows in series for row in rows for value in row[1:] if value is not None]
    across = Across(min(months), max(months))
    up = up_to([*values, *(value for _, value in rule)], log=False, height=_HEIGHT, least=1)
    shapes = []
    for place, rows in zip(places, series, strict=True):
        low = [(month, middle if least is None else least) for month, middle, least, _ in rows]
        high = [(month, middle if most is None else most) for month, middle, _, most in rows]
        shapes.append(plot.band(low, high, across, up, f"k{place} area"))
        shapes.append(plot.line([(row[0], row[1]) for row in rows], across, up, f"k{place} own"))
    under = plot.rules(across, up) + _steps(rule, across, up)
    return plot.chart("".join(shapes), under, plot.ticks(across, up), up, name=name)


def _steps(rule: Sequence[tuple[Month, float]], across: Across, up: Up) -> str:
    """A broken line at each month's value, which changes halfway between months."""
    lines, start = [], 0.0
    for place, (month, value) in enumerate(rule):
        at = plot.TOP + up.at(value)
        if place + 1 < len(rule) and rule[place + 1][1] == value:
            continue
        end = 100.0
        if place + 1 < len(rule):
            following, later = rule[place + 1]
            end = 50 * (across.share(month) + across.share(following))
            ends = sorted((at, plot.TOP + up.at(later)))
            lines.append(f'<line class="mark" x1="{end:.2f}%" x2="{end:.2f}%" y1="{ends[0]:.1f}" y2="{ends[1]:.1f}"/>')
        lines.append(f'<line class="mark" x1="{start:.2f}%" x2="{end:.2f}%" y1="{at:.1f}" y2="{at:.1f}"/>')
        start = end
    return "".join(lines)
