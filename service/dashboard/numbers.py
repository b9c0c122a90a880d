"""The table of a chart: the same figures, month by month, and the table of the first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forecast.core.months import Month
from forecast.release.intervals import MonthAhead, Unit, in_words
from service.dashboard.fields import table
from service.dashboard.figures import COVERAGES, Figures
from service.dashboard.plot import text
from service.dashboard.words import amount, month, spread

__all__ = ["compared", "numbers"]

# By this the script of the chart finds its table.
_FOUND_BY = ' id="numbers"'


def numbers(own: Figures) -> str:
    """The months ahead, then those observed, newest first; `data-at` says which month of the chart a row is."""
    first = own.months[0]
    counts = dict(own.observed)
    ahead = "".join(
        f'<tr data-at="{name - first}"><th scope="row">{month(name)}</th><td class="figure">{row.lead}</td>'
        f'<td class="figure">{amount(counts[name], own.unit) if name in counts else ""}</td>'
        f'<td class="figure">{amount(row.median, own.unit)}</td>'
        + "".join(
            f'<td class="figure">{spread(row.ends[2 * place], row.ends[2 * place + 1], own.unit)}</td>'
            for place in range(len(COVERAGES))
        )
        + "</tr>"
        for name, row in own.ahead
    )
    future = {name for name, _ in own.ahead}
    past = "".join(
        f'<tr data-at="{name - first}"><th scope="row">{month(name)}</th><td></td>'
        f'<td class="figure">{amount(count, own.unit)}</td><td></td><td></td><td></td><td></td></tr>'
        for name, count in reversed(own.observed)
        if name not in future
    )
    heads = ("Month", "Lead", "Observed", "Median", *(f"{coverage} %" for coverage in COVERAGES))
    caption = f"{own.area.name}, {in_words(own.panel, own.unit)}: the figures of the chart"
    return (
        f"{table('numbers', caption, heads, ahead + past, kind=_FOUND_BY)}"
        "<p><small>Lead: months from the month of issue; a negative lead is a month that was past by then.</small></p>"
    )


def compared(areas: Sequence[Figures]) -> str:
    """Medians and 80 % intervals of several areas side by side, month by month; observed months without an interval."""
    known = sorted({name for one in areas for name in one.months})
    ahead = {name for one in areas for name, _ in one.ahead}
    months = [*(name for name in known if name in ahead), *(name for name in reversed(known) if name not in ahead)]
    first = known[0]
    shown = [(dict(one.observed), dict(one.ahead), one.unit) for one in areas]
    rows = [
        f'<tr data-at="{name - first}"><th scope="row">{month(name)}</th>'
        + "".join(f'<td class="figure">{_cell(*one, name)}</td>' for one in shown)
        + "</tr>"
        for name in months
    ]
    caption = f"{in_words(areas[0].panel, areas[0].unit).capitalize()}: counts, or medians with 80 % intervals"
    heads = ("Month", *(text(one.area.name) for one in areas))
    return table("numbers", caption, heads, "".join(rows), kind=_FOUND_BY)


def _cell(counts: Mapping[Month, float], ahead: Mapping[Month, MonthAhead], unit: Unit, name: Month) -> str:
    row, count = ahead.get(name), counts.get(name)
    if row is None:
        return "" if count is None else amount(count, unit)
    came = "" if count is None else f"<br><small>came: {amount(count, unit)}</small>"
    return f"{amount(row.median, unit)}<br><small>{spread(row.ends[2], row.ends[3], unit)}</small>{came}"
