"""The table that outside checks read."""

import numpy as np
import pandas as pd
import pytest

from forecast.core.errors import TableError
from forecast.core.months import Month
from forecast.core.tables import LEVELS, Forecasts
from forecast.evaluation import quantile_table
from tests.catalogue import STATES_PANEL, USBP

ORIGIN = Month.of(2023, 11)


def table(*areas, model="pool", horizon=2):
    values = np.arange(len(areas) * horizon * 23, dtype=float).reshape(len(areas), horizon, 23)
    return Forecasts(model, ORIGIN, areas, values, values.mean(axis=2))


def test_columns_names_and_order():
    rows = quantile_table.rows(
        [table("states-nation", "state-tx", "state-tx-southwest", "states-other")], STATES_PANEL, {"pool": "recipe"}
    )
    assert tuple(rows.columns) == ("model", "series", "origin", "target_month", "horizon", "level", "value")
    assert list(dict.fromkeys(rows["series"])) == ["Nation", "TX", "TX / Southwest", "Other"]
    assert len(rows) == 4 * 2 * 23
    assert set(rows["model"]) == {"recipe"}
    last = rows.iloc[-1]
    assert (str(last["origin"].date()), str(last["target_month"].date()), last["horizon"]) == (
        "2023-11-01",
        "2024-01-01",
        2,
    )
    assert (last["level"], last["value"]) == (0.99, 183.0)
    assert rows["level"][:23].tolist() == list(LEVELS)


def test_sectors_carry_their_official_names_and_the_coast_its_own():
    assert list(dict.fromkeys(quantile_table.rows([table("el-paso", "coastal")], USBP)["series"])) == [
        "El Paso, TX",
        "Coastal",
    ]


@pytest.mark.parametrize("name", ["f.parquet", "f.csv"])
def test_parts_are_written_as_the_table_they_make_up(tmp_path, name):
    whole = quantile_table.rows([table("el-paso", "coastal")], USBP)
    quantile_table.write(tmp_path / f"whole-{name}", whole)
    quantile_table.write_parts(tmp_path / name, (whole[start : start + 20] for start in range(0, len(whole), 20)))
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    pd.testing.assert_frame_equal(read(tmp_path / name), read(tmp_path / f"whole-{name}"))


def test_what_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(TableError, match="cannot be written"):
        quantile_table.write(tmp_path / "nowhere" / "f.parquet", pd.DataFrame({"a": [1]}))
