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
from forecast.core.tables import Counts, Floats, Forecasts, Paths, Series
from forecast.counts.bundle import bundled
from forecast.evaluation import backtest
from forecast.evaluation.cache import FitCache, fits_of
from forecast.evaluation.named import members
from forecast.evaluation.scores import score
from forecast.models.bank.options import Options
from forecast.models.bank.panel import STANDARD_MONTH, panel_of
from forecast.models.bank.smoothers import smooth
from forecast.models.bank.spread import one_step_scales
from forecast.models.bank.weights import averaged as averages_of
from forecast.models.bank.weights import errors, weigh
from forecast.models.fitting import Fit
from forecast.models.quiet import is_quiet
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
class State:
    """A leaf at an origin: its `group`, the logarithms by which its level lies below the long-run mean (`depth`), and
    those by which its group's volatility is above its slow level.
    """

    group: str
    depth: float
    volatility: float


@dataclass(frozen=True)
class Average:
    """`partners` have `share` in equal parts, the bank the rest. `how`: the mean of quantiles on `counts` or `logs`,
    their `median`, or a `pool` of paths as in the recipe `blend`. `when`: `always`, in a group of leaves alone, or
    growing over STARTS of a `depth` or a `volatility`.
    """

    partners: tuple[str, ...]
    share: float
    how: str
    when: str = "always"

    @property
    def name(self) -> str:
        """As the table shows it."""
        short = " + ".join(partner.removesuffix("-log") for partner in self.partners)
        when = "" if self.when == "always" else f", {self.when}"
        return f"{short}, {self.share:.2f}, {self.how}{when}" if self.partners else "bank"

    def share_in(self, state: State) -> float:
        """What the partners have of a leaf in this state."""
        if self.when not in STARTS:
            return self.share if self.when in ("always", state.group) else 0.0
        start, end = STARTS[self.when]
        return float(self.share * np.clip((getattr(state, self.when) - start) / (end - start), 0.0, 1.0))

    def of(self, ascending: Mapping[str, Floats], state: State, rng: np.random.Generator) -> Floats:
        """(horizon, samples) of each model's (horizon, samples), ascending."""
        share = self.share_in(state)
        if not share:
            return ascending[BANK]
        weights = {BANK: 1 - share} | dict.fromkeys(self.partners, share / len(self.partners))
        if self.how == "pool":
            paths = [(ascending[label].T, weight) for label, weight in weights.items()]
            return pooling.linear_pool(paths, len(paths[0][0]), rng)
        values = np.stack([ascending[label] for label in weights])
        if self.how == "median":
            return np.asarray(np.median(values, axis=0))
        each = np.array(list(weights.values()))
        if self.how == "counts":
            return np.asarray(np.tensordot(each, values, axes=1))
        return np.asarray(np.expm1(np.tensordot(each, np.log1p(values / Options.offset), axes=1)) * Options.offset)


# From where to where a share grows, in logarithms.
STARTS = {"depth": (0.5, 1.0), "volatility": (0.25, 0.55)}
AVERAGES = (
    Average((), 0.0, "counts"),
    *(Average(own, share, how) for own in PARTNERS for share in (0.25, 0.5) for how in ("counts", "logs")),
    Average((THETA, WALK), 2 / 3, "median"),
    Average((THETA, ETS), 2 / 3, "median"),
    Average((THETA,), 0.5, "pool"),
    *(Average(own, 0.25, "logs", "other") for own in ((THETA,), (ETS,), (THETA, ETS))),
    *(Average(own, 0.25, "logs", "depth") for own in ((THETA,), (WALK,), (THETA, ETS))),
    *(Average(own, share, "logs", "volatility") for own in ((THETA,), (THETA, WALK)) for share in (0.25, 0.5)),
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
    cache, volatility = FitCache(Settings().cache), volatilities(counts)
    parts = []
    for origin in origins:
        tables = list(averaged(recipe, counts, origin, volatility[origin], cache, sums=sums, only=only))
        parts.append(score(forecasts=tables, truth=counts)[KEPT])
    return pd.concat(parts, ignore_index=True)


def averaged(
    recipe: Recipe,
    counts: Counts,
    origin: Month,
    volatility: Mapping[str, float],
    cache: FitCache,
    *,
    sums: bool,
    only: str | None,
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
    states = states_of([task.series for task in needed[: len(areas)]], volatility)
    ascending = [{label: np.sort(fit.paths.T, axis=1) for label, fit in own.items()} for own in by_area.values()]
    rng = np.random.default_rng([recipe.seed, origin.ordinal])
    hierarchy = counts.panel.hierarchy(areas) if sums else {area: (area,) for area in areas}
    if sums:
        known = {area: own[BANK].parameters.get("surprises", ()) for area, own in by_area.items()}
        past = reconciliation.surprises(known, areas)
    for average in AVERAGES:
        leaves = np.stack([average.of(own, states[area], rng) for area, own in zip(areas, ascending, strict=True)])
        if sums:
            seed = np.random.default_rng([recipe.seed, origin.ordinal, 1])
            leaves = reconciliation.joint_draws(leaves, past, recipe.samples, seed)
        values = np.stack([leaves[[areas.index(leaf) for leaf in parts]].sum(axis=0) for parts in hierarchy.values()])
        yield Paths(average.name, origin, tuple(hierarchy), values).quantiles()


def volatilities(counts: Counts) -> Mapping[Month, Mapping[str, float]]:
    """Month -> area -> how far its group's volatility was above its slow level, as known then."""
    options = Options()
    series = [one for one in (counts.series(area) for area in counts.open_areas) if not is_quiet(one)]
    laid = panel_of(series, options.offset)
    smoothed = list(smooth(laid, options))
    missed = errors(averages_of(smoothed, weigh(smoothed, laid, options), 1), laid.values, 1)
    _, ratios = one_step_scales(missed, laid, options)
    first = counts.through + (1 - len(ratios))
    names = [one.area for one in series]
    return {first + step: dict(zip(names, row.tolist(), strict=True)) for step, row in enumerate(ratios)}


def states_of(series: Sequence[Series], volatility: Mapping[str, float]) -> dict[str, State]:
    """Area -> its state at the last month; the depth is its own and its group's, in the shares of the bank's scale."""
    logs = {one.area: np.log(Options.offset + one.values / one.days() * STANDARD_MONTH) for one in series}
    own = {area: float(np.nanmean(values) - np.nanmean(values[-3:])) for area, values in logs.items()}
    by_group = pd.Series(own).groupby({one.area: one.group for one in series}).mean()
    shares = Options.own_scale
    return {
        one.area: State(
            one.group, shares * own[one.area] + (1 - shares) * float(by_group[one.group]), volatility.get(one.area, 0.0)
        )
        for one in series
    }


def simulated(real: Counts, breaks: Sequence[Month], sinces: Sequence[int]) -> pd.DataFrame:
    """The southwest's scores after each simulated break, with `kind` and `since`."""
    parts = []
    for kind in simulated_breaks.KINDS:
        for start in breaks:
            end = min(start + simulated_breaks.FOLLOWED, simulated_breaks.LAST, key=lambda month: month.ordinal)
            counts = simulated_breaks.altered(real.until(end), kind, start)
            own = scored(counts, [start + since for since in sinces], sums=False, only="southwest")
            parts.append(
                own.assign(kind=kind, since=own["origin"].map({str(start + since): since for since in sinces}))
            )
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
