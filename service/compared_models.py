"""A compared model's forecasts in place of those that serve, as they were issued with a release. Writes no answer."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping
from dataclasses import replace

from starlette.concurrency import run_in_threadpool

from forecast.core.months import month_range
from forecast.release import issued_models
from forecast.release.issued_models import IssuedModel
from forecast.release.read import AreaForecast, Release
from service.context import Context
from service.problems import Problem
from service.query import ForecastQuery

__all__ = ["releases_of_model"]

# Decimals of a stored quantile, which has seven digits.
_DECIMALS = 2


async def releases_of_model(
    here: Context, releases: Mapping[str, Release], question: ForecastQuery
) -> Mapping[str, Release]:
    """The releases with the figures of the model in question; as they are where it is about what serves.

    Where nobody names a panel or an area, those that the model was issued with. Raises Problem where it was issued with
    none of them, or has no forecast of an area; StoreError.
    """
    if question.model is None:
        return releases
    named = {here.catalogue.area(slug).panel for slug in question.areas or ()} or {question.panel} - {None}
    wanted = [release for panel, release in releases.items() if panel in named or not named]
    having = [release for release in wanted if question.model in release.models]
    if wanted and (not having or (named and len(having) < len(wanted))):
        raise _unknown(question.model, [release for release in wanted if release not in having])
    made = [await run_in_threadpool(_with_model, here, release, question) for release in having]
    return {release.manifest.panel: release for release in made}


def _unknown(model: str, lacking: Collection[Release]) -> Problem:
    """The problem of a name that no model was issued under; it lists which there are."""
    known = sorted({name for release in lacking for name in release.models})
    said = f"Those that were: {', '.join(known)}." if known else "No compared model was. Ask of a newer release."
    if any(model == release.manifest.recipe for release in lacking):
        said = f"It is the recipe that serves: leave model out. {said}"
    ids = " or ".join(release.id for release in lacking)
    return Problem(
        "invalid-parameter", f"model: {model[:60]!r} was not issued with {ids}. {said}", parameter="model", known=known
    )


def _with_model(here: Context, release: Release, question: ForecastQuery) -> Release:
    """A release with a model's figures, of the areas in question alone."""
    (kept,) = issued_models.load(here.release_cache.engine, release.id, only=question.model)
    own = [slug for slug in question.areas or () if here.catalogue.area(slug).panel == release.manifest.panel]
    lacking = [slug for slug in own if slug in release.by_slug and slug not in kept.areas]
    if lacking:
        raise Problem(
            "no-forecast",
            f"{kept.model} has no forecast of {lacking[0]} in {release.id}: compared models forecast leaves, and sums "
            "of quantiles are no quantiles.",
            area=lacking[0],
            release=release.id,
        )
    areas = _areas(release, kept, set(own) or set(kept.areas))
    # What the release says of its intervals, and where the floor stands in, is said of the recipe; the other notes are
    # of the counts, which a compared model saw too.
    notes = tuple(note for note in release.manifest.notes if note not in release.manifest.recipe_notes)
    manifest = replace(release.manifest, fallbacks={}, scores={}, notes=notes, recipe_notes=())
    return replace(release, manifest=manifest, levels=kept.levels, areas=areas, model=kept.model)


def _areas(release: Release, kept: IssuedModel, wanted: Collection[str]) -> tuple[AreaForecast, ...]:
    months = tuple(month_range(release.manifest.origin + 1, kept.values.shape[1]))
    return tuple(
        AreaForecast(slug, months, None, array("d", values.round(_DECIMALS).T.ravel()))
        for slug, values in sorted(zip(kept.areas, kept.values, strict=True), key=lambda pair: pair[0])
        if slug in wanted
    )
