"""The record goes on to the last month but one, is remembered to the last bit, and knows no later month."""

import dataclasses
import itertools

import numpy as np
import pytest

from forecast.core.errors import TableError
from forecast.core.executor import HERE, Executor
from forecast.core.months import Month
from forecast.evaluation import backtest, record
from forecast.evaluation.record import Record
from forecast.recipe import recipe as recipes_module
from tests.recipe.test_recipe import TEXT
from tests.samples import cell_counts

RECIPE = recipes_module.parse(TEXT)
FLOOR = recipes_module.parse(TEXT.replace('"small"', '"floor"').split("weight = 2")[0])
ORIGINS = (Month.of(2022, 4), Month.of(2023, 4))


def kept(folder, counts=None, *, recipes=(RECIPE, FLOOR), origins=ORIGINS, horizon=6):
    return Record(folder, recipes, counts or cell_counts(), origins, horizon)


def replay(one, deadline=60.0, workers=0):
    fits = []
    replayed = one.replay(executor=Executor(workers, deadline), on_fit=lambda: fits.append(1))
    assert replayed.ended == frozenset()
    return replayed.forecasts, len(fits)


def same(some, others):
    return all(
        (one.model, one.origin, one.areas, one.levels) == (two.model, two.origin, two.areas, two.levels)
        and np.array_equal(one.values, two.values)
        and np.array_equal(one.mean, two.mean)
        for one, two in zip(some, others, strict=True)
    )


def test_the_record_goes_on_to_the_last_month_but_one():
    counts = cell_counts(months=72)  # 2018-10 to 2024-09
    origins = record.origins(counts, months=24, step=3)
    assert [str(origin) for origin in (origins[0], origins[-1])] == ["2022-10", "2024-07"]
    assert {later - earlier for earlier, later in itertools.pairwise(origins)} == {3}
    with pytest.raises(TableError, match="a record needs"):
        record.origins(cell_counts(months=20), months=24, step=3)


def test_a_new_month_adds_at_most_one_origin():
    before, after = (record.origins(cell_counts(months=months), months=36, step=3) for months in (72, 73))
    assert len(set(before) ^ set(after)) <= 2


def test_it_holds_what_a_backtest_makes_of_the_recipes(tmp_path):
    made, _ = replay(kept(tmp_path))
    past = backtest.run([RECIPE, FLOOR], cell_counts(), ORIGINS, horizon=6, executor=HERE)
    assert same(made, [table for table in past.forecasts if table.model in ("small", "floor")])


def test_a_second_replay_fits_nothing_and_gives_the_same(tmp_path):
    first, made = replay(kept(tmp_path))
    again = kept(tmp_path)
    assert (again.missing(), again.fits_needed()) == ((), 0)
    second, remade = replay(again)
    assert (made, remade) == (kept(tmp_path / "other").fits_needed(), 0)
    assert same(first, second)


def test_another_future_needs_no_fit_and_another_past_all(tmp_path):
    replay(kept(tmp_path))
    counts = cell_counts()
    later, earlier = counts.values.copy(), counts.values.copy()
    later[ORIGINS[1] - counts.first + 1 :] *= 7
    earlier[ORIGINS[1] - counts.first] += 1
    assert kept(tmp_path, dataclasses.replace(counts, values=later)).missing() == ()
    assert kept(tmp_path, dataclasses.replace(counts, values=earlier)).missing() == ORIGINS[1:]


@pytest.mark.parametrize("change", ["recipe", "horizon", "code", "libraries"])
def test_whatever_numbers_follow_from_is_part_of_the_name(tmp_path, monkeypatch, change):
    replay(kept(tmp_path))
    more = {}
    if change == "recipe":
        more = {"recipes": (recipes_module.parse(TEXT.replace("seed = ", "seed = 1")), FLOOR)}
    elif change == "horizon":
        more = {"horizon": 5}
    else:
        monkeypatch.setattr(record, {"code": "code_version", "libraries": "libraries"}[change], lambda: "another")
    assert kept(tmp_path, **more).missing() == ORIGINS


def test_only_the_origins_that_are_not_remembered_are_replayed(tmp_path):
    replay(kept(tmp_path, origins=ORIGINS[:1]))
    assert kept(tmp_path).missing() == ORIGINS[1:]
    both, _ = replay(kept(tmp_path))
    assert same(both, replay(kept(tmp_path / "fresh"))[0])


def test_a_damaged_file_is_made_again(tmp_path):
    first, _ = replay(kept(tmp_path))
    for path in tmp_path.rglob("*.forecasts"):
        path.write_bytes(path.read_bytes()[:-1])
    again, made = replay(kept(tmp_path))
    assert made > 0
    assert same(first, again)


def test_what_a_deadline_ended_is_not_kept(tmp_path):
    slow = recipes_module.parse(TEXT.replace('model = "seasonal_naive"', 'model = "prophet"'))
    made = kept(tmp_path, recipes=(slow,), origins=ORIGINS[:1]).replay(executor=Executor(1, 0.05))
    assert len(made.forecasts) == 1
    assert made.ended == {ORIGINS[0]}
    assert list(tmp_path.rglob("*.forecasts")) == []


def test_a_folder_that_cannot_be_written_costs_memory_and_no_number(tmp_path):
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    assert same(replay(kept(blocked))[0], replay(kept(tmp_path / "open"))[0])
