"""The comparing scripts, on cheap recipes and the bundled state counts."""

import shutil
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import (
    ablation,
    after_the_break,
    break_2025,
    calibration,
    nowcast,
    peers,
    quantile_averages,
    recalibrated_chances,
    simulated_breaks,
    upper_ends,
)
from experiments.record import EXPERIMENT
from forecast.core.months import Month
from forecast.core.tables import LEVELS, Forecasts
from forecast.counts.bundle import bundled
from forecast.evaluation import quantile_table
from forecast.evaluation.chances import chances
from forecast.evaluation.leaderboard import Board
from forecast.recipe import recipe as recipes_module
from forecast.release.tracking.session import opened
from tests.recipe.test_recipe import TEXT
from tests.samples import cell_counts

SPAN = ["--panel", "cbp-states", "--first", "2021-09", "--last", "2024-03", "--step", "10", "--horizon", "3"]


@pytest.fixture(scope="module")
def home(no_runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    (folder / "var").mkdir()
    shutil.copy(no_runs, folder / "var" / "mlflow.db")
    whole = TEXT.replace('"small"', '"whole"').split("[[compared]]")[0]
    (folder / "whole.toml").write_text(whole)
    (folder / "part.toml").write_text(whole.replace('"whole"', '"part"').split('[[members]]\nmodel = "seasonal')[0])
    return folder


@pytest.fixture
def run(home, capsys, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(home / "var"))
    monkeypatch.setenv("ENCOUNTERS_WORKERS", "0")

    def call(script, *arguments, span=SPAN):
        monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, arguments), *span])
        script.main()
        return capsys.readouterr().out

    return call


def test_ablation_sets_each_recipe_against_the_first(run, home):
    out = run(ablation, home / "whole.toml", home / "part.toml")
    assert "4 origins, 2021-09 to 2024-03, 3 months ahead" in out
    board = out.split("all leaves, rel_ against whole")[1].split("\n\n")[0]
    assert {line.split()[0].strip("*") or line.split()[1] for line in board.splitlines()[2:5]} == {
        "whole",
        "part",
        "floor",
    }
    assert "[" in next(line for line in board.splitlines() if " part " in line)


def test_a_quick_run_looks_at_two_origins_and_without_it_origins_are_asked_for(run, home, capsys):
    out = run(ablation, home / "whole.toml", home / "part.toml", span=["--panel", "cbp-states", "--quick"])
    assert "2 origins, 2022-11 to 2023-11, 3 months ahead" in out
    with pytest.raises(SystemExit):
        run(ablation, home / "whole.toml", span=["--first", "2022-11"])
    assert "required: --first and --last, or --quick" in capsys.readouterr().err


def test_ablation_names_what_is_worse_beyond_noise_and_what_is_not():
    rows = pd.DataFrame(
        {
            "model": ["whole", "needed", "idle", "harmful"],
            "rel_sWIS_low": [1.0, 1.01, 0.98, 0.90],
            "rel_sWIS_high": [1.0, 1.05, 1.02, 0.97],
            "rel_logWIS_low": [1.0, 0.99, 0.97, 0.95],
            "rel_logWIS_high": [1.0, 1.03, 1.04, 1.01],
        }
    )
    assert ablation.verdict(Board("all leaves", "whole", 28, 3, 900, 900, rows)) == (
        "worse: needed; better: harmful; no difference beyond noise: idle"
    )


def test_the_recipes_of_the_ablation_differ_from_the_bank_by_one_option():
    bank = dict(recipes_module.load("bank").pooled[0].options)
    files = sorted((Path(ablation.__file__).parent / "recipes").glob("*.toml"))
    recipes = [recipes_module.load(str(file)) for file in files]
    assert [recipe.name for recipe in recipes] == [file.stem for file in files]
    assert all(len(dict(recipe.pooled[0].options).items() ^ bank.items()) == 1 for recipe in recipes)


def test_an_experiment_is_kept_in_mlflow_with_the_text_that_it_printed(run, home):
    out = run(ablation, home / "whole.toml", home / "part.toml")
    with opened(f"sqlite:///{home / 'var' / 'mlflow.db'}", what="Looking") as client:
        experiment = client.get_experiment_by_name(EXPERIMENT)
        newest = client.search_runs([experiment.experiment_id], filter_string="run_name = 'ablation'", max_results=1)[0]
    kept = Path(newest.info.artifact_uri.removeprefix("file://")) / "ablation.txt"
    assert kept.read_text() == out
    assert newest.data.params["origins"] == "4"
    assert f"{newest.data.metrics['whole/sWIS']:.3f}" in out


