"""`encounters outside`: another program's forecast registered, listed, withdrawn, or refused in one line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from forecast.core.months import Month
from forecast.core.tables import Forecasts
from forecast.evaluation import quantile_table
from forecast.release import read
from forecast.release.store import connect
from tests.catalogue import STATES_PANEL


@pytest.fixture
def home(served_home):
    return served_home


@pytest.fixture
def origin(home):
    engine = connect(f"sqlite:///{home}/encounters.db")
    yield read.latest(engine, "cbp-states").manifest.origin
    engine.dispose()


@pytest.fixture
def file(tmp_path, origin):
    return written(tmp_path / "theirs.csv", origin)


def written(path, origin: Month, models=("theirs",), areas=("state-tx-southwest", "state-tx")):
    values = np.arange(len(areas) * 2 * 23, dtype=float).reshape(len(areas), 2, 23)
    tables = [Forecasts(model, origin, areas, values, values.mean(axis=2)) for model in models]
    quantile_table.rows(tables, STATES_PANEL).to_csv(path, index=False)
    return path


def test_a_forecast_is_registered_and_listed_with_its_day_and_release(command, trained, file, origin):
    code, out, err = command("outside", "add", "theirs", file, "--panel", "cbp-states", "--issued", "2026-01-19")
    assert (code, err) == (0, "")
    assert f"registered 2026-01-20 beside {trained.release}, issued 2026-01-19 as its makers say" in out
    assert f"to be scored as counts come out: {origin + 2}, from" in out
    assert f"ended or known in part or whole on 2026-01-20, and not scored there: {origin + 1}\n" in out
    code, out, _ = command("outside", "list", "--json")
    (entry,) = json.loads(out)
    assert (entry["name"], entry["origin"], entry["last"]) == ("theirs", str(origin), str(origin + 2))
    assert (entry["areas"], entry["withdrawn"]) == (["state-tx", "state-tx-southwest"], None)


def test_a_withdrawn_forecast_stays_on_the_list(command, file):
    assert command("outside", "add", "theirs", file)[0] == 0
    code, out, _ = command("outside", "remove", "theirs", "--panel", "cbp-states")
    assert (code, out) == (
        0,
        "theirs: 1 registered for cbp-states are scored on no month to come; those that have ended stay\n",
    )
    assert "withdrawn 2026-01-20" in command("outside", "list")[1]
    code, _, err = command("outside", "remove", "theirs", "--panel", "cbp-states")
    assert (code, err.count("\n")) == (1, 1)


def test_what_is_not_whole_is_one_line_and_nothing_is_kept(command, file, tmp_path, origin):
    two = written(tmp_path / "two.csv", origin, models=("a", "b"))
    crossing = tmp_path / "crossing.csv"
    crossing.write_text(file.read_text().replace(",0.5,", ",0.5,99"))
    strange = tmp_path / "strange.csv"
    strange.write_text("a,b\n1,2\n")
    for bad, why in ((two, "holds 2 models"), (crossing, "quantiles that cross"), (strange, "has no column")):
        code, _, err = command("outside", "add", "theirs", bad, "--panel", "cbp-states")
        assert (code, err.count("\n")) == (1, 1)
        assert why in err
    code, _, err = command("outside", "add", "theirs", tmp_path, "--panel", "cbp-states")
    assert (code, err.count("\n")) == (1, 1)
    assert command("outside", "list")[1].startswith("Nothing is registered yet.")
