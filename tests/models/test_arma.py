"""The rough search of ARMA orders: its slopes are those of what it minimises,
and it finds what a series was made of.
"""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.signal import lfilter

from forecast.models.arma import Orders, choose, squares


@pytest.mark.parametrize("orders", [(1, 0, 0, 0), (0, 2, 0, 0), (2, 2, 1, 1), (2, 1, 0, 1), (0, 0, 1, 1)])
@pytest.mark.parametrize(("length", "skip"), [(120, 14), (24, 6), (10, 2)])
def test_the_slopes_are_those_of_the_squares(orders, length, skip):
    numbers = np.random.default_rng(length)
    values, free = numbers.normal(size=length), numbers.normal(size=sum(orders)) / 2
    _, slopes = squares(free, values, 12, Orders(*orders), skip)
    numeric = approx_fprime(free, lambda at: squares(at, values, 12, Orders(*orders), skip)[0], 1e-7)
    assert slopes == pytest.approx(numeric, abs=1e-5)


def test_the_search_finds_the_orders_that_a_series_was_made_with():
    noise = np.random.default_rng(3).normal(size=600)
    values = lfilter([1.0], [1.0, -0.6], lfilter(np.r_[1.0, np.zeros(11), 0.5], [1.0], noise))
    chosen = choose(values - values.mean(), 12, seasonal=True)
    assert chosen.orders.counts == (1, 0, 0, 1)
    assert chosen.coefficients == pytest.approx([0.6, 0.5], abs=0.08)
    assert chosen.variance == pytest.approx(1.0, abs=0.15)