def test_the_break_is_told_origin_by_origin_and_drawn(run, home):
    out = run(
        break_2025,
        home / "whole.toml",
        "--peers",
        "",
        "--out",
        home / "break",
        span=["--first", "2024-12", "--last", "2025-02"],
    )
    rows = [
        line.split()
        for line in out.split("inside the 80 % interval")[1].split("\n\n")[0].splitlines()
        if line.startswith("202")
    ]
    assert [row[0] for row in rows] == ["2024-12", "2025-01", "2025-02"]
    assert all(0 <= float(share) <= 1 for row in rows for share in row[1:3])
    assert "the 80 % interval covers 70 to 90 %" in out
    assert (home / "break" / "break-2025.png").read_bytes().startswith(b"\x89PNG")


def test_recovery_counts_months_after_the_break_and_tells_of_relapses():
    months = ["2024-12", "2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
    sentence = break_2025.recovery(pd.Series([0.8, 0.4, 0.5, 0.75, 0.6, 0.95], index=months))
    assert (
        sentence
        == "again from 2025-03, 2 months after the break; below it again at 2025-04; above it (too wide) at 2025-05"
    )
    assert break_2025.recovery(pd.Series([0.8, 0.4, 0.5], index=months[:3])) == "not again by 2025-02"


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
        for origin in ("2021-09", "2022-01", "2022-11", "2024-03")
    ]
    quantile_table.write(home / "zeros.parquet", quantile_table.rows(tables, counts.panel))
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


def test_a_simulated_break_scales_the_southwest_from_its_month_on():
    real = bundled().as_of("usbp-sectors", date(2026, 1, 1)).until(Month.of(2016, 12))
    start = Month.of(2015, 4)
    at, place = start - real.first, {slug: real.areas.index(slug) for slug in ("el-paso", "miami")}
    before, other = real.values[:at], real.values[:, place["miami"]]
    own = real.values[:, place["el-paso"]]
    fallen, risen, back = (
        simulated_breaks.altered(real, kind, start).values for kind in ("fall", "rise", "fall and return")
    )
    for changed in (fallen, risen, back):
        assert np.array_equal(changed[:at], before, equal_nan=True)
        assert np.array_equal(changed[:, place["miami"]], other)
    assert fallen[at, place["el-paso"]] == np.round(own[at] / 10**0.5 / 10) * 10
    assert fallen[at + 1, place["el-paso"]] == np.round(own[at + 1] / 100) * 10
    assert np.array_equal(risen[at:, place["el-paso"]], 3 * own[at:])
    assert back[at + 8, place["el-paso"]] == np.round(own[at + 8] / 100) * 10
    assert np.array_equal(back[at + 9 :], real.values[at + 9 :], equal_nan=True)


def test_recovery_from_a_simulated_break_is_the_first_origin_after_it_inside_the_band():
    since = pd.Series([0.75, 0.95, 0.88, 0.5], index=[0, 1, 4, 6])
    assert simulated_breaks.recovery(since) == "covers 70 to 90 % again 4 months after the break"
    assert simulated_breaks.recovery(since[:2]) == "never covers 70 to 90 %"


def test_the_table_after_the_break_parts_the_southwest_by_phase():
    cells = pd.DataFrame({"group": ["southwest", "southwest", "other"], "origin": ["2025-01", "2025-02", "2026-07"]})
    sizes = {
        name.split(", ")[1]: len(part) for name, part in after_the_break.parts(cells) if name.startswith("southwest")
    }
    assert list(sizes.values()) == [1, 1, 0]
    assert [len(part) for name, part in after_the_break.parts(cells) if name.startswith("other")] == [1, 0, 0, 1]


def test_upper_ends_are_set_against_the_record_of_their_origin(run, home):
    out = run(upper_ends, home / "whole.toml")
    assert "leaves with 30 and more a month" in out
    lines = [line for line in out.split("\n\n")[0].splitlines() if line.startswith(("end above", "count above"))]
    shares = {line[:24].strip(): float(line.split()[-1]) for line in lines}
    assert all(0 <= share <= 1 for share in shares.values())
    assert shares["end above the record"] >= shares["end above three records"]


