"""What an operator types and reads: results on stdout, errors as one line, exit codes as promised."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.samples import cell_counts
from tests.trained import RETRAIN, environment, script

pytestmark = pytest.mark.slow
COMMANDS = ("ingest", "retrain", "status", "releases", "rollback", "verify", "serve", "predict")
STATE_HEADER = (
    "Fiscal Year,Month Grouping,Month (abbv),Land Border Region,State,Demographic,Citizenship,Title of "
    "Authority,Encounter Count"
)
REGIONS = {"southwest": "Southwest Land Border", "northern": "Northern Land Border", "other": "Other"}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENCOUNTERS_WORKERS", "0")
    for name in ("ENCOUNTERS_DATABASE_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def run(command):
    return command


def state_file(path, months=48, times=1):
    """The sample panel in the layout of CBP's file by state."""
    counts = cell_counts(months=months)
    rows = [STATE_HEADER]
    for month, values in zip(counts.months, counts.values, strict=True):
        for slug, value in zip(counts.areas, values, strict=True):
            _, state, region = slug.split("-")
            name = month.first_day.strftime("%b").upper()
            cell = (
                f"{month.fiscal_year},FYTD,{name},{REGIONS[region]},{state.upper()},Single Adults,OTHER,Title "
                f"8,{int(value) * times}"
            )
            rows.append(cell)
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(run, name):
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"Example: encounters {name}" in " ".join(out.split())


def test_status_before_the_first_release_says_what_to_do(run, home):
    code, out, _ = run("status")
    assert code == 0
    assert "data through 2026-08" in out
    assert "data through 2025-11" in out
    assert (
        "counts 2024-10 to 2026-08: CBP Nationwide Encounters by area of responsibility, tabulated by danieldimartino"
        in out
    )
    assert "encounters retrain" in out


def test_ingest_tells_what_a_file_holds_and_that_it_is_known_the_second_time(run, home, tmp_path):
    file = state_file(tmp_path / "by-state.csv")
    code, out, _ = run("ingest", file, "--published", "2023-11-15", "--accept")
    assert code == 0
    assert "cbp-states" in out
    assert "2018-10" in out
    assert "2022-09" in out
    code, out, _ = run("ingest", file, "--published", "2023-11-15", "--accept")
    assert code == 0
    assert "already" in out


def test_a_refused_file_is_one_line_and_the_others_are_taken(run, home, tmp_path):
    page = tmp_path / "page.csv"
    page.write_text("<!DOCTYPE html><html><body>Access denied</body></html>")
    file = state_file(tmp_path / "by-state.csv")
    code, out, err = run("ingest", page, file, "--published", "2023-11-15", "--accept")
    assert code == 1
    assert err.count("\n") == 1
    assert "page.csv" in err
    assert "2022-09" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ingest", "f.csv", "--published", "15.11.2023"), "'15.11.2023' is not a day. Write it as 2024-11-30."),
        (("retrain", "--as-of", "soon"), "'soon' is not a day. Write it as 2024-11-30."),
        (("outside", "add", "city", "f.csv", "--issued", "nope"), "'nope' is not a day. Write it as 2024-11-30."),
        (("status", "--panel", "sectors"), "'sectors' is not a panel. Use one of usbp-sectors, cbp-states."),
        (("retrain", "--panel", "x"), "'x' is not a panel. Use one of usbp-sectors, cbp-states."),
        (("export", "--panel", "x", "--format", "csv", "--out", "f.csv"), "'x' is not a panel."),
        (
            ("backtest", "--panel", "usbp-sectors", "--first", "May", "--last", "2020-01", "--out", "f.csv"),
            "'May' is not a month. Write it as 2019-05.",
        ),
    ],
)
def test_a_day_a_month_or_a_panel_that_is_none_is_one_line(run, home, arguments, said):
    code, _, err = run(*arguments)
    assert (code, err.count("\n")) == (1, 1), err
    assert err.startswith(f"encounters: {said}")


def test_rollback_to_nowhere_is_one_line(run, home):
    run("status")
    code, _, err = run("rollback", "no-such-release")
    assert code == 1
    assert err.startswith("encounters: ")
    assert err.count("\n") == 1


