"""Would sums that are forecast by themselves, with their leaves scaled to them in every draw, beat sums of leaves?
On the sectors and on the states, origins of development alone.

The nation and its regions are a panel of their own for the bank (*pooled*), or each alone. A region's draws keep the
order that the sum of its leaves has, and take the mean of both quantiles on log(15 + count), or those of a mixture of
both; its leaves are scaled to it in every draw, so that all sums stay those of their leaves.

    .venv/bin/python experiments/own_sums.py
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from experiments import past as looks
from experiments.past import HORIZON, LEVELS, Past
from forecast.core.scoring import inside, round_to, seasonal_scale, weighted_interval_score
from forecast.core.tables import Floats, Series
from forecast.evaluation.cells import era_of
from forecast.models.bank.options import Options
from forecast.models.bank.panel import panel_of
from forecast.models.bank.shape import FARTHEST, PROBABILITIES
from forecast.recipe import reconciliation
from forecast.recipe.top_down import scaled

OPTIONS = Options()
DRAWS = 1000
EVEN = (np.arange(DRAWS) + 0.5) / DRAWS
# Correlation of the leaves' errors from which a region's leaves tell as much as the region.
TOGETHER = 0.25


@dataclass(frozen=True, eq=False)
class Sums:
    """The sums of a panel at past origins."""

    past: Past

    @cached_property
    def of(self) -> dict[str, list[int]]:
        """Sum -> the places of its leaves."""
        areas = [one.area for one in self.past.series]
        hierarchy = self.past.counts.panel.hierarchy(tuple(areas))
        return {sum_: [areas.index(leaf) for leaf in parts] for sum_, parts in hierarchy.items() if sum_ not in areas}

    def of_kind(self, *kinds: str) -> list[str]:
        """The sums of some kinds."""
        return [sum_ for sum_ in self.of if self.past.counts.panel.area(sum_).kind in kinds]

    @cached_property
    def surprises(self) -> Floats:
        """(steps, leaves) as a fit of the bank tells them."""
        steps = np.arange(len(self.past.laid.values))[:, None]
        own = np.clip(np.nan_to_num(self.past.known.standardised[:, :, 0]), -FARTHEST, FARTHEST)
        return np.where(steps < self.past.laid.began + OPTIONS.warm_up, 0.0, own)

    @cached_property
    def leaves(self) -> Floats:
        """(origins, leaves, HORIZON, PROBABILITIES) the bank's quantiles, not rounded."""
        past = self.past
        return _rates(looks.working(past.start, *past.said(OPTIONS), OPTIONS, PROBABILITIES)) * past.days[..., None]

    def draws(self, at: int, shared: float = reconciliation.SHARED) -> Floats:
        """(leaves, HORIZON, DRAWS) joint draws at an origin."""
        names = [one.area for one in self.past.series]
        known = dict(zip(names, self.surprises[: self.past.at[at] + 1].T, strict=True))
        samples = np.apply_along_axis(lambda own: np.interp(EVEN, PROBABILITIES, own), 2, self.leaves[at])
        rng = np.random.default_rng([1, self.past.origins[at].ordinal])
        return reconciliation.joint_draws(samples, reconciliation.surprises(known, names, shared=shared), DRAWS, rng)

    def values(self, sum_: str) -> Floats:
        """(months,) what was counted."""
        column = [self.past.counts.areas.index(self.past.series[place].area) for place in self.of[sum_]]
        return np.nan_to_num(self.past.counts.values[:, column]).sum(axis=1)

    def alone(self, sums: Sequence[str], *, pooled: bool) -> dict[str, Floats]:
        """Sum -> (origins, HORIZON, PROBABILITIES) the bank's quantiles of the sums as a panel of their own."""
        past = self.past
        series = [Series(one, past.counts.first, self.values(one), group="sums" if pooled else one) for one in sums]
        laid = panel_of(series, OPTIONS.offset)
        at = [origin - past.counts.first for origin in past.origins]
        known = looks.know(laid, OPTIONS)
        start = np.array([[looks.start_of(own, OPTIONS) for own in laid.values[: step + 1].T] for step in at])
        shape = looks.shapes_at(known.standardised, laid, at, OPTIONS)
        own = looks.working(start, known.median[at], known.scale(OPTIONS)[at], shape, OPTIONS, PROBABILITIES)
        counts = _rates(own) * past.days[..., None]
        return {one: counts[:, place] for place, one in enumerate(sums)}

    def together(self, sum_: str, at: int) -> float:
        """The mean correlation of the leaves' standardised errors up to an origin."""
        own = self.surprises[: self.past.at[at] + 1, self.of[sum_]]
        each = float((own**2).sum(axis=1).mean())
        return (float((own.sum(axis=1) ** 2).mean()) - each) / max(each * (own.shape[1] - 1), 1e-9)


