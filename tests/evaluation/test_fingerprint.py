"""The same fit, the same fingerprint; anything else, another."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from forecast.core.months import Month
from forecast.core.tables import Series
from forecast.evaluation.fingerprint import fingerprint, source_digests
from forecast.models.catalog import FAMILIES, Member
from forecast.models.fitting import FitTask

SOURCES = dict.fromkeys(FAMILIES, "one")


JANUARY = Month.of(2020, 1)


def series(*values, first=JANUARY, area="el-paso"):
    return Series(area, first, np.array(values, dtype=float))


TASK = FitTask(Member.of("random_walk", scale="log"), series(1, 2, 3), horizon=6, samples=50, seed=1)


def test_equal_tasks_have_one_fingerprint():
    again = FitTask(Member.of("random_walk", scale="log"), series(1, 2, 3), horizon=6, samples=50, seed=1)
    assert fingerprint(TASK, SOURCES) == fingerprint(again, SOURCES)
    assert len(fingerprint(TASK, SOURCES)) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"member": Member.of("random_walk", scale="raw")},
        {"member": Member.of("seasonal_naive", scale="log")},
        {"series": series(1, 2, 4)},
        {"series": series(1, 2, np.nan, 3)},
        {"series": series(1, 2, 3, first=Month.of(2020, 2))},
        {"series": series(1, 2, 3, area="yuma")},
        {"series": replace(TASK.series, season=4)},
        {"horizon": 7},
        {"samples": 51},
        {"seed": 2},
        {"start": {"order": [1, 0]}},
        {"start": {"order": [1, 1]}},
    ],
)
def test_every_part_of_a_task_counts(change):
    others = {fingerprint(replace(TASK, **change), SOURCES)}
    assert fingerprint(TASK, SOURCES) not in others


def test_another_code_is_another_fit():
    assert fingerprint(TASK, SOURCES) != fingerprint(TASK, SOURCES | {"random_walk": "two"})
    assert fingerprint(TASK, SOURCES) == fingerprint(TASK, SOURCES | {"seasonal_naive": "two"})


def test_a_field_that_cannot_be_spelled_is_refused():
    @dataclass(frozen=True)
    class Odd(FitTask):
        more: object = None

    odd = Odd(TASK.member, TASK.series, 6, 50, 1, more={1, 2})
    with pytest.raises(TypeError, match="a set, which has no fingerprint"):
        fingerprint(odd, SOURCES)


def test_a_change_of_one_family_leaves_the_others_fits(tmp_path, monkeypatch):
    """The sources as they are, and again with a word more in Theta's file and in the guard rails' file."""
    import shutil

    from forecast.evaluation import fingerprint as module

    shutil.copytree(module._ROOT, tmp_path / "forecast", ignore=shutil.ignore_patterns("__pycache__", "data"))
    before = source_digests()
    monkeypatch.setattr(module, "_ROOT", tmp_path / "forecast")
    assert source_digests() == before
    with (tmp_path / "forecast" / "models" / "theta.py").open("a") as file:
        file.write("# another\n")
    after = source_digests()
    assert {name for name in FAMILIES if after[name] != before[name]} == {"theta"}
    with (tmp_path / "forecast" / "models" / "fitting.py").open("a") as file:
        file.write("# another\n")
    rails = source_digests()
    assert all(rails[name] != after[name] for name in FAMILIES)
