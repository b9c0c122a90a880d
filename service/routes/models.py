"""`/v1/models`: how the models did at past origins, as the served releases hold it. Scores nothing, loads no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request

from forecast.core.scorecard import FIGURES, SCORED_COVERAGES
from forecast.release.read import Release
from service import bodies, query
from service.answers import Answer
from service.context import context
from service.examples import as_csv
from service.problems import PARAMETERS, Problem, declared
from service.routes.formats import TABLES, offered, tabled
from service.routes.parameters import PanelParameter
from service.schemas.resources import Evaluation, ModelsAnswer, ModelScores

__all__ = ["router"]

router = APIRouter(tags=["models"])

_COLUMNS = tuple(ModelScores.model_fields)


def _evaluation(release: Release) -> dict[str, Any]:
    """What a release's manifest says of its evaluation, beside the scores."""
    manifest = release.manifest
    scores = manifest.scores
    return bodies.filled(
        Evaluation,
        manifest,
        release=release.id,
        data_through=manifest.origin,
        run_id=release.run_id,
        origins=scores.get("origins", []),
        selection=scores.get("selection"),
        confidence=scores.get("confidence", []),
        exceedance=scores.get("exceedance", {}).get("figures", []),
        decisions=scores.get("decisions", {}).get("figures", []),
        issued=list(release.models),
        note=None if scores.get("figures") else "The release was published without an evaluation.",
    )


def _rows(release: Release) -> Iterator[dict[str, Any]]:
    """A release's models by group, best first; figures that the release lacks are None, and sort last."""
    manifest = release.manifest
    figures: Mapping[str, Mapping[str, Mapping[str, float]]] = manifest.scores.get("figures", {})
    selection: Mapping[str, Any] = manifest.scores.get("selection") or {}
    competing = {manifest.recipe, selection.get("before"), *(one["name"] for one in selection.get("challengers", []))}
    # All leaves, those that the panel is judged on, the other groups as the release has them, the sums.
    last = {"all": 0, release.panel.judged_on: 1, "total": 3}
    for group in sorted(figures, key=lambda name: last.get(name, 2)):
        ranked = sorted(figures[group].items(), key=lambda pair: pair[1].get("sWIS", float("inf")))
        for rank, (model, scores) in enumerate(ranked, start=1):
            head = (manifest.panel, release.id, group, rank, model, model == manifest.recipe, model in competing)
            yield dict(zip(_COLUMNS, (*head, *map(scores.get, FIGURES)), strict=True))


@offered(
    router,
    "/models",
    formats=TABLES,
    summary="Models and their scores",
    model=ModelsAnswer,
    rows=as_csv(ModelScores),
    each="panel, group and model",
    problems=declared(*PARAMETERS, "not-acceptable", "nothing-published", "internal"),
)
async def models(request: Request, panel: PanelParameter = None) -> Answer:
    """How recipes and model families did at past origins, in the evaluation before each served release, best first.

    `champion` marks the recipe that made the release's figures, `competes` the recipes that could have; the others are
    families alone. Scores are of past origins on the figures known at the release, so that they are better than a
    forecast's in real time: see `/v1/accuracy` for those. How the champion is chosen, and why a challenger was not, is
    in `selection`.
    """
    form = query.format_of(request, TABLES)
    newest = context(request).release_cache.newest
    served = [release for name, release in newest.items() if panel in (None, name)]
    if not served:
        raise Problem("nothing-published", f"No release of {panel or 'any panel'} has been published yet.")
    rows = [row for release in served for row in _rows(release)]
    document = {
        "evaluations": {release.manifest.panel: _evaluation(release) for release in served},
        "intervals": list(SCORED_COVERAGES),
        "models": rows,
    }
    return tabled(form, document, _COLUMNS, rows)
