"""Who led when, and when a lead was more than noise; figures worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.evaluation.fluctuation import CRITICAL, by_origin, fluctuation, spells


def means(mine, theirs, step=12):
    names = [str(Month.of(2000, 5) + step * place) for place in range(len(mine))]
    return pd.DataFrame({"mine": mine, "theirs": theirs}, index=names)


def test_means_rest_on_the_leaves_cells_that_all_models_have():
    rows = [
        ("a", "yuma", "southwest", 1, 2.0),
        ("b", "yuma", "southwest", 1, 1.0),
        ("a", "yuma", "southwest", 2, 9.0),  # which b has not
        ("a", "nation", "total", 1, 5.0),
        ("b", "nation", "total", 1, 7.0),
    ]
    table = pd.DataFrame(rows, columns=["model", "area", "group", "horizon", "sWIS"]).assign(origin="2020-01")
    assert by_origin(table).to_dict("index") == {"2020-01": {"a": 2.0, "b": 1.0}}
    with pytest.raises(TableError, match="no cell that all of a, b forecast"):
        by_origin(table.loc[[1, 2]])


def test_spells_are_origins_in_a_row_with_one_leader():
    led = spells(means([1, 1, 3, 1], [2, 2, 2, 2]))
    assert [(spell.model, spell.first, spell.last, spell.origins) for spell in led] == [
        ("mine", "2000-05", "2001-05", 2),
        ("theirs", "2002-05", "2002-05", 1),
        ("mine", "2003-05", "2003-05", 1),
    ]


def test_a_window_s_difference_is_over_the_long_run_deviation():
    """Origins a year apart and a year ahead: blocks of 2. Differences of +1 and -1 in turn have variance 1 and, at lag
    1, covariance -19/20, which weighs one half twice over: 1 - 0.95 = 0.05 is the long-run variance.
    """
    table = means(np.tile([3.0, 1.0], 10), np.full(20, 2.0))
    even = fluctuation(table, model="mine", against="theirs", horizon=12)
    assert (even.window, len(even.ends), even.ends[0]) == (6, 15, "2005-05")
    assert even.ratio == pytest.approx(np.ones(15))
    assert even.statistic == pytest.approx(np.zeros(15))
    odd = fluctuation(table.iloc[:17], model="mine", against="theirs", horizon=12)
    assert odd.window == 5
    away = np.tile([1.0, -1.0], 9)[:17] - 1 / 17
    spread = np.sqrt((away @ away + away[1:] @ away[:-1]) / 17)
    assert odd.statistic == pytest.approx(np.tile([1.0, -1.0], 7)[:13] / (spread * np.sqrt(5)))
    assert odd.ratio[:2] == pytest.approx([1.1, 0.9])


def test_a_model_that_is_better_for_years_and_then_worse_leads_first_and_trails_later_and_a_steady_lead_is_no_noise():
    rng = np.random.default_rng(2)
    drift = np.where(np.arange(40) < 20, -1.0, 1.0) + rng.normal(0, 0.05, 40)
    turned = fluctuation(means(2 + drift, np.full(40, 2.0)), model="mine", against="theirs", horizon=1)
    assert turned.statistic[0] < -2 < 2 < turned.statistic[-1]
    steady = fluctuation(means(1 + 0.1 * rng.random(40), np.full(40, 2.0)), model="mine", against="theirs", horizon=1)
    assert (steady.statistic < -CRITICAL).all()


def test_few_origins_equal_models_and_a_model_against_itself_have_no_windows():
    assert fluctuation(means(np.ones(11), np.zeros(11)), model="mine", against="theirs", horizon=1) is None
    assert fluctuation(means(np.ones(20), np.ones(20)), model="mine", against="theirs", horizon=1) is None
    assert fluctuation(means(np.ones(20), np.zeros(20)), model="mine", against="mine", horizon=1) is None
