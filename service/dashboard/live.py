"""The page at `/models`: how what was issued did against the counts that came later, month by month. Asks no store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from forecast.core.panels import Panel
from forecast.release.live_board import OUTSIDE, SERVED, LiveScore
from service.dashboard.frame import page

__all__ = ["live_page"]

# The last months that are shown; the address for programs has all.
_MONTHS = 24


def live_page(panels: Mapping[str, Panel], boards: tuple[Sequence[LiveScore], Sequence[LiveScore]] | None) -> bytes:
    """The whole page. `boards`: over all months and by month; None where the store cannot be read."""
    if boards is None:
        return page("models.html", panels=None)
    shown = []
    for name, panel in panels.items():
        overall, monthly = ([row for row in board if row.panel == name] for board in boards)
        outside = any(row.model.endswith(OUTSIDE) for row in overall)
        shown.append((panel.title, overall, _monthly(monthly), outside))
    return page("models.html", panels=shown)


def _monthly(rows: Sequence[LiveScore]) -> list[tuple[str, str, LiveScore]]:
    """By month, newest first, what led, and the row of what served."""
    lines = []
    by_month = sorted(rows, key=lambda row: str(row.month), reverse=True)
    for month, group in groupby(by_month, key=lambda row: str(row.month)):
        own = list(group)
        served = next(row for row in own if row.model == SERVED)
        others = [row for row in own if row.served and row.model != SERVED]
        best = min(others, key=lambda row: row.score / row.served, default=None)
        ahead = best is not None and best.score < best.served
        leader = f"{best.model} ({best.score / best.served:.2f} of recipe)" if best and ahead else SERVED
        lines.append((month, leader, served))
    return lines[:_MONTHS]
