"""The script that MLflow keeps beside a recipe and its counts and runs to load the champion (models from code).

It runs the recipe again: no forecast is stored beside it. It is copied into each logged model; nothing imports it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from forecast.core.executor import Executor
from forecast.core.tables import Counts, Forecasts
from forecast.recipe.recipe import Recipe, parse, run
from forecast.release.tracking.documents import answer, read_counts


class ChampionModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow has no type hints here
    """A recipe and the counts of one release. The first question runs the recipe; later ones read the answer."""

    counts: Counts
    recipe: Recipe
    horizon: int
    forecasts: Forecasts | None = None

    def load_context(self, context: Any) -> None:
        """Read the counts and the recipe."""
        texts = {name: Path(path).read_text(encoding="utf-8") for name, path in context.artifacts.items()}
        settings = json.loads(texts["settings"])
        self.counts = read_counts(texts["counts"], settings)
        self.recipe = parse(texts["recipe"])
        self.horizon = settings["horizon"]

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Quantiles of the rows `area`, `horizon`: those of the release, while counts and recipe are the release's.

        `load_model(uri, model_config={"workers": 4})` fits on worker processes; that needs a script with a main guard.
        """
        if self.forecasts is None:
            # One BLAS thread, as in a retraining's workers: on matrices this small more threads wait for each other,
            # five times as long.
            with threadpool_limits(1):
                made = run(
                    self.recipe,
                    self.counts,
                    origin=self.counts.through,
                    horizon=self.horizon,
                    compared=False,
                    executor=Executor(int(context.model_config["workers"]), float(context.model_config["deadline"])),
                )
            self.forecasts = made.forecasts
        return answer(self.forecasts, model_input)


mlflow.models.set_model(ChampionModel())
