"""Logs one retraining: a parent run, a child run per member, their models, tables, figures and data, and the champion. Judges nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.core.areas import area
from forecast.core.tables import Series
from forecast.models.catalog import Member, options
from forecast.recipe.recipe import Pooled
from forecast.release.tracking import logged_models
from forecast.release.tracking.documents import counts_frame, family_text, settings_text
from forecast.release.tracking.session import is_server, opened
from forecast.release.tracking.training import Training, area_table, cost, fits_of, leaderboard, metrics

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

__all__ = ["ALIAS", "experiment_name", "log", "registered_name"]

ALIAS = "champion"
# MLflow keeps at most so many characters of a dataset's digest; the whole one is a tag of every run.
_DIGEST_LENGTH = 36
# The champion replays in the caller's process unless `model_config` says otherwise; worker processes need a main guard there.
_REPLAY = {"workers": 0, "deadline": 60.0}
_NOTE = """Retrainings of the panel `{panel}`, one parent run each; under it one run per member of the recipe, with its fitted models.
Sort by `sWIS` (smaller is better): the parent's figures are the recipe's own. Per-area scores are in the table `areas.json`."""


def experiment_name(panel: str) -> str:
    """The experiment that a panel's retrainings are logged in."""
    return f"encounters/{panel}"


def registered_name(panel: str) -> str:
    """The registered model whose alias `champion` is the recipe that serves a panel."""
    return f"encounters-{panel}"


def log(training: Training, *, uri: str, artifacts: str) -> str:
    """Log a retraining and register its champion. Returns the id of the parent run.

    `uri`: tracking server or database. `artifacts`: URI of the folder for artifacts, whatever the working directory; a tracking server
    decides that itself. A run of the same release that was cut short is marked as killed. Raises TrackingError.
    """
    with opened(uri, what=f"Tracking release {training.release_id}") as client:
        experiment = _experiment(client, training, None if is_server(uri) else artifacts)
        _close_cut_runs(client, experiment, training)
        return _Log(client, experiment, training).write()


def _experiment(client: MlflowClient, training: Training, artifacts: str | None) -> str:
    name = experiment_name(training.panel)
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    tags = {"mlflow.note.content": _NOTE.format(panel=training.panel), "mlflow.experimentKind": "custom_model_development"}
    location = f"{artifacts.rstrip('/')}/{training.panel}" if artifacts else None
    return str(client.create_experiment(name, artifact_location=location, tags=tags))


def _share(share: Pooled) -> str:
    where = f" ({share.only} only)" if share.only else ""
    return f"{share.member.label} x {share.weight:g}{where}"


def _close_cut_runs(client: MlflowClient, experiment: str, training: Training) -> None:
    cut = f"attributes.status = 'RUNNING' and tags.release_id = '{training.release_id}'"
    for run in client.search_runs([experiment], filter_string=cut):
        client.set_terminated(run.info.run_id, status="KILLED")


