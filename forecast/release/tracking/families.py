"""Loads the fitted models of one family back, per area, to draw or simulate them. Fits nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from forecast.core.tables import Series
from forecast.models.protocol import Fitted
from forecast.release.tracking.documents import read_family
from forecast.release.tracking.session import opened

__all__ = ["family_models", "load_family"]


def family_models(run: str, *, uri: str) -> dict[str, str]:
    """Member -> id of its logged model (`m-…`), of a retraining's parent `run`. Raises TrackingError."""
    with opened(uri, what=f"Reading run {run}") as client:
        experiment = client.get_run(run).info.experiment_id
        children = client.search_runs([experiment], filter_string=f"tags.`mlflow.parentRunId` = '{run}'")
        return {child.data.tags["member"]: str(child.outputs.model_outputs[0].model_id) for child in children}


def load_family(model: str, *, uri: str) -> dict[str, tuple[Series, Fitted]]:
    """Area -> (series, fitted model) of a logged family; the floor's model for an area where the family failed.

    `model`: the id of the logged model (`m-…`); `uri`: the tracking server or database. Nothing is unpickled and no
    code of the artifact runs. Raises TrackingError.
    """
    with opened(uri, what=f"Loading model {model}") as client, tempfile.TemporaryDirectory() as folder:
        from mlflow import artifacts

        place = f"{client.get_logged_model(model).artifact_location}/artifacts/fits.json"
        path = artifacts.download_artifacts(artifact_uri=place, dst_path=folder, tracking_uri=uri)
        text = Path(path).read_text(encoding="utf-8")
    return read_family(text).fitted()