Share = Callable[[Sums, str, int], float]


def always(share: float) -> Share:
    """The same share of every region."""
    return lambda sums, region, at: share


def apart(share: float) -> Share:
    """A share where leaves err apart from each other."""
    return lambda sums, region, at: share if sums.together(region, at) < TOGETHER else 0.0


@dataclass(frozen=True)
class Way:
    """A region's own forecast, `pooled` with the others or alone (None: alone where leaves err together), has a `share`
    in it, as a mean of quantiles on logs or in a `mixture`; `shared`: what all leaves share in the order of the draws.
    """

    name: str
    share: Share
    pooled: bool | None = True
    mixture: bool = False
    shared: float = reconciliation.SHARED

    def draws(self, sums: Sums, own: Mapping[bool, Mapping[str, Floats]], at: int) -> Floats:
        """(leaves, HORIZON, DRAWS) joint draws of the leaves, scaled."""
        draws = sums.draws(at, self.shared)
        for region in sums.of_kind("region"):
            if not (share := self.share(sums, region, at)):
                continue
            rows = sums.of[region]
            before = draws[rows].sum(axis=0)
            ascending = np.sort(before, axis=1)
            pooled = sums.together(region, at) < TOGETHER if self.pooled is None else self.pooled
            aim = np.stack([np.interp(EVEN, PROBABILITIES, month) for month in own[pooled][region][at]])
            if self.mixture:
                taken = round(share * DRAWS)
                even = [np.linspace(0, DRAWS - 1, number).astype(int) for number in (DRAWS - taken, taken)]
                mixed = np.sort(np.concatenate([ascending[:, even[0]], aim[:, even[1]]], axis=1), axis=1)
            else:
                logs = [np.log(each + OPTIONS.offset) for each in (ascending, aim)]
                mixed = _rates((1 - share) * logs[0] + share * logs[1])
            ranks = before.argsort(axis=1).argsort(axis=1)
            draws[rows] = scaled(draws[rows], np.take_along_axis(mixed, ranks, axis=1))
        return draws


def _rates(working: Floats) -> Floats:
    return np.maximum(np.exp(np.minimum(working, 40.0)) - OPTIONS.offset, 0.0)


WAYS = (
    Way("sums of leaves", always(0.0)),
    Way("pooled, by half", always(0.5)),
    Way("pooled, whole", always(1.0)),
    Way("each alone, by half", always(0.5), pooled=False),
    Way("pooled, by half, in a mixture", always(0.5), mixture=True),
    Way("pooled, by half, shared counted three times", always(0.5), shared=2.0),
    Way("pooled, by half where leaves err apart", apart(0.5)),
    Way("pooled, three quarters where leaves err apart", apart(0.75)),
    Way("by half, alone where leaves err together", always(0.5), pooled=None),
    Way("the same, shared counted three times", always(0.5), pooled=None, shared=2.0),
)


