"""Leaderboards as one page of HTML that needs nothing beside it: no script, no font, no address. Computes no score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any

from forecast.core.scorecard import SCORED_INTERVALS
from forecast.evaluation.board_text import shared
from forecast.evaluation.cells import BANDS, ENDLESS, ERAS

__all__ = ["page"]

# Figure -> head of its column and what it means, for the reader who rests on it.
_COLUMNS = {
    "sWIS": (
        "sWIS",
        f"weighted interval score of {SCORED_INTERVALS} over the area's own mean seasonal change; smaller is better",
    ),
    "logWIS": ("logWIS", "weighted interval score of log(1 + count); smaller is better"),
    "sCRPS": ("sCRPS", "continuous ranked probability score, scaled as sWIS; smaller is better"),
    "MASE": ("MASE", "error of the median over the mean seasonal change; smaller is better"),
    "RMSSE": ("RMSSE", "root mean squared error of the mean, scaled by seasonal changes; smaller is better"),
    "coverage_50": ("50 %", "share of months inside the 50 % interval"),
    "coverage_80": ("80 %", "share of months inside the 80 % interval"),
    "coverage_90": ("90 %", "share of months inside the 90 % interval"),
    "coverage_95": ("95 %", "share of months inside the 95 % interval"),
}
_SHARES = tuple(name for name in _COLUMNS if name.startswith("coverage"))
# Width of the drawn intervals and radius of their dots, in pixels, and the ratios at their ends.
_DOT = 3
_WIDTH, _FROM, _TO = 100, 0.5, 1.5


_HEAD = (
    "Past forecasts against the counts that came later. Shares of months belong close to what their interval "
    "promises. A relative figure below 1 beats the model named in its head; its bar holds 90 % of a bootstrap over "
    "blocks of neighbouring origins, and a bar that crosses the dashed line at 1 is no difference beyond noise."
)


def page(panels: Sequence[Mapping[str, Any]]) -> str:
    """The page of a comparison.
    Each of `panels`: `panel`, `source`, `recipe` and `boards` as `Board.as_json` gives them; `lead` and `sections`
    (title -> HTML) where there are some.
    """
    style = (resources.files("forecast.evaluation.report") / "style.css").read_text(encoding="utf-8")
    body = "".join(_panel(panel) for panel in panels)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Encounter forecasts compared</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<h1>Encounter forecasts compared</h1>\n<p>{_HEAD}</p>\n{body}</body>\n</html>\n"
    )


def _panel(panel: Mapping[str, Any]) -> str:
    name, sections = str(panel["panel"]), panel.get("sections") or {}
    lead = f'<p class="lead">{escape(panel["lead"])}</p>\n' if panel.get("lead") else ""
    titles = ["Leaderboards", *sections] if sections else []
    links = "".join(f'<a href="#{_anchor(name, title)}">{escape(title)}</a>' for title in titles)
    boards = "".join(_board(board, panel.get("recipe")) for board in panel["boards"])
    parts = "".join(
        f'<h3 id="{_anchor(name, title)}">{escape(title)}</h3>\n{text}\n' for title, text in sections.items()
    )
    head = f'<h3 id="{_anchor(name, "Leaderboards")}">Leaderboards</h3>\n' if sections else ""
    nav = f'<nav aria-label="Parts of {escape(name)}">{links}</nav>\n' if links else ""
    return f"<h2>{escape(name)}</h2>\n<p>{escape(panel['source'])}</p>\n{lead}{nav}{head}{boards}{parts}"


def _anchor(panel: str, title: str) -> str:
    return escape(f"{panel}-{title}".lower().replace(" ", "-").replace(",", ""))


def _board(board: Mapping[str, Any], own: str | None) -> str:
    columns = [name for name in _COLUMNS if name in board["models"][0]]
    against = board["against"]
    heads = [
        f'<th scope="col" title="{escape(_COLUMNS[name][1])}">{escape(_COLUMNS[name][0])}</th>' for name in columns
    ]
    if against is not None:
        heads += [
            f'<th scope="col" colspan="2">{figure} over that of {escape(against)}</th>' for figure in ("sWIS", "logWIS")
        ]
    rows = "".join(_row(row, columns, against is not None, row["model"] == own) for row in board["models"])
    return (
        f'<h4>{escape(_part(board["key"]))}</h4>\n{_cells(board)}<div class="scroll"><table>\n'
        f'<thead><tr><th scope="col">model</th>{"".join(heads)}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n</table></div>\n"
    )


def _part(key: str) -> str:
    """What a part of the cells is, in words: a band of horizons, an era, or a group as it is called."""
    for name, first, last in BANDS:
        if key == name:
            months = "1 month" if last == 1 else f"{first} and more months" if last == ENDLESS else f"{key} months"
            return f"{months} ahead"
    for name, first, last in ERAS:
        if key == name:
            years = f"to {last}" if first == 0 else f"from {first} on" if last == ENDLESS else f"of {key}"
            return f"origins {years}"
    return key


def _cells(board: Mapping[str, Any]) -> str:
    return f"<p>{shared(board)}</p>\n" if "cells" in board else ""


def _row(row: Mapping[str, Any], columns: Sequence[str], relative: bool, own: bool) -> str:
    cells = [f"<td>{_figure(row[name], name)}</td>" for name in columns]
    if relative:
        cells += [_relative(row, f"rel_{figure}") for figure in ("sWIS", "logWIS")]
    mark = ' class="own"' if own else ""
    return f'<tr{mark}><th scope="row">{escape(row["model"])}</th>{"".join(cells)}</tr>\n'


def _figure(value: float | None, name: str) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.0f} %" if name in _SHARES else f"{value:.3f}"


def _relative(row: Mapping[str, Any], name: str) -> str:
    ratio, low, high = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    if ratio is None:
        return '<td class="rel">-</td><td></td>'
    if low is None or high is None:
        return f'<td class="rel">{ratio:.3f}</td><td class="quiet">few origins</td>'
    text = f"{ratio:.3f} [{low:.3f}, {high:.3f}]"
    return f'<td class="rel">{text}</td><td>{_drawn(ratio, low, high, text)}</td>'


def _drawn(ratio: float, low: float, high: float, text: str) -> str:
    """The interval as a bar with its ratio as a dot, cut at the ends of the scale."""
    room = _WIDTH - 2 * _DOT
    at = [_DOT + room * (min(max(value, _FROM), _TO) - _FROM) / (_TO - _FROM) for value in (1.0, low, high, ratio)]
    return (
        f'<svg width="{_WIDTH}" height="16" role="img" aria-label="{text}">'
        f'<line class="axis" x1="{at[0]:.1f}" x2="{at[0]:.1f}" y1="0" y2="16"/>'
        f'<line class="span" x1="{at[1]:.1f}" x2="{at[2]:.1f}" y1="8" y2="8"/>'
        f'<circle class="dot" cx="{at[3]:.1f}" cy="8" r="{_DOT}"/></svg>'
    )
