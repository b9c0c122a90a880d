"""Models that were issued with a release, and the board of every issued release; figures worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, delete, text, update

from forecast.core.errors import StoreError
from forecast.core.months import Month
from forecast.core.scorecard import Scored
from forecast.core.tables import LEVELS, Forecasts
from forecast.release import issued_models, issued_scores, schema
from forecast.release.live_board import live
from forecast.release.store import writing
from tests.release.conftest import Parts
from tests.samples import SCORE

Make = Callable[..., Parts]
PANEL = "usbp-sectors"
DEC, JAN = Month.of(2024, 12), Month.of(2025, 1)
FIRST, SECOND = date(2025, 2, 20), date(2025, 3, 20)


def scored(release: str, area: str = "el-paso", month: Month = DEC, published: date = FIRST, **more: Any) -> Scored:
    return Scored(release, area, month, published, **{"lead": month - JAN, **SCORE, **more})


def model(name: str, *areas: str) -> Forecasts:
    values = np.sort(np.random.default_rng(3).gamma(2, 5000, (len(areas), 3, 23)), axis=2)
    return Forecasts(name, Month.of(2024, 11), areas, values, values.mean(axis=2))


def test_issued_models_come_back_to_seven_digits_and_in_order(engine: Engine, parts: Make) -> None:
    made = [model("theta-log", "el-paso"), model("ets-log", "el-paso", "tucson")]
    release = parts().publish(engine, models=made).id
    kept = issued_models.load(engine, release)
    assert [(one.model, one.areas, one.levels) for one in kept] == [
        ("ets-log", ("el-paso", "tucson"), LEVELS),
        ("theta-log", ("el-paso",), LEVELS),
    ]
    assert kept[0].values == pytest.approx(made[1].values, rel=1e-7)
    assert (np.diff(kept[0].values, axis=2) >= 0).all()
    assert issued_models.load(engine, parts(key="b").publish(engine).id) == ()


def test_issued_models_never_change_and_a_damaged_one_is_named(engine: Engine, parts: Make) -> None:
    release = parts().publish(engine, models=[model("theta-log", "el-paso")]).id
    table = schema.release_model
    for change in (update(table).values(horizon=4), delete(table)):
        with pytest.raises(StoreError, match="rows of a release never change"), writing(engine, subject=PANEL) as open_:
            open_.execute(change)
    if engine.dialect.name == "sqlite":
        with writing(engine, subject=PANEL) as open_:
            open_.execute(text("DROP TRIGGER release_model_no_update"))
            open_.execute(update(table).values(horizon=4))
        with pytest.raises(StoreError, match=r"The forecast of theta-log in .* is damaged"):
            issued_models.load(engine, release)


def test_before_the_first_count_the_board_is_empty(engine: Engine, parts: Make) -> None:
    parts().publish(engine, models=[model("theta-log", "el-paso")])
    assert live(engine, ["el-paso"]) == []


def test_each_model_stands_beside_what_served_on_its_own_cells(engine: Engine, parts: Make) -> None:
    """Of the releases a and b, a has the model: 30 over a scale of 10 for what served, 20 for the model, 60 for the
    floor; b scores 50 and has no model.
    """
    first = parts().publish(engine, models=[model("theta-log", "el-paso")]).id
    second = parts(key="b").publish(engine).id
    own = [scored(first), scored(first, "southwest", wis=999.0)]
    issued_scores.record(engine, PANEL, own, models={"theta-log": [scored(first, wis=20.0, inside_50=True)]})
    issued_scores.record(engine, PANEL, [scored(second, wis=50.0)])
    board = {one.model: one for one in live(engine, ["el-paso"])}
    assert list(board) == ["theta-log", "recipe", "floor"]  # best first
    theta, served, floor = board.values()
    assert (theta.n, theta.releases, theta.score, theta.served, theta.floor) == (1, 1, 2.0, 3.0, 6.0)
    assert (theta.coverage_50, theta.coverage_80) == (1.0, 1.0)
    assert (served.n, served.releases, served.score, served.floor, served.coverage_50) == (2, 2, 4.0, 6.0, 0.0)
    assert (floor.score, floor.coverage_50, floor.through, floor.month) == (6.0, None, DEC, None)
    assert live(engine, ["el-paso"], panel="cbp-states") == []


def test_the_board_is_a_row_per_month_and_a_revised_count_takes_the_place_of_the_first(
    engine: Engine, parts: Make
) -> None:
    release = parts().publish(engine, models=[model("theta-log", "el-paso")]).id
    for published, wis in ((FIRST, 20.0), (SECOND, 40.0)):
        row = scored(release, published=published)
        issued_scores.record(
            engine, PANEL, [row], models={"theta-log": [scored(release, published=published, wis=wis)]}
        )
    issued_scores.record(engine, PANEL, [scored(release, month=JAN, wis=10.0)])
    board = [(str(one.month), one.model, one.n, one.score) for one in live(engine, ["el-paso"], monthly=True)]
    assert board == [
        ("2024-12", "recipe", 1, 3.0),
        ("2024-12", "theta-log", 1, 4.0),
        ("2024-12", "floor", 1, 6.0),
        ("2025-01", "recipe", 1, 1.0),
        ("2025-01", "floor", 1, 6.0),
    ]
    issued_scores.record(engine, PANEL, [scored(release, published=SECOND)])  # scored again, without the models
    assert [one.model for one in live(engine, ["el-paso"])] == ["recipe", "floor"]


def test_hindcasts_are_not_on_the_board(engine: Engine, parts: Make) -> None:
    release = parts(hindcast=True).publish(engine).id
    issued_scores.record(engine, PANEL, [scored(release)])
    assert live(engine, ["el-paso"]) == []
