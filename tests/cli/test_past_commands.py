"""`encounters backtest` and `compare`: what a script finds in the table, and a person on the board."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.core.tables import LEVELS

SPAN = ("--panel", "cbp-states", "--first", "2022-03", "--last", "2023-01", "--step", 10, "--horizon", 3)
# Two origins of the sectors, which the outside scorer's table of peers holds.
SECTORS = (
    "--panel",
    "usbp-sectors",
    "--first",
    "2010-11",
    "--last",
    "2011-05",
    "--step",
    6,
    "--horizon",
    12,
    "--recipe",
    "floor",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(home, command, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(home))
    monkeypatch.setenv("ENCOUNTERS_WORKERS", "0")
    monkeypatch.delenv("ENCOUNTERS_DATABASE_URL", raising=False)
    return command


@pytest.fixture
def states(run, home):
    """The state panel's backtest of the floor and one member, made once."""
    out = home / "states.parquet"
    if not out.exists():
        code, _, err = run("backtest", *SPAN, "--out", out, "--recipe", "floor", "--models", "seasonal_naive-log")
        assert code == 0, err
    return pd.read_parquet(out)


@pytest.mark.parametrize("name", ["backtest", "compare"])
def test_the_commands_have_help_with_an_example(run, name):
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"Example: encounters {name}" in " ".join(out.split())


def test_the_table_has_the_contract_s_columns_and_levels(states):
    assert list(states.columns) == ["model", "series", "origin", "target_month", "horizon", "level", "value"]
    assert set(states["model"]) == {"recipe", "seasonal_naive-log"}
    assert sorted(set(states["level"])) == list(LEVELS)
    assert {str(origin.date()) for origin in states["origin"]} == {"2022-03-01", "2023-01-01"}
    assert {str(month.date()) for month in states["target_month"]} >= {"2022-04-01", "2022-06-01", "2023-04-01"}
    assert set(states["horizon"]) == {1, 2, 3}


def test_counts_are_nonnegative_and_do_not_fall_with_the_level(states):
    wide = states.pivot(index=["model", "series", "origin", "target_month"], columns="level", values="value").to_numpy()
    assert np.isfinite(wide).all()
    assert (wide >= 0).all()
    assert (np.diff(wide, axis=1) >= 0).all()


def test_the_recipe_forecasts_sums_and_members_leaves_alone(states):
    of = {model: set(part["series"]) for model, part in states.groupby("model")}
    assert {"TX", "TX / Southwest", "Southwest", "Northern", "Other", "Nation"} <= of["recipe"]
    assert "TX / Southwest" in of["seasonal_naive-log"]
    assert not {"TX", "Nation"} & of["seasonal_naive-log"]


def test_a_second_run_remembers_every_fit_and_writes_the_same(run, home, states):
    again = home / "again.parquet"
    code, out, _ = run(
        "backtest", *SPAN, "--out", again, "--recipe", "floor", "--models", "seasonal_naive-log", "--json"
    )
    summary = json.loads(out)
    assert code == 0
    assert summary["fits"] == summary["remembered"] > 0
    assert summary["origins"] == ["2022-03", "2023-01"]
    pd.testing.assert_frame_equal(pd.read_parquet(again), states)


def test_compare_ranks_the_stored_backtest(run, states):
    code, out, _ = run("compare", "--panel", "cbp-states")
    assert code == 0
    assert "at 2 origins, 2022-03 to 2023-01, 3 months ahead" in out
    for head in ("all leaves", "southwest", "other", "total"):
        assert f"  {head}, rel_ against floor" in out
    assert "* floor" in out
    assert "1.000 [few origins]" in out


def test_compare_gives_a_script_its_figures(run, states):
    assert "decisions, all leaves: cost of planning" in run("compare", "--panel", "cbp-states")[1]
    code, out, _ = run("compare", "--panel", "cbp-states", "--by", "band", "--json")
    (ranking,) = json.loads(out)
    assert code == 0
    assert [board["key"] for board in ranking["boards"]] == ["all leaves", "1", "2-3"]
    models = {row["model"]: row for row in ranking["boards"][0]["models"]}
    assert models["floor"]["rel_sWIS"] == 1.0
    assert models["seasonal_naive-log"]["rel_sWIS"] == pytest.approx(
        models["seasonal_naive-log"]["sWIS"] / models["floor"]["sWIS"], abs=1e-3
    )


def test_compare_writes_a_page(run, home, states):
    code, out, _ = run("compare", "--panel", "cbp-states", "--html", home / "boards.html")
    assert code == 0
    assert out.endswith("boards.html\n")
    text = (home / "boards.html").read_text()
    assert "seasonal_naive-log" in text
    for part in ("Calibration", "Who led when", "What was said, and what came", "Times of fits"):
        assert f">{part}</h3>" in text
    assert "encounters compare --panel cbp-states --html boards.html</pre>" in text
    code, out, err = run("compare", "--panel", "cbp-states", "--html", home / "b.html", "--origins", "2022-04")
    assert (code, out) == (1, "")
    assert "2022-04 is no origin of the backtest of cbp-states. Its origins are 2022-03, 2023-01." in err


