"""Figures of forecasts and scores for reports, as matplotlib Figures, not shown. Fits nothing, reads no file.

Figures are made without pyplot, so that nothing is shared between them and no display is needed.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, PercentFormatter

from forecast.core.months import SEASON, Month, month_range
from forecast.core.panels import Panel
from forecast.core.scoring import interval_levels
from forecast.core.tables import LEVELS, Forecasts, Paths, Series
from forecast.models.protocol import Fitted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fan_chart", "fan_chart_of_fit", "fan_charts", "scores_by_horizon"]

_INK = "#222222"
_MUTED = "#5f6b76"
_MEDIAN = "#00507f"
# One hue from light to dark, so that the bands are told apart in greys and by every kind of colour vision.
_BANDS = {95: "#d6e6f2", 80: "#a3c8e2", 50: "#5ba3d0"}
# Colours that stay apart with colour-vision deficiencies (Okabe and Ito 2008), without the yellow, which is faint on
# white.
_LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
_DASHES = ("-", "--", "-.", ":")
_DPI = 150
# Of counts before the forecast, unless others are asked for.
_YEARS = 5


def fan_chart(
    *, history: Series, forecasts: Forecasts, title: str, unit: str, caption: str, years: int = _YEARS
) -> Figure:
    """One area: its last `years` of counts and the forecast as a fan of 50, 80 and 95 % intervals.
    `title`: the area's name, `unit`: what is counted; `caption` names the vintage.

    `history`: the area's counts up to the origin of `forecasts`. Raises ValueError where the area is not forecast.
    """
    figure = Figure(figsize=(9, 5.2), dpi=_DPI)
    axes = figure.add_subplot()
    _fan(axes, history, forecasts, years)
    axes.set_ylabel(f"{unit} per month", color=_INK)
    axes.set_xlabel("month", color=_INK)
    _title(axes, title, size=14)
    _finish(figure, axes, caption)
    return figure


def fan_charts(*, histories: Sequence[Series], forecasts: Forecasts, panel: Panel, caption: str) -> Figure:
    """Several areas side by side, each on its own scale, as in `fan_chart`."""
    rows = -(-len(histories) // 2)
    figure = Figure(figsize=(11, 2.9 * rows + 0.9), dpi=_DPI)
    panels = figure.subplots(rows, 2, squeeze=False)
    for place, axes in enumerate(panels.flat):
        if place >= len(histories):
            axes.remove()
            continue
        _fan(axes, histories[place], forecasts)
        _title(axes, panel.area(histories[place].area).name)
        if place >= len(histories) - 2:
            axes.set_xlabel("month", color=_INK)
    figure.supylabel(f"{panel.unit} per month", fontsize=10, color=_INK)
    _finish(figure, panels[0, 0], caption)
    return figure


def fan_chart_of_fit(
    *,
    series: Series,
    fitted: Fitted,
    model: str,
    title: str,
    unit: str,
    caption: str,
    horizon: int = 18,
    samples: int = 1000,
    seed: int = 0,
) -> Figure:
    """One fitted model of one area, simulated here: `samples` paths of `horizon` months from `seed`."""
    paths = fitted.simulate(horizon, samples, np.random.default_rng(seed))
    forecasts = Paths(model, series.origin, (series.area,), paths.T[None]).quantiles(LEVELS)
    return fan_chart(history=series, forecasts=forecasts, title=title, unit=unit, caption=f"Model {model}. {caption}")


def scores_by_horizon(scores: pd.DataFrame, *, highlight: str, caption: str) -> Figure:
    """Mean scaled error and coverage of the 80 % interval over the leaves' months, by horizon; `highlight` drawn bold.

    `scores`: columns `model`, `group`, `origin`, `horizon`, `sWIS`, `coverage_80`, as an evaluation makes them.
    """
    leaves = scores[scores["group"] != "total"]
    table = leaves.groupby(["model", "horizon"])[["sWIS", "coverage_80"]].mean()
    order = leaves.groupby("model")["sWIS"].mean().sort_values().index
    figure = Figure(figsize=(11, 4.8), dpi=_DPI)
    error, coverage = figure.subplots(1, 2)
    for place, model in enumerate(order):
        own = table.loc[model]
        bold = model == highlight
        style = {
            "color": _INK if bold else _LINES[place % len(_LINES)],
            "linestyle": "-" if bold else _DASHES[place % len(_DASHES)],
            "linewidth": 2.6 if bold else 1.5,
            "marker": "o" if bold else None,
            "markersize": 4,
            "zorder": 3 if bold else 2,
            "label": model,
        }
        error.plot(own.index, own["sWIS"], **style)
        coverage.plot(own.index, own["coverage_80"], **style)
    coverage.axhline(0.8, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1, label="80 % promised")
    _title(error, "Weighted interval score, scaled (smaller is better)")
    _title(coverage, "Months inside the 80 % interval")
    error.set_ylabel("score over the mean seasonal change", color=_INK)
    error.set_ylim(bottom=0)
    coverage.set_ylim(0, 1.02)
    coverage.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    for axes in (error, coverage):
        axes.set_xlabel("horizon, months after the last observed month", color=_INK)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _plain(axes)
    origins = leaves["origin"].nunique()
    _finish(figure, coverage, f"Means over leaves; past origins: {origins}, on revised figures. {caption}")
    return figure


def _fan(axes: Axes, history: Series, forecasts: Forecasts, years: int = _YEARS) -> None:
    if history.area not in forecasts.areas:
        raise ValueError(
            f"{history.area} is not among the areas of the forecasts from {forecasts.origin}; draw one of them"
        )
    row = forecasts.areas.index(history.area)
    shown = slice(max(len(history.values) - years * SEASON, 0), None)
    past = [_day(month) for month in month_range(history.first, len(history.values))][shown]
    origin, last = _day(history.origin), float(history.values[-1])
    # The fan starts at the last count, from which the forecast departs.
    ahead = [origin, *(_day(month) for month in forecasts.months)]
    for coverage, colour in _BANDS.items():
        low, high = ([last, *forecasts.at(level)[row]] for level in interval_levels(coverage))
        axes.fill_between(ahead, low, high, color=colour, linewidth=0, label=f"{coverage} % interval", zorder=1)
    axes.plot(ahead, [last, *forecasts.at(0.5)[row]], color=_MEDIAN, linewidth=1.8, label="median forecast", zorder=3)
    axes.plot(past, history.values[shown], color=_INK, linewidth=1.5, label="observed", zorder=3)
    axes.axvline(origin, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
    axes.annotate(
        f"last observed {history.origin} ",
        xy=(origin, 1),
        xycoords=("data", "axes fraction"),
        ha="right",
        va="top",
        fontsize=8,
        color=_MUTED,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )
    axes.set_xlim(past[0], ahead[-1])
    # Room above the highest value for the note at the origin.
    axes.set_ylim(0, 1.12 * max(axes.dataLim.y1, 1.0))
    # Fixed marks: those that matplotlib finds for dates are looked for with every drawing, and take a fifth of it.
    months = [*list(month_range(history.first, len(history.values)))[shown], *forecasts.months]
    axes.xaxis.set_major_locator(FixedLocator([_day(month) for month in months if month.number == 1]))
    axes.xaxis.set_major_formatter(DateFormatter("%Y"))
    axes.xaxis.set_minor_locator(FixedLocator([_day(month) for month in months if month.number in (4, 7, 10)]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _plain(axes)


def _day(month: Month) -> float:
    return float(date2num(month.first_day))


def _title(axes: Axes, words: str, *, size: int = 11) -> None:
    axes.set_title(words, loc="left", fontsize=size, fontweight="bold", color=_INK)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#b8c0c7")
    axes.tick_params(colors=_MUTED, which="both", labelsize=9)
    axes.grid(axis="y", color="#e6eaed", linewidth=0.8)
    axes.set_axisbelow(True)


def _finish(figure: Figure, axes: Axes, caption: str) -> None:
    """Legend above, caption below; the layout keeps the caption's lines free."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=5, frameon=False, fontsize=9, labelcolor=_INK)
    lines = textwrap.fill(caption, int(figure.get_figwidth() * 16), break_on_hyphens=False)
    free = (0.16 * (lines.count("\n") + 1) + 0.12) / figure.get_figheight()
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0, free, 1, 1 - free)))
    figure.text(0.01, free * 0.75, lines, ha="left", va="top", fontsize=8, color=_MUTED)
