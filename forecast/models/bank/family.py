"""The bank as a family of models: one area's forecast, learnt from the whole panel that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from forecast.core.errors import FitError
from forecast.core.executor import HERE, Executor
from forecast.core.tables import Floats, Series
from forecast.models.bank.batches import Taught, teach
from forecast.models.bank.options import Options
from forecast.models.bank.shape import PROBABILITIES
from forecast.models.protocol import Fitted, Parameters

__all__ = ["Bank", "FittedBank"]


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
def _taught(whole: _Whole, horizon: int, options: Options) -> Taught:
    """What a panel teaches, remembered: every area of it asks the same question, one after the other.
    The cache keeps the tuple, so that its identity stays its own.
    """
    return teach(whole.series, horizon, options, executor=HERE)


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
        return self.restore(series, _taught(_Whole(whole), horizon, self._options())[series.area])

    def learn(self, panel: Sequence[Series], horizon: int, *, executor: Executor) -> Mapping[str, Parameters]:
        """What `restore` makes each area's fit of, for all areas of a panel of any size; none where nothing is pooled.

        `executor`: where batches of series are worked on. Raises FitError where the panel is too short.
        """
        return teach(tuple(panel), horizon, self._options(), executor=executor) if self.pooled else {}

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
