"""Promises of the tracking store, kept against a real MLflow on SQLite: runs, tables, data, models and the champion."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast
from forecast.recipe.recipe import member_forecasts, parse
from forecast.release.charts import fan_chart_of_fit
from forecast.release.tracking.describing import describe
from forecast.release.tracking.families import family_models, load_family
from forecast.release.tracking.handover import Handover
from forecast.release.tracking.session import prepare
from tests.pipeline.conftest import small_figures  # noqa: F401 (a fixture: what is logged once has them whole)
from tests.release.retraining import (
    AREAS,
    MEMBERS,
    RECIPE,
    STARTED,
    VERDICT,
    asked,
    connected,
    log,
    make_counts,
    make_training,
    quantiles,
)
from tests.waiting import HANG

# MLflow and its libraries warn of themselves while they load; what a process prints has a test of its own.
pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass(frozen=True)
class Tracked:
    """A home whose own store has a retraining, and how the process ended that logged it, which names its run."""

    home: Path
    uri: str
    training: Handover
    logging: subprocess.CompletedProcess[str]

    @property
    def run_id(self) -> str:
        return self.logging.stdout.strip()

    @property
    def client(self):
        from mlflow import MlflowClient

        return MlflowClient(self.uri, self.uri)

    @property
    def experiment(self) -> str:
        return self.client.get_experiment_by_name("encounters/cbp-states").experiment_id

    @property
    def parent(self):
        return self.client.get_run(self.run_id)

    @property
    def children(self):
        return self.client.search_runs([self.experiment], f"tags.`mlflow.parentRunId` = '{self.run_id}'")

    def load(self, address: str):
        from mlflow import pyfunc

        with connected(self.uri):
            return pyfunc.load_model(address)

    def table(self, name: str, run_id: str) -> pd.DataFrame:
        with connected(self.uri):
            return self.client.load_table(self.experiment, name, [run_id])


@pytest.fixture(scope="session")
def training() -> Handover:
    prepare()
    return make_training(make_counts(), parse(RECIPE))


_LOGGER = """
import os, sys
from pathlib import Path
from forecast.release.tracking.sending import send
run = send(Path(sys.argv[1]), uri=sys.argv[2], artifacts=sys.argv[3], champion=True)
assert "MLFLOW_TRACKING_URI" not in os.environ
print(run)
"""


@pytest.fixture(scope="session")
def tracked(training: Handover, tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    """One retraining, the first that a process logs, in a store that it makes,
    from a working directory that is not the home.
    """
    home, elsewhere = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("elsewhere")
    uri, described = f"sqlite:///{home / 'mlflow.db'}", tmp_path_factory.mktemp("outbox") / "described"
    describe(training, described)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", _LOGGER, described, uri, (home / "mlartifacts").as_uri()],
        env={**environment, "PYTHONPATH": str(Path(forecast.__file__).parents[1])},
        cwd=elsewhere,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not list(elsewhere.iterdir()), "logging left files in the working directory"
    return Tracked(home, uri, training, done)


def test_a_retraining_is_one_finished_parent_run_that_says_where_it_came_from(tracked):
    parent = tracked.parent
    counts, recipe = tracked.training.run.counts, tracked.training.run.recipe
    assert parent.info.run_name == "2024-11 · small"
    assert parent.info.status == "FINISHED"
    assert parent.info.start_time == int(STARTED.timestamp() * 1000)
    assert {
        name: parent.data.tags[name]
        for name in ("release_id", "data_digest", "recipe", "recipe_digest", "code_version", "champion")
    } == {
        "release_id": "cbp-states-2024-11-0123456789",
        "data_digest": counts.digest,
        "recipe": "small",
        "recipe_digest": recipe.digest,
        "code_version": "0.1.0+test",
        "champion": "small",
    }
    assert json.loads(parent.data.tags["verdict"]) == VERDICT
    assert parent.data.params["members"] == "ets-raw x 2, theta-log x 1 (southwest only), random_walk-log x 1"


def test_runs_and_the_version_describe_themselves(tracked):
    note = tracked.parent.data.tags["mlflow.note.content"]
    assert "`small` serves in place of `floor`; it passed the gates of a release." in note
    assert "Its 80 % intervals held 81 % of the last 12 months." in note
    assert "| small | 0.800 [0.700, 0.900] | 0.850 | better than floor by more than noise |" in note
    assert (
        f"| small | {tracked.parent.data.metrics['sWIS']:.3f} | {tracked.parent.data.metrics['logWIS']:.3f} |" in note
    )
    assert "`GET /v1/releases/cbp-states-2024-11-0123456789`" in note
    assert "[encounters-cbp-states](#/models/encounters-cbp-states)" in note
    for child in tracked.children:
        family_note = child.data.tags["mlflow.note.content"]
        assert f"| {child.info.run_name} | {child.data.metrics['sWIS']:.3f} |" in family_note
        assert "4 fits took " in family_note
    version = tracked.client.get_model_version_by_alias("encounters-cbp-states", "champion")
    assert version.description.startswith("`small` serves in place of `floor`; it passed the gates of a release.")
    assert (version.tags["gates"], version.tags["before"]) == ("passed", "floor")


def test_every_member_is_a_child_run_with_its_options(tracked):
    children = {child.data.tags["member"]: child for child in tracked.children}
    assert set(children) == MEMBERS
    assert all(child.info.status == "FINISHED" for child in children.values())
    ets = children["ets-raw"].data.params
    assert (ets["model"], ets["scale"], ets["weight"]) == ("ets", "raw", "2.0")
    assert children["random_walk-log-half_life=60.5"].data.params["weight"] == "0.0"


def test_runs_sort_by_their_score(tracked):
    runs = tracked.client.search_runs([tracked.experiment], order_by=["metrics.sWIS ASC"])
    scores = [each.data.metrics["sWIS"] for each in runs]
    assert len(scores) == len(MEMBERS) + 1
    assert scores == sorted(scores)


def test_metrics_are_means_over_the_leaves_and_over_each_group(tracked):
    own = tracked.training.scores.query("model == 'small'")
    metrics = tracked.parent.data.metrics
    assert metrics["sWIS"] == pytest.approx(own.query("group != 'total'")["sWIS"].mean())
    assert metrics["coverage_80_southwest"] == pytest.approx(
        own.query("area in ('state-ca-southwest', 'state-tx-southwest')")["coverage_80"].mean()
    )
    assert metrics["MASE_total"] == pytest.approx(own.query("group == 'total'")["MASE"].mean())


def test_children_say_what_their_fits_cost(tracked):
    for child in tracked.children:
        fits = [fit for fit in tracked.training.run.fits if fit.member.label == child.data.tags["member"]]
        metrics = child.data.metrics
        assert metrics["fits"] == 4
        assert metrics["fit_seconds"] == pytest.approx(sum(fit.seconds for fit in fits))
        assert metrics["peak_memory_mb"] > 10
        assert metrics["failures"] == 0


def test_scores_per_area_are_a_table_and_not_metrics(tracked):
    table = tracked.table("areas.json", tracked.children[0].info.run_id)
    assert set(table["area"]) == set(AREAS)
    assert {"sWIS", "coverage_95", "cells", "seconds", "failure"} <= set(table.columns)
    assert not [name for name in tracked.parent.data.metrics if "state-tx" in name]


def test_the_recipe_is_kept_as_the_analyst_wrote_it(tracked):
    assert Path(tracked.client.download_artifacts(tracked.run_id, "recipe.toml")).read_text() == RECIPE


def test_a_report_is_kept_with_the_parent(tracked):
    report = Path(tracked.client.download_artifacts(tracked.run_id, "report.html")).read_text()
    assert report == "<!doctype html><title>Report</title>"


def test_figures_are_kept_with_the_parent(tracked):
    kept = {file.path for file in tracked.client.list_artifacts(tracked.run_id, "figures")}
    assert kept == {"figures/forecasts.png", "figures/scores_by_horizon.png"}


def test_the_data_are_an_input_of_every_run_with_the_head_of_their_digest(tracked):
    for each in (tracked.parent, *tracked.children):
        dataset = each.inputs.dataset_inputs[0].dataset
        assert dataset.name == "cbp-states"
        assert dataset.digest == tracked.training.run.counts.digest[:36]
        assert json.loads(dataset.source)["tags"]["vintages"] == ["ab" * 32]


def test_each_child_has_one_logged_model_that_answers_for_all_its_areas(tracked):
    for child in tracked.children:
        (output,) = child.outputs.model_outputs
        own = next(table for table in member_tables(tracked.training) if table.model == child.data.tags["member"])
        answered = tracked.load(f"models:/{output.model_id}").predict(asked(own))
        assert np.array_equal(quantiles(answered, own), own.values)


def member_tables(training: Handover):
    return member_forecasts(training.run.fits, origin=training.run.counts.through)


def test_a_family_loads_back_per_area_and_can_be_drawn(tracked):
    models = family_models(tracked.run_id, uri=tracked.uri)
    family = load_family(models["ets-raw"], uri=tracked.uri)
    series, fitted = family["state-wa-northern"]
    assert (set(models), set(family)) == (MEMBERS, set(AREAS))
    assert np.array_equal(series.values, tracked.training.run.counts.series("state-wa-northern").values)
    figure = fan_chart_of_fit(
        series=series,
        fitted=fitted,
        model="ets-raw",
        title="Washington (Northern)",
        unit="encounters",
        caption="Data through 2024-11.",
        horizon=4,
        samples=20,
    )
    assert figure.axes[0].get_title(loc="left") == "Washington (Northern)"


def test_the_champion_gives_the_quantiles_of_the_release_bit_for_bit(tracked):
    forecasts = tracked.training.run.forecasts
    champion = tracked.load("models:/encounters-cbp-states@champion")
    answered = champion.predict(asked(forecasts))
    assert np.array_equal(quantiles(answered, forecasts), forecasts.values)
    assert list(answered["target_month"][:4]) == ["2024-12", "2025-01", "2025-02", "2025-03"]


def test_the_champion_reads_its_counts_other_counts_other_answer(tracked, tmp_path):
    from mlflow import artifacts, pyfunc

    version = tracked.client.get_model_version_by_alias("encounters-cbp-states", "champion")
    copy = Path(artifacts.download_artifacts(version.source, dst_path=str(tmp_path)))
    table = pd.read_csv(copy / "artifacts" / "counts.csv")
    table["encounters"] = (table["encounters"] * 3).round()
    table.to_csv(copy / "artifacts" / "counts.csv", index=False)
    forecasts = tracked.training.run.forecasts
    answered = quantiles(pyfunc.load_model(str(copy)).predict(asked(forecasts)), forecasts)
    assert (answered[..., 11] > 2 * forecasts.values[..., 11]).all()


def test_the_registered_version_names_release_and_data(tracked):
    version = tracked.client.get_model_version_by_alias("encounters-cbp-states", "champion")
    assert version.run_id == tracked.run_id
    assert version.tags["release_id"] == tracked.training.release_id
    assert version.tags["data_digest"] == tracked.training.run.counts.digest


def test_artifacts_live_under_the_home_whatever_the_working_directory(tracked):
    assert tracked.parent.info.artifact_uri.startswith((tracked.home / "mlartifacts").as_uri())
    names = {path.name for path in (tracked.home / "mlartifacts").rglob("*") if path.is_file()}
    assert {"fits.json", "counts.csv", "recipe.toml", "areas.json", "forecasts.png", "MLmodel"} <= names


def test_no_artifact_is_a_pickle(tracked):
    files = [path for path in (tracked.home / "mlartifacts").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {path.suffix for path in files} <= {".csv", ".json", ".png", ".py", ".html", ".toml", ".txt", ".yaml", ""}
    for path in files:
        head = path.read_bytes()[:2]
        assert head[:1] != b"\x80", f"{path.name} starts like a pickle"
    for path in (file for file in files if file.name == "MLmodel"):
        assert "python_model:" not in path.read_text()


def test_models_load_where_unpickling_is_forbidden(tracked, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    frame = pd.DataFrame({"area": ["state-tx-southwest"], "horizon": [4]})
    for child in tracked.children:
        answered = tracked.load(f"models:/{child.outputs.model_outputs[0].model_id}").predict(frame)
        assert list(answered["target_month"]) == ["2025-03"]


@pytest.mark.slow
def test_the_first_logging_of_a_process_prints_nothing_and_leaves_its_environment_alone(tracked):
    assert (tracked.logging.stdout, tracked.logging.stderr) == (f"{tracked.run_id}\n", "")
    assert re.fullmatch("[0-9a-f]{32}", tracked.run_id), "nothing but the id of the run"


def test_logging_a_second_time_gives_the_same_run_and_writes_nothing(tracked):
    before = [path for path in (tracked.home / "mlartifacts").rglob("*") if path.suffix != ".pyc"]
    assert log(tracked.training, uri=tracked.uri, artifacts="file:///nowhere") == tracked.run_id
    runs = tracked.client.search_runs(
        [tracked.experiment], f"tags.release_id = '{tracked.training.release_id}'", run_view_type=3
    )
    assert len(runs) == len(MEMBERS) + 1, "also among the deleted ones"
    assert [path for path in (tracked.home / "mlartifacts").rglob("*") if path.suffix != ".pyc"] == before


def test_a_hindcast_is_registered_silently_and_never_becomes_the_champion(tracked, capfd):
    before = tracked.client.get_model_version_by_alias("encounters-cbp-states", "champion").version
    hindcast = replace(tracked.training, release_id="cbp-states-2024-11-hindcast-0", hindcast=True)
    log(hindcast, uri=tracked.uri, artifacts="file:///nowhere")
    assert capfd.readouterr() == ("", "")
    assert tracked.client.get_model_version_by_alias("encounters-cbp-states", "champion").version == before


def test_a_run_that_was_cut_short_is_deleted_when_its_release_is_logged_again(tracked):
    cut = tracked.client.create_run(tracked.experiment, tags={"release_id": "cbp-states-2024-11-again"}).info.run_id
    log(
        replace(tracked.training, release_id="cbp-states-2024-11-again", hindcast=True),
        uri=tracked.uri,
        artifacts="file:///nowhere",
    )
    assert tracked.client.get_run(cut).info.lifecycle_stage == "deleted"