def test_quantiles_are_averaged_at_each_probability_on_counts_on_logs_or_by_their_median():
    paths = {
        quantile_averages.BANK: np.array([[0.0, 10.0]]),
        quantile_averages.THETA: np.array([[85.0, 385.0]]),
        quantile_averages.WALK: np.array([[20.0, 2.0]]),
    }
    rng = np.random.default_rng(1)

    calm = quantile_averages.State("southwest", depth=0.0, volatility=0.0)

    def averaged(partners, share, how):
        return quantile_averages.Average(partners, share, how).of(paths, calm, rng)

    theta, both = (quantile_averages.THETA,), (quantile_averages.THETA, quantile_averages.WALK)
    assert averaged(theta, 0.25, "counts") == pytest.approx(np.array([[21.25, 103.75]]))
    # The logarithm is of 15 + count: of 15 and 100, and of 25 and 400, the middle is the geometric mean.
    assert averaged(theta, 0.5, "logs") == pytest.approx(np.array([[1500**0.5 - 15, 85.0]]))
    assert averaged(both, 2 / 3, "median") == pytest.approx(np.array([[20.0, 10.0]]))
    assert averaged(both, 0.5, "counts") == pytest.approx(np.array([[26.25, 101.75]]))


def test_the_share_of_an_average_grows_with_the_state_of_the_leaf():
    quiet, shaken = (quantile_averages.State("other", depth=0.75, volatility=each) for each in (0.2, 0.6))
    shares = [
        quantile_averages.Average((quantile_averages.THETA,), 0.5, "logs", when).share_in(state)
        for when in ("always", "southwest", "other", "depth", "volatility")
        for state in (quiet, shaken)
    ]
    assert shares == pytest.approx([0.5, 0.5, 0, 0, 0.5, 0.5, 0.25, 0.25, 0, 0.5])


def test_the_states_ran_ahead_of_the_sectors_on_two_days_of_publication():
    assert list(nowcast.days_ahead(bundled())) == [date(2025, 11, 30), date(2026, 1, 14)]


def test_a_sector_moves_as_its_states_do_and_is_judged_by_months_that_both_knew():
    own = np.array([[1.0, 2.0, 4.0]])
    states = np.array([[0.0, 3.0, 3.5, 5.0]])  # one month more
    centre, errors = nowcast._change(own, states, 1)
    assert centre == pytest.approx([5.5])
    assert errors == pytest.approx(np.array([[-2.0, 1.5]]))


def test_joint_draws_near_what_the_states_say_weigh_more_and_enough_of_them_stay():
    logs = np.linspace(0.0, 10.0, 1001)
    near, far = nowcast._weights(logs, 5.0, 1.0), nowcast._weights(logs, 40.0, 0.1)
    assert near.argmax() == 500
    assert far.argmax() == 1000
    assert min(1 / (near**2).sum(), 1 / (far**2).sum()) >= nowcast.LEAST_DRAWS
    assert near.sum() == pytest.approx(1)


def test_a_map_of_chances_is_learnt_from_cells_whose_month_had_come_alone(monkeypatch):
    """Of real chances, whose names are categories: the first origin is no target month of any."""
    monkeypatch.setattr(recalibrated_chances, "LEAST", 9)
    counts, slug = cell_counts(months=72), "state-az-southwest"
    values = np.linspace(0, 2 * counts.totals()[slug].max(), len(LEVELS))[None, None] * np.ones((1, 3, 1))
    tables = [
        Forecasts("bank", counts.first + after, (slug,), values, values.mean(axis=2)) for after in range(40, 60, 2)
    ]
    rows = chances(forecasts=tables, truth=counts)
    rows = rows[rows["lead_band"] != ""].reset_index(drop=True)
    learnt = recalibrated_chances.earlier(recalibrated_chances.shifted)
    changed = pd.Series(learnt(rows), name="probability")
    origins = sorted(set(rows["origin"].astype(str)))
    moved = (changed != rows["probability"]).groupby(rows["origin"].astype(str)).any()
    assert not moved[origins[0]]
    assert moved[origins[-1]]
    # What comes after an origin changes nothing that was learnt by it.
    late = rows["target_month"].astype(str) > origins[5]
    other = learnt(rows.assign(above=rows["above"].mask(late, 1 - rows["above"])))
    before = rows["origin"].astype(str) <= origins[5]
    np.testing.assert_array_equal(changed[before], other[before])
    assert (changed != other).any()
