"""Models that do what models must not, and what a worker runs to fit them."""

from __future__ import annotations

import os
import time
import warnings
from dataclasses import dataclass, field

import numpy as np

from forecast.core.tables import Floats, Series
from forecast.models.fitting import Fit, FitTask, guarded
from forecast.models.protocol import Parameters
from tests.waiting import HANG


@dataclass(frozen=True)
class FittedFixed:
    value: float

    @property
    def parameters(self) -> Parameters:
        return {}

    def simulate(self, horizon: int, n: int, rng: np.random.Generator) -> Floats:
        return np.full((n, horizon), self.value)


@dataclass(frozen=True)
class Fixed:
    """Forecasts one value, whatever the series."""

    value: float
    name: str = field(default="fixed", init=False)

    def fit(self, series: Series, start: Parameters | None = None) -> FittedFixed:
        return FittedFixed(self.value)

    def restore(self, series: Series, parameters: Parameters) -> FittedFixed:
        return FittedFixed(self.value)


@dataclass(frozen=True)
class Raising(Fixed):
    def fit(self, series: Series, start: Parameters | None = None) -> FittedFixed:
        raise np.linalg.LinAlgError("Singular\nmatrix")


@dataclass(frozen=True)
class Complaining(Fixed):
    def fit(self, series: Series, start: Parameters | None = None) -> FittedFixed:
        warnings.warn("the search did not converge", RuntimeWarning, stacklevel=1)
        return FittedFixed(self.value)


@dataclass(frozen=True)
class Hanging(Fixed):
    def fit(self, series: Series, start: Parameters | None = None) -> FittedFixed:
        time.sleep(HANG)
        return FittedFixed(self.value)


@dataclass(frozen=True)
class Crashing(Fixed):
    def fit(self, series: Series, start: Parameters | None = None) -> FittedFixed:
        os._exit(1)


def fit_theta_hanging(task: FitTask) -> Fit:
    """Theta hangs, every other member of the task is itself."""
    return guarded(task, Hanging(0.0)) if task.member.model == "theta" else guarded(task, Fixed(500.0))


def fit_theta_crashing(task: FitTask) -> Fit:
    """Theta takes its process down, every other member of the task is itself."""
    return guarded(task, Crashing(0.0)) if task.member.model == "theta" else guarded(task, Fixed(500.0))
