"""What a release's method would have said: kept as it was made, never changed, and what it would have held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from sqlalchemy import Engine, delete, text, update

from forecast.core.errors import StoreError
from forecast.core.months import Month
from forecast.core.tables import LEVELS, Forecasts
from forecast.release import publish, schema
from forecast.release.hindsight import Held
from forecast.release.read import Observation
from forecast.release.replays import Replay, Replayed, held, replayed
from forecast.release.store import writing
from tests.release.conftest import Parts

Make = Callable[..., Parts]
NOV = Month.of(2024, 11)


def replay(back: int, as_of: date | None = None, *areas: str) -> Replay:
    """Level q of the n-th area, counted from 1, has n (1000 q + 0.004) encounters in each of two months."""
    own = areas or ("el-paso", "southwest")
    values = np.arange(1, len(own) + 1)[:, None, None] * (1000 * np.array(LEVELS) + 0.004) * np.ones((1, 2, 1))
    return Replay(Forecasts("recipe", NOV + -back, own, values, np.ones(values.shape[:2])), as_of)


def test_replays_come_back_by_area_newest_first_with_what_they_rest_on(engine: Engine, parts: Make) -> None:
    release = parts().publish(engine, replays=[replay(3), replay(1, date(2024, 11, 20))]).id
    kept = replayed(engine, [release], ["southwest", "el-paso"])
    assert [(one.area, str(one.origin), one.as_of) for one in kept] == [
        ("southwest", "2024-10", date(2024, 11, 20)),
        ("southwest", "2024-08", None),
        ("el-paso", "2024-10", date(2024, 11, 20)),
        ("el-paso", "2024-08", None),
    ]
    assert kept[0].levels == (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
    assert kept[2].quantiles == ((25, 50, 100, 250, 500, 750, 900, 950, 975),) * 2
    assert kept[0].quantiles[0][4] == 1000.01
    assert [str(month) for month in kept[0].months] == ["2024-11", "2024-12"]
    assert replayed(engine, [release], ["yuma"]) == []
    assert replayed(engine, [parts(key="b").publish(engine).id], ["el-paso"]) == []


def test_many_replays_are_stored_in_pieces(engine: Engine, parts: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "_AT_ONCE", 3)
    release = parts().publish(engine, replays=(replay(back) for back in (1, 2, 3, 6))).id
    kept = replayed(engine, [release], ["southwest", "el-paso"])
    assert [(one.area, NOV - one.origin) for one in kept] == [
        (area, back) for area in ("southwest", "el-paso") for back in (1, 2, 3, 6)
    ]


def test_replays_are_no_part_of_the_checksum_and_never_change(engine: Engine, parts: Make) -> None:
    with_replays = parts().publish(engine, replays=[replay(1)]).id
    table = schema.release_replay
    for change in (update(table).values(levels="[]"), delete(table)):
        with pytest.raises(StoreError, match="rows of a release never change"), writing(engine, subject="x") as open_:
            open_.execute(change)
    if engine.dialect.name == "sqlite":
        with writing(engine, subject="x") as open_:
            open_.execute(text("DROP TRIGGER release_replay_no_update"))
        for damaged, says in (
            ("[[1,2]]", "holds 2 numbers instead of 9"),
            ('[["x"]]', "is damaged"),
            ("[1]", "is damaged"),
            ("[[1", "is damaged"),
        ):
            with writing(engine, subject="x") as open_:
                open_.execute(update(table).values(quantiles=damaged))
            with pytest.raises(StoreError, match=f"el-paso of 2024-10, replayed with .* {says}"):
                replayed(engine, [with_replays], ["el-paso"])


LINE = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def made(back: int, *middles: float) -> Replayed:
    """The 50 % interval reaches 10 to either side of the middle, the 80 % one 20, the 95 % one 30."""
    steps = (-30, -20, -10, 0, 10, 20, 30)
    return Replayed("r", "el-paso", NOV + -back, None, LINE, tuple(tuple(m + s for s in steps) for m in middles))


def count(month: Month, number: int, precision: int = 1) -> Observation:
    return Observation("el-paso", month, date(2025, 1, 1), number, precision, "t", "f" * 64)


def test_a_month_counts_once_for_the_last_origin_before_it_and_none_after_the_release() -> None:
    # October: both speak, the later origin (September) says 200. December lies after the release.
    replays = [made(2, 200, 200, 200), made(3, 100, 100, 100)]
    counts = [count(NOV + -2, 105), count(NOV + -1, 215), count(NOV, 171), count(NOV + 1, 200), count(NOV + -12, 100)]
    assert held(replays, counts, through=NOV) == Held(3, 1, 2, 3)


def test_quantiles_are_rounded_as_the_count_is() -> None:
    # The upper end of 50 % is 114; beside a count rounded to ten it is 110.
    assert held([made(1, 104)], [count(NOV, 110, 10)], through=NOV).inside_50 == 1
    assert held([made(1, 104)], [count(NOV, 120, 10)], through=NOV).inside_50 == 0
    assert held([], [count(NOV, 110)], through=NOV) == Held(0, 0, 0, 0)
