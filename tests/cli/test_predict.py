"""`encounters predict` on tables as they come: a forecast or one line, never a traceback."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JANUARY = np.datetime64("2015-01")


@pytest.fixture
def predict(tmp_path, monkeypatch, command):
    """A function that forecasts values of series by month (by step with --season):
    (exit code, stdout, stderr, table or None).
    """
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENCOUNTERS_WORKERS", "0")

    def call(series, *options, horizon=3, first=JANUARY):
        with (tmp_path / "mine.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["series", "month", "value"])
            rows.writerows(
                [name, first + step, value] for name, values in series.items() for step, value in enumerate(values)
            )
        (tmp_path / "f.parquet").unlink(missing_ok=True)
        arguments = ("predict", tmp_path / "mine.csv", "--horizon", horizon, "--out", tmp_path / "f.parquet", *options)
        code, out, err = command(*arguments)
        return code, out, err, pd.read_parquet(tmp_path / "f.parquet") if (tmp_path / "f.parquet").exists() else None

    return call


def sound(table):
    wide = table.pivot(index=["series", "target_month"], columns="level", values="value").to_numpy()
    return wide.shape[1] == 23 and np.isfinite(wide).all() and (wide >= 0).all() and (np.diff(wide, axis=1) >= 0).all()


HARD = {
    "zeros": [0] * 40,
    "constant": [7] * 40,
    "largest": [10**12] * 40,
    "from nothing to the largest": [0] * 20 + [10**12] * 20,
    "tiny": ["1e-300", "5e-324"] * 20,
    "one count": [0] * 39 + [1],
    "four known": [5, 6, 7, 8],
    "four known of many": [5, *[""] * 200, 6, 7, 8],
    "long": list(range(4800)),
    "fractions": [0.001 * step for step in range(40)],
}


def test_sparse_series_are_named_and_have_whole_counts(predict):
    series = {"rare": [0, 0, 0, 2] * 12, "busy": [900 + 7 * (step % 5) for step in range(48)]}
    code, out, err, table = predict(series, "--recipe", "bank")
    assert (code, out.rstrip().endswith("sparse, by their recent months alone: 1")) == (0, True)
    assert "rare: sparse, forecast by its recent months alone" in err
    assert sound(table)
    rare = table[(table["series"] == "rare") & (table["level"] == 0.5)]
    assert (rare["value"] == 0).all()


def test_a_series_of_zeros_is_named_in_words_for_any_table(predict):
    code, _, err, table = predict({"s286": [0] * 60}, "--recipe", "bank")
    assert (code, sound(table)) == (0, True)
    assert "s286: the floor stands in: it has no known value above zero\n" in err
    assert "encounter" not in err


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"name = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"), (b'name = "\xff"', "is no text in UTF-8")],
)
def test_a_recipe_that_cannot_be_read_is_one_line(predict, tmp_path, content, said):
    (tmp_path / "own.toml").write_bytes(content)
    code, _, err, _ = predict({"a": [5, 6, 7, 8]}, "--recipe", tmp_path / "own.toml")
    assert (code, err.count("\n"), said in err) == (1, 1, True), err[:500]


@pytest.mark.parametrize("name", HARD)
def test_hard_series_are_forecast_in_finite_numbers(predict, name):
    code, _, err, table = predict({name: HARD[name]}, first=np.datetime64("1800-01"))
    assert (code, "Traceback" in err) == (0, False), err
    assert sound(table)


@pytest.mark.parametrize("recipe", ["floor", "pool"])
def test_no_advice_names_an_option_that_is_not_there(predict, recipe):
    code, _, err, table = predict({"short": [5, 6, 7, 8], "same": [7] * 40}, "--recipe", recipe)
    assert (code, sound(table)) == (0, True)
    assert "random_walk" not in err
    assert "Use " not in err


def test_what_should_be_known_of_a_series_is_said_before_the_forecasts(predict):
    code, _, err, table = predict({f"new-{k}": [5, 6, 7, 8] for k in range(8)})
    assert (code, sound(table)) == (0, True)
    assert err.splitlines()[0] == "new-0 has 4 known months; so few hardly tell how wide intervals must be."
    assert "and 3 more remarks" in err


def test_a_series_called_anything_forges_no_line(predict):
    code, _, err, table = predict({"a\x1b[2J\x85encounters: all is well": [5, 6, 7, 8]})
    assert (code, sound(table)) == (0, True)
    assert err.splitlines()[0].isprintable()
    assert err.splitlines()[0].endswith("how wide intervals must be.")
    code, _, err, table = predict({"a\nencounters: all is well": [5, 6, 7, 8]})
    assert (code, table, err.count("\n"), err.strip().isprintable()) == (1, None, 1, True)
    assert "expected a series name on one line" in err


@pytest.mark.parametrize("season", [1, 2, 52, 366])
def test_any_season_within_the_bounds_is_forecast(predict, season):
    code, _, err, table = predict({"a": [50 + step % 5 for step in range(60)]}, "--season", season, first=-3)
    assert (code, sound(table)) == (0, True), err
    assert sorted(set(table["target_month"])) == [57, 58, 59]


def test_the_last_year_of_all_is_forecast_as_far_as_forecasts_reach(predict):
    code, _, _, table = predict({"a": list(range(60, 120))}, horizon=120, first=np.datetime64("2196-01"))
    assert (code, sound(table)) == (0, True)
    assert str(table["target_month"].max().date()) == "2210-12-01"


@pytest.mark.parametrize(
    "options",
    [
        *[("--season", value) for value in (0, -4, 367, 10**30, "four")],
        *[("--horizon", value) for value in (0, -1, 121, 10**6, "1.5")],
    ],
)
def test_seasons_and_horizons_outside_the_bounds_are_refused(predict, options):
    code, out, err, table = predict({"a": [5] * 40}, *options)
    assert (code, out, table) == (2, "", None)
    assert "Traceback" not in err
    assert options[0] in err


VALUES = st.one_of(st.just(""), st.integers(0, 50), st.integers(0, 10**12), st.floats(0, 1e12).map(repr), st.just(0))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.dictionaries(st.text(min_size=1, max_size=4), st.lists(VALUES, min_size=1, max_size=40), min_size=1, max_size=3),
    st.sampled_from([(), ("--season", 1), ("--season", 7)]),
)
def test_any_table_is_forecast_or_refused_in_one_line(predict, series, options):
    code, _, err, table = predict(series, *options, first=0 if options else JANUARY)
    assert "Traceback" not in err
    if code == 0:
        assert sound(table)
    else:
        assert (code, err.count("\n"), table) == (1, 1, None)
