"""Would the bank's quantiles, averaged with those of a simple model, forecast better? Origins of development and
simulated breaks alone.

A leaf's quantile function is the weighted mean, or the median, of several models' at each probability (Vincent 1912;
Lichtendahl, Grushka-Cockayne, Winkler 2013), on counts or on log(15 + count). Joint draws keep the bank's order: each
draw's rank in a leaf and month is carried to the averaged quantiles, so that sums stay those of their leaves.

    .venv/bin/python experiments/quantile_averages.py

The rule, written before the first run: an average is taken only if both scores, over the bank's, are at most 1.002 on
each set of origins (D1, D2, states; other areas alone; sums) and at most 1.02 where simulated counts rise or come back;
if both simulated falls' months 1 to 6 have sWIS at most .95 and logWIS at most 1.00; and if no era's southwest c80
leaves .74 to .86 by more than the bank's does. Of several the one with the lowest mean of all ratios.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from experiments import simulated_breaks
from experiments.arguments import AS_OF
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.panels import bundled as bundled_panels
from forecast.core.tables import Counts, Floats, Forecasts, Paths
from forecast.counts.bundle import bundled
from forecast.evaluation import backtest
from forecast.evaluation.cache import FitCache, fits_of
from forecast.evaluation.named import members
from forecast.evaluation.scores import score
from forecast.models.bank.options import Options
from forecast.models.fitting import Fit
from forecast.recipe import pooling, reconciliation
from forecast.recipe.recipe import Recipe, load, tasks
from forecast.settings import Settings

HORIZON = 12
BANK, THETA, WALK, ETS, SEASONAL = "bank-log", "theta-log", "random_walk-log", "ets-log", "seasonal_naive-log"
PARTNERS: tuple[tuple[str, ...], ...] = ((THETA,), (WALK,), (ETS,), (SEASONAL,), (THETA, WALK), (THETA, ETS))
# Months of origins, as RESULTS.md names the sets of development.
D1, D2 = (1, 3, 7, 9), (4, 6, 12)
FIRST, LAST = Month.of(2010, 1), Month.of(2023, 12)
STATES_FIRST, STATES_LAST, STATES_STEP = Month.of(2021, 10), Month.of(2025, 8), 2
# Origins after simulated breaks, in months since the break.
SINCE = (1, 2, 3, 4, 6, 9, 12, 18)
KEPT = ["model", "area", "group", "era", "origin", "horizon", "sWIS", "logWIS", "coverage_80"]


@dataclass(frozen=True)
class Average:
    """`partners` share what the bank's `weight` leaves. `how`: the mean of quantiles on `counts` or `logs`, their
    `median`, or a `pool` of paths as in the recipe `blend`.
    """

    partners: tuple[str, ...]
    weight: float
    how: str

    @property
    def name(self) -> str:
        """As the table shows it."""
        short = " + ".join(partner.removesuffix("-log") for partner in self.partners)
        return f"{short or 'bank'}, {1 - self.weight:.2f}, {self.how}" if self.partners else "bank"

    def of(self, sorted_paths: Mapping[str, Floats], rng: np.random.Generator) -> Floats:
        """(horizon, samples) of each model's (horizon, samples), ascending."""
        share = (1 - self.weight) / max(len(self.partners), 1)
        weights = {BANK: self.weight} | dict.fromkeys(self.partners, share)
        if self.how == "pool":
            paths = [(sorted_paths[label].T, weight) for label, weight in weights.items()]
            return pooling.linear_pool(paths, len(paths[0][0]), rng)
        values = np.stack([sorted_paths[label] for label in weights])
        if self.how == "median":
            return np.asarray(np.median(values, axis=0))
        each = np.array(list(weights.values()))
        if self.how == "counts":
            return np.asarray(np.tensordot(each, values, axes=1))
        return np.asarray(np.expm1(np.tensordot(each, np.log1p(values / Options.offset), axes=1)) * Options.offset)


AVERAGES = (
    Average((), 1.0, "counts"),
    *(Average(own, weight, how) for own in PARTNERS for weight in (0.75, 0.5) for how in ("counts", "logs")),
    Average((THETA, WALK), 1 / 3, "median"),
    Average((THETA, ETS), 1 / 3, "median"),
    Average((THETA,), 0.5, "pool"),
)


