"""`/v1/areas` and `/v1/areas/{slug}`: what is counted, and what of it is forecast."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from forecast.core.areas import Area
from forecast.core.errors import AreaError
from service import bodies, query
from service.answers import ALIAS, Answer
from service.context import Context, context
from service.examples import answered
from service.problems import PARAMETERS, Problem, declared
from service.routes.formats import TABLES, offered, tabled
from service.routes.parameters import KindParameter, PanelParameter
from service.schemas import AreaAnswer, AreasAnswer

__all__ = ["known_areas", "router"]

router = APIRouter(tags=["areas"])

_ROWS = (
    f"{','.join(AreaAnswer.model_fields)}\r\n"
    'el-paso,"El Paso, TX",sector,usbp-sectors,"El Paso, TX",southwest,,true\r\n'
)


def known_areas(here: Context) -> list[Area]:
    """Every area that is known, panel by panel: of a fixed list all, of another panel those of its newest release."""
    areas: list[Area] = []
    for name, panel in here.catalogue.panels.items():
        release = here.release_cache.newest.get(name)
        slugs = panel.areas if panel.complete else () if release is None else release.by_slug
        areas += panel.ordered(slugs)
    return areas


def _entry(here: Context, area: Area) -> dict[str, Any]:
    release = here.release_cache.newest.get(area.panel)
    return bodies.filled(AreaAnswer, area, forecast=release is not None and area.slug in release.by_slug)


@offered(
    router,
    "/areas",
    formats=TABLES,
    summary="List areas",
    model=AreasAnswer,
    rows=_ROWS,
    each="area",
    problems=declared(*PARAMETERS, "not-acceptable", "internal"),
)
async def areas(request: Request, panel: PanelParameter = None, kind: KindParameter = None) -> Answer:
    """Areas of the panels, from the nation down.
    Cells and states are known once a release of their panel is published.
    """
    here, form = context(request), query.format_of(request, TABLES)
    rows = [_entry(here, one) for one in known_areas(here) if panel in (None, one.panel) and kind in (None, one.kind)]
    lines = (row | {"parents": " ".join(row["parents"])} for row in rows)
    return tabled(form, {"areas": rows}, tuple(AreaAnswer.model_fields), lines)


@router.get(
    "/areas/{slug}",
    summary="One area",
    response_model=AreaAnswer,
    responses=answered(AreaAnswer) | declared("unknown-area", "unknown-parameter", "internal"),
)
async def one_area(
    request: Request,
    slug: Annotated[str, Path(description="The area's slug, or its name as people write it.", examples=["el-paso"])],
) -> Answer:
    """An area's name, kind, panel and parents, and whether the newest release has figures for it.
    A name finds it as its slug does.
    """
    here = context(request)
    try:
        one = here.catalogue.named(slug)
    except AreaError as error:
        raise Problem("unknown-area", str(error), area=slug[:60]) from None
    return Answer(bodies.render(_entry(here, one)), "application/json", cache=ALIAS, keep=True)
