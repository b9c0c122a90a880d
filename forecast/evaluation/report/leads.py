"""Who led when: the scores of origins one after another, and whether a lead was more than noise. Tests nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd

from forecast.core.months import Month
from forecast.evaluation.fluctuation import CRITICAL, Fluctuation, by_origin, fluctuation, spells
from forecast.evaluation.report.svg import COLOURS, Plot, legend, ticks

__all__ = ["leads"]

_READ = ["model", "area", "group", "origin", "horizon", "sWIS"]


def leads(scores: pd.DataFrame, *, models: Sequence[str], against: str, horizon: int) -> str:
    """The leader at each origin, and the fluctuation of each model's score against that of one."""
    means = by_origin(scores.loc[scores["model"].isin(list(models)), _READ])
    shown = [name for name in models if name in means]
    led = means[shown].idxmin(axis=1).value_counts()
    counted = ", ".join(f"{name} {led[name]}" for name in shown if name in led)
    said = (
        f"Of {len(means)} origins, the smallest mean sWIS over the leaves was that of: {counted}. A leader at one "
        "origin may be luck; the chart of windows says where a lead was more than that."
    )
    fluctuations = [one for name in shown if (one := fluctuation(means, model=name, against=against, horizon=horizon))]
    return (
        f"<p>{escape(said)}</p>{legend(shown, kind='fill')}{_strip(means[shown], shown)}"
        f"{_spells(means[shown])}{_windows(fluctuations, shown, against)}"
    )


def _strip(means: pd.DataFrame, models: Sequence[str]) -> str:
    """A stripe per origin, in the colour of its leader."""
    plot = Plot("The model with the smallest mean score at each origin", (0, len(means)), (0, 1), 760, 60, 8, 26)
    for at, (origin, leader) in enumerate(zip(means.index, means.idxmin(axis=1), strict=True)):
        row = ", ".join(f"{name} {means.iloc[at][name]:.2f}" for name in means.iloc[at].sort_values().index[:4])
        plot.bar(at, at + 1, 1, f"fill c{models.index(leader) % COLOURS}", f"{origin}: {row}")
    step = max(len(means) // 8, 1)
    marks = [(at + 0.5, str(means.index[at])) for at in range(0, len(means), step)]
    return f"<figure><figcaption>Leader at each origin</figcaption>{plot.svg(across=marks, up=[])}</figure>"


def _spells(means: pd.DataFrame) -> str:
    rows = "".join(
        f'<tr><th scope="row">{spell.first}{f" to {spell.last}" if spell.origins > 1 else ""}</th>'
        f"<td>{escape(spell.model)}</td><td>{spell.origins}</td></tr>"
        for spell in spells(means)
    )
    return (
        '<details><summary>The same as a table</summary><div class="scroll"><table><thead><tr>'
        '<th scope="col">origins</th><th scope="col">leader</th><th scope="col">how many</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _windows(fluctuations: Sequence[Fluctuation], models: Sequence[str], against: str) -> str:
    if not fluctuations:
        return "<p>The origins are too few for windows.</p>"
    ends = [Month.parse(text).ordinal for text in fluctuations[0].ends]
    span = (ends[0], max(ends[-1], ends[0] + 1))
    charts = [
        (
            f"sWIS over that of {against}, mean of {fluctuations[0].window} origins",
            [one.ratio for one in fluctuations],
            [1.0],
            "below 1 is better",
        ),
        (
            "The same difference, standardised (Giacomini and Rossi 2010)",
            [one.statistic for one in fluctuations],
            [0.0, -CRITICAL, CRITICAL],
            f"beyond {CRITICAL} is more than noise at 10 %",
        ),
    ]
    drawn = []
    for title, values, lines, note in charts:
        flat = [float(value) for row in values for value in row] + lines
        low, high = min(flat), min(max(flat), 6 if lines[0] == 0 else 2)
        room = 0.05 * (high - low) or 0.1
        plot = Plot(f"{title}, by the last origin of the window", span, (low - room, high + room), 380, 230)
        for value in lines:
            plot.level(value)
        for one, row in zip(fluctuations, values, strict=True):
            plot.line(zip(ends, row, strict=True), f"line c{models.index(one.model) % COLOURS}")
        across = [(end, str(Month(end).year)) for end in _years(*span)]
        up = [(value, f"{value:g}") for value in ticks(low, high)]
        caption = f"<figcaption>{escape(title)}; {escape(note)}</figcaption>"
        drawn.append(f"<figure>{caption}{plot.svg(across=across, up=up)}</figure>")
    return f'<div class="charts">{"".join(drawn)}</div>'


def _years(first: int, last: int) -> list[int]:
    """The Januaries between two months, some six of them."""
    years = range(Month(first).year + 1, Month(last).year + 1)
    step = max(len(years) // 6, 1)
    return [Month.of(year, 1).ordinal for year in years[::step]]
