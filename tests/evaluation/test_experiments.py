"""The comparing scripts, on cheap recipes and the bundled state counts."""

import sys
from datetime import date

import numpy as np
import pytest

from experiments import ablation, calibration, peers
from forecast.core.months import Month
from forecast.core.tables import Forecasts
from forecast.counts.bundle import bundled
from forecast.evaluation import quantile_table
from tests.recipe.test_recipe import TEXT

SPAN = ["--panel", "cbp-states", "--first", "2021-03", "--last", "2023-09", "--step", "10", "--horizon", "3"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    whole = TEXT.replace('"small"', '"whole"').split("[[compared]]")[0]
    (folder / "whole.toml").write_text(whole)
    (folder / "part.toml").write_text(whole.replace('"whole"', '"part"').split('[[members]]\nmodel = "seasonal')[0])
    return folder


@pytest.fixture
def run(home, capsys, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(home / "var"))
    monkeypatch.setenv("ENCOUNTERS_WORKERS", "0")

    def call(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, arguments), *SPAN])
        script.main()
        return capsys.readouterr().out

    return call


def test_each_script_opens_with_the_question_it_answers():
    for script in (ablation, calibration, peers):
        assert "?" in script.__doc__.splitlines()[0]


def test_ablation_sets_each_recipe_against_the_first(run, home):
    out = run(ablation, home / "whole.toml", home / "part.toml")
    assert "4 origins, 2021-03 to 2023-09, 3 months ahead" in out
    board = out.split("all leaves, rel_ against whole")[1].split("\n\n")[0]
    assert {line.split()[0].strip("*") or line.split()[1] for line in board.splitlines()[2:]} == {"whole", "part", "floor"}
    assert "[" in next(line for line in board.splitlines() if " part " in line)


def test_calibration_tells_coverage_and_draws_it(run, home):
    out = run(calibration, home / "whole.toml", "--models", "theta-log", "--out", home / "figures")
    assert "share of counts below each level, southwest" in out
    assert "theta-log" in out
    figures = sorted(item.name for item in (home / "figures").iterdir())
    assert figures == ["calibration-cbp-states-other.png", "calibration-cbp-states-southwest.png"]
    assert all((home / "figures" / name).read_bytes().startswith(b"\x89PNG") for name in figures)


def test_peers_from_another_program_are_scored_on_the_same_cells(run, home):
    """A table of zeros, from elsewhere: it is on the board, and it is no good."""
    first = run(peers, home / "whole.toml", "--peers", "seasonal_naive-log")
    assert "median_ms" in first
    counts = bundled().as_of("cbp-states", date(2026, 1, 1))
    leaves = counts.open_areas
    tables = [
        Forecasts("zeros", Month.parse(origin), leaves, np.zeros((len(leaves), 3, 23)), np.zeros((len(leaves), 3)))
        for origin in ("2021-03", "2022-01", "2022-11", "2023-09")
    ]
    quantile_table.write(home / "zeros.parquet", quantile_table.rows(tables))
    out = run(peers, home / "whole.toml", "--peers", "seasonal_naive-log", "--also", home / "zeros.parquet")
    ratios = {
        line.strip(" *").split()[0]: float(line.split("[")[0].split()[-1])
        for line in out.split("all leaves")[2].split("\n\n")[0].splitlines()
        if "[" in line
    }
    assert ratios["zeros"] > 1
    assert min(ratios.values()) <= 1


def test_a_mistake_ends_in_one_line(run, home):
    with pytest.raises(SystemExit, match="No recipe is called 'nothing'"):
        run(ablation, "nothing")
