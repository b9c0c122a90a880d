"""`encounters status` tells how past releases did, and what they warn of."""

import json
from datetime import UTC, date, datetime

import pytest

from forecast.core.months import Month
from forecast.core.scorecard import Finding, Scored
from forecast.release import alarms, issued_scores
from forecast.release.migrations import migrate
from forecast.release.store import connect
from tests.service.conftest import Office

RAISED = datetime(2025, 3, 20, 6, 0, tzinfo=UTC)
JAN = Month.of(2025, 1)


@pytest.fixture
def office(tmp_path, monkeypatch):
    """A home with a published release, a hindcast, and what both are worth in January and February."""
    monkeypatch.setenv("ENCOUNTERS_HOME", str(tmp_path))
    for name in ("ENCOUNTERS_DATABASE_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    url = f"sqlite:///{tmp_path}/encounters.db"
    engine = connect(url)
    migrate(engine)
    office = Office(url, engine)
    issued, hindcast = office.publish(), office.publish(key="b", hindcast=True)
    for release, area, lead, wis, inside in [
        (issued, "el-paso", 0, 10.0, True),
        (issued, "tucson", 0, 20.0, False),
        (issued, "el-paso", 1, 60.0, True),
        (issued, "nation", 0, 9000.0, False),  # a sum of leaves: not counted with them
        (hindcast, "el-paso", 0, 30.0, True),
    ]:
        row = Scored(
            release,
            area,
            JAN + lead,
            date(2025, 3, 20),
            lead,
            130,
            1,
            100,
            60,
            140,
            wis,
            20.0,
            10.0,
            inside,
            inside,
            True,
        )
        issued_scores.record(engine, "usbp-sectors", [row])
    alarms.record(engine, "usbp-sectors", [Finding("drift", True, "worse than the floor")], now=RAISED)
    yield office
    engine.dispose()


def test_accuracy_is_told_by_lead_over_leaves_with_hindcasts_apart(command, office):
    code, out, _ = command("status", "--json", "--panel", "usbp-sectors")
    state = json.loads(out)["panels"]["usbp-sectors"]
    assert code == 0
    assert state["accuracy"] == {
        "issued": [
            {"lead": 0, "n": 2, "months": 1, "coverage_80": 0.5, "sWIS_over_floor": 0.75},
            {"lead": 1, "n": 1, "months": 1, "coverage_80": 1.0, "sWIS_over_floor": 3.0},
        ],
        "hindcasts": [{"lead": 0, "n": 1, "months": 1, "coverage_80": 1.0, "sWIS_over_floor": 1.5}],
    }
    assert state["alarms"] == [
        {"kind": "drift", "since": "2025-03-20T06:00:00+00:00", "detail": "worse than the floor"}
    ]


def test_an_open_alarm_is_one_line_until_it_is_cleared(command, office):
    line = "  ALARM drift since 2025-03-20: worse than the floor"
    assert line in command("status", "--panel", "usbp-sectors")[1].splitlines()
    alarms.record(office.engine, "usbp-sectors", [Finding("drift", False, "as good")], now=RAISED)
    assert "ALARM" not in command("status", "--panel", "usbp-sectors")[1]
