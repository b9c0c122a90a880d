"""The Python client against a running service."""

from __future__ import annotations

import io
import pickle
import re
from datetime import date
from importlib import metadata
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest

import forecast.client
import forecast.client_transport
from forecast import client_tables
from forecast.client import Client, ProblemError
from forecast.core.months import Month
from forecast.core.scorecard import Scored
from forecast.release.issued_scores import record
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PRINTED = "http://127.0.0.1:8000"


def test_forecasts_are_a_tidy_table_of_one_release(running, client):
    table = client.forecasts("el-paso", coverage=[80], horizon=2)
    names = ["panel", "release", "area", "name", "kind"]
    assert [*names, "month", "horizon", "lead", "median", "mean", "lower_80", "upper_80", "unit", "fallback"] == list(
        table.columns
    )
    assert set(table[names].itertuples(index=False, name=None)) == {
        ("usbp-sectors", "usbp-sectors-2024-11-aaaaaaaaaa", "el-paso", "El Paso, TX", "sector")
    }
    assert table.loc[:, "horizon":"unit"].to_numpy().tolist() == [
        [1, -1, 600, 620, 200, 1000, "encounters per month"],
        [2, 0, 700, 720, 300, 1100, "encounters per month"],
    ]
    assert table["fallback"].isna().all()
    assert list(table["month"]) == [pd.Timestamp("2024-12-01"), pd.Timestamp("2025-01-01")]
    assert table.attrs["releases"]["usbp-sectors"]["notes"] == ["These months are <past>."]
    assert table.attrs["releases"]["usbp-sectors"]["stale"] is False


def test_every_question_of_the_service_can_be_asked(client):
    assert list(client.forecasts(["tucson", "el-paso"], horizon=1)["area"]) == ["tucson", "el-paso"]
    assert list(client.forecasts("tucson")["fallback"].unique()) == ["the floor stands in"]
    assert set(client.forecasts(panel="cbp-states", kind="state")["area"]) == {"state-tx", "state-nm"}
    assert [name for name in client.forecasts("nation", coverage=[98, 20]) if "_" in name] == [
        "lower_20",
        "upper_20",
        "lower_98",
        "upper_98",
    ]
    daily = client.forecasts("el-paso", unit="day", horizon=1)
    assert (daily["median"][0], daily["unit"][0]) == (19.4, "encounters per day")
    assert set(client.forecasts(release="usbp-sectors-2024-11-aaaaaaaaaa")["panel"]) == {"usbp-sectors"}
    assert set(client.forecasts("el-paso", as_of=date(2025, 1, 21))["release"]) == {"usbp-sectors-2024-11-aaaaaaaaaa"}


def test_figures_have_the_same_types_whatever_was_asked(client):
    for table in (client.forecasts("el-paso"), client.forecasts("state-tx", unit="day", horizon=1)):
        figures = ["median", "mean", *(f"{end}_{one}" for one in (50, 80, 95) for end in ("lower", "upper"))]
        assert {str(table[name].dtype) for name in figures} == {"float64"}
        assert {name: table[name].dtype.kind for name in ("month", "horizon", "lead")} == {
            "month": "M",
            "horizon": "i",
            "lead": "i",
        }
        assert {str(table[name].dtype) for name in ("area", "release", "fallback")} == {"str"}


def test_observations_are_the_newest_figures_by_a_day(client):
    table = client.observations("el-paso", first="2024-10", last=date(2024, 11, 30))
    assert list(zip(table["month"].dt.strftime("%Y-%m"), table["count"], strict=True)) == [
        ("2024-10", 9000),
        ("2024-11", 9130),
    ]
    assert list(table["published"]) == [pd.Timestamp("2024-11-20"), pd.Timestamp("2025-01-15")]
    assert list(client.observations("el-paso", first="2024-11", as_of="2025-01-01")["count"]) == [9120]


def test_observations_of_a_kind_and_areas_by_name(client):
    assert set(client.observations(panel="usbp-sectors", kind="sector")["area"]) == {"el-paso"}
    assert set(client.observations(["El Paso, TX"])["area"]) == {"el-paso"}


def test_observations_of_an_area_without_any_are_an_empty_table_with_its_types(client):
    table = client.observations("yuma")
    assert len(table) == 0
    assert {name: table[name].dtype.kind for name in ("month", "count", "published")} == {
        "month": "M",
        "count": "i",
        "published": "M",
    }


