"""A path that will be written is looked at before any work: what is there stays, and no input is overwritten."""

import os

import pandas as pd
import pytest

from forecast.cli.outputs import checked
from forecast.core.errors import EncountersError
from forecast.settings import Settings

ROWS = "series,month,value\n" + "".join(f"a,2023-{month:02d},{100 + month}\n" for month in range(1, 13))


@pytest.fixture
def panel(tmp_path, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENCOUNTERS_WORKERS", "0")
    path = tmp_path / "panel.csv"
    path.write_text(ROWS)
    return path


def predict(command, panel, out):
    return command("predict", panel, "--horizon", "3", "--out", out)


def test_the_ending_of_the_name_is_the_format(command, panel, tmp_path):
    assert predict(command, panel, tmp_path / "f.parquet")[0] == 0
    assert predict(command, panel, tmp_path / "f.csv")[0] == 0
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "f.csv", parse_dates=["origin", "target_month"]), pd.read_parquet(tmp_path / "f.parquet"), check_dtype=False
    )


@pytest.mark.parametrize("how", ["itself", "a link", "a hard link", "another spelling"])
def test_an_input_is_never_overwritten(command, panel, tmp_path, how):
    out = {"itself": panel, "another spelling": tmp_path / "." / "panel.csv"}.get(how, tmp_path / "other.csv")
    if how == "a link":
        out.symlink_to(panel)
    if how == "a hard link":
        out.hardlink_to(panel)
    code, _, said = predict(command, panel, out)
    assert (code, said.count("\n")) == (1, 1)
    assert "which is read. Name another file." in said
    assert panel.read_text() == ROWS


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("f.xlsx", ".xlsx is none of .parquet, .csv"),
        ("f", "no ending is none of .parquet, .csv"),
        ("nowhere/f.parquet", "is no folder. Name a file in a folder that exists."),
        ("folder.parquet", "it is a folder"),
        ("home/encounters.db/f.parquet", "is no folder"),
        ("home/archive/f.parquet", "is part of the home's own state"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_any_work(command, panel, tmp_path, out, says):
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "home" / "archive").mkdir(parents=True)
    code, _, said = predict(command, panel, tmp_path / out)
    assert (code, said.count("\n")) == (1, 1)  # not even a line of progress
    assert says in said


def test_a_folder_that_may_not_be_written_is_refused(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere (root)")
    with pytest.raises(EncountersError, match="closed may not be written"):
        checked(folder / "f.csv")


def test_the_home_keeps_its_own_files(tmp_path, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path))
    (tmp_path / "encounters.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "encounters.db")
    for name in ("encounters.db", "mlflow.db", "link.db"):
        with pytest.raises(EncountersError, match=r"is part of the home's own state\. Name a file elsewhere\."):
            checked(tmp_path / name, settings=Settings())
    assert checked(tmp_path / "result.csv", suffixes=(".csv",), settings=Settings()) == tmp_path / "result.csv"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("export", "--format", "csv", "--out", "f.parquet"), ".parquet is none of .csv"),
        (("export", "--format", "parquet", "--out", "f.csv"), ".csv is none of .parquet"),
        (("export", "--format", "hubverse", "--out", "f.xlsx"), ".xlsx is none of .csv, .parquet"),
        (("export", "--format", "hubverse", "--out", "f.csv", "--tasks", "t.csv"), ".csv is none of .json"),
        (("compare", "--html", "f.pdf"), ".pdf is none of .html, .htm"),
        (("backup", "--to", "nowhere/b.tar"), "nowhere is no folder"),
        (
            ("backtest", "--panel", "usbp-sectors", "--first", "2020-01", "--last", "2020-01", "--out", "f.txt"),
            ".txt is none of .parquet, .csv",
        ),
    ],
)
def test_every_command_looks_at_its_outputs_first(command, panel, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    code, _, said = command(*arguments)
    assert (code, said.count("\n")) == (1, 1)
    assert says in said
