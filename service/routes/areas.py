"""`/v1/areas` and `/v1/areas/{slug}`: what is counted, and what of it is forecast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from forecast.core.areas import Area
from forecast.core.errors import AreaError
from forecast.release import shapes
from service import bodies, query
from service.answers import ALIAS, Answer
from service.context import Context, context
from service.examples import answered, as_csv
from service.packed import in_pieces
from service.problems import PARAMETERS, Problem, declared
from service.query import MEDIA, Format
from service.routes.formats import TABLES, offered
from service.routes.parameters import KindParameter, PanelParameter
from service.schemas.resources import AreaAnswer, AreasAnswer

__all__ = ["router"]

router = APIRouter(tags=["areas"])

# Areas that are written at once; a longer answer is heavy, and written so many at a time.
_SLICE = 1000

Limit = Annotated[
    int | None,
    Query(
        ge=1,
        le=10**9,
        description="At most so many areas; absent: all. An answer with fewer is the last.",
        examples=[100],
    ),
]
Offset = Annotated[
    int,
    Query(ge=0, le=10**9, description="Areas that are passed over; the order moves with releases.", examples=[0]),
]


def _entry(here: Context, area: Area) -> dict[str, Any]:
    release = here.release_cache.newest.get(area.panel)
    return bodies.filled(AreaAnswer, area, forecast=release is not None and area.slug in release.by_slug)


@offered(
    router,
    "/areas",
    formats=TABLES,
    summary="List areas",
    model=AreasAnswer,
    rows=as_csv(AreaAnswer),
    each="area",
    problems=declared(*PARAMETERS, "not-acceptable", "too-busy", "internal"),
)
async def areas(
    request: Request,
    panel: PanelParameter = None,
    kind: KindParameter = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> Answer:
    """Areas of the panels, from the nation down; of thousands a part at a time, with `limit` and `offset`.
    Cells and states are known once a release of their panel is published.
    """
    here, form = context(request), query.format_of(request, TABLES)
    chosen = (one for one in here.catalogue.known if panel in (None, one.panel) and kind in (None, one.kind))
    wanted = list(islice(chosen, offset, None if limit is None else offset + limit))
    pieces = partial(_written, here, wanted, form)
    return await in_pieces(here.heavy, pieces, MEDIA[form], heavy=len(wanted) > _SLICE, cache=ALIAS, keep=True)


def _written(here: Context, areas: Sequence[Area], form: Format) -> Iterator[bytes]:
    """The answer, some areas at a time."""
    before = b'{"areas":['
    for start in range(0, max(len(areas), 1), _SLICE):
        rows = [_entry(here, one) for one in areas[start : start + _SLICE]]
        if form == "csv":
            lines = [list((row | {"parents": " ".join(row["parents"])}).values()) for row in rows]
            yield shapes.csv_rows(lines) if start else shapes.csv_table(tuple(AreaAnswer.model_fields), lines)
        else:
            yield before + bodies.render(rows)[1:-1]
            before = b","
    if form == "json":
        yield b"]}"


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
