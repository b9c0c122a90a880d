"""`encounters export`: whole files of what is served, and one line where there is nothing to write."""

from __future__ import annotations

import json
import sys

import pandas as pd
import pytest

from forecast.release import shapes, store
from forecast.release.migrations import migrate
from tests.service.conftest import Office


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ENCOUNTERS_DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture
def office(home):
    """The store under the home, with tables and no release."""
    url = f"sqlite:///{home}/encounters.db"
    engine = store.connect(url)
    migrate(engine)
    yield Office(url, engine)
    engine.dispose()


def test_the_csv_of_a_release_is_that_of_the_service(command, office, tmp_path):
    identity = office.publish()
    out = tmp_path / "f.csv"
    code, printed, _ = command("export", "--release", identity, "--format", "csv", "--out", out)
    with office.client() as client:
        assert out.read_bytes() == client.get(f"/v1/releases/{identity}/forecasts.csv").content
    assert (code, printed) == (0, f"{out}: 18 rows of {identity}\n")


def test_without_a_release_the_served_ones_are_written_panel_by_panel(command, office, tmp_path):
    older = office.publish()
    newer, states = office.publish(key="c"), office.publish("cbp-states", key="b", origin="2025-09")
    code, printed, _ = command("export", "--format", "csv", "--out", tmp_path / "f.csv")
    table = pd.read_csv(tmp_path / "f.csv")
    assert code == 0
    assert list(dict.fromkeys(table["release"])) == [newer, states]
    assert older not in printed
    command("export", "--panel", "cbp-states", "--format", "csv", "--out", tmp_path / "g.csv")
    assert set(pd.read_csv(tmp_path / "g.csv")["release"]) == {states}
    command("export", "--release", older, "--format", "csv", "--out", tmp_path / "h.csv")
    assert set(pd.read_csv(tmp_path / "h.csv")["release"]) == {older}


def test_parquet_is_the_quantile_table_of_the_contract(command, office, tmp_path):
    office.publish()
    assert command("export", "--format", "parquet", "--out", tmp_path / "f.parquet")[0] == 0
    table = pd.read_parquet(tmp_path / "f.parquet")
    assert {"model", "series", "origin", "target_month", "horizon", "level", "value"} < set(table.columns)
    median = table[(table["series"] == "El Paso, TX") & (table["level"] == 0.5)]
    assert list(median["value"]) == [600, 700, 800]
    assert [str(day.date()) for day in median["target_month"]] == ["2024-12-01", "2025-01-01", "2025-02-01"]
    assert len(table) == 6 * 3 * 23
    assert table.groupby(["series", "horizon"])["value"].is_monotonic_increasing.all()


@pytest.mark.parametrize(("form", "name"), [("parquet", "f.parquet"), ("hubverse", "f.parquet")])
def test_without_the_library_of_parquet_one_line_says_what_to_install(
    command, office, tmp_path, monkeypatch, form, name
):
    office.publish()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, _, err = command("export", "--format", form, "--out", tmp_path / name)
    assert (code, err.count("\n"), (tmp_path / name).exists()) == (1, 1, False)
    assert "encounter-forecast[parquet]" in err
    assert command("export", "--format", "csv", "--out", tmp_path / "f.csv")[0] == 0


def test_every_format_has_an_address_in_the_service_with_the_same_bytes(command, office, tmp_path):
    identity = office.publish()
    addresses = {
        ("csv", "f.csv"): "forecasts.csv",
        ("parquet", "f.parquet"): "forecasts.parquet?shape=quantiles",
        ("hubverse", "hub.csv"): "forecasts.csv?shape=hubverse",
        ("hubverse", "hub.parquet"): "forecasts.parquet?shape=hubverse",
    }
    with office.client() as client:
        for (form, name), address in addresses.items():
            command("export", "--release", identity, "--format", form, "--out", tmp_path / name)
            assert (tmp_path / name).read_bytes() == client.get(f"/v1/releases/{identity}/{address}").content, address