def test_compare_before_any_backtest_says_what_to_do(run, tmp_path, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "empty"))
    code, out, _ = run("compare", "--panel", "usbp-sectors")
    assert code == 0
    assert "encounters backtest --panel usbp-sectors" in out


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"--first": "2017-05"}, 1, "can be forecast from"),
        ({"--first": "May"}, 1, "Write it as 2019-05"),
        ({"--panel": "sectors"}, 1, "usbp-sectors"),
        ({"--models": "arima-log"}, 1, "No model is called 'arima'"),
        ({"--recipe": "poool"}, 1, "No recipe is called 'poool'"),
        ({"--out": Path(__file__) / "past.parquet"}, 1, "cannot be written"),
    ],
)
def test_what_cannot_be_replayed_is_one_line(run, home, states, change, code, says):
    asked = (
        dict(zip(SPAN[::2], SPAN[1::2], strict=True)) | {"--out": home / "never.parquet", "--recipe": "floor"} | change
    )
    left, out, err = run("backtest", *(word for pair in asked.items() for word in pair))
    assert (left, out) == (code, "")
    assert says in err
    assert not (home / "never.parquet").exists()


def test_the_outside_scorer_would_find_every_cell_of_its_own(run, home, yardstick):
    """Its columns, names, months and levels for the first two origins; nothing is scored here."""
    out = home / "sectors.parquet"
    code, _, err = run("backtest", *SECTORS, "--out", out)
    assert code == 0, err
    mine = pd.read_parquet(out)
    for folder in (yardstick, yardstick / "totals"):
        peers = pd.read_parquet(folder / "peers.parquet")
        wanted = peers[(peers["model"] == peers["model"].iloc[0]) & (peers["origin"] <= "2011-05-01")]
        cells = [
            *zip(
                wanted["series"].astype(str),
                wanted["origin"],
                wanted["target_month"],
                wanted["level"].round(4),
                strict=True,
            )
        ]
        have = set(zip(mine["series"], mine["origin"], mine["target_month"], mine["level"].round(4), strict=True))
        assert set(wanted["origin"]) == set(mine["origin"])
        assert len(cells) > 0
        assert not [cell for cell in cells if cell not in have]
    assert not mine.duplicated(["model", "series", "origin", "target_month", "level"]).any()


def test_another_program_s_forecasts_are_ranked_beside_ours(run, home, states):
    theirs = states[states["model"] == "seasonal_naive-log"].assign(model="agency")
    theirs.to_csv(home / "agency.csv", index=False)
    code, out, err = run("compare", "--with", home / "agency.csv", "--json")
    assert code == 0, err
    (ranking,) = json.loads(out)  # the one panel that the file is of
    assert (ranking["panel"], ranking["outside"]) == ("cbp-states", ["agency"])
    models = {row["model"]: row for row in ranking["boards"][0]["models"]}
    assert models["agency"] == {**models["seasonal_naive-log"], "model": "agency", "RMSSE": None}  # it tells no means
    assert ranking["boards"][0]["cells"] == ranking["boards"][0]["of"]


def test_only_cells_that_the_other_program_has_too_are_ranked(run, home, states):
    one = states[(states["model"] == "seasonal_naive-log") & (states["series"] == "TX / Southwest")]
    one.assign(model="agency").to_parquet(home / "agency.parquet")
    (ranking,) = json.loads(run("compare", "--with", home / "agency.parquet", "--json")[1])
    board = {board["key"]: board for board in ranking["boards"]}["all leaves"]
    assert board["cells"] == 2 * 3 < board["of"]
    assert {row["model"]: row["cells"] for row in board["models"]}["floor"] == 2 * 3
    code, out, _ = run("compare", "--with", home / "agency.parquet")
    assert code == 0
    assert f"6 of {board['of']:,} cells, those that all its models have" in out


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda frame: frame.replace({"series": {"TX": "Tejas"}}), "'Tejas' is no series of cbp-states"),
        (lambda frame: frame.assign(value=-frame["value"]), "negative quantile"),
        (
            lambda frame: frame.assign(
                origin=frame["origin"] - pd.DateOffset(months=-1),
                target_month=frame["target_month"] - pd.DateOffset(months=-1),
            ),
            "encounters backtest --panel cbp-states --first 2022-04 --last 2023-02 --step 10 --horizon 3",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(run, home, states, spoil, says):
    spoil(states[states["model"] == "recipe"]).to_parquet(home / "bad.parquet")
    code, out, err = run("compare", "--panel", "cbp-states", "--with", home / "bad.parquet")
    assert (code, out) == (1, "")
    assert says in err
    assert err.count("\n") == 1


def test_without_a_backtest_a_table_says_which_one_it_needs(run, home, states, tmp_path, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "empty"))
    code, _, err = run("compare", "--with", home / "states.parquet")
    assert code == 1
    assert "encounters backtest --panel cbp-states --first 2022-03 --last 2023-01 --step 10 --horizon 3" in err
