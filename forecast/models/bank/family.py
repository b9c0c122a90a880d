"""The bank as a family of models: one area's forecast, learnt from the whole panel that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from forecast.core.errors import FitError
from forecast.core.tables import Floats, Series
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays, panel_of
from forecast.models.bank.smoothers import smooth
from forecast.models.bank.spread import (
    FARTHEST,
    PROBABILITIES,
    narrow_low_levels,
    scales,
    shapes,
    shrink_upper_tail,
    standardise,
)
from forecast.models.bank.weights import averaged, errors, weigh
from forecast.models.protocol import Fitted, Parameters

__all__ = ["Bank", "FittedBank", "Future", "forecast"]

# Steps that every series needs: one change to see, and one to judge it by.
_LEAST = 4


@dataclass(frozen=True)
class Future:
    """What the bank says of a panel after its last step, on the working scale.

    `median`, `scale`: (series, horizon); `shape`: (series, PROBABILITIES) of standardised errors; `gain`: (series,)
    averaged; `trends`:
    (series, trends) the weight of each trend variant; `surprises`: (steps, series) standardised errors of one step, 0
    where there is none.
    """

    median: Floats
    scale: Floats
    shape: Floats
    gain: Floats
    trends: Floats
    surprises: Floats


def forecast(panel: PanelArrays, horizon: int, options: Options) -> Future:
    """Run, weigh and calibrate the bank on a panel; every number follows from its steps alone."""
    smoothed = list(smooth(panel, options))
    weights = weigh(smoothed, panel, options)
    squared = np.asarray(
        sum((one.members.gain**2 * weight).sum(axis=2) for one, weight in zip(smoothed, weights, strict=True))
    )
    trends = np.stack(
        [
            np.asarray(
                sum(
                    weight[-1][:, one.members.trend == trend].sum(axis=1)
                    for one, weight in zip(smoothed, weights, strict=True)
                )
            )
            for trend in range(len(options.trends))
        ],
        axis=1,
    )
    # The shape is learnt from near months of every step, however few are asked for; far months are forecast from the
    # last step alone.
    missed = [errors(averaged(smoothed, weights, step), panel.values, step) for step in range(1, options.near + 1)]
    level = np.asarray(sum((one.level * weight).sum(axis=2) for one, weight in zip(smoothed, weights, strict=True)))
    scale = scales(missed[0], squared, panel, max(horizon, options.near), options)
    scale = narrow_low_levels(scale, level, panel, options)
    standardised = np.stack([standardise(miss, scale, step) for step, miss in enumerate(missed, start=1)], axis=2)
    early = np.arange(len(scale))[:, None] < panel.began + options.warm_up
    surprises = np.where(early, 0.0, np.clip(np.nan_to_num(standardised[:, :, 0]), -FARTHEST, FARTHEST))
    last, counted = [one.at_last() for one in smoothed], [weight[-1:] for weight in weights]
    median = np.stack([averaged(last, counted, step)[0] for step in range(1, horizon + 1)], axis=1)
    shape = shapes(standardised, panel, options)
    return Future(median, scale[-1][:, :horizon], shape, np.sqrt(squared[-1]), trends, surprises)


@dataclass(frozen=True)
class _Question:
    """A panel, a horizon and options; equal where the figures are equal."""

    digest: str
    horizon: int
    options: Options
    panel: PanelArrays = field(compare=False)


@dataclass(frozen=True, eq=False)
class _Whole:
    """A panel's series, equal to itself alone: tasks of one panel carry one tuple,
    so that it need not be read again to be known.
    """

    series: tuple[Series, ...]

    def __hash__(self) -> int:
        return id(self.series)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Whole) and self.series is other.series


@lru_cache(maxsize=2)
def _question(whole: _Whole, horizon: int, options: Options) -> _Question:
    """Lay the series side by side, once for all areas of a panel.
    The cache keeps the tuple, so that its identity stays its own.
    """
    laid = panel_of(whole.series, options.offset)
    return _Question(laid.digest, horizon, options, laid)


@lru_cache(maxsize=2)
def _forecast(question: _Question) -> Future:
    """`forecast`, remembered: every area of a panel asks the same question, one after the other."""
    return forecast(question.panel, question.horizon, question.options)


@dataclass(frozen=True)
class FittedBank:
    """One area of a fitted bank: `quantiles` (horizon, PROBABILITIES), counts per step, nondecreasing;
    and what an analyst asks for.
    """

    quantiles: Floats
    facts: Parameters

    @property
    def parameters(self) -> Parameters:
        """JSON values: the quantiles at PROBABILITIES, and what an analyst or a sum asks for.

        `gain`: averaged; `trends`: weights of the trend variants; `surprises`: the area's past standardised errors of
        one step, from its first step to its last, 0 where unknown or too early to tell.
        """
        return {"quantiles": self.quantiles.tolist(), **self.facts}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon) paths whose values in each month are the n evenly spread quantiles,
        ordered from month to month as a random walk.

        Raises FitError beyond the horizon that was fitted.
        """
        if horizon > len(self.quantiles):
            raise FitError(
                f"The bank was fitted for {len(self.quantiles)} steps, not {horizon}. Fit it again for the longer "
                "horizon."
            )
        walk = rng.standard_normal((horizon, n)).cumsum(axis=0)
        ranks = walk.argsort(axis=1).argsort(axis=1)
        return np.stack(
            [np.interp((rank + 0.5) / n, PROBABILITIES, own) for rank, own in zip(ranks, self.quantiles, strict=False)],
            axis=1,
        )


