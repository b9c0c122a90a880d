"""`encounters panels`: listed, checked, added, removed; and the whole road of a panel of one's own."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from forecast.cli import parts
from forecast.core.months import Month
from forecast.release import read
from forecast.release.store import connect
from tests.core.test_declarations import DEMO
from tests.counts.layouts import usbp_sheets, write_workbook

RECIPE = """
name = "small"
purpose = "for tests"
horizon = 3
samples = 40
seed = 5
[[members]]
model = "bank"
"""


@pytest.fixture
def demo(tmp_path):
    path = tmp_path / "demo.toml"
    path.write_text(DEMO)
    return path


@pytest.fixture
def counts(tmp_path):
    """Five years of two offices and two flows; one of the leaves is nearly always zero."""
    rows = ["month,office,nationality,count"]
    for step in range(60):
        month = Month.of(2020, 1) + step
        rows.append(f"{month},Office 2,Flow 8,{int(step % 5 == 0)}")
        for place, leaf in enumerate(("Office 1,Flow 7", "Office 1,Flow 8", "Office 2,Flow 7")):
            rows.append(f"{month},{leaf},{100 * (place + 1) + (step * 7 + place * 3) % 23}")
    path = tmp_path / "counts.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENCOUNTERS_WORKERS", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nothing listens: a release does not wait for it
    monkeypatch.setenv("ENCOUNTERS_TRACKING_BUDGET", "1")
    monkeypatch.delenv("ENCOUNTERS_DATABASE_URL", raising=False)
    return tmp_path / "home"


def test_a_declaration_is_checked_and_nothing_is_added(command, home, demo):
    code, out, _ = command("panels", "check", demo)
    assert (code, out.count("\n")) == (0, 1)
    assert "arrivals by office, nationality; sums: total, office, nationality" in out
    assert not (home / "panels").exists()


def test_a_bad_declaration_is_one_line(command, home, demo):
    demo.write_text(DEMO.replace("unit", "units"))
    code, out, err = command("panels", "add", demo)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "demo.toml: The declaration has an unknown key 'units'" in err


@pytest.mark.parametrize("verb", ["check", "add"])
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('recipes = ["bank", "nope"]\n', "demo.toml: recipes: No recipe is called 'nope'."),
        (f"recipes = {'[' * 5000}{']' * 5000}\n", "demo.toml: The declaration is nested too deeply."),
    ],
)
def test_a_recipe_that_is_none_and_nesting_without_end_are_one_line(command, home, demo, verb, more, said):
    demo.write_text(more + DEMO)
    code, out, err = command("panels", verb, demo)
    assert (code, out, err.count("\n")) == (1, "", 1), err[:500]
    assert said in err
    assert not (home / "panels").exists()


def test_a_declaration_is_added_listed_and_removed(command, home, demo):
    assert command("panels", "add", demo)[0] == 0
    assert command("panels", "add", demo)[0] == 0
    demo.write_text(DEMO.replace("Arrivals", "Landings"))
    code, _, err = command("panels", "add", demo)
    assert (code, "declared already, in other words" in err) == (1, True)
    listed = {one["id"]: one for one in json.loads(command("panels", "--json")[1])}
    assert list(listed) == ["usbp-sectors", "cbp-states", "demo"]
    assert listed["demo"] == {
        "id": "demo",
        "title": "Arrivals by office and nationality",
        "unit": "arrivals",
        "declared": True,
        "leaves": 0,
        "data_through": None,
        "release": None,
    }
    assert listed["usbp-sectors"]["leaves"] == 20
    code, out, _ = command("panels", "remove", "demo")
    assert (code, out) == (0, "demo: no longer declared; its counts and releases stay\n")
    assert "is not declared here" in command("panels", "remove", "demo")[2]
    assert "comes with the package" in command("panels", "remove", "cbp-states", "--force")[2]


def test_tables_go_to_declared_panels_alone(command, home, demo, counts):
    assert "'demo' is not declared" in command("ingest", counts, "--panel", "demo", "--published", "2025-01-20")[2]
    assert "recognised by their content" in command("ingest", counts, "--panel", "cbp-states")[2]
    command("panels", "add", demo)
    code, _, err = command("ingest", counts, "--panel", "demo")
    assert (code, "Say when it was published" in err) == (1, True)


def test_a_panel_of_ones_own_goes_the_whole_road(command, home, demo, counts, tmp_path, monkeypatch):
    """Vintages, retraining, gates, an immutable release, its export and its place in every list."""
    monkeypatch.setattr(parts, "now", lambda: datetime(2025, 1, 21, tzinfo=UTC))  # January can still be foretold
    recipe = tmp_path / "small.toml"
    recipe.write_text(RECIPE)
    command("panels", "add", demo)
    code, out, _ = command("ingest", counts, "--panel", "demo", "--published", "2025-01-20")
    assert (code, "60, 2020-01 to 2024-12; 60 with new counts" in out, " arrivals\n" in out) == (0, True, True)
    code, out, err = command("retrain", "--panel", "demo", "--recipe", recipe, "--json")
    assert code == 0, err
    release = json.loads(out)[0]["release"]
    assert release.startswith("demo-2024-12-")
    assert release in command("releases")[1]
    assert command("verify")[0] == 0
    code, out, _ = command("export", "--panel", "demo", "--format", "csv", "--out", tmp_path / "out.csv")
    rows = (tmp_path / "out.csv").read_text().splitlines()
    assert (code, len(rows)) == (0, 1 + 3 * 9)  # three months of four sums, four leaves, and the total
    assert "arrivals per month" in rows[1]
    hub = tmp_path / "hub.csv"
    assert command("export", "--panel", "demo", "--format", "hubverse", "--out", hub)[0] == 0
    code, out, err = command("outside", "add", "demo", hub)
    assert (code, err, "9 areas of demo, 2025-01 to 2025-03" in out) == (0, "", True)
    assert command("outside", "add", "again", hub, "--panel", "demo")[0] == 0
    strange = tmp_path / "strange.csv"
    strange.write_text(hub.read_text().replace("demo.office-1", "demo.mars"))
    code, _, err = command("outside", "add", "strange", strange, "--panel", "demo")
    assert (code, err.count("\n"), "is no series of demo" in err) == (1, 1, True)
    code, _, err = command("compare", "--panel", "demo", "--with", hub)
    assert (code, err.count("\n"), "has no forecast from an origin of the record" in err) == (1, 1, True)
    earlier = pd.read_csv(hub, dtype=str)
    for column in ("origin_date", "target_end_date"):
        earlier[column] = pd.to_datetime(earlier[column]) - pd.offsets.MonthEnd(2)
    earlier.to_csv(tmp_path / "theirs.csv", index=False)
    code, out, err = command("compare", "--panel", "demo", "--with", tmp_path / "theirs.csv")
    assert (code, err, "theirs" in out) == (0, "", True)
    assert "demo has 1 releases" in command("panels", "remove", "demo")[2]
    status = json.loads(command("status", "--panel", "demo", "--json")[1])["panels"]["demo"]
    assert (status["data_through"], status["release"]["id"], status["areas"]) == ("2024-12", release, 4)
    assert status["release"]["notes"][-1].startswith("1 of 4 leaves are so sparse")
    shown = read.load(connect(f"sqlite:///{home}/encounters.db"), release)
    assert shown.manifest.scores["sparse"] == ["demo.office-2.flow-8"]
    assert (
        json.loads(command("vintages", "--panel", "demo", "--json")[1])["demo"]["vintages"][0]["file"] == "counts.csv"
    )


def test_a_finer_panel_is_added_by_its_name_and_fed_by_the_official_file(command, home, tmp_path):
    assert "usbp-regions-citizenship (encounters panels add cbp-offices-authority)" in command("panels")[1]
    code, out, _ = command("panels", "add", "usbp-family")
    assert (code, "Next: encounters ingest FILE, the official file (OHSS" in out) == (0, True)
    command("panels", "add", "usbp-regions-citizenship")
    head = ["Fiscal\nYear", "Month", "Region", "Family Status", "Quantity"]
    rows = [[2025, "01 October", "Southwest Land Border", "Single Adults", 70]]
    sheets = usbp_sheets({(Month.of(2024, 10), "el-paso"): 70}) | {"Monthly Rgn and Fam Status": [head, *rows]}
    path = write_workbook(tmp_path / "usbp.xlsx", sheets)
    code, out, err = command("ingest", path, "--panel", "usbp-family", "--json")
    (taken,) = json.loads(out)
    assert (code, taken["panel"], taken["refused"], err) == (0, "usbp-family", None, "")
    code, out, err = command("ingest", path, "--accept", "--json")
    assert code == 1  # the workbook lacks the sheet of the other panel, and the others have taken it
    assert [(one["panel"], one["already_there"], one["refused"] is None) for one in json.loads(out)] == [
        ("usbp-sectors", False, True),
        ("usbp-family", True, True),
        ("usbp-regions-citizenship", False, False),
    ]
    assert (err.count("\n"), "expected a sheet 'Monthly Rgn and Citp'" in err) == (1, True)
    assert "1 leaves, data through 2024-10" in command("panels")[1]


def test_a_name_that_is_neither_a_file_nor_offered_is_refused(command, home):
    code, _, err = command("panels", "add", "usbp-families")
    assert (code, err.count("\n"), "or one of cbp-offices-authority" in err) == (1, 1, True)
