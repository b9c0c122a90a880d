"""How many months do the intervals need to be right again after the break of 2025?
Tells coverage origin by origin, beside the peers.

Late in January 2025 the counts of most southwestern states fell to a fraction of the year before. Every month around
the break is forecast again from the counts up to it:

    .venv/bin/python experiments/break_2025.py bank
"""

from __future__ import annotations

import argparse
import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from experiments.arguments import Replayed, add_as_of, add_out, quick_folder, replay
from experiments.record import Page
from forecast.cli.outputs import checked_folder
from forecast.core.errors import EncountersError
from forecast.core.months import Month, month_range
from forecast.core.tables import Counts
from forecast.settings import Settings

# Beside the floor, which is the random walk on logs.
PEERS = ("ets-log", "ets-raw", "theta-log", "prophet-log")
# The last month before the counts fell in whole: forecasts made from it or earlier could not know.
BREAK = Month.of(2025, 1)
# What an 80 % interval may cover before it counts as wrong: with 42 areas per origin chance alone moves the share by
# some 5 points.
BAND = (0.70, 0.90)
# Cells with fewer encounters per month are mostly zeros, and zeros lie inside every interval.
LEAST = 30
SHOWN_AREA = "state-tx-southwest"
_COLOURS = ("#0072b2", "#222222", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
_INK, _MUTED = "#222222", "#5f6b76"


def main() -> None:
    """Replay every month, print the tables and what they say, save the figure."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("recipe", help="name or file of a recipe")
    asking.add_argument(
        "--peers", default=",".join(PEERS), metavar="A,B", help="members to run beside it (default: %(default)s)"
    )
    asking.add_argument(
        "--first",
        type=Month.parse,
        default=Month.of(2024, 9),
        metavar="YYYY-MM",
        help="first origin (default: 2024-09)",
    )
    asking.add_argument(
        "--last", type=Month.parse, default=Month.of(2025, 8), metavar="YYYY-MM", help="last origin (default: 2025-08)"
    )
    asking.add_argument("--horizon", type=int, default=3, help="months ahead (default: %(default)s)")
    asking.add_argument("--area", default=SHOWN_AREA, metavar="SLUG", help="area drawn as fans (default: %(default)s)")
    asking.add_argument(
        "--quick", action="store_true", help="three origins around the break and one peer: shows that it runs"
    )
    add_out(asking)
    add_as_of(asking)
    asked = asking.parse_args()
    if asked.quick:
        asked.first, asked.last, asked.peers = BREAK + -1, BREAK + 1, "theta-log"
        asked.out = quick_folder(asked.out)
    asked.panel, asked.step = "cbp-states", 1
    page = Page()
    try:
        checked_folder(asked.out, settings=Settings())
        made = replay(asked, recipes=[asked.recipe], models=[label for label in asked.peers.split(",") if label])
        scored = busy(made.scores, made.study.counts)
        tell(page, made, scored)
        asked.out.mkdir(parents=True, exist_ok=True)
        path = asked.out / "break-2025.png"
        draw(made, scored, asked.area).savefig(path)
        page.tell(f"\n{path}")
        page.keep("break-2025", made, [path])
    except EncountersError as error:
        raise SystemExit(f"{error}") from error


def busy(scores: pd.DataFrame, counts: Counts) -> pd.DataFrame:
    """The scores of leaves with at least LEAST encounters per month, on average up to the origin of the forecast."""
    leaves = scores[scores["group"] != "total"]
    means = {
        (origin, slug): mean
        for origin in leaves["origin"].unique()
        for slug, mean in zip(counts.areas, np.nanmean(counts.until(Month.parse(origin)).values, axis=0), strict=True)
    }
    keep = [means[origin, slug] >= LEAST for origin, slug in zip(leaves["origin"], leaves["area"], strict=True)]
    return leaves[keep]


def tell(page: Page, made: Replayed, scored: pd.DataFrame) -> None:
    """A table per part and figure, origins below each other;
    then from which origin on the 80 % interval holds again.
    """
    origins, counts = made.study.origins, made.study.counts
    page.tell(
        f"{counts.panel}: every origin from {origins[0]} to {origins[-1]}, 1 to {made.study.horizon} months ahead,"
        f" counts through {counts.through}; leaves with at least {LEAST} encounters a month on average"
    )
    for part, own in (("all such leaves", scored), ("southwest only", scored[scored["group"] == "southwest"])):
        for figure, head in (
            ("coverage_80", "inside the 80 % interval"),
            ("coverage_95", "inside the 95 % interval"),
            ("logWIS", "logWIS"),
        ):
            table = by_origin(own, figure, made.study.shown)
            cells = own[own["model"] == made.study.shown[0]].groupby("origin").size()
            page.tell(f"\n{part}: {head}")
            page.tell(table.assign(months=cells).round(2 if figure != "logWIS" else 3).to_string())
    page.tell(f"\nall such leaves: the 80 % interval covers {100 * BAND[0]:.0f} to {100 * BAND[1]:.0f} %")
    table = by_origin(scored, "coverage_80", made.study.shown)
    for model in made.study.shown:
        page.tell(f"  {model:<18}{recovery(table[model])}")


def by_origin(scored: pd.DataFrame, figure: str, models: tuple[str, ...]) -> pd.DataFrame:
    """Mean of a figure: a row per origin, a column per model."""
    return scored.groupby(["origin", "model"])[figure].mean().unstack("model")[list(models)]


def recovery(coverage: pd.Series) -> str:
    """From which origin after the break coverage is back, in words, and where it leaves the band later."""
    after = coverage[coverage.index > str(BREAK)]
    enough = after >= BAND[0]
    if not enough.any():
        return f"not again by {after.index[-1]}"
    first = str(enough.idxmax())
    falls = after[~enough & (after.index > first)].index
    over = after[(after > BAND[1]) & (after.index >= first)].index
    later = Month.parse(first) - BREAK
    words = [f"again from {first}, {later} month{'s' if later > 1 else ''} after the break"]
    if len(falls):
        words.append(f"below it again at {', '.join(falls)}")
    if len(over):
        words.append(f"above it (too wide) at {', '.join(over)}")
    return "; ".join(words)


def draw(made: Replayed, scored: pd.DataFrame, slug: str) -> Figure:
    """Left: coverage of the 80 % interval by origin, a line per model;
    right: the recipe's fans of one area at three origins.
    """
    figure = Figure(figsize=(11, 4.8), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    models = made.study.shown
    table = by_origin(scored, "coverage_80", models)
    for place, model in reversed(list(enumerate(models))):
        bold = place == 0
        left.plot(
            range(len(table)), 100 * table[model], color=_COLOURS[place % len(_COLOURS)], label=model,
            zorder=3 if bold else 2,            linewidth=2.6 if bold else 1.3, marker="o" if bold else None,
            linestyle="-" if bold else ("--", "-.", ":")[place % 3],
        )  # fmt: skip
    left.axhspan(100 * BAND[0], 100 * BAND[1], color="#eef2f5", zorder=0)
    left.axhline(80, color=_MUTED, linewidth=1)
    if str(BREAK) in table.index:
        place = list(table.index).index(str(BREAK))
        left.axvline(place, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)))
        left.annotate(" counts fall", xy=(place, 2), color=_MUTED, fontsize=8)
    left.set_xticks(range(len(table)), list(table.index), rotation=45, ha="right")
    left.set_ylim(0, 102)
    left.legend(loc="lower right", fontsize=8, frameon=False, labelcolor=_INK)
    _label(left, "Counts inside the 80 % interval", "last month that the forecast knew", "share, %")
    fans(right, made, slug)
    caption = (
        f"{made.study.counts.panel}, 1 to {made.study.horizon} months ahead; left: leaves with at least {LEAST} "
        "encounters a month;"
        f" right: {models[0]}, 80 % intervals. Counts through {made.study.counts.through}, as revised since."
    )
    figure.supxlabel(textwrap.fill(caption, 170), x=0.01, ha="left", fontsize=8, color=_MUTED)
    return figure


def fans(axes: Axes, made: Replayed, slug: str) -> None:
    """The last origin before the break, the month of it and the one after: median and 80 % interval over what came."""
    counts, own = made.study.counts, made.study.shown[0]
    shown = [origin for origin in (BREAK + -1, BREAK, BREAK + 1) if origin in made.study.origins] or list(
        made.study.origins[:3]
    )
    known = counts.totals()[slug]
    start = shown[0] + -12
    months = [month for month in month_range(start, len(known)) if month - counts.through <= 0]
    axes.plot(
        [month - start for month in months],
        [known[month - counts.first] for month in months],
        color=_INK,
        linewidth=1.5,
        label="observed",
    )
    for place, origin in enumerate(shown):
        table = next(table for table in made.past.forecasts if table.model == own and table.origin == origin)
        row = table.areas.index(slug)
        ahead = [month - start for month in table.months]
        colour = _COLOURS[(0, 2, 3)[place]]
        axes.fill_between(ahead, table.at(0.1)[row], table.at(0.9)[row], color=colour, alpha=0.22, linewidth=0)
        axes.plot(
            ahead, table.at(0.5)[row], color=colour, linewidth=1.8, marker="o", markersize=3, label=f"from {origin}"
        )
    ticks = [month for month in months if month.ordinal % 3 == 0]
    axes.set_xticks([month - start for month in ticks], [str(month) for month in ticks], rotation=45, ha="right")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.legend(loc="upper right", fontsize=8, frameon=False, labelcolor=_INK)
    _label(axes, counts.panel.area(slug).name, "month", "encounters per month")


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=_INK)
    axes.set_xlabel(x, color=_INK)
    axes.set_ylabel(y, color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_MUTED, labelsize=8)
    axes.grid(axis="y", color="#e6eaed", linewidth=0.8)
    axes.set_axisbelow(True)


if __name__ == "__main__":
    main()
