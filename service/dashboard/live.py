"""The page at `/models`: how what was issued did against the counts that came later, month by month. Asks no store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from forecast.core.panels import Panel
from forecast.release.live_board import OUTSIDE, LiveScore
from service.dashboard.frame import page

__all__ = ["live_page"]

_AWAY = (
    '<p class="note">The scores cannot be read now; the forecasts are served on, each on <a href="areas">the page of '
    "its area</a>. Load this page again in a while.</p>"
)
# The last months that are shown; the address for programs has all.
_MONTHS = 24


def live_page(panels: Mapping[str, Panel], boards: tuple[Sequence[LiveScore], Sequence[LiveScore]] | None) -> bytes:
    """The whole page. `boards`: over all months and by month; None where the store cannot be read."""
    total, months = boards or ((), ())
    parts = "".join(
        _panel(panel, [row for row in total if row.panel == name], [row for row in months if row.panel == name])
        for name, panel in panels.items()
    )
    if boards is None:
        parts = _AWAY
    body = (
        "<h1>How the models did</h1><p>Forecasts as they were issued, beside the counts that came out later. Nothing "
        "here is replayed: each was made before its count was known. A score is the weighted interval score over an "
        "area's own seasonal change; smaller is better. A ratio below 1 beats what it is compared with.</p>"
        f"{parts}"
        '<p>As data: <a href="v1/models/live">JSON</a>, <a href="v1/models/live.csv">CSV</a>. Models at past origins, '
        'replayed: <a href="v1/models">JSON</a>, <a href="v1/models.csv">CSV</a>.</p>'
    )
    return page("How the models did", body)


def _panel(panel: Panel, overall: Sequence[LiveScore], monthly: Sequence[LiveScore]) -> str:
    head = f"<h2>{escape(panel.title)}</h2>"
    if not overall:
        return f"{head}<p>No issued release has seen a later count yet: the next month brings the first score.</p>"
    rows = "".join(
        f'<tr><th scope="row">{escape(row.model)}</th>{_cells(row)}<td class="figure">{row.n:,}</td>'
        f'<td class="figure">{row.releases:,}</td></tr>'
        for row in overall
    )
    outside = ""
    if any(row.model.endswith(OUTSIDE) for row in overall):
        outside = " (outside) marks another program's forecasts, registered before their counts came out."
    return (
        f"{head}<p>Counts through {max(row.through for row in overall)}. <code>recipe</code> is what served, "
        "<code>floor</code> a random walk from the same counts; a model is compared on the cells it was issued "
        f"for.{outside}</p>"
        f"{_table(('model', *_HEADS, 'cells', 'releases'), rows)}"
        f"<h3>Month by month</h3>{_monthly(monthly)}"
    )


_HEADS = ("score", "over recipe", "over floor", "50 % held", "80 % held", "95 % held")


def _cells(row: LiveScore) -> str:
    ratios = [f"{row.score / other:.2f}" if other else "-" for other in (row.served, row.floor)]
    shares = [
        "-" if share is None else f"{100 * share:.0f} %"
        for share in (row.coverage_50, row.coverage_80, row.coverage_95)
    ]
    return "".join(f'<td class="figure">{text}</td>' for text in (f"{row.score:.3f}", *ratios, *shares))


def _monthly(rows: Sequence[LiveScore]) -> str:
    """A row per month: what led, what served over the floor, what its intervals held."""
    months = sorted({str(row.month) for row in rows}, reverse=True)[:_MONTHS]
    lines = []
    for month in months:
        own = [row for row in rows if str(row.month) == month]
        served = next(row for row in own if row.model == "recipe")
        others = [row for row in own if row.served and row.model != "recipe"]
        best = min(others, key=lambda row: row.score / row.served, default=None)
        ahead = best is not None and best.score < best.served
        leader = f"{escape(best.model)} ({best.score / best.served:.2f} of recipe)" if best and ahead else "recipe"
        lines.append(
            f'<tr><th scope="row">{month}</th><td>{leader}</td>{_cells(served)}'
            f'<td class="figure">{served.n:,}</td></tr>'
        )
    return _table(("month", "led", *_HEADS, "cells"), "".join(lines))


def _table(heads: Sequence[str], rows: str) -> str:
    figures = {*_HEADS, "cells", "releases"}
    cells = "".join(f'<th scope="col"{" class=figure" if head in figures else ""}>{head}</th>' for head in heads)
    return f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'
