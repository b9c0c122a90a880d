"""Brings a described retraining to MLflow so that it stands there once, whatever earlier attempts left behind.

An attempt can end anywhere: the server stops answering, the process is killed, and a server that was only slow carries
out a request whose sender has long given up. So nothing is concluded from what was sent: what stands there is looked up
by the tag `release_id` before and after, and what is unfinished or double is deleted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.core.scorecard import SCORED_INTERVALS
from forecast.release.tracking import described
from forecast.release.tracking.described import ALIAS, Retraining, experiment_name, registered_name
from forecast.release.tracking.own_store import is_there
from forecast.release.tracking.runs import Writer
from forecast.release.tracking.session import is_server, opened

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities import Run as MlflowRun
    from mlflow.entities.model_registry import ModelVersion

__all__ = ["find", "send"]

_NOTE = """Retrainings of the panel `{panel}`, one parent run each; under it one run per member of the recipe, with its
fitted models.
Sort by `sWIS` (weighted interval score of {scored}; smaller is better): the parent's figures are the
recipe's own. Per-area scores are in the table `areas.json`."""


def send(folder: Path, *, uri: str, artifacts: str, champion: bool) -> str:
    """Log the retraining that `describing.describe` wrote into `folder` and register its recipe.

    Returns the id of the parent run. `uri`: tracking server or database. `artifacts`: URI of the folder for artifacts,
    whatever the working directory; a tracking server decides that itself. A second time writes nothing and gives the
    same id. Afterwards the release has one finished parent run, one run per family and one registered version, which
    gets the alias if it is the `champion`. Raises TrackingError.
    """
    retraining = described.read(folder)
    with opened(uri, what=f"Tracking release {retraining.release_id}") as client:
        experiment = _experiment(client, retraining.panel, None if is_server(uri) else artifacts)
        return _Sending(client, experiment, retraining, folder, champion).bring()


def find(panel: str, releases: Collection[str], *, uri: str, champion: str | None) -> dict[str, str]:
    """Release -> id of its finished run in MLflow; the `champion` among them gets the alias. Raises TrackingError."""
    if not releases:
        return {}
    with opened(uri, what=f"Looking for {', '.join(releases)}") as client:
        experiment = client.get_experiment_by_name(experiment_name(panel))
        if experiment is None:
            return {}
        runs = client.search_runs([experiment.experiment_id], "tags.kind = 'retraining'", max_results=10_000)
        run_ids = {
            run.data.tags.get("release_id"): str(run.info.run_id) for run in runs if _finished(run, "retraining")
        }
        if champion in releases and champion in run_ids:
            query = f"name = '{registered_name(panel)}' and tags.release_id = '{champion}'"
            own = [each for each in client.search_model_versions(query) if each.run_id == run_ids[champion]]
            if own:
                client.set_registered_model_alias(own[0].name, ALIAS, own[0].version)
            else:
                del run_ids[champion]
    return {release: run_ids[release] for release in releases if release in run_ids}


def _experiment(client: MlflowClient, panel: str, artifacts: str | None) -> str:
    from mlflow.exceptions import MlflowException

    name = experiment_name(panel)
    if (experiment := client.get_experiment_by_name(name)) is not None:
        return str(experiment.experiment_id)
    tags = {
        "mlflow.note.content": _NOTE.format(panel=panel, scored=SCORED_INTERVALS),
        "mlflow.experimentKind": "custom_model_development",
    }
    location = f"{artifacts.rstrip('/')}/{panel}" if artifacts else None
    try:
        return str(client.create_experiment(name, artifact_location=location, tags=tags))
    except MlflowException:
        # Another process has created it in the meantime.
        if (experiment := client.get_experiment_by_name(name)) is None:
            raise
        return str(experiment.experiment_id)


