"""The table of a chart: the same figures, month by month, and the table of the first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forecast.core.months import Month
from forecast.release.intervals import MonthAhead, Unit, in_words
from service.dashboard.figures import COVERAGES, Figures
from service.dashboard.plot import text
from service.dashboard.words import amount, month, spread

__all__ = ["compared", "numbers"]


def numbers(own: Figures) -> str:
    """The months ahead first, then those that were observed, the newest of them first. Each row says which month of the
    chart it is (`data-at`), by which the script finds it.
    """
    first = own.months[0]
    counts = dict(own.observed)
    ahead = "".join(
        f'<tr data-at="{name - first}"><th scope="row">{month(name)}</th>'
        f'<td class="figure">{amount(counts[name], own.unit) if name in counts else ""}</td>'
        f'<td class="figure">{amount(row.median, own.unit)}</td>'
        + "".join(
            f'<td class="figure">{spread(row.ends[2 * place], row.ends[2 * place + 1], own.unit)}</td>'
            for place in range(len(COVERAGES))
        )
        + f'<td class="figure">{row.lead}</td></tr>'
        for name, row in own.ahead
    )
    future = {name for name, _ in own.ahead}
    past = "".join(
        f'<tr data-at="{name - first}"><th scope="row">{month(name)}</th>'
        f'<td class="figure">{amount(count, own.unit)}</td><td></td><td></td><td></td><td></td><td></td></tr>'
        for name, count in reversed(own.observed)
        if name not in future
    )
    heads = ("Observed", "Middle", *(f"{coverage} %" for coverage in COVERAGES), "Lead")
    head = "".join(f'<th scope="col" class="figure">{name}</th>' for name in heads)
    unit = text(in_words(own.panel, own.unit))
    return (
        f'<div class="wide tall" tabindex="0" role="region" aria-labelledby="numbers-name"><table id="numbers">'
        f'<caption id="numbers-name">{text(own.area.name)}, {unit}: the figures of the chart</caption>'
        f'<thead><tr><th scope="col">Month</th>{head}</tr></thead><tbody>{ahead}{past}</tbody></table></div>'
        "<p><small>Middle: as likely too high as too low (the median). Lead: months from the month of "
        "issue; a negative lead is a month that was past by then.</small></p>"
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
    head = "".join(f'<th scope="col" class="figure">{text(one.area.name)}</th>' for one in areas)
    return (
        '<div class="wide tall" tabindex="0" role="region" aria-labelledby="numbers-name"><table id="numbers">'
        f'<caption id="numbers-name">{text(in_words(areas[0].panel, areas[0].unit).capitalize())}: counts; ahead the '
        f'middle, and below it 8 times in 10</caption><thead><tr><th scope="col">Month</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(counts: Mapping[Month, float], ahead: Mapping[Month, MonthAhead], unit: Unit, name: Month) -> str:
    row, count = ahead.get(name), counts.get(name)
    if row is None:
        return "" if count is None else amount(count, unit)
    came = "" if count is None else f"<br><small>came: {amount(count, unit)}</small>"
    return f"{amount(row.median, unit)}<br><small>{spread(row.ends[2], row.ends[3], unit)}</small>{came}"
