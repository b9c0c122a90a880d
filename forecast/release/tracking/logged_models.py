"""Writes one logged model: a script, the documents it reads, and what it asks and answers. Decides nothing about their content.

Through the client rather than `log_model`: no request for every metric's history, no tracking URI of the process, no guessed requirements.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.core.tables import LEVELS
from forecast.release.tracking.documents import level_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

__all__ = ["CHAMPION", "FAMILY", "Content", "create", "upload"]

_SCRIPTS = Path(__file__).parent
FAMILY = _SCRIPTS / "family_model.py"
CHAMPION = _SCRIPTS / "champion_model.py"
# The libraries that decide the figures, in the versions that made them.
_PINNED = ("mlflow", "numpy", "pandas", "scipy", "statsmodels")


@dataclass(frozen=True)
class Content:
    """A logged model's inside.

    `script`: FAMILY or CHAMPION. `documents`: file name -> text; the stem names it for the script. `area`: one to show as an example.
    `config`: what a caller of `load_model` may override.
    """

    script: Path
    documents: Mapping[str, str]
    area: str
    config: Mapping[str, Any] | None = None


def create(
    client: MlflowClient, *, experiment: str, run: str, name: str, kind: str, params: Mapping[str, Any], tags: Mapping[str, str]
) -> LoggedModel:
    """An empty logged model that belongs to a run; metrics may name it before its files are there.

    Its name is `name` with `_` for the characters that MLflow refuses there, such as the point of `half_life=60.0`.
    """
    from mlflow.entities import LoggedModelOutput

    model = client.create_logged_model(
        experiment,
        name=re.sub(r"[/:.%\"']", "_", name),
        source_run_id=run,
        tags=dict(tags),
        params={key: str(value) for key, value in params.items()},
        model_type=kind,
    )
    client.log_outputs(run, [LoggedModelOutput(model.model_id, step=0)])
    return model


def upload(client: MlflowClient, model: LoggedModel, *, run: str, content: Content) -> None:
    """Write the model's files beside it and mark it ready."""
    from mlflow import pyfunc
    from mlflow.models import Model

    with tempfile.TemporaryDirectory() as folder:
        artifacts = {}
        for name, text in content.documents.items():
            path = Path(folder, name)
            path.write_text(text, encoding="utf-8")
            artifacts[path.stem] = str(path)
        target = Path(folder, "model")
        pyfunc.save_model(
            path=str(target),
            python_model=str(content.script),
            artifacts=artifacts,
            signature=_signature(),
            input_example=pd.DataFrame({"area": [content.area], "horizon": [1]}),
            pip_requirements=_requirements(),
            model_config=dict(content.config) if content.config else None,
            mlflow_model=Model(artifact_path=model.artifact_location, run_id=run, model_uuid=model.model_id, model_id=model.model_id),
        )
        client.log_model_artifacts(model.model_id, str(target))
    client.finalize_logged_model(model.model_id, "READY")


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    asked = [ColSpec("string", "area"), ColSpec("long", "horizon")]
    levels = [ColSpec("double", level_name(level)) for level in LEVELS]
    return ModelSignature(Schema(asked), Schema([*asked, ColSpec("string", "target_month"), *levels]))


def _requirements() -> list[str]:
    return ["encounter-forecast[train]", *(f"{name}=={metadata.version(name)}" for name in _PINNED)]