def test_train_list_verify_and_roll_back(run, home, trained, monkeypatch):
    """The bundled state counts through a cheap recipe, with a tracking server that refuses."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert trained.stdout.startswith("cbp-states: published: cbp-states-2025-11-")
    shutil.copytree(trained.home, home)
    code, out, _ = run(*RETRAIN, trained.recipe, "--json")
    (result,) = json.loads(out)
    assert (code, result["verdict"], result["release"]) == (0, "nothing new", trained.release)
    code, out, _ = run("releases", "--json")
    (listed,) = json.loads(out)
    assert (listed["id"], listed["current"], listed["data_through"]) == (result["release"], True, "2025-11")
    code, out, _ = run("releases")
    assert out.startswith(f"* {result['release']}")
    assert run("verify")[:2] == (0, "1 of 1 releases are whole.\n")
    assert run("rollback", result["release"])[:2] == (0, f"{result['release']} is served already.\n")
    code, out, _ = run("status", "--json")
    state = json.loads(out)["panels"]["cbp-states"]
    assert state["release"]["id"] == result["release"]
    assert state["last_run"]["verdict"] == "published"


def test_a_retraining_keeps_its_figures_and_its_report_for_mlflow(trained):
    kept = trained.home / "outbox" / trained.release / "parent"
    report = next(kept.rglob("report.html")).read_text()
    assert all(part in report for part in ("By area", "Calibration", "What decisions cost", "Who led when"))
    assert {path.name for path in kept.rglob("*.png")} == {"forecasts.png", "scores_by_horizon.png"}


def test_nothing_new_loads_no_heavy_library(trained, tmp_path):
    """In processes of their own: one has published, the next finds nothing new and prints what it has loaded."""
    assert "pandas" in trained.loaded
    home = shutil.copytree(trained.home, tmp_path / "home")
    second = subprocess.run(
        script(*RETRAIN, trained.recipe), env=environment(home), capture_output=True, text=True, check=True
    )
    assert "nothing new" in second.stdout
    assert second.stdout.endswith("\n[]\n")


def test_predict_writes_the_quantile_table_of_any_panel(run, home, tmp_path):
    import pandas as pd

    rows = "".join(f"shelter,{2018 + step // 12}-{step % 12 + 1:02d},{100 + step % 7}\n" for step in range(60))
    (tmp_path / "mine.csv").write_text("series,month,value\n" + rows)
    code, out, _ = run("predict", tmp_path / "mine.csv", "--horizon", 3, "--out", tmp_path / "f.parquet")
    assert code == 0
    assert "1 series, 3 steps ahead" in out
    table = pd.read_parquet(tmp_path / "f.parquet")
    assert list(table.columns) == ["model", "series", "origin", "target_month", "horizon", "level", "value"]
    assert [str(day.date()) for day in sorted(set(table["target_month"]))] == ["2023-01-01", "2023-02-01", "2023-03-01"]
    assert table["value"].between(50, 200).all()


def test_predict_with_a_season_counts_steps(run, home, tmp_path):
    import pandas as pd

    (tmp_path / "mine.csv").write_text(
        "series,month,value\n" + "".join(f"q,{step},{50 + step % 4}\n" for step in range(32))
    )
    code, _, _ = run("predict", tmp_path / "mine.csv", "--horizon", 2, "--season", 4, "--out", tmp_path / "f.parquet")
    table = pd.read_parquet(tmp_path / "f.parquet")
    assert code == 0
    assert sorted(set(table["target_month"])) == [32, 33]
    assert set(table["origin"]) == {31}


def test_predict_refuses_a_wrong_panel_in_one_line(run, home, tmp_path):
    (tmp_path / "mine.csv").write_text("series,month,value\nq,2024-01,-5\n")
    code, _, err = run("predict", tmp_path / "mine.csv", "--horizon", 2, "--out", tmp_path / "f.parquet")
    assert (code, err.count("\n")) == (1, 1)
    assert "row 2" in err
    assert not (tmp_path / "f.parquet").exists()


def test_a_server_without_model_libraries_serves_lists_and_says_what_training_needs(home, tmp_path):
    """In a process in which none of the training libraries can be imported."""
    absent = [
        "pandas",
        "mlflow",
        "statsmodels",
        "prophet",
        "alembic",
        "matplotlib",
        "scipy",
        "python_calamine",
        "pebble",
        "pyarrow",
        "threadpoolctl",
    ]

    def run(*arguments):
        script = (
            f"import sys\nsys.modules.update(dict.fromkeys({absent!r}))\nsys.argv = {['encounters', *arguments]!r}\n"
            "from forecast.cli import main\nimport service.app\nmain()\n"
        )
        return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert run("serve", "--help").returncode == 0
    assert run("status").returncode == 0
    refused = run("retrain")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "pip install 'encounter-forecast[service,train]'" in refused.stderr
