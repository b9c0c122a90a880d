"""The script that MLflow keeps beside the fits of a family and runs to load them. Imported by nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from forecast.core.tables import Forecasts
from forecast.release.tracking.documents import Family, answer, read_family


class FamilyModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow has no type hints here
    """The fitted models of all areas of one family; the area is a column of the question."""

    family: Family
    forecasts: Forecasts | None = None

    def load_context(self, context: Any) -> None:
        """Restore every fit from its parameters and series."""
        self.family = read_family(Path(context.artifacts["fits"]).read_text(encoding="utf-8"))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Quantiles of the rows `area`, `horizon`, from the paths that the fits gave when they were made."""
        if self.forecasts is None:
            self.forecasts = self.family.forecasts()
        return answer(self.forecasts, model_input)


mlflow.models.set_model(FamilyModel())
