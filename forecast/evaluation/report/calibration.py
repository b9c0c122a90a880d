"""How often intervals held, and where in the forecasts the counts fell, as charts and a table. Computes means only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape

import pandas as pd

from forecast.core.scorecard import SCORED_COVERAGES
from forecast.core.tables import Counts, Forecasts
from forecast.evaluation.leaderboard import common
from forecast.evaluation.reliability import by_level, pit_histogram
from forecast.evaluation.report.svg import COLOURS, Plot, legend

__all__ = ["calibration"]

_BINS = 10
_READ = [
    "model", "area", "group", "origin", "horizon", "pit", *(f"coverage_{coverage}" for coverage in SCORED_COVERAGES)
]  # fmt: skip


def calibration(
    scores: pd.DataFrame, forecasts: Sequence[Forecasts], counts: Counts, *, models: Sequence[str], judged_on: str
) -> str:
    """Coverage, reliability by level and PIT histograms of some models, on the leaves of the group `judged_on` where
    there are some: elsewhere counts may be so small that rounding decides what an interval holds.
    """
    leaves = common(scores.loc[scores["group"] != "total", _READ])
    leaves = leaves[leaves["model"].isin(list(models))]
    judged = leaves[leaves["group"] == judged_on]
    chosen, where = (judged, f"the areas of {judged_on}") if len(judged) else (leaves, "all leaves")
    said = (
        f"Of {where}, {chosen.groupby(['area', 'origin', 'horizon']).ngroups:,} cells that all models have. An "
        "interval is right where the share of counts in it is what its name promises; a PIT is right where bars are "
        "level: a hump in the middle says too wide, bars at the ends too narrow, a slope too high or too low."
    )
    pit = pit_histogram(chosen)
    charts = "".join(_pit(pit[pit["model"] == name], name, place) for place, name in enumerate(models))
    return (
        f"<p>{escape(said)}</p>{legend(models)}"
        f'<div class="charts">{_coverage(chosen, models)}{_levels(chosen, forecasts, counts, models)}</div>'
        f'<h4>Probability integral transform</h4><div class="charts">{charts}</div>'
    )


def _coverage(cells: pd.DataFrame, models: Sequence[str]) -> str:
    """Shares inside the intervals less what they promise, by model."""
    columns = [f"coverage_{coverage}" for coverage in SCORED_COVERAGES]
    held = {str(name): part[columns].to_numpy(float).mean(axis=0) for name, part in cells.groupby("model")}
    away = {name: [float(value) for value in 100 * held[name] - SCORED_COVERAGES] for name in models}
    reach = max(5.0, *(abs(value) for values in away.values() for value in values)) + 1
    plot = Plot(
        "Share of counts in each central interval less what it promises, by model", (-0.5, 3.5), (-reach, reach)
    )
    plot.level(0)
    for place, name in enumerate(models):
        for at, value in enumerate(away[name]):
            x = at + 0.7 * ((place + 0.5) / len(models) - 0.5)
            text = f"{name}: {value + SCORED_COVERAGES[at]:.1f} % in the {SCORED_COVERAGES[at]} % interval"
            plot.dot(x, value, f"dot c{place % COLOURS}", text)
    return _figure(
        "Coverage", plot, [(at, f"{one} %") for at, one in enumerate(SCORED_COVERAGES)], reach, ("interval", "points")
    )


def _figure(title: str, plot: Plot, across: Sequence[tuple[float, str]], reach: float, names: tuple[str, str]) -> str:
    step = 20 if reach > 40 else 10 if reach > 15 else 5 if reach > 7 else 2
    marks = [value for value in range(-100, 101, step) if abs(value) <= reach]
    drawn = plot.svg(across=across, up=[(value, f"{value:+d}" if value else "0") for value in marks], names=names)
    return f"<figure><figcaption>{escape(title)}</figcaption>{drawn}</figure>"


def _levels(cells: pd.DataFrame, forecasts: Sequence[Forecasts], counts: Counts, models: Sequence[str]) -> str:
    """Shares of counts below each level less the level; nothing where the forecasts were not kept."""
    table = by_level(forecasts=_only(cells, (one for one in forecasts if one.model in models)), truth=counts)
    if table.empty:
        return ""
    means = table.set_index(["model", "level"])["below"]
    away = {name: 100 * (means[name] - means[name].index.to_numpy(float)) for name in models if name in means}
    reach = max(5.0, *(float(values.abs().max()) for values in away.values())) + 1
    plot = Plot("Share of counts below each quantile less its level, by model", (0, 1), (-reach, reach))
    plot.level(0)
    for place, name in enumerate(models):
        if name in away:
            plot.line(zip(away[name].index, away[name], strict=True), f"line c{place % COLOURS}")
    marks = [(share / 100, f"{share} %") for share in (0, 25, 50, 75, 100)]
    return _figure("Counts below each level, too many or too few", plot, marks, reach, ("level", "points"))


def _only(cells: pd.DataFrame, tables: Iterable[Forecasts]) -> Iterator[Forecasts]:
    """The areas and months of some forecasts that are among the cells of their origin."""
    areas = {str(origin): set(part) for origin, part in cells.groupby("origin")["area"]}
    months = {str(origin): int(last) for origin, last in cells.groupby("origin")["horizon"].max().items()}
    for table in tables:
        origin = str(table.origin)
        rows = [row for row, area in enumerate(table.areas) if area in areas.get(origin, ())]
        if rows:
            values, mean = table.values[rows, : months[origin]].copy(), table.mean[rows, : months[origin]].copy()
            yield replace(table, areas=tuple(table.areas[row] for row in rows), values=values, mean=mean)


def _pit(shares: pd.DataFrame, name: str, place: int) -> str:
    values = shares.drop(columns="model").to_numpy(float)[0]
    top = max(0.2, float(values.max()) * 1.05)
    plot = Plot(f"PIT of {name}", (0, 1), (0, top), width=176, height=120, left=34, bottom=22)
    for at, value in enumerate(values):
        plot.bar(at / _BINS, (at + 1) / _BINS, value, f"fill c{place % COLOURS}", f"{100 * value:.1f} %")
    plot.level(1 / _BINS)
    up = [(value, f"{100 * value:.0f} %") for value in (0, 0.1, 0.2, 0.4) if value <= top]
    drawn = plot.svg(across=[(0, "0"), (0.5, "0.5"), (1, "1")], up=up)
    return f"<figure><figcaption>{escape(name)}</figcaption>{drawn}</figure>"
