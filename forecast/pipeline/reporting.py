"""Keeps the record that a retraining chooses by, as a comparison that can be looked at, and writes its report.
Computes no score.

Nothing here may stop a publication: what fails is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.core.months import Month
from forecast.core.tables import Counts, Forecasts
from forecast.core.version import code_version
from forecast.evaluation import stored
from forecast.evaluation.comparison import Comparison
from forecast.evaluation.report.page import page
from forecast.evaluation.report.whole import report
from forecast.recipe.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["html", "keep", "record_of"]

_FLOOR = "floor"


def record_of(
    counts: Counts,
    *,
    recipes: Sequence[Recipe],
    champion: Recipe,
    scores: pd.DataFrame,
    forecasts: tuple[Forecasts, ...],
    origins: Sequence[Month],
    horizon: int,
    made: datetime,
) -> Comparison:
    """The record of competing recipes as a comparison, against the floor where that competes."""
    names = [recipe.name for recipe in recipes]
    about = stored.About(
        panel=counts.panel.id,
        recipe=champion.name,
        floor=_FLOOR if _FLOOR in names else champion.name,
        origins=tuple(str(origin) for origin in origins),
        horizon=horizon,
        data_through=str(counts.through),
        data_digest=counts.digest,
        recipe_digest=champion.digest,
        code_version=code_version(),
        made_at=made.isoformat(timespec="seconds"),
        command=f"encounters retrain --panel {counts.panel.id} --force",
        kind="record",
    )
    return Comparison(counts, about, scores, forecasts)


def keep(folder: Path, kept: Comparison) -> None:
    """Put a record where `encounters compare` looks where there is no backtest. Raises TableError."""
    path = stored.place_of_record(folder, kept.about.panel)
    stored.keep(path, scores=kept.scores, about=kept.about, forecasts=kept.forecasts)


def html(kept: Comparison) -> str:
    """The report as one page."""
    return page([report(kept, commands=["encounters compare --html report.html"])])
