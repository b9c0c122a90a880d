"""A retraining as it waits in the outbox: `retraining.json` and the files beside it. Knows no MLflow and no pandas.

retraining.json                       everything that is a name, a number or a sentence
parent/, families/0/, families/1/ …   one folder per run:
    tables/*.json                     tables: `columns`, and `data` row by row
    files/                            artifacts as they are: recipe, figures
    model/                            the documents of its logged model
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from forecast.core.errors import TrackingError

__all__ = [
    *("ALIAS", "DescribedModel", "DescribedRun", "Retraining"),
    *("experiment_name", "read", "registered_name", "write"),
]

# What the registered model of a panel has on the version that is served.
ALIAS = "champion"
_FILE = "retraining.json"


def experiment_name(panel: str) -> str:
    """The experiment that a panel's retrainings are logged in."""
    return f"encounters/{panel}"


def registered_name(panel: str) -> str:
    """The registered model whose alias `champion` is the recipe that serves a panel."""
    return f"encounters-{panel}"


@dataclass(frozen=True)
class DescribedModel:
    """The logged model of a run. `kind`: family or recipe. `config`: what a caller of `load_model` may override."""

    name: str
    kind: str
    config: dict[str, Any] | None = None


@dataclass(frozen=True)
class DescribedRun:
    """One run. `folder`: where its files lie, inside the retraining's own. `tags` come on top of those of every run."""

    name: str
    folder: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, float]
    model: DescribedModel


@dataclass(frozen=True)
class Retraining:
    """Everything that one retraining logs.

    `started`: aware, ISO 8601. `tags`: those of every run; `model_tags`: those of every logged model. `version_tags`:
    those of the registered version; `version_note`: its description, in Markdown. `dataset`: name, digest and source of
    the counts, whose table is a document of the parent's model. `example`: an area to show how a model is asked.
    `requirements`: the libraries that made the figures.
    """

    panel: str
    release_id: str
    started: str
    hindcast: bool
    tags: dict[str, str]
    model_tags: dict[str, str]
    version_tags: dict[str, str]
    dataset: dict[str, Any]
    example: str
    requirements: list[str]
    parent: DescribedRun
    families: tuple[DescribedRun, ...]
    version_note: str = ""

    @property
    def moment(self) -> int:
        """When it started, in milliseconds since 1970, as MLflow counts."""
        return int(datetime.fromisoformat(self.started).timestamp() * 1000)


def write(retraining: Retraining, folder: Path) -> None:
    """Put `retraining.json` into a folder."""
    (folder / _FILE).write_text(json.dumps(asdict(retraining), indent=1), encoding="utf-8")


def read(folder: Path) -> Retraining:
    """The inverse of `write`. Raises TrackingError where the folder is damaged."""
    try:
        return TypeAdapter(Retraining).validate_json((folder / _FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise TrackingError(
            f"{folder} cannot be read ({type(error).__name__}). Remove that folder; its release stays as it is."
        ) from error
