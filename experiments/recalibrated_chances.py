"""Would chances of exceeding a threshold be more reliable corrected? Learnt maps, mixes with climatology, widths.

Origins of development alone. A map or a weight is learnt anew at each origin from forecasts whose months had a count by
then, of the same group of areas and months of lead; before LEAST such cells nothing is changed. `fixed` variants were
set before any score was seen. All are monotone in the threshold. None is what a release says: its chances are read off
the same draws as its quantiles, so a variant that is worth having would have to change the draws.

    .venv/bin/python experiments/recalibrated_chances.py
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit, ndtr, ndtri

from experiments.arguments import AS_OF
from experiments.past import FIRST, LAST, MONTHS
from forecast.core.panels import bundled as bundled_panels
from forecast.core.tables import Floats
from forecast.counts.bundle import bundled
from forecast.evaluation import backtest
from forecast.evaluation.cache import FitCache
from forecast.evaluation.chances import chances, summary
from forecast.progress import Reporter
from forecast.recipe.recipe import load as load_recipe
from forecast.settings import Settings

HORIZON = 12
# Cells (area x origin x month x threshold) of a group and lead before which nothing is learnt: some three years.
LEAST = 1500
# Chances are kept this far from certainty, which no draw of 2,000 is beyond.
END = 0.0025
# The first origin that is scored: by then every group and lead has been learnt from.
SCORED_FROM = "2014-01"
# Pull of a learnt logistic map towards changing nothing, in cells.
PULL = 200.0

Learnt = Callable[[pd.DataFrame, pd.DataFrame], Floats]


def main() -> None:
    """Replay, and print a row per variant and lead for each group of areas."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--quick", action="store_true", help="every eighth origin: shows that it runs, and no more")
    rows = replayed(8 if asking.parse_args().quick else 1)
    scored = rows["origin"].astype(str) >= SCORED_FROM
    tables = {}
    for name, variant in VARIANTS.items():
        table = summary(rows.assign(probability=variant(rows))[scored], ("group", "lead_band"))
        tables[name] = table.set_index(["group", "lead_band"])
    print(f"{rows.loc[scored, 'origin'].nunique()} origins of development from {SCORED_FROM} on; {scored.sum()} cells")
    for figure in ("reliability_error", "brier"):
        whole = pd.DataFrame({name: table[figure] for name, table in tables.items()})
        print(f"\n{figure}\n{whole.T.round(3).to_string()}")


def replayed(every: int) -> pd.DataFrame:
    """The chances of the serving recipe at the origins of development, in their order."""
    settings = Settings()
    counts = bundled().as_of(next(iter(bundled_panels())), AS_OF)
    months = [FIRST + step for step in range(LAST - FIRST + 1)]
    origins = [month for month in months if month.number in MONTHS][::every]
    recipes = [backtest.beside(load_recipe("bank"), ())]
    with Reporter() as progress:
        progress.begin(f"{len(origins)} origins", len(backtest.fits_needed(recipes, counts, origins, horizon=HORIZON)))
        past = backtest.run(
            recipes, counts, origins, horizon=HORIZON, executor=settings.executor, cache=FitCache(settings.cache),
            on_fit=progress.advance,
        )  # fmt: skip
    rows = chances(forecasts=[one for one in past.forecasts if one.model == "bank"], truth=counts)
    rows = rows[rows["lead_band"] != ""]
    return rows.assign(probability=rows["probability"].clip(END, 1 - END)).reset_index(drop=True)


def earlier(learn: Learnt) -> Callable[[pd.DataFrame], Floats]:
    """A variant that is learnt, for each group, lead and origin, from cells whose month had come by the origin."""

    def variant(rows: pd.DataFrame) -> Floats:
        changed = rows["probability"].to_numpy(float).copy()
        for _, own in rows.groupby(["group", "lead_band"], sort=False):
            months = own["target_month"].astype(str)  # categories of one column have no order to those of another
            for origin, now in own.groupby("origin", sort=False):
                past = own[months <= origin]
                if len(past) >= LEAST:
                    changed[now.index] = learn(past, now)
        return changed

    return variant


