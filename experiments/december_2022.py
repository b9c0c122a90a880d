"""What would we have said of El Paso in December 2022, what if its news were true, and what came? A table and a figure.

    .venv/bin/python experiments/december_2022.py --out experiments/figures/december-2022.png

The counts end with November 2022, as they are known today (revised since; what was public that week is not kept). The
scenarios are the week's news as planners heard it: groups on their way, a busy week, transfers, the announced end of
Title 42 on 21 December, which was then stayed. The counts that came are of the Border Patrol alone.
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.arguments import quick_folder
from forecast.cli.outputs import checked_folder
from forecast.core.errors import EncountersError
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.tables import Counts, Floats, Paths
from forecast.counts import bundle
from forecast.planning import beds_answer
from forecast.planning.capacity import nights, read_capacity
from forecast.planning.chance import Chance, in_words
from forecast.planning.events import Window, read_events
from forecast.planning.scenario import ScenarioOutcome, apply, leaves_needed
from forecast.planning.substitution import MONTHS, RecentCounts
from forecast.recipe import recipe
from forecast.settings import Settings

PUBLIC = date(2026, 11, 30)
ORIGIN = Month.of(2022, 11)
HORIZON = 6
AREAS = ("el-paso", "laredo", "rio-grande-valley", "san-diego", "southwest")
FIRST, NEXT = str(ORIGIN + 1), str(ORIGIN + 2)

GROUPS: list[dict[str, Any]] = [
    {"kind": "group_arrival", "people": people, "towards": "el-paso", "arrive": [FIRST, NEXT], "show_up": [0.3, 0.9]}
    for people in (30_000, [10_000, 15_000])
]
TRANSFERS: list[dict[str, Any]] = [
    {
        "kind": "transfer",
        "from": "el-paso",
        "to": {"laredo": 0.34, "rio-grande-valley": 0.33, "san-diego": 0.33},
        "share": [0.1, 0.2],
        "from_month": FIRST,
    }
]
# What was expected a day at the southwest border once Title 42 ended, ports of entry included.
EXPECTED = (16_000, 18_000)
_INK, _MUTED = "#222222", "#5f6b76"


def main() -> None:
    """Forecast from November 2022, apply the news, print what was said beside what came, draw it."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--out", type=Path, help="file for the figure, .png or .svg")
    asking.add_argument(
        "--quick", action="store_true", help="by the floor, whose figures mean little: shows that it runs"
    )
    asked = asking.parse_args()
    if asked.quick and not asked.out:
        asked.out = quick_folder() / "december-2022.png"
    if asked.out:
        checked_folder(asked.out.parent, settings=Settings())
    counts = bundle.bundled().as_of("usbp-sectors", PUBLIC)
    frozen = recipe.load("floor" if asked.quick else "bank")
    paths = recipe.run(frozen, counts, origin=ORIGIN, executor=HERE, horizon=HORIZON, compared=False).paths
    asking_of = News(counts, paths)
    came = {area: values[ORIGIN + 1 - counts.first :][:HORIZON] for area, values in counts.totals().items()}
    months = [str(ORIGIN + step) for step in range(1, HORIZON + 1)]
    end = asking_of.end_of_title_42()
    cases = {
        "as forecast": asking_of.outcome([]),
        "two groups": asking_of.outcome(GROUPS),
        "groups, transfers": asking_of.outcome(GROUPS + TRANSFERS),
        "Title 42 ends": asking_of.outcome([end]),
        "all of it": asking_of.outcome([*GROUPS, *TRANSFERS, end]),
    }
    print(f"Counts to {ORIGIN}, as known on {PUBLIC}; {paths.values.shape[2]:,} worlds. Median (80 % of worlds).\n")
    for area in AREAS:
        print(area)
        print(f"  {'':20}" + "".join(month.rjust(26) for month in months))
        for name, case in cases.items():
            print(f"  {name:20}" + "".join(in_short(row).rjust(26) for row in values(case, area)))
        print(f"  {'what came':20}" + "".join(f"{count:,.0f}".rjust(26) for count in came[area]))
        places = [f"{chance(values(cases[name], area)[0] <= came[area][0])} {name}" for name in cases]
        print(f"  share of worlds with no more than came in {FIRST}: {', '.join(places)}\n")
    print("El Paso, a mean of more than so many a day")
    for threshold in (1_500, 1_800, 2_400):
        parts = []
        for name, case in cases.items():
            above = values(case, "el-paso")[:2].T / np.array([31, 31]) > threshold
            parts.append(f"{name}: {' and '.join(chance(month) for month in above.T)}")
        print(f"  {threshold:,} in December and in January, {'; '.join(parts)}")
    print(f"  what came: {came['el-paso'][0] / 31:,.0f} a day in December, {came['el-paso'][1] / 31:,.0f} in January")
    print("\nWords of the answer:")
    for tag in cases["all of it"].tags:
        print(f"  - {tag.words}")
    beds(cases)
    if asked.out:
        figure = drawn(cases, came, counts)
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(asked.out)
        print(f"\n{asked.out}")


