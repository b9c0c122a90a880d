"""`/v1/observations`: the official counts, as they are known now or were public on a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Request
from sqlalchemy import Engine

from forecast.core.areas import Area
from forecast.core.months import Month
from forecast.release import corrections, read
from forecast.release.corrections import Correction
from forecast.release.intervals import in_words
from forecast.release.read import Observation
from forecast.release.shapes import Table
from service import bodies, query
from service.answers import ALIAS, Answer
from service.catalogue import Catalogue
from service.choosing import check_panel_and_kind
from service.context import Context, context
from service.heavy import MANY_COUNTED
from service.packed import in_pieces
from service.problems import PARAMETERS, declared
from service.query import Format
from service.routes.formats import EVERY, offered
from service.routes.parameters import AsOf, FromParameter, KindParameter, PanelParameter, ToParameter, areas_named
from service.schemas.parts import CorrectionShape
from service.schemas.resources import ObservationsAnswer, ObservedArea, ObservedMonth

__all__ = ["router"]

router = APIRouter(tags=["observations"])

_ROWS = 'area,name,month,count,precision,published\r\nel-paso,"El Paso, TX",2024-11,9120,1,2024-12-19\r\n'

# The columns of the tables and their Arrow types; months are timestamps of their first day.
_TYPES = {
    "area": "string",
    "name": "string",
    "month": "timestamp[us]",
    "count": "int64",
    "precision": "int64",
    "published": "date32",
}

Areas = Annotated[str | None, areas_named("all of the panel or kind")]


# Pieces of a long answer are read and written for so many areas at once.
_SLICE = 10


def _chosen(request: Request, area: str | None, panel: str | None, kind: str | None) -> tuple[str, ...]:
    """The slugs of the areas asked for, in that order. Raises Problem where none is, or two parameters differ."""
    slugs, catalogue = query.slugs(request, area), context(request).catalogue
    if slugs is not None:
        for one in map(catalogue.area, slugs):
            check_panel_and_kind(one, panel, kind)
        return slugs
    if panel is None and kind is None:
        example = "panel=cbp-states&kind=state"
        raise query.invalid("area", f"name some areas, or all of a panel or of a kind ({example}). See /v1/areas.")
    known = [one for one in context(request).catalogue.known if panel in (None, one.panel)]
    slugs = tuple(one.slug for one in known if kind in (None, one.kind))
    if not slugs:
        kinds = ", ".join(sorted({one.kind for one in known})) or "no area until its first release is published"
        name = "panel" if kind is None else "kind"
        raise query.invalid(name, f"there is no {kind or 'area'} in {panel or 'any panel'}. It has {kinds}.")
    return slugs


class _CountsQuestion(NamedTuple):
    slugs: tuple[str, ...]
    first: Month | None
    last: Month | None
    as_of: date | None


def _written(here: Context, question: _CountsQuestion, form: Format) -> Iterator[bytes]:
    """The answer piece by piece, a few areas each; a single one where it is Parquet."""
    engine, catalogue = here.release_cache.engine, here.catalogue
    months = read.observations_in_slices(
        engine, question.slugs, first=question.first, last=question.last, as_of=question.as_of, slice_size=_SLICE
    )
    if form == "json":
        return _json(engine, catalogue, question, months)
    table = Table(
        _TYPES, (_piece(catalogue.area(slug), counts) for series in months for slug, counts in series.items())
    )
    return table.csv() if form == "csv" else iter([table.parquet()])


def _piece(place: Area, counts: list[Observation]) -> list[Any]:
    """The rows of an area."""
    names = ("month", "count", "precision", "published")
    return [place.slug, place.name, *([getattr(one, name) for one in counts] for name in names)]


def _json(
    engine: Engine, catalogue: Catalogue, question: _CountsQuestion, slices: Iterable[dict[str, list[Observation]]]
) -> Iterator[bytes]:
    panels = dict.fromkeys(catalogue.area(slug).panel for slug in question.slugs)
    unit = " or ".join(dict.fromkeys(in_words(catalogue.panels[panel], "month") for panel in panels))
    head = bodies.render({"as_of": question.as_of, "unit": unit})
    before = head[:-1] + b',"observations":['
    corrected: set[Correction] = set()
    for series in slices:
        yield before + bodies.render([_entry(catalogue.area(slug), months) for slug, months in series.items()])[1:-1]
        before = b","
        corrected.update(_corrected(engine, question, series))
    listed = [bodies.filled(CorrectionShape, one) for one in sorted(corrected, key=lambda one: (one.at, one.sha256))]
    yield b'],"corrections":' + bodies.render(listed) + b"}"


def _corrected(engine: Engine, question: _CountsQuestion, series: dict[str, list[Observation]]) -> list[Correction]:
    """What was corrected since these counts were first answered as of a day in the past."""
    if question.as_of is None:
        return []
    answer = [one for months in series.values() for one in months]
    return corrections.corrected_answers(
        engine, answer, series, as_of=question.as_of, first=question.first, last=question.last
    )


def _entry(place: Area, months: list[Observation]) -> dict[str, Any]:
    return bodies.filled(
        ObservedArea, place, area=place.slug, months=[bodies.filled(ObservedMonth, one) for one in months]
    )


@offered(
    router,
    "/observations",
    formats=EVERY,
    summary="Official counts",
    model=ObservationsAnswer,
    rows=_ROWS,
    each="area and month",
    problems=declared(*PARAMETERS, "not-acceptable", "nothing-published", "store-unreachable", "too-busy", "internal"),
)
async def observations(
    request: Request,
    area: Areas = None,
    panel: PanelParameter = None,
    kind: KindParameter = None,
    first: FromParameter = None,
    to: ToParameter = None,
    as_of: AsOf = None,
) -> Answer:
    """Encounters per month of the areas named, or of all of a panel or kind.

    Of each month the newest figure published by `as_of`; a month without one is left out.
    """
    form = query.format_of(request, EVERY)
    slugs, here = _chosen(request, area, panel, kind), context(request)
    question = _CountsQuestion(slugs, *query.months_between(first, to), query.day("as_of", as_of))
    pieces, heavy = partial(_written, here, question, form), len(question.slugs) > MANY_COUNTED
    return await in_pieces(here.heavy, pieces, query.MEDIA[form], heavy=heavy, cache=ALIAS, keep=True)
