"""Which seasonal ARMA orders fit a differenced series,
found fast by the conditional sum of squares. Used by SARIMAX alone.

Errors before the first month count as zero, so that one evaluation is one linear filter; the search goes stepwise as in
Hyndman and Khandakar 2008. Coefficients stay inside the stationary and invertible region by their partial
autocorrelations (Monahan 1984).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecast.core.tables import Floats

__all__ = ["Orders", "Rough", "choose", "rough", "squares"]

# Beyond two lags the search finds near-cancelling pairs, which cost time and gain nothing on 300 months.
_MOST = (2, 2, 1, 1)
# Partial autocorrelations stay this near to 1.
_INSIDE = 0.99
_ONE = np.ones(1)


@dataclass(frozen=True, order=True)
class Orders:
    """Lags of the four polynomials: autoregressive, moving average, and both by the season."""

    ar: int
    ma: int
    seasonal_ar: int = 0
    seasonal_ma: int = 0

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """The four numbers."""
        return (self.ar, self.ma, self.seasonal_ar, self.seasonal_ma)


@dataclass(frozen=True)
class Rough:
    """A rough fit: coefficients `ar`, `ma`, `seasonal_ar`,
    `seasonal_ma` in one row (statsmodels' signs), error variance, AICc.
    """

    orders: Orders
    coefficients: Floats
    variance: float
    criterion: float


def _coefficients(partial: Floats) -> tuple[Floats, Floats]:
    """Partial autocorrelations in (-1, 1) -> autoregressive coefficients (Durbin and Levinson),
    and the slopes of each, a row each.
    """
    if len(partial) < _MOST[0]:
        return partial, np.eye(len(partial))
    first, second = partial
    return np.array([first * (1 - second), second]), np.array([[1 - second, -first], [0.0, 1.0]])


def _polynomial(coefficients: Floats, step: int) -> Floats:
    """1 + first L^step + second L^(2 step) ..."""
    polynomial = np.zeros(len(coefficients) * step + 1)
    polynomial[0] = 1.0
    polynomial[step::step] = coefficients
    return polynomial


def _split(free: Floats, orders: Orders) -> list[tuple[Floats, Floats]]:
    """Free numbers -> the four rows of coefficients,
    as statsmodels signs them, each with its slopes by its own free numbers.
    """
    rows, begin, bounded = [], 0, np.tanh(free)
    for place, count in enumerate(orders.counts):
        own = bounded[begin : begin + count]
        row, slopes = _coefficients(own * _INSIDE)
        slopes = slopes * (_INSIDE * (1 - own * own))
        rows.append((-row, -slopes) if place % 2 else (row, slopes))
        begin += count
    return rows


def squares(free: Floats, values: Floats, season: int, orders: Orders, skip: int) -> tuple[float, Floats]:
    """Logarithm of the mean squared error from step `skip` on, and its slopes by the free numbers. values: (n,)."""
    from scipy.signal import lfilter

    n = len(values)
    rows, steps = _split(free, orders), (1, 1, season, season)
    shapes = [_polynomial(sign * row, step) for (row, _), sign, step in zip(rows, (-1, 1, -1, 1), steps, strict=True)]
    errors = lfilter(np.convolve(shapes[0], shapes[2]), np.convolve(shapes[1], shapes[3]), values)
    kept = errors[skip:]
    total = max(float(kept @ kept), n * 1e-300)
    slopes = [np.empty(0)]
    # The errors are a product of the four polynomials or their inverses: a lag's slope is the errors without its own,
    # that much later.
    for (row, own), shape, step in zip(rows, shapes, steps, strict=True):
        if len(row):
            without = lfilter(_ONE, shape, errors)
            lags = range(step, len(row) * step + 1, step)
            moved = [-float(errors[max(skip, lag) :] @ without[max(skip - lag, 0) : max(n - lag, 0)]) for lag in lags]
            slopes.append(2 / total * (np.array(moved) @ own))
    return float(np.log(total / (n - skip))), np.concatenate(slopes)


def rough(values: Floats, season: int, orders: Orders, skip: int) -> Rough:
    """Fit by the sum of squared errors from step `skip` on. values: (n,), stationary, mean zero."""
    from scipy.optimize import minimize

    n = len(values) - skip
    size = sum(orders.counts)
    if size:
        minimum = minimize(
            squares,
            np.zeros(size) + 0.1,
            (values, season, orders, skip),
            jac=True,
            method="BFGS",
            options={"gtol": 1e-3, "maxiter": 40},
        )
        free, least = minimum.x, float(minimum.fun)
    else:
        free, least = np.empty(0), squares(np.empty(0), values, season, orders, skip)[0]
    k = size + 1
    penalty = 2 * k + 2 * k * (k + 1) / max(n - k - 1, 1)
    return Rough(
        orders, np.concatenate([row for row, _ in _split(free, orders)]), float(np.exp(least)), n * least + penalty
    )


def _neighbours(orders: Orders, seasonal: bool) -> Iterator[Orders]:
    steps = [(1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0)]
    if seasonal:
        steps += [(0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 1, 1)]
    for step in steps:
        for sign in (-1, 1):
            moved = tuple(have + sign * move for have, move in zip(orders.counts, step, strict=True))
            if all(0 <= lag <= most for lag, most in zip(moved, _MOST, strict=True)):
                yield Orders(*moved)


def choose(values: Floats, season: int, *, seasonal: bool) -> Rough:
    """The orders of the least AICc, by steps from four starting points. values: (n,), stationary, mean zero."""
    longest = season + _MOST[0] if seasonal else _MOST[0]
    skip = min(longest, len(values) // 4)
    extra = int(seasonal)
    tried: dict[Orders, Rough] = {}

    def criterion(orders: Orders) -> float:
        if orders not in tried:
            tried[orders] = rough(values, season, orders, skip)
        return tried[orders].criterion

    best = min(
        (Orders(2, 2, extra, extra), Orders(0, 0), Orders(1, 0, extra, 0), Orders(0, 1, 0, extra)), key=criterion
    )
    while (nearest := min(_neighbours(best, seasonal), key=criterion)) and criterion(nearest) < criterion(best):
        best = nearest
    return tried[best]