class News:
    """Asks of the forecast from November 2022."""

    def __init__(self, counts: Counts, paths: Paths) -> None:
        self.paths, self.panel = paths, counts.panel
        leaves = [area for area in paths.areas if counts.panel.area(area).is_leaf()]
        self.members = counts.panel.hierarchy(leaves)
        group = counts.panel.group_of
        self.groups = {leaf: [one for one in leaves if group(one) == group(leaf)] for leaf in leaves}
        seen = counts.until(ORIGIN)
        self.recent = RecentCounts(tuple(leaves), seen.values[-MONTHS:, [seen.areas.index(leaf) for leaf in leaves]])
        self.window = Window(counts.panel.id, ORIGIN, ORIGIN + HORIZON, counts.panel.area)

    def outcome(self, events: list[dict[str, Any]]) -> ScenarioOutcome:
        """AREAS without and with some events."""
        read = read_events(events, self.window)
        needed = leaves_needed(AREAS, read, self.members, {**self.members, **self.groups})
        rows = [self.paths.areas.index(leaf) for leaf in needed]
        own = Paths(self.paths.model, ORIGIN, needed, self.paths.values[rows])
        return apply(own, read, areas=AREAS, members=self.members, groups=self.groups, seed=1, recent=self.recent)

    def end_of_title_42(self) -> dict[str, Any]:
        """The expectation as a factor on the forecast of January, the first whole month after the announced end."""
        row = self.paths.values[self.paths.areas.index("southwest"), 1]
        usual = float(np.median(row)) / 31
        factor = [round(people / usual, 2) for people in EXPECTED]
        return {"kind": "change", "month": NEXT, "multiplier": factor, "areas": ["southwest"]}


def beds(cases: dict[str, ScenarioOutcome]) -> None:
    """The city's question: 1,400 of 2,400 a day released, into shelters where people stay two or three nights."""
    body = {
        "area": "el-paso",
        "beds": 1_500,
        "occupied": [1_500, 3_500],
        "share": [0.4, 0.6],
        "stay": {"days": [0, 0, 0.5, 0.5]},
        "months": 3,
        "from": FIRST,
    }
    print(
        "\nEl Paso, beds: 40 to 60 % released (1,400 of 2,400 that week), two or three nights, 1,500 beds (our number)"
    )
    for name, case in cases.items():
        question = read_capacity(
            body, named=_area, months=lambda _: (ORIGIN, ORIGIN + HORIZON), today=date(2022, 12, 1)
        )
        occupancy = nights(question, Paths("", ORIGIN, ("el-paso",), case.scenario.values[:1]))
        for month in beds_answer.beds_answered(occupancy)["months"][:2]:
            print(
                f"  {name:20} {month['month']}: average night {month['occupancy']['median']:,} "
                f"({month['occupancy']['90']:,} in one of ten worlds), full: "
                f"{in_words(month['full']['probability'], month['full']['bound'])}, beds for 80/90/95 %: "
                f"{' / '.join(f'{beds:,}' for beds in month['beds_for'].values())}"
            )


def _area(text: str) -> Any:
    from forecast.core.panels import bundled

    return bundled()["usbp-sectors"].area(text)


def values(case: ScenarioOutcome, area: str) -> Floats:
    """(months, draws) of an area with the events."""
    return case.scenario.values[case.scenario.areas.index(area)]


def in_short(row: Floats) -> str:
    """Median and the middle 80 %."""
    low, middle, high = np.quantile(row, (0.1, 0.5, 0.9))
    return f"{middle:,.0f} ({low:,.0f}-{high:,.0f})"


def chance(worlds: NDArray[np.bool_]) -> str:
    """In how many worlds it is so, in words."""
    share = Chance(int(worlds.sum()), len(worlds))
    return in_words(share.probability, share.bound)


def drawn(cases: dict[str, ScenarioOutcome], came: dict[str, Floats], counts: Counts) -> Figure:
    """El Paso and the southwest: counts, the forecast, the news, and what came."""
    figure = Figure(figsize=(11, 4.8), dpi=150, layout="constrained")
    totals = counts.totals()
    past, ahead = np.arange(-23, 1), np.arange(1, HORIZON + 1)
    shown = {"two groups": "#e69f00", "Title 42 ends": "#d55e00", "all of it": "#cc79a7"}
    every = figure.subplots(1, 2)
    for axes, area, name in zip(every, ("el-paso", "southwest"), ("El Paso, TX", "Southwest border"), strict=True):
        until = ORIGIN - counts.first + 1
        axes.plot(past, totals[area][until - 24 : until], color=_INK, label="counts")
        low, middle, high = np.quantile(values(cases["as forecast"], area), (0.1, 0.5, 0.9), axis=1)
        axes.fill_between(ahead, low, high, color="#0072b2", alpha=0.22, linewidth=0, label="80 %, as forecast")
        axes.plot(ahead, middle, color="#0072b2", label="median, as forecast")
        for case, colour in shown.items():
            row = np.quantile(values(cases[case], area), (0.5, 0.9), axis=1)
            axes.plot(ahead, row[0], color=colour, label=f"median, {case}")
            axes.plot(ahead, row[1], color=colour, linestyle=":", linewidth=1)
        axes.plot(ahead, came[area], "o", color=_INK, markersize=4, label="what came")
        axes.axvline(0.5, color=_MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        ticks = np.arange(-22, HORIZON + 1, 4)
        axes.set_xticks(ticks, [str(ORIGIN + int(step)) for step in ticks], rotation=45, ha="right")
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_title(name, loc="left", fontsize=11, fontweight="bold", color=_INK)
        axes.set_xlabel("month", color=_INK)
        axes.set_ylabel("encounters per month", color=_INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=_MUTED, labelsize=8)
        axes.grid(axis="y", color="#e6eaed", linewidth=0.8)
        axes.set_axisbelow(True)
    figure.legend(*every[0].get_legend_handles_labels(), loc="outside upper left", ncols=4, frameon=False, fontsize=8)
    caption = (
        f"From {ORIGIN}, dashed: the forecast, that week's news, and what came. Dotted: nine of ten worlds lie below. "
        f"Counts as revised by {PUBLIC}."
    )
    figure.supxlabel(caption, x=0.01, ha="left", fontsize=8, color=_MUTED)
    return figure


if __name__ == "__main__":
    try:
        main()
    except EncountersError as error:
        raise SystemExit(f"{error}") from None
