"""Which recipe suits series that a user brings? Judged by their own last months. Knows no model and no file.

The rule. The last twelve months (a season; fewer where fewer are asked for) are hidden from every series that has two
seasons before them, once and once more for as many months before; each recipe forecasts what is hidden. The blend is
taken, as a mean of two is the safer choice where neither is known to be better, unless the bank's sWIS is smaller by
more than noise: over series, the 90 % interval of the mean difference lies below zero. Where nothing can be hidden the
bank is taken, whose intervals hold better on short series (experiments/short_series.py). Of large panels an even choice
of series is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from forecast.core.executor import HERE
from forecast.core.scoring import seasonal_scale, weighted_interval_score
from forecast.core.tables import LEVELS, Floats, Series
from forecast.recipe.prediction import predict
from forecast.recipe.recipe import Recipe

__all__ = ["BLEND", "SINGLE", "Choice", "choose", "work"]

# The recipes that compete for a panel of somebody else's.
SINGLE, BLEND = "bank", "blend"
# Times that months are hidden, the seasons that must be known before them, and the most series that are asked.
_TIMES, _SEASONS, _MOST = 2, 2, 200


@dataclass(frozen=True)
class Choice:
    """The `recipe` taken. `scores`: mean sWIS by name of recipe, empty where nothing could be hidden; `series`: how
    many were asked; `hidden`: months hidden of each, at most.
    """

    recipe: Recipe
    scores: dict[str, float]
    series: int
    hidden: int

    def __str__(self) -> str:
        """How it came about, in words."""
        if not self.scores:
            return f"recipe {self.recipe.name} (too few months to hide any and see which recipe does better)"
        if self.recipe.name == SINGLE:
            why = "as its sWIS is smaller by more than noise"
        elif self.scores[BLEND] < self.scores[SINGLE]:
            why = f"whose sWIS is smaller than {SINGLE}'s"
        else:
            why = f"as {SINGLE}'s sWIS is not smaller by more than noise"
        said = ", ".join(f"{name} {score:.3f}" for name, score in self.scores.items())
        return f"recipe {self.recipe.name}, {why} ({said}; the last {self.hidden} months of {self.series} series)"


def work(single: Recipe, blend: Recipe, series: Sequence[Series], *, horizon: int) -> int:
    """How many fits `choose` asks for."""
    members = len(single.pooled) + len(blend.pooled)
    return members * sum(len(past) for past in _pasts(series, _ahead(series, horizon)))


def choose(
    single: Recipe,
    blend: Recipe,
    series: Sequence[Series],
    *,
    horizon: int,
    on_fit: Callable[[], None] | None = None,
) -> Choice:
    """Apply the rule; `horizon`: steps that are asked for. `on_fit` is called once per fit.

    All in this process: the families that compete search so little that workers would cost more than they save.
    """
    ahead = _ahead(series, horizon)
    pasts = [past for past in _pasts(series, ahead) if past]
    if not pasts:
        return Choice(single, {}, 0, 0)
    whole = {one.area: one for one in series}

    def scores(recipe: Recipe) -> dict[str, Floats]:
        """Series -> its sWIS, one per time."""
        own: dict[str, list[float]] = {}
        for past in pasts:
            for made in predict(recipe, past, horizon=ahead, executor=HERE, on_fit=on_fit):
                area = made.series.area
                own.setdefault(area, []).append(_score(whole[area], made.series, made.quantiles))
        return {area: np.array(values) for area, values in own.items()}

    alone, blended = scores(single), scores(blend)
    gains = np.array([alone[area].mean() - blended[area].mean() for area in alone])
    figures = {
        recipe.name: float(np.mean(np.concatenate(list(own.values()))))
        for recipe, own in ((single, alone), (blend, blended))
    }
    return Choice(single if _is_below_zero(gains) else blend, figures, len(gains), ahead * len(pasts))


def _is_below_zero(differences: Floats) -> bool:
    """Whether the mean lies below zero by more than noise: Student's t, 90 %; of one alone nothing is known."""
    n = len(differences)
    if n < 2:
        return False
    return bool(differences.mean() + stdtrit(n - 1, 0.95) * differences.std(ddof=1) / np.sqrt(n) < 0)


def _ahead(series: Sequence[Series], horizon: int) -> int:
    return min(horizon, max(12, *(one.season for one in series)))


def _pasts(series: Sequence[Series], ahead: int) -> list[list[Series]]:
    """The series without their last months, once per time; those with too little left are not among them."""
    asked = series[:: -(-len(series) // _MOST)]
    pasts = []
    for time in range(1, _TIMES + 1):
        cut = [_until(one, len(one.values) - ahead * time) for one in asked]
        pasts.append(
            [
                past
                for past, whole in zip(cut, asked, strict=True)
                if np.isfinite(past.values).sum() >= max(_SEASONS * past.season, 12)
                and np.isfinite(_hidden(whole, past, ahead)).any()
            ]
        )
    return pasts


def _until(series: Series, steps: int) -> Series:
    """Its first steps, up to the last known one among them."""
    known = np.flatnonzero(np.isfinite(series.values[: max(steps, 1)]))
    return replace(series, values=series.values[: known[-1] + 1 if len(known) else 1].copy())


def _hidden(whole: Series, past: Series, ahead: int) -> Floats:
    """The values of the steps after `past`, `ahead` of them at most."""
    return whole.values[len(past.values) :][:ahead]


def _score(whole: Series, past: Series, quantiles: Floats) -> float:
    """Mean sWIS of the months after `past` that are known."""
    hidden = _hidden(whole, past, len(quantiles))
    known = np.isfinite(hidden)
    wis = weighted_interval_score(quantiles[: len(hidden)][known], LEVELS, hidden[known])
    return float(wis.mean()) / seasonal_scale(past.values, past.season)