def test_areas_releases_and_status(client):
    areas = client.areas(panel="usbp-sectors").set_index("slug")
    assert (areas["name"]["el-paso"], areas["forecast"]["el-paso"], areas["forecast"]["yuma"]) == (
        "El Paso, TX",
        True,
        False,
    )
    assert set(client.releases()["panel"]) == {"usbp-sectors", "cbp-states"}
    assert client.status()["panels"]["cbp-states"]["data_through"] == "2025-09"


def test_models_are_a_table_with_the_verdicts_beside_it(client):
    table = client.models(panel="usbp-sectors")
    assert table[["panel", "group", "model", "rank", "champion", "sWIS"]].to_numpy().tolist() == [
        ["usbp-sectors", "all", "pool", 1, True, 0.5]
    ]
    assert table.attrs["evaluations"]["usbp-sectors"]["recipe"] == "pool"
    assert len(client.models(panel="cbp-states")) == 0


def test_a_question_asked_again_travels_only_if_the_answer_has_changed(running, client):
    first = client.forecasts("el-paso")
    again = client.forecasts("el-paso")
    assert [(path, status) for path, status, _ in running.seen] == [("/v1/forecasts", 200), ("/v1/forecasts", 304)]
    assert "if-none-match" not in running.seen[0][2]
    pd.testing.assert_frame_equal(first, again)
    first["median"] = 0
    assert client.forecasts("el-paso")["median"][0] == 600
    client.forecasts("tucson")
    assert [status for _, status, _ in running.seen] == [200, 304, 304, 200]


def test_an_answer_that_has_changed_replaces_the_one_remembered(running, client):
    before = client.observations("blaine")
    running.office.observe("blaine", "2024-11", date(2024, 12, 19), 12)
    until(lambda: len(client.observations("blaine")))  # once the service has looked at the store again
    after = client.observations("blaine")
    assert (len(before), list(after["count"])) == (0, [12])
    statuses = [status for _, status, _ in running.seen]
    assert (statuses[0], statuses[-2:]) == (200, [200, 304])
    assert set(statuses[1:-2]) <= {304}


def test_answers_are_remembered_up_to_a_number(monkeypatch, running, client):
    monkeypatch.setattr(forecast.client_transport, "_REMEMBERED", 2)
    for area in ("el-paso", "tucson", "blaine", "blaine", "el-paso"):
        client.forecasts(area)
    assert [status for _, status, _ in running.seen] == [200, 200, 200, 304, 200]


def test_the_service_is_told_who_asks(running):
    running.seen.clear()
    with Client(running.url, key="secret") as client:
        client.status()
        assert "secret" not in repr(client)
    headers = running.seen[0][2]
    assert headers["user-agent"].startswith(f"encounter-forecast/{metadata.version('encounter-forecast')} ")
    assert headers["authorization"] == "Bearer secret"


def test_a_problem_is_told_in_one_line_with_its_remedy_and_not_tried_again(running, client):
    with pytest.raises(ProblemError) as caught:
        client.forecasts("el-pas")
    error = caught.value
    assert (error.status, error.type, error.title) == (
        422,
        "/docs#invalid-parameter",
        "A parameter's value cannot be used",
    )
    assert "Did you mean el-paso?" in error.detail
    assert error.remedy == "Change the value as the detail says."
    assert str(error) == f"422 {error.title}: {error.detail} {error.remedy}"
    assert "\n" not in str(error)
    assert len(running.seen) == 1
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 our own bytes
    assert (str(copied), copied.document) == (str(error), error.document)


def test_accuracy_is_a_table_by_area_and_lead(running, client):
    before = client.accuracy()
    assert len(before) == 0
    assert before.attrs["note"]
    assert {name: before[name].dtype.kind for name in ("lead", "through", "ratio")} == {
        "lead": "i",
        "through": "M",
        "ratio": "f",
    }
    figures = {"observed": 700, "precision": 1, "median": 600.0, "lower_95": 100.0, "upper_95": 1200.0}
    figures |= {"wis": 30.0, "floor_wis": 60.0, "scale": 10.0, "inside_50": False, "inside_80": True, "inside_95": True}
    for area, month, lead in (("el-paso", "2024-12", -1), ("el-paso", "2025-01", 0), ("tucson", "2025-01", 0)):
        release = "usbp-sectors-2024-11-aaaaaaaaaa"
        row = Scored(release, area, Month.parse(month), published=date(2025, 2, 20), lead=lead, **figures)
        record(running.office.engine, "usbp-sectors", [row])
    table = client.accuracy(["tucson", "el-paso"], lead=[0, 1])
    assert list(table["area"]) == ["tucson", "el-paso"]
    assert table.loc[1, ["lead", "n", "sWIS", "ratio", "coverage_50", "coverage_80"]].to_list() == [0, 1, 3, 0.5, 0, 1]
    assert list(table["through"]) == [pd.Timestamp("2025-01-01")] * 2
    assert (table.attrs["note"], table.attrs["overall"][0]["n"]) == (None, 2)
    assert set(client.accuracy("el-paso", lead=-1)["lead"]) == {-1}
    assert len(client.accuracy(hindcasts=True)) == 0