def main() -> None:
    """Print a row per way and panel."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--quick", action="store_true", help="few origins and three ways, for a look")
    asked = asking.parse_args()
    for name, past in looks.real_pasts(OPTIONS, 24 if asked.quick else 1).items():
        sums = Sums(past)
        top = sums.of_kind("nation", "region")
        own = {pooled: sums.alone(top, pooled=pooled) for pooled in (True, False)}
        mean = {region: np.mean([sums.together(region, at) for at in range(len(past.origins))]) for region in top}
        print(f"\n{name}; mean correlation of errors: " + ", ".join(f"{one} {each:.2f}" for one, each in mean.items()))
        whole: dict[str, pd.DataFrame] = {}
        for way in WAYS[::3] if asked.quick else WAYS:
            draws = (way.draws(sums, own, at) for at in range(len(past.origins)))
            tables = scored(sums, draws)
            whole = whole or tables
            print(f"{way.name}\n" + "\n".join(told(key, each, whole[key]) for key, each in tables.items()), flush=True)


def scored(sums: Sums, draws: Iterable[Floats]) -> dict[str, pd.DataFrame]:
    """Set of origins and kind of area -> cells."""
    past, names = sums.past, list(sums.of)
    leaves, totals = [], []
    for own in draws:
        leaves.append(np.quantile(own, LEVELS, axis=-1).transpose(1, 2, 0))
        of_sums = np.stack([own[rows].sum(axis=0) for rows in sums.of.values()])
        totals.append(np.quantile(of_sums, LEVELS, axis=-1).transpose(1, 2, 0))
    of_leaves = looks.scored(past, np.asarray(round_to(np.stack(leaves), past.precision[..., None])), "way")
    truth, unit = np.full((len(past.origins), len(names), HORIZON), np.nan), np.empty((len(past.origins), len(names)))
    for place, name in enumerate(names):
        values = sums.values(name)
        for row, origin in enumerate(past.origins):
            at = origin - past.counts.first
            later = values[at + 1 : at + 1 + HORIZON]
            truth[row, place, : len(later)], unit[row, place] = later, seasonal_scale(values[: at + 1])
    quantiles = np.stack(totals)
    origin, area, ahead = np.nonzero(~np.isnan(truth))
    figures = {
        "sWIS": weighted_interval_score(quantiles, LEVELS, truth) / unit[..., None],
        "logWIS": weighted_interval_score(np.log1p(quantiles), LEVELS, np.log1p(truth)),
        "c80": inside(quantiles, LEVELS, truth, 80),
    }
    of_sums = pd.DataFrame(
        {
            "model": "way", "area": np.array(names)[area], "group": "total", "horizon": ahead + 1,
            "origin": np.array([str(each) for each in past.origins])[origin],
            "era": np.array([era_of(each) for each in past.origins])[origin],
            **{name: each[origin, area, ahead] for name, each in figures.items()},
        }
    )  # fmt: skip
    kinds = {"leaves": of_leaves, "sums": of_sums}
    kinds |= {f"{name} leaves": of_leaves[of_leaves["group"] == name] for name in ("other", "southwest")}
    if "sector" not in past.counts.panel.kinds:
        return kinds
    return {f"{name}, {kind}": own for kind, each in kinds.items() for name, own in looks.sets(each).items()}


def told(key: str, own: pd.DataFrame, base: pd.DataFrame) -> str:
    """The ratios to the sums of leaves, and coverage."""
    eras = " ".join(f"{each:.3f}" for each in own.groupby("era")["c80"].mean())
    line = f"    {key}: {looks.relative_to(base, own)}; c80 {own['c80'].mean():.3f} ({eras})"
    if "D" not in key or "sums" not in key:
        return line
    for by in ("area", "era"):
        ratio = own.groupby(by)["sWIS"].mean() / base.groupby(by)["sWIS"].mean()
        line += "; " + ", ".join(f"{name} {each:.3f}" for name, each in ratio.items())
    return line


if __name__ == "__main__":
    main()
