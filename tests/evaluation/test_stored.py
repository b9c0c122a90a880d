"""The last backtest's scores on disk."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.core.tables import Forecasts
from forecast.evaluation import stored

ABOUT = stored.About(
    "cbp-states",
    "pool",
    "floor",
    ("2022-05", "2022-11"),
    12,
    "2025-09",
    "d",
    "r",
    "0.1.0+abc",
    "2026-01-01T00:00:00+00:00",
)
SCORES = pd.DataFrame(
    {"model": ["pool", "floor"], "origin": ["2022-05", "2022-05"], "horizon": [1, 1], "sWIS": [0.25, 1 / 3]}
)


def test_scores_come_back_with_what_they_were_made_from(tmp_path):
    path = stored.place(tmp_path, "cbp-states")
    stored.keep(path, scores=SCORES, about=ABOUT)
    scores, about = stored.load(path)
    pd.testing.assert_frame_equal(scores, SCORES)
    assert about == ABOUT
    assert stored.forecasts(path, about) == ()
    assert {item.name for item in path.parent.iterdir()} == {"cbp-states.parquet", "cbp-states.quantiles.parquet"}


def test_scores_that_are_written_in_parts_come_back_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "_ROWS", 3)
    path, many = stored.place(tmp_path, "cbp-states"), pd.concat([SCORES] * 4, ignore_index=True)
    stored.keep(path, scores=many, about=ABOUT)
    scores, about = stored.load(path)
    pd.testing.assert_frame_equal(scores, many)
    assert about == ABOUT


def test_forecasts_come_back_beside_the_scores_that_rest_on_them(tmp_path):
    path, rng = stored.place(tmp_path, "cbp-states"), np.random.default_rng(3)
    made = [
        Forecasts(
            model, Month.of(2022, 5), areas, np.sort(rng.random((len(areas), 4, 23))), rng.random((len(areas), 4))
        )
        for model, areas in (("pool", ("state-tx", "states-nation")), ("theta-log", ("state-tx",)))
    ]
    about = replace(
        ABOUT, command="encounters backtest", fit_times=(stored.FitTimes("theta-log", 2, 0.5, 0.2, 0.3, 0),)
    )
    stored.keep(path, scores=SCORES, about=about, forecasts=made)
    assert stored.load(path)[1] == about
    for kept, own in zip(stored.forecasts(path, about), made, strict=True):
        assert (kept.model, kept.origin, kept.areas, kept.levels) == (own.model, own.origin, own.areas, own.levels)
        assert np.array_equal(kept.values, own.values)
        assert np.array_equal(kept.mean, own.mean)
    assert stored.forecasts(path, replace(about, made_at="2026-02-02T00:00:00+00:00")) == ()  # those of another time


def test_the_last_backtest_replaces_the_one_before(tmp_path):
    path = stored.place(tmp_path, "cbp-states")
    stored.keep(path, scores=SCORES, about=ABOUT)
    stored.keep(path, scores=SCORES[:1], about=ABOUT)
    assert len(stored.load(path)[0]) == 1


def test_before_the_first_backtest_there_is_none(tmp_path):
    assert stored.load(stored.place(tmp_path, "cbp-states")) is None


def test_a_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "scores.parquet"
    stored.keep(path, scores=SCORES, about=ABOUT)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(TableError, match="is damaged"):
        stored.load(path)
    SCORES.to_parquet(path)  # a table of somebody else
    with pytest.raises(TableError, match="is damaged"):
        stored.load(path)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "backtests").write_text("a file")
    with pytest.raises(TableError, match="cannot be written"):
        stored.keep(stored.place(tmp_path, "cbp-states"), scores=SCORES, about=ABOUT)
