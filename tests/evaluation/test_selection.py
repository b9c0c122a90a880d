"""The rule that chooses the champion."""

import pandas as pd
import pytest

from forecast.core.errors import TableError
from forecast.evaluation.scores import FIGURES
from forecast.evaluation.selection import FLOOR, choose


def scores(**models):
    rows = [
        dict.fromkeys(FIGURES, 0.0)
        | {"model": name, "group": "other", "area": "ramey", "origin": "2024-01", "horizon": 1, "sWIS": s, "logWIS": g}
        for name, (s, g) in models.items()
    ]
    return pd.DataFrame(rows)


def test_the_smaller_geometric_mean_against_the_floor_wins():
    found = choose(scores(**{FLOOR: (2.0, 0.5), "pool": (1.0, 0.5), "other": (2.0, 0.4)}), ["other", "pool"])
    assert found.name == "pool"
    assert found.figures == pytest.approx({"pool": 0.5**0.5, "other": 0.8**0.5})


def test_within_noise_the_incumbent_stays():
    table = scores(**{FLOOR: (1.0, 1.0), "new": (0.995, 1.0), "old": (1.0, 1.0)})
    assert choose(table, ["old", "new"]).name == "old"
    assert choose(table, ["new", "old"]).name == "new"


def test_totals_have_no_vote():
    table = scores(**{FLOOR: (1.0, 1.0), "pool": (0.5, 0.5), "floor": (1.0, 1.0)})
    lies = table.assign(group="total", sWIS=[1.0, 99.0, 0.01])
    assert choose(pd.concat([table, lies]), ["pool", "floor"]).name == "pool"


def test_a_candidate_without_scores_is_named():
    with pytest.raises(TableError, match="pool has no scores"):
        choose(scores(**{FLOOR: (1.0, 1.0)}), ["pool"])
