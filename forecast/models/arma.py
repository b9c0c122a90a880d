"""Which seasonal ARMA orders fit a differenced series, found fast by the conditional sum of squares. Used by SARIMAX alone.

Errors before the first month count as zero, so that one evaluation is one linear filter; the search goes stepwise as in
Hyndman and Khandakar 2008. Coefficients stay inside the stationary and invertible region by their partial autocorrelations (Monahan 1984).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecast.core.tables import Floats

__all__ = ["Orders", "Rough", "choose", "rough"]

# Beyond two lags the search finds near-cancelling pairs, which cost time and gain nothing on 300 months.
_MOST = (2, 2, 1, 1)


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
    """A rough fit: coefficients `ar`, `ma`, `seasonal_ar`, `seasonal_ma` in one row (statsmodels' signs), error variance, AICc."""

    orders: Orders
    coefficients: Floats
    variance: float
    criterion: float


def _coefficients(partial: Floats) -> Floats:
    """Partial autocorrelations in (-1, 1) -> autoregressive coefficients (Durbin and Levinson)."""
    found = np.empty(0)
    for correlation in partial:
        found = np.append(found - correlation * found[::-1], correlation)
    return found


def _polynomial(short: Floats, long: Floats, season: int) -> Floats:
    """(1 + short L + ...) x (1 + long L^season + ...)."""
    seasonal = np.zeros(len(long) * season + 1)
    seasonal[0] = 1.0
    seasonal[season::season] = long
    return np.convolve(np.r_[1.0, short], seasonal)


def _split(free: Floats, orders: Orders) -> tuple[Floats, Floats, Floats, Floats]:
    """Free numbers -> the four rows of coefficients, as statsmodels signs them."""
    parts = np.split(np.tanh(free), np.cumsum(orders.counts)[:-1])
    ar, ma, seasonal_ar, seasonal_ma = (_coefficients(part * 0.99) for part in parts)
    return ar, -ma, seasonal_ar, -seasonal_ma


def rough(values: Floats, season: int, orders: Orders, skip: int) -> Rough:
    """Fit by the sum of squared errors from step `skip` on. values: (n,), stationary, mean zero."""
    from scipy.optimize import minimize
    from scipy.signal import lfilter

    n = len(values) - skip

    def total(free: Floats) -> float:
        ar, ma, seasonal_ar, seasonal_ma = _split(free, orders)
        errors = lfilter(_polynomial(-ar, -seasonal_ar, season), _polynomial(ma, seasonal_ma, season), values)[skip:]
        return float(np.log(max(errors @ errors / n, 1e-300)))

    size = sum(orders.counts)
    if size:
        found = minimize(total, np.zeros(size) + 0.1, method="BFGS", options={"gtol": 1e-3, "maxiter": 40})
        free, least = found.x, float(found.fun)
    else:
        free, least = np.empty(0), total(np.empty(0))
    k = size + 1
    penalty = 2 * k + 2 * k * (k + 1) / max(n - k - 1, 1)
    return Rough(orders, np.concatenate(_split(free, orders)), float(np.exp(least)), n * least + penalty)


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

    best = min((Orders(2, 2, extra, extra), Orders(0, 0), Orders(1, 0, extra, 0), Orders(0, 1, 0, extra)), key=criterion)
    while (nearest := min(_neighbours(best, seasonal), key=criterion)) and criterion(nearest) < criterion(best):
        best = nearest
    return tried[best]
