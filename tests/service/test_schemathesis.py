"""Every operation of the OpenAPI document asked by Schemathesis,
over HTTP: what is right, what is at the edge, what is wrong.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest

from forecast.release import frozen, store
from service.routes.parameters import RELEASE
from service.schemas.questions import SCENARIO_EXAMPLE
from tests.service.conftest import Office
from tests.service.processes import HOUSE, served
from tests.service.test_openapi import operations


@pytest.fixture
def running(blank, tmp_path):
    """A service whose releases have the ids that the document gives as examples."""
    from tests.service.asking import FROZEN  # with Schemathesis, which every worker of pytest would load otherwise

    shutil.copy(blank, tmp_path / "encounters.db")
    engine = store.connect(url := f"sqlite:///{tmp_path}/encounters.db")
    office = Office(url, engine)
    fresh = {"stale_after": date(2999, 1, 1)}  # a strict probe fails while they are not
    models = {"ets-log": ("el-paso", "tucson", "blaine")}
    scores = {"figures": {"all": {"pool": {"sWIS": 0.5}}}}
    office.publish(key=RELEASE.rpartition("-")[2], scores=scores, models=models, **fresh)
    office.publish("cbp-states", key="b", **fresh)
    frozen.freeze(engine, SCENARIO_EXAMPLE, title="for the example", now=datetime.fromisoformat(f"{FROZEN[2:]}T06:00Z"))
    with served(url, tmp_path, rate=0) as running:
        yield running
    engine.dispose()


@pytest.mark.slow
def test_every_answer_is_one_that_the_document_describes(running, tmp_path):
    command = [
        *(
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{running.client.base_url}/openapi.json",
            "--no-color",
        ),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--generation-deterministic"),
        # In its place the check of `asking`: what depends on the release or on another parameter, no schema can say.
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
    ]
    settings = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.service.asking", "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True)
    print(done.stdout[-20_000:], done.stderr[-2000:])  # noqa: T201 (what was asked, and the fault where there is one)
    assert done.returncode == 0
    paths = [path for path, _ in operations(running.client.get("/openapi.json").json())]
    assert re.search(rf"Tested: {len(paths)}\n", done.stdout)
    assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 100 * len(paths)
    answered = dict(re.findall(r'route="([^"]+)",status="200",[^}]*} ([0-9.]+)', running.client.get("/metrics").text))
    assert [path for path in paths if float(answered.get(path, 0)) < 3] == []
    assert running.client.get("/readyz").status_code == 200
    assert "Traceback" not in running.log.read_text()
