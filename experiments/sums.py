"""What should the order of the joint draws follow, so that sums over areas have honest intervals? Scores orders, and
tells how far the ends of sums move from seed to seed.

Every origin's leaves are the recipe's; only the order of their draws changes. Origins of development alone:

    .venv/bin/python experiments/sums.py bank
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.arguments import AS_OF
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.panels import bundled as bundled_panels
from forecast.core.tables import Counts, Floats, Forecasts, Paths
from forecast.counts.bundle import bundled
from forecast.evaluation.cache import FitCache, fits_of
from forecast.evaluation.scores import score
from forecast.models.fitting import Fit
from forecast.recipe import reconciliation
from forecast.recipe.recipe import Recipe, assemble, load, tasks
from forecast.settings import Settings

HORIZON = 12
MONTHS, FIRST, LAST = (1, 3, 7, 9), Month.of(2010, 1), Month.of(2023, 12)
SHARED = (0.0, 0.5, 1.0, 2.0)
SEEDS, SEED_ORIGINS = 8, tuple(Month.of(year, 1) for year in (2012, 2016, 2020, 2023))


def main() -> None:
    """Print the scores of the sums by order, and how far their 97.5 % ends move from seed to seed."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("recipe", help="name or file of a recipe with the bank among its members")
    asking.add_argument("--quick", action="store_true", help="three origins and two seeds of one")
    asked = asking.parse_args()
    counts = bundled().as_of(next(iter(bundled_panels())), AS_OF)
    recipe = replace(load(asked.recipe), compared=())
    months = [FIRST + step for step in range(LAST - FIRST + 1)]
    origins = [month for month in months if month.number in MONTHS][:: 20 if asked.quick else 1]
    tell([table for origin in origins for table in ordered(recipe, counts, origin)], counts, len(origins))
    seeds, at = (2, SEED_ORIGINS[:1]) if asked.quick else (SEEDS, SEED_ORIGINS)
    ends = np.stack([upper_ends(recipe, counts, origin, seeds) for origin in at], axis=1)
    apart = 100 * np.abs(ends / ends.mean(axis=0) - 1)
    print(f"\n97.5 % ends of sums, {seeds} seeds, {len(at)} origins: per cent from their mean")
    for place, area in enumerate(sums_of(counts, at[0])):
        own = apart[:, :, place]
        beyond = (own > 5).mean()
        print(f"  {area:<16} on average {own.mean():.1f}, at most {own.max():.1f}; beyond 5: {beyond:.1%} of the ends")


def ordered(recipe: Recipe, counts: Counts, origin: Month) -> Iterator[Forecasts]:
    """The sums at one origin, once per order of the draws."""
    fits = fitted(recipe, counts, origin)
    seen, areas = counts.until(origin), tuple(fit.area for fit in fits)
    leaves = np.stack([fit.paths.T for fit in fits])
    known = {fit.area: fit.parameters.get("surprises", ()) for fit in fits}
    single = reconciliation.surprises(known, areas, shared=0.0)
    orders: dict[str, Floats] = {"monthly changes": reconciliation.changes(seen)}
    orders |= {
        f"standardised errors, shared +{more:g}": reconciliation.surprises(known, areas, shared=more) for more in SHARED
    }
    orders["all areas in step"] = np.repeat(single.mean(axis=1, keepdims=True), len(areas), axis=1)
    hierarchy = sums_of(counts, origin)
    for name, past in orders.items():
        rng = np.random.default_rng([recipe.seed, origin.ordinal])
        joint = reconciliation.joint_draws(leaves, past, recipe.draws, rng)
        values = [joint[[areas.index(leaf) for leaf in parts]].sum(axis=0) for parts in hierarchy.values()]
        yield Paths(name, origin, tuple(hierarchy), np.stack(values)).quantiles()


def upper_ends(recipe: Recipe, counts: Counts, origin: Month, seeds: int) -> Floats:
    """(seeds, sums, HORIZON) 97.5 % ends."""
    sums = tuple(sums_of(counts, origin))
    ends = []
    for seed in range(seeds):
        own = replace(recipe, seed=recipe.seed + seed)
        forecasts = assemble(own, counts, fitted(own, counts, origin), origin=origin, stored=0).forecasts
        ends.append(forecasts.at(0.975)[[forecasts.areas.index(area) for area in sums]])
    return np.stack(ends)


def fitted(recipe: Recipe, counts: Counts, origin: Month) -> Sequence[Fit]:
    """The fits of the recipe's one member at an origin, remembered."""
    needed = tasks(recipe, counts, origin=origin, horizon=HORIZON)
    return [fit for fit, _ in fits_of(needed, cache=FitCache(Settings().cache), executor=HERE)]


def sums_of(counts: Counts, origin: Month) -> dict[str, tuple[str, ...]]:
    """Every sum of the panel with its leaves."""
    areas = counts.until(origin).open_areas
    return {area: tuple(parts) for area, parts in counts.panel.hierarchy(areas).items() if area not in areas}


def tell(tables: Sequence[Forecasts], counts: Counts, origins: int) -> None:
    """Print a row per order: scores over all sums, coverage by era and of the northern border."""
    scores = score(forecasts=tables, truth=counts)
    grouped = scores.groupby("model", sort=False)
    table = grouped[["sWIS", "logWIS", "coverage_80", "coverage_95"]].mean().round(4)
    eras = scores.groupby(["model", "era"], sort=False)["coverage_80"].mean().unstack("era").round(3)
    by_area = scores.groupby(["model", "area"], sort=False)["coverage_80"].mean().unstack("area").round(3)
    print(f"{origins} origins, sums: scores, c80 by era and by sum")
    with pd.option_context("display.width", 250):
        print(table.join(eras).join(by_area).to_string(), flush=True)


if __name__ == "__main__":
    main()
