"""Writes all that a retraining logs as JSON, CSV and PNG files into a folder of the outbox. Needs no MLflow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.core.errors import TrackingError
from forecast.core.tables import Series
from forecast.models.catalog import Member, options
from forecast.recipe.recipe import Pooled
from forecast.release.tracking import described, notes
from forecast.release.tracking.described import DescribedModel, DescribedRun, Retraining
from forecast.release.tracking.documents import counts_frame, family_text, settings_text
from forecast.release.tracking.handover import Handover, area_table, cost, fits_of, leaderboard, metrics

__all__ = ["describe"]

# Sums whose charts are drawn, beside the largest leaves.
_SUMS = 8
# MLflow keeps at most so many characters of a dataset's digest; the whole one is a tag of every run.
_DIGEST_LENGTH = 36
# The champion replays in the caller's process unless `model_config` says otherwise; worker processes need a main guard
# there.
_REPLAY = {"workers": 0, "deadline": 60.0}
# The libraries that decide the figures, in the versions that made them.
_PINNED = ("mlflow", "numpy", "pandas", "scipy", "statsmodels")


def describe(training: Handover, folder: Path) -> None:
    """Write a retraining into `folder`, for `sending.send`: whole, or not at all; one that is there is replaced.

    Raises TrackingError where the folder cannot be written.
    """
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        described.write(_describe(training, part), part)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    except OSError as error:
        raise TrackingError(
            f"{folder} cannot be written: {error.strerror or error}. Make room there, and the folder writable."
        ) from error


def _describe(training: Handover, folder: Path) -> Retraining:
    recipe, counts = training.run.recipe, training.run.counts
    origin = {"release_id": training.release_id, "data_digest": counts.digest, "code_version": training.code_version}
    named = {"recipe": recipe.name, "recipe_digest": recipe.digest}
    return Retraining(
        panel=training.panel,
        release_id=training.release_id,
        started=training.started.isoformat(),
        hindcast=training.hindcast,
        tags={
            "panel": training.panel,
            "data_through": str(counts.through),
            "hindcast": str(training.hindcast).lower(),
            "mlflow.source.name": "encounters retrain",
            **origin,
            **named,
        },
        model_tags=origin,
        version_tags={
            **origin,
            **named,
            "issued": training.started.isoformat(),
            "gates": "passed",
            "before": str(training.verdict.get("before", "")),
        },
        version_note=notes.of_version(training),
        dataset={
            "name": counts.panel.id,
            "digest": counts.digest[:_DIGEST_LENGTH],
            "source": {
                "description": f"official monthly counts of {counts.panel}, as published by {counts.as_of}",
                "vintages": list(counts.vintages),
                "through": str(counts.through),
            },
        },
        example=counts.open_areas[0],
        requirements=["encounter-forecast[train]", *(f"{name}=={metadata.version(name)}" for name in _PINNED)],
        parent=_parent(training, folder),
        families=tuple(_family(training, member, folder, place) for place, member in enumerate(training.members)),
    )


def _family(training: Handover, member: Member, folder: Path, place: int) -> DescribedRun:
    fits = fits_of(training, member)
    share = next((share for share in training.run.recipe.members if share.member == member), None)
    pooled = {"weight": share.weight if share else 0.0, "only": (share and share.only) or "all"}
    own = f"families/{place}"
    _table(folder / own, "areas", area_table(training.scores, member.label, fits))
    _documents(folder / own, {"fits.json": family_text(training.run, member, fits)})
    return DescribedRun(
        name=member.label,
        folder=own,
        tags={
            "kind": "family",
            "member": member.label,
            "family": member.model,
            notes.NOTE: notes.of_family(training, member, fits),
        },
        params=_texts({"model": member.model, **options(member.model), **dict(member.options), **pooled}),
        metrics={**metrics(training.scores, member.label), **cost(fits)},
        model=DescribedModel(member.label, "family"),
    )


def _parent(training: Handover, folder: Path) -> DescribedRun:
    run, recipe, scores, own = training.run, training.run.recipe, training.scores, folder / "parent"
    _table(own, "leaderboard", leaderboard(scores))
    _table(own, "areas", area_table(scores, recipe.name))
    _figures(training, own / "files")
    for name, text in training.documents.items():
        (own / "files" / name).write_text(text, encoding="utf-8")
    documents = {
        "counts.csv": counts_frame(run.counts).to_csv(index=False, float_format="%.17g"),
        "recipe.toml": recipe.text,
        "settings.json": settings_text(run, release_id=training.release_id, code_version=training.code_version),
    }
    _documents(own, documents)
    return DescribedRun(
        name=f"{run.counts.through} · {recipe.name}",
        folder="parent",
        tags={
            "kind": "retraining",
            "champion": training.champion,
            "verdict": json.dumps(dict(training.verdict), default=str),
            notes.NOTE: notes.of_retraining(training),
        },
        params=_texts(
            {
                "recipe": recipe.name,
                "purpose": recipe.purpose,
                "horizon": run.forecasts.horizon,
                "samples": recipe.samples,
                "seed": recipe.seed,
                "members": ", ".join(_share(share) for share in recipe.members),
                "compared": ", ".join(member.label for member in recipe.compared),
                "origins": ", ".join(sorted(set(scores["origin"]))),
            }
        ),
        metrics={**metrics(scores, recipe.name), **cost((*run.fits, *run.above))},
        model=DescribedModel(recipe.name, "recipe", _REPLAY),
    )


def _share(share: Pooled) -> str:
    where = f" ({share.only} only)" if share.only else ""
    return f"{share.member.label} x {share.weight:g}{where}"


def _texts(params: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}


def _table(folder: Path, name: str, frame: pd.DataFrame) -> None:
    place = folder / "tables" / f"{name}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    split = frame.to_dict("split", index=False)
    place.write_text(json.dumps({"columns": split["columns"], "data": split["data"]}), encoding="utf-8")


def _documents(folder: Path, texts: Mapping[str, str]) -> None:
    (folder / "model").mkdir(parents=True)
    for name, text in texts.items():
        (folder / "model" / name).write_text(text, encoding="utf-8")


def _figures(training: Handover, folder: Path) -> None:
    from forecast.release.charts import fan_charts, scores_by_horizon

    run, recipe, counts = training.run, training.run.recipe, training.run.counts
    totals = counts.totals()
    areas = [counts.panel.area(slug) for slug in run.forecasts.areas]
    sums = [area.slug for area in areas if not area.is_leaf() and counts.panel.is_shown(area)][:_SUMS]
    largest = sorted(counts.open_areas, key=lambda slug: -float(totals[slug][-1]))[:4]
    histories = [Series(slug, counts.first, totals[slug].copy()) for slug in (*sums, *largest)]
    caption = (
        f"Data through {counts.through}, as published by {counts.as_of} (digest {counts.digest[:10]}). "
        f"Recipe {recipe.name}, release {training.release_id}."
    )
    (folder / "figures").mkdir(parents=True)
    (folder / "recipe.toml").write_text(recipe.text, encoding="utf-8")
    fan_charts(histories=histories, forecasts=run.forecasts, panel=counts.panel, caption=caption).savefig(
        folder / "figures" / "forecasts.png"
    )
    if len(training.scores):
        chart = scores_by_horizon(training.scores, highlight=recipe.name, caption=caption)
        chart.savefig(folder / "figures" / "scores_by_horizon.png")