@dataclass(frozen=True)
class Bank:
    """The family. `pooled`: learn from all areas of the panel;
    without it from the one area alone. `scale` is always log.
    """

    scale: Literal["log"] = "log"
    pooled: bool = True
    offset: float = Options.offset
    sharpness: float = Options.member_sharpness
    growth: float = Options.growth
    fast: float = Options.fast
    slow: float = Options.slow
    own_scale: float = Options.own_scale
    symmetric: float = Options.symmetric
    beyond: float = Options.beyond
    level_effect: float = Options.level_effect
    trend: bool = True
    reversion: bool = True
    seasonal: bool = True

    @property
    def name(self) -> str:
        """The family's name in the catalog."""
        return "bank"

    def fit(self, series: Series, start: Parameters | None = None) -> Fitted:
        """The bank on one area alone, for 24 steps. `start` is not needed: nothing is searched. Raises FitError."""
        return self.fit_among(series, (series,), 24)

    def fit_among(self, series: Series, panel: Sequence[Series], horizon: int) -> Fitted:
        """One area's fit, learnt from the whole panel. Raises FitError where the panel is too short."""
        whole = panel if self.pooled and isinstance(panel, tuple) else tuple(panel) if self.pooled else (series,)
        place = [one.area for one in whole].index(series.area)
        options = self._options()
        question = _question(_Whole(whole), horizon, options)
        laid = question.panel
        if int((~np.isnan(laid.values)).sum(axis=0).max()) < _LEAST:
            raise FitError(f"{series.area}: no series of its panel has {_LEAST} known months. Use model random_walk.")
        future = _forecast(question)
        working = future.median[place][:, None] + future.scale[place][:, None] * future.shape[place]
        working = shrink_upper_tail(working, future.median[place], laid.values[:, place], options)
        quantiles = np.maximum.accumulate(laid.counts(working, place), axis=1)
        surprises = future.surprises[laid.began[place] :, place].round(2).tolist()
        facts = {"gain": float(future.gain[place]), "trends": future.trends[place].tolist(), "surprises": surprises}
        return FittedBank(quantiles, facts)

    def restore(self, series: Series, parameters: Parameters) -> Fitted:
        """The fit that `parameters` came from."""
        return FittedBank(
            np.array(parameters["quantiles"]),
            {name: value for name, value in parameters.items() if name != "quantiles"},
        )

    def _options(self) -> Options:
        options = Options(
            offset=self.offset, member_sharpness=self.sharpness, growth=self.growth, fast=self.fast, slow=self.slow,
            own_scale=self.own_scale, symmetric=self.symmetric, beyond=self.beyond, level_effect=self.level_effect,
        )  # fmt: skip
        trends = tuple(
            variant
            for variant in options.trends
            if (self.trend or not variant.trend) and (self.reversion or variant.persistence == 1)
        )
        return replace(options, trends=trends, patterns=options.patterns if self.seasonal else options.patterns[:1])