def test_model_output_is_written_as_csv_or_parquet_with_its_tasks(command, office, tmp_path):
    office.publish()
    tasks = tmp_path / "tasks.json"
    code, _, err = command("export", "--format", "hubverse", "--out", tmp_path / "hub.csv", "--tasks", tasks)
    assert (code, err) == (0, "")
    command("export", "--format", "hubverse", "--out", tmp_path / "hub.parquet")
    text, typed = pd.read_csv(tmp_path / "hub.csv"), pd.read_parquet(tmp_path / "hub.parquet")
    assert tuple(text.columns) == tuple(typed.columns) == tuple(shapes.HUBVERSE)
    assert list(text["value"]) == list(typed["value"])
    assert list(text["target_end_date"]) == list(typed["target_end_date"].astype(str))
    assert set(text["location"]) <= set(
        json.loads(tasks.read_text())["rounds"][0]["model_tasks"][0]["task_ids"]["location"]["optional"]
    )


def test_panels_whose_data_end_in_different_months_are_two_rounds_and_never_one_file(command, office, tmp_path):
    office.publish()
    office.publish("cbp-states", key="b", origin="2025-09")
    code, _, err = command("export", "--format", "hubverse", "--out", tmp_path / "hub.csv")
    assert (code, err.count("\n"), (tmp_path / "hub.csv").exists()) == (1, 1, False)
    assert "usbp-sectors of 2024-11-30, cbp-states of 2025-09-30" in err
    assert "--panel" in err
    assert command("export", "--format", "hubverse", "--panel", "cbp-states", "--out", tmp_path / "hub.csv")[0] == 0
    assert set(pd.read_csv(tmp_path / "hub.csv")["origin_date"]) == {"2025-09-30"}
    assert command("export", "--format", "csv", "--out", tmp_path / "f.csv")[0] == 0


def test_panels_whose_data_end_in_one_month_are_one_round(command, office, tmp_path):
    office.publish()
    office.publish("cbp-states", key="b")
    assert command("export", "--format", "hubverse", "--out", tmp_path / "hub.csv")[0] == 0
    assert set(pd.read_csv(tmp_path / "hub.csv")["target"]) == {"monthly USBP encounters", "monthly CBP encounters"}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--release", "usbp-sectors-2024-11-nowhere", "--format", "csv", "--out", "f.csv"), "encounters releases"),
        (("--format", "xlsx", "--out", "f.csv"), "csv or parquet or hubverse"),
        (("--format", "csv", "--out", "nowhere/f.csv"), "no folder"),
        (("--format", "csv", "--out", "f.csv", "--tasks", "nowhere/tasks.json"), "no folder"),
        (("--panel", "cbp-states", "--format", "csv", "--out", "f.csv"), "encounters retrain"),
        (
            (
                "--panel",
                "cbp-states",
                "--release",
                "usbp-sectors-2024-11-aaaaaaaaaa",
                "--format",
                "csv",
                "--out",
                "f.csv",
            ),
            "not of cbp-states",
        ),
        (("--format", "csv", "--out", "."), "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(command, office, tmp_path, monkeypatch, arguments, word):
    office.publish()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    code, out, err = command("export", *arguments)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert word in err
    assert list((tmp_path / "here").iterdir()) == []


def test_before_the_first_release_it_says_how_to_publish_one(command, home, tmp_path):
    code, _, err = command("export", "--format", "csv", "--out", tmp_path / "f.csv")
    assert (code, err.count("\n")) == (1, 1)
    assert "encounters retrain" in err


def test_a_file_that_is_there_stays_until_the_new_one_is_whole(command, office, tmp_path, monkeypatch):
    office.publish()
    out = tmp_path / "here" / "f.csv"
    out.parent.mkdir()
    out.write_text("yesterday")
    # A limit on the size of files stands for a disk that is full in the middle of writing. No module is compiled under
    # it: Python would keep that cut short, for all later runs.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        code, _, err = command("export", "--format", "csv", "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert (code, err.count("\n")) == (1, 1)
    assert out.read_text() == "yesterday"
    assert list(out.parent.iterdir()) == [out]
    assert command("export", "--format", "csv", "--out", out)[0] == 0
    assert out.read_text().startswith("panel,release,")
    assert list(out.parent.iterdir()) == [out]


def test_help_has_an_example(command):
    code, out, _ = command("export", "--help")
    assert code == 0
    assert "Example: encounters export" in " ".join(out.split())