class _Log:
    """The steps of logging one retraining, which share a client, an experiment and a moment."""

    def __init__(self, client: MlflowClient, experiment: str, training: Training) -> None:
        self.client, self.experiment, self.training = client, experiment, training
        self.run, self.recipe = training.run, training.run.recipe
        self.moment = int(training.started.timestamp() * 1000)
        self.digest = self.run.counts.digest
        self.example = self.run.counts.open_areas[0]
        self.dataset = self._dataset()

    def write(self) -> str:
        parent = self._start(f"{self.run.counts.through} · {self.recipe.name}", {"kind": "retraining", "champion": self.training.champion})
        for member in self.training.members:
            self._child(parent, member)
        self._parent(parent)
        self.client.set_terminated(parent)
        return parent

    def _start(self, name: str, tags: Mapping[str, str]) -> str:
        run = self.client.create_run(
            self.experiment,
            run_name=name,
            start_time=self.moment,
            tags={
                "panel": self.training.panel,
                "release_id": self.training.release_id,
                "data_digest": self.digest,
                "data_through": str(self.run.counts.through),
                "recipe": self.recipe.name,
                "recipe_digest": self.recipe.digest,
                "code_version": self.training.code_version,
                "hindcast": str(self.training.hindcast).lower(),
                "mlflow.source.name": "encounters retrain",
                **tags,
            },
        )
        run_id: str = run.info.run_id
        self.client.log_inputs(run_id, [self.dataset])
        return run_id

    def _dataset(self) -> DatasetInput:
        from mlflow import data
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.entities import Dataset, DatasetInput, InputTag

        counts = self.run.counts
        source = {
            "description": f"official monthly counts of {counts.panel}, as published by {counts.as_of}",
            "vintages": list(counts.vintages),
            "through": str(counts.through),
        }
        table = data.from_pandas(
            counts_frame(counts),
            source=CodeDatasetSource(tags=source),
            targets="encounters",
            name=counts.panel,
            digest=self.digest[:_DIGEST_LENGTH],
        )
        return DatasetInput(Dataset(**table.to_dict()), [InputTag("mlflow.data.context", "training")])

    def _child(self, parent: str, member: Member) -> None:
        fits = fits_of(self.training, member)
        share = next((share for share in self.recipe.members if share.member == member), None)
        pooled = {"weight": share.weight if share else 0.0, "only": (share and share.only) or "all"}
        params = {"model": member.model, **options(member.model), **dict(member.options), **pooled}
        tags = {"kind": "family", "member": member.label, "family": member.model, "mlflow.parentRunId": parent}
        run = self._start(member.label, tags)
        model = logged_models.create(
            self.client, experiment=self.experiment, run=run, name=member.label, kind="family", params=params, tags=self._model_tags()
        )
        self._figures(run, {**metrics(self.training.scores, member.label), **cost(fits)}, params, model.model_id)
        self.client.log_table(run, area_table(self.training.scores, member.label, fits), "areas.json")
        content = logged_models.Content(logged_models.FAMILY, {"fits.json": family_text(self.run, member, fits)}, self.example)
        logged_models.upload(self.client, model, run=run, content=content)
        self.client.set_terminated(run)

    def _parent(self, run: str) -> None:
        scores, recipe = self.training.scores, self.recipe
        params = {
            "recipe": recipe.name,
            "purpose": recipe.purpose,
            "horizon": self.run.forecasts.horizon,
            "samples": recipe.samples,
            "seed": recipe.seed,
            "members": ", ".join(_share(share) for share in recipe.members),
            "compared": ", ".join(member.label for member in recipe.compared),
            "origins": ", ".join(sorted(set(scores["origin"]))),
        }
        model = logged_models.create(
            self.client, experiment=self.experiment, run=run, name=recipe.name, kind="recipe", params=params, tags=self._model_tags()
        )
        self._figures(run, {**metrics(scores, recipe.name), **cost(self.run.fits)}, params, model.model_id)
        self.client.set_tag(run, "verdict", json.dumps(dict(self.training.verdict), default=str))
        self.client.log_table(run, leaderboard(scores), "leaderboard.json")
        self.client.log_table(run, area_table(scores, recipe.name), "areas.json")
        self._files(run)
        documents = {
            "counts.csv": counts_frame(self.run.counts).to_csv(index=False, float_format="%.17g"),
            "recipe.toml": recipe.text,
            "settings.json": settings_text(self.run, release_id=self.training.release_id, code_version=self.training.code_version),
        }
        content = logged_models.Content(logged_models.CHAMPION, documents, self.example, _REPLAY)
        logged_models.upload(self.client, model, run=run, content=content)
        self._register(run, model)

    def _figures(self, run: str, found: Mapping[str, float], params: Mapping[str, Any], model: str) -> None:
        from mlflow.entities import Metric, Param

        data = {"dataset_name": self.dataset.dataset.name, "dataset_digest": self.dataset.dataset.digest}
        values = [Metric(name, value, self.moment, 0, model_id=model, run_id=run, **data) for name, value in found.items()]
        self.client.log_batch(run, metrics=values, params=[Param(name, str(value)) for name, value in params.items()])

    def _files(self, run: str) -> None:
        from forecast.release.figures import fan_charts, scores_by_horizon

        counts, totals = self.run.counts, self.run.counts.totals()
        headline = [slug for slug in self.run.forecasts.areas if not area(slug).is_leaf() and area(slug).kind != "state"]
        largest = sorted(counts.open_areas, key=lambda slug: -float(totals[slug][-1]))[:4]
        histories = [Series(slug, counts.first, totals[slug].copy()) for slug in (*headline, *largest)]
        caption = (
            f"Data through {counts.through}, as published by {counts.as_of} (digest {self.digest[:10]}). "
            f"Recipe {self.recipe.name}, release {self.training.release_id}."
        )
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "recipe.toml").write_text(self.recipe.text, encoding="utf-8")
            Path(folder, "figures").mkdir()
            fan_charts(histories=histories, forecasts=self.run.forecasts, caption=caption).savefig(Path(folder, "figures", "forecasts.png"))
            if len(self.training.scores):
                chart = scores_by_horizon(self.training.scores, highlight=self.recipe.name, caption=caption)
                chart.savefig(Path(folder, "figures", "scores_by_horizon.png"))
            self.client.log_artifacts(run, folder)

    def _model_tags(self) -> dict[str, str]:
        return {"release_id": self.training.release_id, "data_digest": self.digest, "code_version": self.training.code_version}

    def _register(self, run: str, model: Any) -> None:
        name = registered_name(self.training.panel)
        if not self.client.search_registered_models(f"name = '{name}'"):
            self.client.create_registered_model(name, description=f"The recipe that serves {self.training.panel}: alias `{ALIAS}`.")
        tags = {**self._model_tags(), "recipe": self.recipe.name, "recipe_digest": self.recipe.digest}
        # The address of the files rather than `models:/<id>`: MLflow would look that one up at the process's own tracking URI.
        version = self.client.create_model_version(name, model.artifact_location, run_id=run, tags=tags, model_id=model.model_id)
        if not self.training.hindcast:
            self.client.set_registered_model_alias(name, ALIAS, version.version)
