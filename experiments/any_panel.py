"""Which recipe suits somebody else's monthly panel? Forecasts its own last months, several times, and scores them.

    .venv/bin/python experiments/any_panel.py COUNTS.csv --models bank,blend,bank+theta-log --cuts 12,30 --horizon 18

COUNTS.csv as for `encounters predict` (series, month, value). `--cuts`: so many last months are hidden, and the first
`--horizon` of them forecast. `a+b` is the mean of the quantiles of two; `auto` is what `encounters predict` takes by
default, chosen on the months before those hidden. With the Python of `--peer-python`, statsforecast's models too
(AutoCES-raw, AutoETS-log, ...). Prints, per model and cut: MASE (over the mean seasonal change of the months before) /
sMAPE / sWIS / shares inside the 80 and the 95 % interval, means over series. Chooses nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from experiments import statsforecast_models
from forecast.core.scoring import inside, seasonal_scale, weighted_interval_score
from forecast.core.tables import LEVELS, Floats, Series
from forecast.counts.plain import read_plain
from forecast.evaluation import choice
from forecast.evaluation.named import member
from forecast.recipe import recipe as recipes
from forecast.recipe.prediction import predict
from forecast.recipe.recipe import Pooled, Recipe
from forecast.settings import Settings

# Known months before the first hidden one: two years are the least that a season can be seen in.
LEAST = 24


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=Path)
    parser.add_argument("--models", default="bank,theta-log,random_walk-log", help="default: %(default)s")
    parser.add_argument("--cuts", default="12,24", help="default: %(default)s")
    parser.add_argument("--horizon", type=int, default=12, help="default: %(default)s")
    parser.add_argument("--every", type=int, default=1, help="take every n-th series")
    parser.add_argument("--season", type=int, help="as of `encounters predict`")
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has statsforecast")
    parser.add_argument("--quick", action="store_true", help="the first cut and every tenth series alone")
    asked = parser.parse_args()
    series = read_plain(asked.counts, asked.season)[:: 10 if asked.quick else asked.every]
    cuts = [int(cut) for cut in asked.cuts.split(",")][: 1 if asked.quick else None]
    asked_for = asked.models.split(",")
    print(f"{len(series)} series, {asked.horizon} months ahead: MASE / sMAPE / sWIS / c80 / c95 with so many hidden")
    print(f"{'':<24}" + "".join(f"{cut:>38}" for cut in cuts))
    rows: dict[str, list[str]] = {name: [] for name in asked_for}
    for cut in cuts:
        past = [replace(one, values=one.values[:-cut].copy()) for one in series if len(one.values) >= LEAST + cut]
        later = [
            one.values[len(one.values) - cut :][: asked.horizon] for one in series if len(one.values) >= LEAST + cut
        ]
        for name, quantiles in averages(asked_for, past, asked.horizon, asked.peer_python):
            rows[name].append(scored(past, later, quantiles))
    for name, cells in rows.items():
        print(f"{name:<24}" + "".join(f"{cell:>38}" for cell in cells))


def averages(
    names: Sequence[str], series: Sequence[Series], horizon: int, peer_python: str | None
) -> Iterator[tuple[str, Floats]]:
    """Each of `names`, `a+b` being the mean of two, with its (series, horizon, LEVELS)."""
    single = {
        name: _forecasts(name, series, horizon, peer_python) for name in dict.fromkeys("+".join(names).split("+"))
    }
    for name in names:
        yield name, np.mean([single[part] for part in name.split("+")], axis=0)


def _forecasts(name: str, series: Sequence[Series], horizon: int, peer_python: str | None) -> Floats:
    """(series, horizon, LEVELS) of a bundled recipe, of a member by its label, or of another program's model."""
    if name in statsforecast_models.NAMES:
        if peer_python is None:
            raise SystemExit(f"{name} is statsforecast's: name a Python that has it with --peer-python.")
        return statsforecast_models.quantiles(peer_python, name, series, horizon)
    settings = Settings()
    recipe: Recipe = recipes.load("bank")
    if name == "auto":
        chosen = choice.choose(recipe, recipes.load(choice.BLEND), series, horizon=horizon)
        print(chosen)
        recipe = chosen.recipe
    elif name in recipes.bundled_recipes():
        recipe = recipes.load(name)
    else:
        recipe = replace(recipe, members=(Pooled(member(name)),), compared=())
    made = predict(recipe, series, horizon=horizon, executor=settings.executor)
    return np.stack([one.quantiles for one in made])


def scored(past: Sequence[Series], later: Sequence[Floats], quantiles: Floats) -> str:
    """The scores of all series, as a cell of the table."""
    scores = []
    for one, truth, ahead in zip(past, later, quantiles, strict=True):
        known, scale = ~np.isnan(truth), seasonal_scale(one.values, one.season)
        if not known.any() or not scale > 0:
            continue
        values, seen = ahead[: len(truth)][known], truth[known]
        miss = np.abs(seen - values[:, LEVELS.index(0.5)])
        both = np.maximum(np.abs(seen) + values[:, LEVELS.index(0.5)], 1e-9)
        scores.append(
            [
                miss.mean() / scale, (200 * miss / both).mean(),
                weighted_interval_score(values, LEVELS, seen).mean() / scale,
                inside(values, LEVELS, seen, 80).mean(), inside(values, LEVELS, seen, 95).mean(),
            ]
        )  # fmt: skip
    mase, smape, swis, c80, c95 = np.mean(scores, axis=0)
    return f"{mase:.3f} / {smape:.2f} / {swis:.3f} / {c80:.2f} / {c95:.2f}"


if __name__ == "__main__":
    main()
