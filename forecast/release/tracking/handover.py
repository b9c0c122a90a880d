"""What a retraining hands over to be tracked, and its metrics and tables by model and area. Knows no MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from forecast.core.scorecard import FIGURES
from forecast.models.catalog import Member
from forecast.models.fitting import Fit
from forecast.recipe.recipe import Run

__all__ = ["Handover", "area_table", "cost", "fits_of", "leaderboard", "metrics"]

_MOST_GROUPS = 12  # whose means are logged apart
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Handover:
    """One retraining of one panel.

    `run`: the production run, with the fits of every member. `scores`: one row per model, area, origin and horizon,
    with the columns `model, area, group, origin, horizon` and FIGURES; `group` is a leaf's own and
    total for a sum. `champion`: the recipe that serves. `verdict`: what the choice and the gates said, JSON values.
    `started`: aware. `hindcast`: made for a past as-of date, so that it never becomes the registered champion.
    `documents`: name -> text of files that are kept beside the figures.
    """

    panel: str
    release_id: str
    run: Run
    scores: pd.DataFrame
    champion: str
    verdict: Mapping[str, Any]
    code_version: str
    started: datetime
    hindcast: bool = field(default=False, kw_only=True)
    documents: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @property
    def members(self) -> tuple[Member, ...]:
        """The members that were fitted, pooled ones first."""
        fitted = {fit.member.label for fit in self.run.fits}
        return tuple(member for member in self.run.recipe.fitted if member.label in fitted)


def fits_of(training: Handover, member: Member) -> tuple[Fit, ...]:
    """The fits of one member, one per area; with that of the total, where that is forecast by itself."""
    return tuple(fit for fit in (*training.run.fits, *training.run.above) if fit.member.label == member.label)


def metrics(scores: pd.DataFrame, model: str) -> dict[str, float]:
    """Mean of every figure over the leaves' cells, and by scored group and over the sums (`_southwest`, `_total`)."""
    own = scores[scores["model"] == model]
    groups = sorted(set(own["group"]))
    apart = {f"_{group}": own[own["group"] == group] for group in groups if len(groups) <= _MOST_GROUPS}
    parts = {"": own[own["group"] != "total"], **apart}
    return {
        f"{figure}{suffix}": float(part[figure].mean())
        for suffix, part in parts.items()
        if len(part)
        for figure in FIGURES
    }


def cost(fits: tuple[Fit, ...]) -> dict[str, float]:
    """What fitting took: seconds of workers, also per fit; the largest worker in MB (10^6 bytes); fits, failures."""
    seconds = sum(fit.seconds for fit in fits)
    return {
        "fit_seconds": seconds,
        "fit_seconds_per_fit": seconds / len(fits),
        "peak_memory_mb": max(fit.peak_memory for fit in fits) / _MEGABYTE,
        "fits": float(len(fits)),
        "failures": float(sum(fit.failure is not None for fit in fits)),
    }


def area_table(scores: pd.DataFrame, model: str, fits: tuple[Fit, ...] = ()) -> pd.DataFrame:
    """One row per area: the mean of every figure, the number of `cells`, and with `fits` what became of each fit."""
    own = scores[scores["model"] == model].groupby(["area", "group"], sort=False)
    table = own[list(FIGURES)].mean().assign(cells=own.size()).reset_index()
    if not fits:
        return table
    made = pd.DataFrame(
        {
            "area": [fit.area for fit in fits],
            "seconds": [round(fit.seconds, 4) for fit in fits],
            "failure": [fit.failure or "" for fit in fits],
            "notes": ["; ".join(fit.notes) for fit in fits],
        }
    )
    return made.merge(table, on="area", how="left")[[*table.columns, "seconds", "failure", "notes"]]


def leaderboard(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean of every figure and the number of `cells` per group and model, best sWIS first."""
    grouped = scores.groupby(["group", "model"], sort=False)
    table = grouped[list(FIGURES)].mean().assign(cells=grouped.size()).reset_index()
    return table.sort_values(["group", *list(FIGURES)[:1]], ignore_index=True)