def main() -> None:
    """Print a row per average: ratios to the bank, and the southwest's coverage."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--quick", action="store_true", help="few origins, one break of each kind, for a look")
    asked = asking.parse_args()
    every = 24 if asked.quick else 1
    archive = bundled()
    sectors, states = (archive.as_of(panel, AS_OF) for panel in list(bundled_panels())[:2])
    months = [FIRST + step for step in range(LAST - FIRST + 1)]
    for name, numbers in (("D1", D1), ("D2", D2)):
        origins = [month for month in months if month.number in numbers][::every]
        tell_real(f"sectors, {name}", scored(sectors, origins, sums=True))
    origins = [STATES_FIRST + step for step in range(0, STATES_LAST - STATES_FIRST + 1, STATES_STEP)][::every]
    tell_real("states", scored(states, origins, sums=True))
    breaks, sinces = (simulated_breaks.BREAKS[:1], SINCE[:1]) if asked.quick else (simulated_breaks.BREAKS, SINCE)
    tell_simulated(simulated(sectors.until(simulated_breaks.LAST), breaks, sinces))


def scored(counts: Counts, origins: Sequence[Month], *, sums: bool, only: str | None = None) -> pd.DataFrame:
    """The scores of every average, KEPT of each cell, at these origins. `only`: leaves of one group alone."""
    recipe = replace(load("bank"), compared=())
    recipe = backtest.beside(recipe, members((THETA, WALK, ETS, SEASONAL), recipe))
    cache = FitCache(Settings().cache)
    parts = []
    for origin in origins:
        tables = list(averaged(recipe, counts, origin, cache, sums=sums, only=only))
        parts.append(score(forecasts=tables, truth=counts)[KEPT])
    return pd.concat(parts, ignore_index=True)


def averaged(
    recipe: Recipe, counts: Counts, origin: Month, cache: FitCache, *, sums: bool, only: str | None
) -> Iterator[Forecasts]:
    """Each average's forecasts of one origin, of the leaves, and of the sums where they are asked for."""
    needed = [
        task for task in tasks(recipe, counts, origin=origin, horizon=HORIZON) if only in (None, task.series.group)
    ]
    fits = [fit for fit, _ in fits_of(needed, cache=cache, executor=HERE)]
    by_area: dict[str, dict[str, Fit]] = {}
    for fit in fits:
        by_area.setdefault(fit.area, {})[fit.member.label] = fit
    areas = tuple(by_area)
    ascending = [{label: np.sort(fit.paths.T, axis=1) for label, fit in own.items()} for own in by_area.values()]
    rng = np.random.default_rng([recipe.seed, origin.ordinal])
    hierarchy = counts.panel.hierarchy(areas) if sums else {area: (area,) for area in areas}
    if sums:
        known = {area: own[BANK].parameters.get("surprises", ()) for area, own in by_area.items()}
        past = reconciliation.surprises(known, areas)
    for average in AVERAGES:
        leaves = np.stack([average.of(own, rng) for own in ascending])
        if sums:
            seed = np.random.default_rng([recipe.seed, origin.ordinal, 1])
            leaves = reconciliation.joint_draws(leaves, past, recipe.samples, seed)
        values = np.stack([leaves[[areas.index(leaf) for leaf in parts]].sum(axis=0) for parts in hierarchy.values()])
        yield Paths(average.name, origin, tuple(hierarchy), values).quantiles()


def simulated(real: Counts, breaks: Sequence[Month], sinces: Sequence[int]) -> pd.DataFrame:
    """The southwest's scores after each simulated break, with `kind` and `since`."""
    parts = []
    for kind in simulated_breaks.KINDS:
        for start in breaks:
            end = min(start + simulated_breaks.FOLLOWED, simulated_breaks.LAST, key=lambda month: month.ordinal)
            counts = simulated_breaks.altered(real.until(end), kind, start)
            for since in sinces:
                own = scored(counts, [start + since], sums=False, only="southwest")
                parts.append(own.assign(kind=kind, since=since))
    return pd.concat(parts, ignore_index=True)


def tell_real(name: str, scores: pd.DataFrame) -> None:
    """Print the ratios of leaves, groups and sums, and the southwest's c80 by era."""
    leaves, sums = scores[scores["group"] != "total"], scores[scores["group"] == "total"]
    southwest, other = (leaves[leaves["group"] == group] for group in ("southwest", "other"))
    columns = {"leaves": ratios(leaves), "southwest": ratios(southwest), "other": ratios(other), "sums": ratios(sums)}
    columns |= {"c80 sw": coverage(southwest), "c80 sums": coverage(sums)}
    eras = southwest.groupby(["model", "era"], sort=False)["coverage_80"].mean().unstack("era").round(3)
    columns["c80 sw by era"] = eras.apply(lambda row: " ".join(f"{value:.3f}" for value in row), axis=1)
    print(f"\n{name}: sWIS / logWIS over the bank's, {scores['origin'].nunique()} origins")
    _show(columns)


def tell_simulated(scores: pd.DataFrame) -> None:
    """Print the ratios of each kind, months 1 to 6 and 7 to 18, and coverage."""
    columns: dict[str, pd.Series] = {}
    for kind, own in scores.groupby("kind", sort=False):
        for words, part in (("1-6", own[own["since"] <= 6]), ("7-18", own[own["since"] > 6])):
            if len(part):
                columns |= {f"{kind}, {words}": ratios(part), f"c80 {kind}, {words}": coverage(part)}
    print("\nsimulated breaks, southwest: sWIS / logWIS over the bank's")
    _show(columns)


def ratios(scores: pd.DataFrame) -> pd.Series:
    """Both scores, sWIS / logWIS, of each average over the bank's, as text."""
    means = scores.groupby("model", sort=False)[["sWIS", "logWIS"]].mean()
    over = means / means.loc["bank"]
    return over.apply(lambda row: f"{row['sWIS']:.4f} / {row['logWIS']:.4f}", axis=1)


def coverage(scores: pd.DataFrame) -> pd.Series:
    """Share of counts inside the 80 % interval."""
    return scores.groupby("model", sort=False)["coverage_80"].mean().round(3)


def _show(columns: Mapping[str, pd.Series]) -> None:
    table = pd.DataFrame(columns).loc[[average.name for average in AVERAGES]]
    print(table.to_string(), flush=True)


if __name__ == "__main__":
    main()
