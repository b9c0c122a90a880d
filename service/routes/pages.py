"""The pages for people, with what belongs to them: `/`, `/areas`, `/areas/{slug}`, `/charts/{slug}.svg`, `/models`,
`/static/…`, `/docs`; and `/openapi.json`. Not part of the OpenAPI document.

A parameter that is no choice of the page is passed over: people cut links short, and sites add to them.
"""

from __future__ import annotations

import logging
from urllib.parse import quote

from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from forecast.core.areas import Area
from forecast.core.errors import AreaError, StoreError, one_line
from service import bodies
from service.answers import IMMUTABLE, LIVE, Answer
from service.context import Context, context
from service.dashboard.area import area_page, shown
from service.dashboard.assets import asset
from service.dashboard.choices import Choices, chosen
from service.dashboard.docs import docs
from service.dashboard.figures import upcoming
from service.dashboard.frame import HEADERS, page
from service.dashboard.index import index
from service.dashboard.listing import listing
from service.dashboard.live import live_page
from service.dashboard.picture import HEADERS as PICTURE_HEADERS
from service.dashboard.picture import picture
from service.dashboard.plans import answered
from service.problems import Problem
from service.routes.live import board

__all__ = ["router"]

log = logging.getLogger(__name__)

router = APIRouter(include_in_schema=False)


@router.get("/")
def front_page(request: Request) -> Answer:
    """The newest releases at a glance."""
    body, complete = index(context(request))
    return _page(body, keep=complete)


@router.get("/areas")
def area_list(request: Request) -> Response:
    """Every area, or where one is called what was asked for, the way to its page."""
    here, asked = context(request), request.query_params.get("q", "").strip()[:100]
    areas = here.catalogue.known
    area = _named(here, asked) if asked else None
    if area is not None and area in areas:
        return RedirectResponse(f"areas/{quote(area.slug)}", 303, HEADERS)
    return _page(listing(here, areas, asked), keep=not asked)


@router.get("/areas/{slug}")
async def one_area(request: Request, slug: str) -> Response:
    """The page of an area; by another name, the way to it."""
    here = context(request)
    area = _named(here, slug)
    if area is None or area not in here.catalogue.known:
        return _no_such_area(slug)
    if area.slug != slug:
        return RedirectResponse(quote(area.slug), 303, HEADERS)
    choices, unknown = _choices(request, here)
    release = here.release_cache.newest.get(area.panel)
    if release is not None and (first := upcoming(release, area)) is not None:
        choices = choices.dated(first)
    plans = await answered(here, area, choices)
    body, complete = await run_in_threadpool(area_page, here, area, choices, plans, unknown=unknown)
    return _page(body, keep=complete)


@router.get("/charts/{slug}.svg")
def chart(request: Request, slug: str) -> Answer:
    """The chart of an area as a file."""
    here = context(request)
    if not here.catalogue.knows(slug) or (area := here.catalogue.area(slug)) not in here.catalogue.known:
        raise Problem("unknown-area", f"No area has the slug {slug[:60]!r}.", area=slug[:60])
    drawn, complete = shown(here, area, _choices(request, here)[0])
    drawn = [one for one in drawn if one.months]
    if not drawn:
        raise Problem("no-forecast", f"There is neither a count nor a forecast of {slug}.", area=slug)
    body = picture(here, drawn, _choices(request, here)[0])
    return Answer(body, "image/svg+xml", cache=LIVE, keep=complete, headers=PICTURE_HEADERS)


@router.get("/static/{name}")
async def static(request: Request, name: str) -> Answer:
    """A script or the stylesheet, whose address names its content."""
    file = asset(name)
    if file is None:
        raise Problem("not-found", "No script or stylesheet of this version is called so. Load the page again.")
    return Answer(file.body, file.media_type, cache=IMMUTABLE, keep=True)


@router.get("/models")
def models_page(request: Request) -> Answer:
    """How what was issued did; without the store, that it cannot be read now."""
    here = context(request)
    try:
        boards = board(here), board(here, monthly=True)
    except (StoreError, SQLAlchemyError) as error:
        log.warning("The live board of a page cannot be read: %s", one_line(error)[:500])
        boards = None
    return _page(live_page(here.catalogue.panels, boards), keep=boards is not None)


@router.get("/docs")
async def documentation(request: Request) -> Answer:
    """The API for people."""
    return _page(docs(request.app.openapi()), keep=True)


@router.get("/openapi.json")
async def document(request: Request) -> Answer:
    """The API for programs."""
    return Answer(bodies.render(request.app.openapi()), "application/json", cache=LIVE, keep=True)


def _page(body: bytes, *, keep: bool) -> Answer:
    return Answer(body, "text/html; charset=utf-8", cache=LIVE, keep=keep, headers=HEADERS)


def _choices(request: Request, here: Context) -> tuple[Choices, list[str]]:
    """What was chosen, and the words that name no area to compare with."""
    words = [word.strip()[:100] for word in request.query_params.getlist("with") if word.strip()][:8]
    named = [(word, _named(here, word)) for word in words]
    known = tuple(area.slug for _, area in named if area is not None)
    return chosen(request.query_params, known), [word for word, area in named if area is None]


def _named(here: Context, words: str) -> Area | None:
    """The one area that is called so; None where there is none, or several."""
    try:
        return here.catalogue.named(words)
    except AreaError:
        return None


def _no_such_area(slug: str) -> Response:
    body = page("no_such_area.html", up="../", slug=slug)
    return Response(body, 404, {**HEADERS, "Cache-Control": "no-store"}, "text/html")
