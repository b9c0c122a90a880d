"""Writes the runs of a described retraining to MLflow, each with its figures, files, data and logged model.

Models are logged through the client rather than by `log_model`: no request for every metric's history, no tracking URI
of the process, no guessed requirements.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.core.tables import LEVELS
from forecast.release.tracking.described import DescribedRun, Retraining
from forecast.release.tracking.documents import COLUMNS, level_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, LoggedModel

__all__ = ["Writer"]

# Kind of model -> the script that loads it.
_SCRIPTS = {"family": "family_model.py", "recipe": "champion_model.py"}


class Writer:
    """Writes the runs of a retraining, which share a client, an experiment, a moment and the data."""

    def __init__(self, client: MlflowClient, experiment: str, retraining: Retraining, folder: Path) -> None:
        self._client, self._experiment, self._retraining, self._folder = client, experiment, retraining, folder
        self._dataset = self._counts()

    def start(self, run: DescribedRun, *, parent: str | None = None) -> str:
        """Open a run, inside `parent` where there is one; returns its id."""
        inside = {"mlflow.parentRunId": parent} if parent else {}
        made = self._client.create_run(
            self._experiment,
            run_name=run.name,
            start_time=self._retraining.moment,
            tags={**self._retraining.tags, **run.tags, **inside},
        )
        run_id: str = made.info.run_id
        self._client.log_inputs(run_id, [self._dataset])
        return run_id

    def fill(self, run_id: str, run: DescribedRun) -> LoggedModel:
        """Log everything of a run; returns its logged model. The run stays open."""
        client, folder = self._client, self._folder / run.folder
        model = self._empty_model(run_id, run)  # metrics may name it before its files are there
        self._figures(run_id, run, model.model_id)
        for table in sorted((folder / "tables").glob("*.json")):
            client.log_table(run_id, pd.DataFrame(**json.loads(table.read_text(encoding="utf-8"))), table.name)
        if (folder / "files").is_dir():
            client.log_artifacts(run_id, str(folder / "files"))
        self._fill_model(model, run_id, run)
        return model

    def finish(self, run_id: str) -> None:
        """Close a run: the last thing that is written to it, so that a finished run is a whole one."""
        self._client.set_terminated(run_id)

    def _figures(self, run_id: str, run: DescribedRun, model: str) -> None:
        from mlflow.entities import Metric, Param

        data = {"dataset_name": self._dataset.dataset.name, "dataset_digest": self._dataset.dataset.digest}
        moment = self._retraining.moment
        values = [
            Metric(name, value, moment, 0, model_id=model, run_id=run_id, **data) for name, value in run.metrics.items()
        ]
        self._client.log_batch(
            run_id, metrics=values, params=[Param(name, value) for name, value in run.params.items()]
        )

    def _empty_model(self, run_id: str, run: DescribedRun) -> LoggedModel:
        """A logged model without files. Its name has `_` for what MLflow refuses, as the point of `half_life=60.0`."""
        from mlflow.entities import LoggedModelOutput

        made = self._client.create_logged_model(
            self._experiment,
            name=re.sub(r"[/:.%\"']", "_", run.model.name),
            source_run_id=run_id,
            tags=self._retraining.model_tags,
            params=run.params,
            model_type=run.model.kind,
        )
        self._client.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])
        return made

    def _fill_model(self, made: LoggedModel, run_id: str, run: DescribedRun) -> None:
        """Write the script, the documents that it reads (the stem names each for it), and mark the model ready."""
        from mlflow import pyfunc
        from mlflow.models import Model

        with tempfile.TemporaryDirectory() as folder:
            pyfunc.save_model(
                path=f"{folder}/model",
                python_model=str(Path(__file__).with_name(_SCRIPTS[run.model.kind])),
                artifacts={path.stem: str(path) for path in sorted((self._folder / run.folder / "model").iterdir())},
                signature=_signature(),
                input_example=pd.DataFrame({"area": [self._retraining.example], "horizon": [1]}),
                pip_requirements=self._retraining.requirements,
                model_config=run.model.config,
                mlflow_model=Model(
                    artifact_path=made.artifact_location,
                    run_id=run_id,
                    model_uuid=made.model_id,
                    model_id=made.model_id,
                ),
            )
            self._client.log_model_artifacts(made.model_id, f"{folder}/model")
        self._client.finalize_logged_model(made.model_id, "READY")

    def _counts(self) -> DatasetInput:
        from mlflow import data
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = self._retraining.dataset
        table = data.from_pandas(
            pd.read_csv(self._folder / self._retraining.parent.folder / "model" / "counts.csv", dtype=COLUMNS),
            source=CodeDatasetSource(tags=dataset["source"]),
            targets="encounters",
            name=dataset["name"],
            digest=dataset["digest"],
        )
        return DatasetInput(Dataset(**table.to_dict()), [InputTag("mlflow.data.context", "training")])


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    asked = [ColSpec("string", "area"), ColSpec("long", "horizon")]
    levels = [ColSpec("double", level_name(level)) for level in LEVELS]
    return ModelSignature(Schema(asked), Schema([*asked, ColSpec("string", "target_month"), *levels]))
