"""Other programs' forecasts: registered beside the release that is served, never changed, withdrawn on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, delete, text, update

from forecast.core.errors import NoRelease, StoreError, TableError
from forecast.core.months import Month
from forecast.core.scorecard import Scored, Truth
from forecast.core.tables import LEVELS, Forecasts
from forecast.release import issued_scores, outside_forecasts, schema
from forecast.release.outside_forecasts import OutsideForecast
from forecast.release.publish import record_observations
from forecast.release.read import Observation
from forecast.release.store import writing
from tests.catalogue import USBP
from tests.release.conftest import NOW, Parts
from tests.samples import SCORE

Make = Callable[..., Parts]
PANEL, ORIGIN = "usbp-sectors", Month.of(2024, 11)


def table(*areas: str, horizon: int = 3, origin: Month = ORIGIN, model: str = "theirs") -> Forecasts:
    values = np.sort(np.random.default_rng(3).gamma(2, 5000 / 3, (len(areas), horizon, 23)), axis=2)
    return Forecasts(model, origin, areas, values, np.full((len(areas), horizon), np.nan))


def register(engine: Engine, *tables: Forecasts, **more: Any) -> OutsideForecast:
    given = {"panel": PANEL, "name": "theirs", "file": "theirs.csv", "sha256": "e" * 64, "now": NOW}
    return outside_forecasts.register(engine, tables or (table("el-paso"),), **{**given, **more})


def test_what_was_registered_comes_back_to_the_bit_whatever_its_length(engine: Engine, parts: Make) -> None:
    release = parts().publish(engine).id
    short, long = table("tucson", horizon=1), table("el-paso", "southwest")
    made = register(engine, short, long, issued=date(2025, 1, 2))
    (kept,) = outside_forecasts.listed(engine)
    assert (kept.release, kept.day, kept.issued, kept.last) == (release, NOW.date(), date(2025, 1, 2), ORIGIN + 3)
    assert kept.model == "theirs (outside)"
    assert [(one.areas, one.levels) for one in kept.tables] == [(short.areas, LEVELS), (long.areas, LEVELS)]
    for one, given in zip(kept.tables, (short, long), strict=True):
        assert (one.values == given.values).all()
    assert [one.tables[0].areas for one in (made, kept)] == [("tucson",)] * 2


def test_it_never_changes_and_a_damaged_one_is_named(engine: Engine, parts: Make) -> None:
    parts().publish(engine)
    register(engine)
    kept = schema.outside_forecast
    for change in (update(kept).values(file="other.csv"), delete(kept)):
        with pytest.raises(StoreError, match="never change"), writing(engine, subject=PANEL) as open_:
            open_.execute(change)
    if engine.dialect.name == "sqlite":
        with writing(engine, subject=PANEL) as open_:
            open_.execute(text("DROP TRIGGER outside_forecast_no_update"))
            open_.execute(update(kept).values(file="other.csv"))
        with pytest.raises(StoreError, match=r"The forecast of theirs beside .* is damaged"):
            outside_forecasts.listed(engine)


def test_a_withdrawn_one_is_scored_where_the_month_had_ended_and_stays_on_record(engine: Engine, parts: Make) -> None:
    release = parts().publish(engine).id
    register(engine)
    register(engine, name="others")
    # January had ended when it was withdrawn, in February; both counts come out later.
    days = [(ORIGIN + 2, NOW.date() + timedelta(days=50)), (ORIGIN + 3, NOW.date() + timedelta(days=60))]
    counts = [Observation("el-paso", month, day, 700, 1, "test", "e" * 64) for month, day in days]
    record_observations(engine, USBP, counts)
    outside_forecasts.withdraw(engine, "theirs", panel=PANEL, now=NOW + timedelta(days=30))
    others, theirs = outside_forecasts.beside(engine, release)[0]
    assert (others.withdrawn, theirs.withdrawn) == (None, NOW + timedelta(days=30))
    revised = [(row.area, row.month) for row in counts]
    assert outside_forecasts.scored(engine, others, revised) == set(revised)
    assert outside_forecasts.scored(engine, theirs, revised) == {("el-paso", ORIGIN + 2)}
    assert {one.name: one.withdrawn for one in outside_forecasts.listed(engine)} == {
        "theirs": theirs.withdrawn, "others": None,
    }  # fmt: skip
    with pytest.raises(StoreError, match="No forecast of 'theirs' is registered for usbp-sectors"):
        outside_forecasts.withdraw(engine, "theirs", panel=PANEL, now=NOW)


def test_each_release_may_have_the_next_one_of_a_name(engine: Engine, parts: Make) -> None:
    parts().publish(engine)
    register(engine)
    with pytest.raises(StoreError, match=r"is registered beside .* already"):
        register(engine, table("tucson"))
    second = parts(key="b").publish(engine).id
    assert register(engine).release == second


def test_months_that_had_ended_that_day_or_whose_counts_were_public_are_known(engine: Engine, parts: Make) -> None:
    parts().publish(engine)
    last = (ORIGIN + 1).last_day  # its count is public weeks later, as far as the store knows
    assert outside_forecasts.foreknown(engine, register(engine, now=NOW.replace(year=2024, month=12, day=31))) == set()
    days = [(ORIGIN + 1, last + timedelta(days=30)), (ORIGIN + 2, NOW.date()), (ORIGIN + 3, NOW.date())]
    rows = [
        Observation("el-paso", month, day + timedelta(days=place == 2), 700, 1, "test", "e" * 64)
        for place, (month, day) in enumerate(days)
    ]
    record_observations(engine, USBP, rows)
    forecast = register(engine, name="next")
    known = {("el-paso", ORIGIN + 1), ("el-paso", ORIGIN + 2)}
    assert outside_forecasts.foreknown(engine, forecast) == known
    assert forecast.ahead(known) == [ORIGIN + 3]
    with pytest.raises(TableError, match="nothing of it is a forecast"):
        register(engine, table("el-paso", horizon=1), name="late")


def test_what_a_restored_one_lacks_is_listed_and_no_more(engine: Engine, parts: Make) -> None:
    release = parts().publish(engine).id
    register(engine)
    register(engine, table("tucson"), name="elsewhere")
    made = register(engine, name="gone")
    outside_forecasts.withdraw(engine, "gone", panel=PANEL, now=NOW)
    day = NOW.date() + timedelta(days=50)
    rows = [
        Scored(release, "el-paso", month, day, 0, **SCORE) for month in (ORIGIN + 1, ORIGIN + 2, ORIGIN + 3, ORIGIN + 4)
    ]
    issued_scores.record(engine, PANEL, rows, models={"theirs (outside)": rows[2:3]})
    # December had ended when it was registered, February has its score, March was not forecast; "gone" had gone before.
    assert outside_forecasts.unscored(engine, PANEL) == {release: [Truth("el-paso", ORIGIN + 2, day, 130, 1)]}
    issued_scores.record(engine, PANEL, rows[1:2], models={"theirs (outside)": rows[1:2]})
    assert outside_forecasts.unscored(engine, PANEL) == {}
    assert made.last == ORIGIN + 3


@pytest.mark.parametrize(
    ("tables", "more", "why"),
    [
        ([table("el-paso"), table("tucson", model="second")], {}, "holds 2 models"),
        ([table("el-paso"), table("el-paso", origin=ORIGIN + -1)], {}, "from 2 origins"),
        ([table("el-paso", origin=ORIGIN + 1)], {}, "saw counts through 2024-12"),
        ([table("el-paso")], {"name": "a b"}, "is no name"),
        ([table("el-paso")], {"name": "recipe (outside)"}, "is no name"),
        ([table("el-paso")], {"issued": date(2024, 11, 30)}, "is not between"),
        ([table("el-paso")], {"issued": date(2025, 1, 21)}, "is not between"),
    ],
)
def test_what_is_not_one_forecast_of_the_future_is_refused(
    engine: Engine, parts: Make, tables: list[Forecasts], more: dict[str, Any], why: str
) -> None:
    parts().publish(engine)
    with pytest.raises(TableError, match=why) as refused:
        register(engine, *tables, **more)
    assert "\n" not in str(refused.value)
    assert outside_forecasts.listed(engine) == []


def test_without_a_release_there_is_nothing_to_stand_beside(engine: Engine) -> None:
    with pytest.raises(NoRelease, match="serves no release to score it beside"):
        register(engine)
