"""Does complex exponential smoothing earn a place beside the bank on border counts? Development origins alone.

    .venv/bin/python experiments/complex_smoothing.py --peer-python peer/bin/python

statsforecast's AutoCES (Svetunkov, Kourentzes and Ord 2022) by another Python (`statsforecast_models.py`), alone and
averaged with the bank: the mean of their quantiles. Other tables: `any_panel.py --models AutoCES-raw,...`. Prints sWIS
and logWIS over the bank's and both coverages, leaves of each group.

The rule, written before the first run: a family is added if, as a third beside the bank and Theta in the blend, it
lowers the mean of MASE and of sWIS by 2 % on tables of others (tourism, employment, FRED, each with its earlier months
hidden) and loses 2 % on none; or if it, as a quarter beside the bank, has both scores at most .998 on sectors and
states and at most 1.002 in each group.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from experiments import statsforecast_models
from experiments.arguments import AS_OF
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.panels import bundled as bundled_panels
from forecast.core.tables import LEVELS, Counts, Floats, Forecasts
from forecast.counts.bundle import bundled
from forecast.evaluation.scores import score
from forecast.models.quiet import is_quiet
from forecast.recipe.recipe import load, run

HORIZON = 12
# January of even years and July of odd ones, 2010 to 2023; of the states every sixth month of what RESULTS.md names.
ORIGINS = (
    [Month.of(year, 7 if year % 2 else 1) for year in range(2010, 2024)],
    [Month.of(2021, 10) + step for step in range(0, 47, 6)],
)
SHARES = (0.25, 0.5)
PEERS = ("AutoCES-raw", "AutoCES-log")


def main() -> None:
    """Print a table for each panel."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--peer-python", required=True, metavar="PATH", help="a Python that has statsforecast")
    asking.add_argument("--quick", action="store_true", help="one origin of each panel, to see that it runs")
    asked = asking.parse_args()
    archive = bundled()
    for panel, origins in zip(bundled_panels(), ORIGINS, strict=False):
        counts = archive.as_of(panel, AS_OF)
        scores = _scored(counts, origins[: 1 if asked.quick else None], asked.peer_python)
        print(f"\n{panel}: sWIS / logWIS over the bank's, c80 / c95; {scores['origin'].nunique()} origins")
        groups = {"all": scores} | dict(iter(scores.groupby("group")))
        print(pd.DataFrame({name: _row(own) for name, own in groups.items()}).to_string(), flush=True)


def _scored(counts: Counts, origins: list[Month], python: str) -> pd.DataFrame:
    """The scores of the bank, of each peer and of their averages, leaves of all origins."""
    seen = {origin: counts.until(origin) for origin in origins}
    series = {
        (origin, area): past.series(area)
        for origin, past in seen.items()
        for area in past.open_areas
        if not is_quiet(past.series(area))
    }
    peers = {
        name: dict(
            zip(series, statsforecast_models.quantiles(python, name, list(series.values()), HORIZON), strict=True)
        )
        for name in PEERS
    }
    tables = []
    for origin in origins:
        areas = tuple(area for of, area in series if of == origin)
        made = run(load("bank"), counts, origin=origin, executor=HERE, horizon=HORIZON, compared=False).forecasts
        bank = np.stack([made.values[made.areas.index(area)] for area in areas])
        values = {"bank": bank}
        for name, quantiles in peers.items():
            own = np.stack([quantiles[origin, area] for area in areas])
            values[name] = own
            values |= {f"{name}, {share}": (1 - share) * bank + share * own for share in SHARES}
        tables.extend(_table(name, origin, areas, own) for name, own in values.items())
    return score(forecasts=tables, truth=counts)


def _table(name: str, origin: Month, areas: tuple[str, ...], values: Floats) -> Forecasts:
    return Forecasts(name, origin, areas, values, values[..., LEVELS.index(0.5)], LEVELS)


def _row(scores: pd.DataFrame) -> pd.Series:
    columns = ["sWIS", "logWIS", "coverage_80", "coverage_95"]
    means = scores.groupby("model", sort=False)[columns].mean()
    means[columns[:2]] /= means.loc["bank", columns[:2]]
    return means.apply(lambda row: "{:.3f} / {:.3f}, {:.2f} / {:.2f}".format(*row), axis=1)


if __name__ == "__main__":
    main()
