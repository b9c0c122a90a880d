"""Keeps what a comparing script printed and drew: a run in MLflow,
in the experiment `encounters/experiments`. Computes no score.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from experiments.arguments import Replayed
from forecast.core.scorecard import FIGURES
from forecast.evaluation.scores import summary
from forecast.release.tracking.session import is_server, opened
from forecast.settings import Settings

__all__ = ["EXPERIMENT", "Page"]

EXPERIMENT = "encounters/experiments"
# MLflow takes no other signs in the name of a figure.
_SIGNS = str.maketrans("=,()", "....")


class Page:
    """What a script prints, line by line, so that the same text can be kept."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def tell(self, text: str = "") -> None:
        """Print, and remember."""
        print(text)
        self._lines.append(text)

    def keep(self, name: str, made: Replayed, figures: Iterable[Path] = ()) -> None:
        """Log a run called `name`: the span of the study,
        every model's mean scores over the leaves, the text and the figures.

        Raises TrackingError where the store refuses.
        """
        settings = Settings()
        study = made.study
        with opened(settings.tracking, what=f"Logging {name}") as client:
            existing = client.get_experiment_by_name(EXPERIMENT)
            place = None if is_server(settings.tracking) else settings.artifacts
            experiment = (
                existing.experiment_id if existing else client.create_experiment(EXPERIMENT, artifact_location=place)
            )
            run = client.create_run(experiment, run_name=name).info.run_id
            span = {
                "panel": study.counts.panel,
                "counts": study.counts.digest,
                "first": study.origins[0],
                "last": study.origins[-1],
                "origins": len(study.origins),
                "horizon": study.horizon,
                **{f"recipe.{recipe.name}": recipe.digest for recipe in study.recipes},
            }
            for key, value in span.items():
                client.log_param(run, key, str(value))
            for key, value in _means(made.scores).items():
                client.log_metric(run, key, value)
            client.log_text(run, "\n".join(self._lines) + "\n", f"{name}.txt")
            for path in figures:
                client.log_artifact(run, str(path))
            client.set_terminated(run)


def _means(scores: pd.DataFrame) -> dict[str, float]:
    leaves = scores[scores["group"] != "total"]
    return {
        f"{str(row['model']).translate(_SIGNS)}/{figure}": float(row[figure])
        for row in summary(leaves).to_dict("records")
        for figure in FIGURES
    }