def test_the_example_of_the_module_draws_the_forecast(running):
    code = re.search(r"(?:^    .*\n|^\n)+", forecast.client.__doc__.split("\n", 1)[1], re.MULTILINE)[0]
    assert PRINTED in code
    code = "\n".join(line[4:] for line in code.splitlines()).replace(PRINTED, running.url)
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    exec(compile(code, "example", "exec"), {})  # noqa: S102 the module's own example
    axes = plt.gca()
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    # pandas counts the months of an axis as Month does.
    months = [str(Month(int(one))) for one in axes.get_lines()[0].get_xdata(orig=False)]
    axes.figure.savefig(io.BytesIO())
    plt.close("all")
    assert drawn == {"lower_80": [200, 300, 400], "median": [600, 700, 800], "upper_80": [1000, 1100, 1200]}
    assert months == ["2024-12", "2025-01", "2025-02"]
    assert axes.get_ylabel() == "encounters per month"


def test_the_csv_address_is_read_by_pandas_as_the_readme_prints_it(running):
    (code,) = [
        one
        for one in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        if "read_csv" in one
    ]
    assert PRINTED in code
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    made = {}
    exec(code.replace(PRINTED, running.url), made)  # noqa: S102 the project's own page
    drawn = {line.get_label(): list(line.get_ydata()) for line in plt.gca().get_lines()}
    plt.close("all")
    assert drawn == {"lower_80": [200, 300, 400], "median": [600, 700, 800], "upper_80": [1000, 1100, 1200]}
    assert list(made["table"].index) == ["2024-12", "2025-01", "2025-02"]


def test_pandas_reads_the_csv_address_with_the_types_of_the_columns(running):
    table = pd.read_csv(f"{running.url}/v1/forecasts.csv", parse_dates=["month"])
    kinds = dict.fromkeys(
        ("panel", "release", "data_through", "stale_after", "area", "name", "kind", "unit", "fallback"), "str"
    )
    figures = (
        "horizon",
        "lead",
        "median",
        "mean",
        "lower_50",
        "upper_50",
        "lower_80",
        "upper_80",
        "lower_95",
        "upper_95",
    )
    kinds |= {"stale": "bool", **dict.fromkeys(figures, "int64")}
    assert {name: str(kind) for name, kind in table.drop(columns="month").dtypes.items()} == kinds
    assert table["month"].dtype.kind == "M"
    assert len(table) == (6 + 8) * 3


def test_what_releases_said_of_a_month_is_a_table(client):
    table = client.compare("el-paso", "2025-01", date(2025, 2, 14), coverage=[80], unit="month")
    assert table[["horizon", "median", "lower_80", "upper_80"]].to_numpy().tolist() == [
        [2, 700, 300, 1100],
        [3, 800, 400, 1200],
    ]
    assert set(table["unit"]) == {"encounters per month"}
    assert table["observed"].isna().all()
    assert table["published"].dtype.kind == "M"


def test_answers_of_a_service_from_before_replays_are_tables_too(client):
    said = client._service.get("/v1/compare", area="el-paso", coverage="80")
    asked = {"area": "el-paso", "beds": 30, "occupied": 0, "stay": {"mean": 3}, "share": 0.5, "from": "2024-12"}
    beds = client._service.post("/v1/capacity", asked)
    compared, planned = client_tables.compare(said, [80], replays=False), client_tables.capacity(beds)
    for entry in said["compare"]:
        del entry["replayed"]
    del beds["released_shares"]
    pd.testing.assert_frame_equal(client_tables.compare(said, [80], replays=False), compared)
    pd.testing.assert_frame_equal(client_tables.capacity(beds), planned)
    assert client_tables.capacity(beds).attrs["released_shares"] is None
