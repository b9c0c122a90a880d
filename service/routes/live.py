"""`/v1/models/live`: issued releases, and the models issued with them, beside the counts that came out later."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from forecast.core.scorecard import SCORED_COVERAGES
from forecast.release.live_board import LiveScore, live
from service import bodies, query
from service.answers import Answer
from service.context import Context, context
from service.examples import as_csv
from service.problems import PARAMETERS, declared
from service.routes.formats import TABLES, offered, tabled
from service.routes.parameters import PanelParameter
from service.schemas.resources import LiveBoardAnswer, LiveModel

__all__ = ["board", "router"]

router = APIRouter(tags=["models"])

_EMPTY = "No issued release has seen a later count yet: the next official month brings the first score."
Overall = Annotated[
    bool, Query(description="`true`: one row per panel and model over all months, rather than one per month.")
]


def board(here: Context, *, panel: str | None = None, monthly: bool = False) -> list[LiveScore]:
    """The board over the leaves that a served release knows. Raises StoreError."""
    areas = [slug for own in here.catalogue.panels.values() for slug, area in own.areas.items() if area.is_leaf()]
    return live(here.release_cache.engine, areas, panel=panel, monthly=monthly)


def _row(score: LiveScore) -> dict[str, Any]:
    return bodies.rounded(
        LiveModel,
        score,
        sWIS=score.score,
        recipe_sWIS=score.served,
        floor_sWIS=score.floor,
        over_recipe=score.score / score.served if score.served else None,
        over_floor=score.score / score.floor if score.floor else None,
    )


@offered(
    router,
    "/models/live",
    formats=TABLES,
    summary="Live board of models",
    model=LiveBoardAnswer,
    rows=as_csv(LiveModel),
    each="panel, month and model, or panel and model where `overall` is true",
    problems=declared(*PARAMETERS, "not-acceptable", "nothing-published", "store-unreachable", "internal"),
)
def models_live(request: Request, panel: PanelParameter = None, overall: Overall = False) -> Answer:
    """Every issued release, and each model whose forecasts were issued with it, scored by the counts that came later.

    Nothing is replayed: these forecasts were issued before their counts came out, so that the board is what a reader
    had. `recipe` is what served, whichever it was; `floor` a random walk from the same counts. Cells are leaves times
    releases; `recipe_sWIS` and `floor_sWIS` are on the model's own cells, so that a model is compared where it was
    issued. A revised count takes the place of the one before it. Models of releases before they were kept are missing.
    Behind the name of another program's forecasts, which were registered beside a release, stands `(outside)`.
    """
    form = query.format_of(request, TABLES)
    rows = [_row(score) for score in board(context(request), panel=panel, monthly=not overall)]
    document = {"note": None if rows else _EMPTY, "intervals": SCORED_COVERAGES, "live": rows}
    return tabled(form, document, tuple(LiveModel.model_fields), rows)