@dataclass
class _Sending:
    """One attempt to bring a retraining to its experiment."""

    client: MlflowClient
    experiment: str
    retraining: Retraining
    folder: Path
    champion: bool

    def __post_init__(self) -> None:
        self.model = registered_name(self.retraining.panel)
        self.own = f"tags.release_id = '{self.retraining.release_id}'"

    def bring(self) -> str:
        parent = self._whole(self._runs(), self._versions()) or self._write()
        runs, versions = self._runs(), self._versions()
        kept = {parent, *self._families(runs, parent).values()}
        version = max((each for each in versions if each.run_id == parent), key=lambda each: int(each.version))
        self._point(version)
        self._delete([run for run in runs if run.info.run_id not in kept])
        models = {output.model_id for run in runs if run.info.run_id in kept for output in run.outputs.model_outputs}
        for model in self.client.search_logged_models([self.experiment], filter_string=self.own, max_results=1000):
            if model.model_id not in models:
                self.client.delete_logged_model(model.model_id)
        for each in versions:
            if each.version != version.version:
                self.client.delete_model_version(self.model, each.version)
        return parent

    def _runs(self) -> list[MlflowRun]:
        return list(self.client.search_runs([self.experiment], filter_string=self.own, max_results=1000))

    def _versions(self) -> list[ModelVersion]:
        return list(self.client.search_model_versions(f"name = '{self.model}' and {self.own}"))

    def _whole(self, runs: list[MlflowRun], versions: list[ModelVersion]) -> str | None:
        """A parent run that is finished and registered and has all its families."""
        registered = {version.run_id for version in versions}
        members = {family.tags["member"] for family in self.retraining.families}
        parents = [run.info.run_id for run in runs if _finished(run, "retraining") and run.info.run_id in registered]
        return next((parent for parent in sorted(parents) if set(self._families(runs, parent)) == members), None)

    def _families(self, runs: list[MlflowRun], parent: str | None = None) -> dict[str, str]:
        """Member -> id of a finished run of it, of one parent or of any."""
        finished = [
            run for run in runs if _finished(run, "family") and parent in (None, run.data.tags["mlflow.parentRunId"])
        ]
        return {run.data.tags["member"]: run.info.run_id for run in finished}

    def _write(self) -> str:
        runs = self._runs()
        # A family that an earlier attempt has finished is taken over: each attempt at a slow server comes further than
        # the one before. What a registered version points at stays until the new one has its place: the alias may be on
        # it.
        finished = self._families(runs)
        kept = {*finished.values(), *(version.run_id for version in self._versions())}
        self._delete([run for run in runs if run.info.run_id not in kept])
        writer = Writer(self.client, self.experiment, self.retraining, self.folder)
        parent = writer.start(self.retraining.parent)
        for family in self.retraining.families:
            if (run := finished.get(family.tags["member"])) is not None:
                self.client.set_tag(run, "mlflow.parentRunId", parent)
                continue
            run = writer.start(family, parent=parent)
            writer.fill(run, family)
            writer.finish(run)
        model = writer.fill(parent, self.retraining.parent)
        self._point(self._register(parent, model))
        writer.finish(parent)
        return parent

    def _register(self, run: str, model: LoggedModel) -> ModelVersion:
        if not self.client.search_registered_models(f"name = '{self.model}'"):
            note = f"The recipe that serves {self.retraining.panel}: alias `{ALIAS}`."
            self.client.create_registered_model(self.model, description=note)
        # The address of the files rather than `models:/<id>`: MLflow would look that one up at the process's own
        # tracking URI.
        return self.client.create_model_version(
            self.model,
            model.artifact_location,
            run_id=run,
            tags=self.retraining.version_tags,
            description=self.retraining.version_note or None,
            model_id=model.model_id,
        )

    def _point(self, version: ModelVersion) -> None:
        if self.champion:
            self.client.set_registered_model_alias(self.model, ALIAS, version.version)

    def _delete(self, runs: Collection[MlflowRun]) -> None:
        for run in runs:
            self.client.delete_run(run.info.run_id)


def _finished(run: MlflowRun, kind: str) -> bool:
    # One whose files were lost, as after a restore without them, is written again.
    return bool(run.info.status == "FINISHED") and run.data.tags.get("kind") == kind and is_there(run.info.artifact_uri)