def logistic(past: pd.DataFrame, now: pd.DataFrame) -> Floats:
    """Logistic: logit p' = a + b logit p, b above zero, pulled towards a = 0, b = 1."""
    known, above = logit(past["probability"].to_numpy(float)), past["above"].to_numpy(float)

    def loss(at: Floats) -> float:
        score = at[0] + np.exp(at[1]) * known
        return float((np.logaddexp(0.0, score) - above * score).sum() + PULL * (at**2).sum())

    a, b = minimize(loss, np.zeros(2)).x
    return np.asarray(expit(a + np.exp(b) * logit(now["probability"].to_numpy(float))))


def shifted(past: pd.DataFrame, now: pd.DataFrame) -> Floats:
    """The same with b = 1: chances all higher or all lower, as where medians lie too low or too high."""
    known, above = logit(past["probability"].to_numpy(float)), past["above"].to_numpy(float)
    a = minimize(lambda at: (np.logaddexp(0.0, at + known) - above * (at + known)).sum() + PULL * at[0] ** 2, [0.0]).x
    return np.asarray(expit(a + logit(now["probability"].to_numpy(float))))


def isotonic(past: pd.DataFrame, now: pd.DataFrame) -> Floats:
    """The nondecreasing map that fits best (pool adjacent violators), linear between the pools' means."""
    ordered = past.sort_values(["probability", "above"], ascending=[True, False])  # equal chances fall into one pool
    pools: list[tuple[float, float, float]] = []  # cells, sum of chances, sum above
    for chance, above in zip(ordered["probability"], ordered["above"], strict=True):
        pools.append((1.0, chance, above))
        while len(pools) > 1 and pools[-2][2] / pools[-2][0] >= pools[-1][2] / pools[-1][0]:
            last, before = pools.pop(), pools.pop()
            pools.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    size, chance, above = np.array(pools).T
    return np.asarray(np.interp(now["probability"].to_numpy(float), chance / size, above / size))


def mixed(past: pd.DataFrame, now: pd.DataFrame) -> Floats:
    """With as much of the last 36 months' share as would have had the best Brier score."""
    weights = np.linspace(0.0, 0.5, 11)
    errors = [((1 - w) * past["probability"] + w * past["recent"] - past["above"]).pow(2).mean() for w in weights]
    best = weights[int(np.argmin(errors))]
    return np.asarray((1 - best) * now["probability"] + best * now["recent"])


def mixture(weight: float, opponent: str) -> Callable[[pd.DataFrame], Floats]:
    """A fixed weight on a forecast that knows no model."""
    return lambda rows: np.asarray((1 - weight) * rows["probability"] + weight * rows[opponent])


def spread(factor: float) -> Callable[[pd.DataFrame], Floats]:
    """As if the draws lay `factor` times as far from the median, from lead 3 on."""

    def variant(rows: pd.DataFrame) -> Floats:
        wide = ndtr(ndtri(rows["probability"].to_numpy(float)) / factor)
        return np.where(rows["lead_band"] == "0-2", rows["probability"], wide)

    return variant


VARIANTS: dict[str, Callable[[pd.DataFrame], Floats]] = {
    "as it is": lambda rows: rows["probability"].to_numpy(float),
    "logistic map, learnt": earlier(logistic),
    "shift alone, learnt": earlier(shifted),
    "isotonic map, learnt": earlier(isotonic),
    "mixed with recent months, learnt": earlier(mixed),
    "10 % climatology, fixed": mixture(0.1, "climatology"),
    "20 % climatology, fixed": mixture(0.2, "climatology"),
    "20 % recent months, fixed": mixture(0.2, "recent"),
    "10 % wider from lead 3 on, fixed": spread(1.1),
    "25 % wider from lead 3 on, fixed": spread(1.25),
    "10 % narrower from lead 3 on, fixed": spread(1 / 1.1),
}


if __name__ == "__main__":
    main()
