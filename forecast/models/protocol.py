"""What every family of models keeps to: fit a series, then simulate its future. Knows no family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from forecast.core.executor import Executor
from forecast.core.tables import Floats, Series

__all__ = ["Fitted", "Model", "PanelModel", "Parameters"]

# What a fit can be restored from, beside its series: JSON values only, so that no artifact needs a pickle.
Parameters = Mapping[str, Any]


class Fitted(Protocol):
    """A model with its parameters found; frozen."""

    @property
    def parameters(self) -> Parameters:
        """JSON values from which `Model.restore` makes the same fit again, with the same series."""
        ...

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        """(n, horizon) sample paths of the months after the series' origin, encounters per month, finite, >= 0."""
        ...


class Model(Protocol):
    """A family with its options set; frozen, picklable."""

    @property
    def name(self) -> str:
        """The family's name in the catalog, e.g. `ets`."""
        ...

    def fit(self, series: Series, start: Parameters | None = None) -> Fitted:
        """Find the parameters. `start`: those of an earlier fit of the same area,
        whose expensive choices (orders) may be kept.

        Raises FitError where the series is too short or the search fails.
        """
        ...

    def restore(self, series: Series, parameters: Parameters) -> Fitted:
        """The fit that `parameters` came from, without a search."""
        ...


@runtime_checkable
class PanelModel(Model, Protocol):
    """A family that learns one area's forecast from all areas of its panel."""

    def fit_among(self, series: Series, panel: Sequence[Series], horizon: int) -> Fitted:
        """Find the parameters for forecasts of up to `horizon` steps.
        `panel`: every series, this one among them, with one common end.

        Raises FitError where the panel is too short.
        """
        ...

    def learn(self, panel: Sequence[Series], horizon: int, *, executor: Executor) -> Mapping[str, Parameters]:
        """Area -> the parameters that `restore` makes its fit of, for a panel of any size: the memory that takes is
        bounded by batches of series, which are worked on by the `executor`. Areas that are not in it learn from none.

        Raises FitError where the panel is too short.
        """
        ...
