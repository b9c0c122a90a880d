"""Published figures before and after a change: what moved, and by how much. Fits nothing and reads no store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.core.errors import TableError
from forecast.core.panels import Panel
from forecast.core.scoring import interval_levels
from forecast.core.tables import Floats, Forecasts

__all__ = ["COVERAGES", "Differences", "differences"]

# The intervals whose ends are published where nobody asks for others, in per cent.
COVERAGES = (50, 80, 95)
# Digits that a release keeps of its figures.
_DIGITS = 2
# What a change is called large from, as a share of the figure before; figures below one encounter count as one.
_LARGE = (0.01, 0.05)


@dataclass(frozen=True)
class Differences:
    """`rows`: one per area, month and figure (`median`, `mean`, `lower_80` and so on) that both sides have, with
    `before`, `after` and `share`, the change over the figure before. `only_before`, `only_after`: areas of one side.
    """

    panel: Panel
    rows: pd.DataFrame
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    @property
    def moved(self) -> pd.DataFrame:
        """The rows whose figure is another, the largest share first."""
        away = self.rows[self.rows["before"] != self.rows["after"]]
        return away.loc[away["share"].abs().sort_values(ascending=False, kind="stable").index]

    def as_json(self) -> dict[str, Any]:
        """JSON values: how many figures moved, by figure, and each of them."""
        moved = self.moved
        return {
            "figures": len(self.rows),
            "moved": len(moved),
            **{f"moved_over_{100 * share:g}_percent": int((moved["share"].abs() > share).sum()) for share in _LARGE},
            "only_before": list(self.only_before),
            "only_after": list(self.only_after),
            "by_figure": {
                str(name): {"moved": int((part["before"] != part["after"]).sum()), "mean_share": _mean(part["share"])}
                for name, part in self.rows.groupby("figure", sort=False)
            },
            "changes": [
                {**row, "share": round(row["share"], 6)}
                for row in moved[["area", "month", "figure", "before", "after", "share"]].to_dict("records")
            ],
        }

    def lines(self, most: int = 12) -> list[str]:
        """The same for a terminal: sums, then the largest changes."""
        summary, moved = self.as_json(), self.moved
        if moved.empty:
            head = f"  None of {summary['figures']:,} published figures moved."
        else:
            large = ", ".join(
                f"{summary[f'moved_over_{100 * one:g}_percent']:,} by over {100 * one:g} %" for one in _LARGE
            )
            head = f"  {len(moved):,} of {summary['figures']:,} published figures moved, {large}."
        sides = [
            f"  only {side}: {', '.join(areas)}"
            for side, areas in (("before", self.only_before), ("after", self.only_after))
            if areas
        ]
        if moved.empty:
            return [head, *sides]
        by_figure = [
            f"  {name:<10}{row['moved']:>7,} moved, mean change {100 * row['mean_share']:+.2f} %"
            for name, row in summary["by_figure"].items()
        ]
        rows = [
            f"  {self.panel.area(row['area']).name:<30} {row['month']}  {row['figure']:<9} {row['before']:>12,.2f} -> "
            f"{row['after']:>12,.2f}  {100 * row['share']:+8.2f} %"
            for row in summary["changes"][:most]
        ]
        rest = [f"  and {len(moved) - most:,} more: --json has them"] if len(moved) > most else []
        return [head, *sides, *by_figure, "  largest:", *rows, *rest]


def differences(*, before: Forecasts, after: Forecasts, panel: Panel) -> Differences:
    """The figures of areas and months that both have. Raises TableError where there are none."""
    parts = {
        place: {month.ordinal: step for step, month in enumerate(side.months)}
        for place, side in enumerate((before, after))
    }
    months = sorted(parts[0].keys() & parts[1].keys())
    areas = [area.slug for area in panel.ordered(set(before.areas) & set(after.areas))]
    if not months or not areas:
        raise TableError(
            f"{before.model} forecasts {before.months[0]} to {before.months[-1]}, {after.model} {after.months[0]} to "
            f"{after.months[-1]}: no area and month is in both. Compare releases whose months meet."
        )
    old, new = (
        _figures(side, areas, [steps[month] for month in months])
        for side, steps in ((before, parts[0]), (after, parts[1]))
    )
    names = list(old)
    texts = np.datetime_as_string(np.array(months, dtype="datetime64[M]"))
    index = pd.MultiIndex.from_product([names, areas, texts], names=["figure", "area", "month"])
    rows = pd.DataFrame(
        {"before": np.stack([*old.values()]).ravel(), "after": np.stack([*new.values()]).ravel()}, index=index
    ).reset_index()
    rows["share"] = (rows["after"] - rows["before"]) / rows["before"].clip(lower=1.0)
    return Differences(
        panel,
        rows,
        tuple(sorted(set(before.areas) - set(after.areas))),
        tuple(sorted(set(after.areas) - set(before.areas))),
    )


def _figures(side: Forecasts, areas: list[str], steps: list[int]) -> dict[str, Floats]:
    """Figure -> (areas, months), as a release keeps them."""
    places = [side.areas.index(slug) for slug in areas]
    wanted = {"median": side.at(0.5), "mean": side.mean}
    for coverage in COVERAGES:
        low, high = interval_levels(coverage)
        wanted |= {f"lower_{coverage}": side.at(low), f"upper_{coverage}": side.at(high)}
    return {name: np.round(values[np.ix_(places, steps)], _DIGITS) for name, values in wanted.items()}


def _mean(shares: pd.Series[float]) -> float:
    return round(float(shares.mean()), 6)
