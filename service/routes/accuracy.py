"""`/v1/accuracy`: what issued releases said, beside the counts that came out later, and what decisions on it cost."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Query, Request
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from forecast.core.scorecard import COST_RATIOS, SCORED_COVERAGES
from forecast.release import issued_scores as scores
from forecast.release.issued_costs import costs
from forecast.release.issued_scores import Tally
from service import bodies, query
from service.answers import Answer
from service.catalogue import Catalogue
from service.choosing import check_panel_and_kind
from service.context import Context, context
from service.examples import as_csv
from service.heavy import MANY_COUNTED
from service.problems import PARAMETERS, declared
from service.query import Format
from service.replay_record import areas_with_a_release, replay_record
from service.routes.formats import TABLES, offered, tabled
from service.routes.parameters import AreaParameter, HindcastsParameter, PanelParameter, listed
from service.schemas.accuracy import (
    Accuracy,
    AccuracyAnswer,
    AccuracyDecisionsAnswer,
    AccuracyReplayedAnswer,
    AreaAccuracy,
    DecisionCost,
    ReplayedAccuracy,
)

__all__ = ["router"]

router = APIRouter(tags=["accuracy"])

_COLUMNS = ("panel", "area", "name", "kind", "lead", *list(Accuracy.model_fields)[1:])
# Beyond every horizon that a release has, so that a slip of the finger is not taken for a lead without scores.
_FURTHEST = 36

LeadParameter = Annotated[
    str | None,
    Query(
        description="Months from the month of issue, separated by commas; negative: past at issue. Absent: all.",
        examples=["0", "0,1,2"],
        json_schema_extra=listed("-?[0-9]{1,2}"),
    ),
]
IncludeParameter = Annotated[
    Literal["decisions", "replayed"] | None,
    Query(
        description="`decisions`: what planning on the forecasts cost too, where a missing place costs "
        f"{', '.join(map(str, COST_RATIOS[:-1]))} or {COST_RATIOS[-1]} idle ones. As CSV: columns behind the others. "
        "`replayed`: how often the intervals of the served release's method would have held the last year's counts, "
        "had it been asked 1, 3, 6 and 12 months before; `lead` and `hindcasts` leave that as it is. As "
        "CSV: those rows in place of the others.",
        examples=["decisions"],
    ),
]
_PRICED = ("cost", "median_cost", "saved")
_COST_COLUMNS = tuple(f"{name}_{ratio}" for ratio in COST_RATIOS for name in _PRICED)
# Scored forecasts from which pricing is heavy: of each all levels are read.
_HEAVY = 2_000


def _leads(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    allowed = {str(lead): lead for lead in range(-_FURTHEST, _FURTHEST + 1)}
    known = f"Use whole months from -{_FURTHEST} to {_FURTHEST}, separated by commas."
    return query.numbers("lead", text, allowed, known=known)


class _Asked(NamedTuple):
    """`areas`: of the rows, in their order; `together`: of the means over all; `cells`: what both are limited to."""

    areas: tuple[str, ...]
    together: tuple[str, ...]
    cells: dict[str, Any]


def _asked(request: Request, area: str | None, lead: str | None, panel: str | None, hindcasts: bool) -> _Asked:
    """What a request asks of. Raises Problem, StoreError."""
    here = context(request)
    catalogue = here.catalogue
    slugs, cells = query.slugs(request, area), {"panel": panel, "leads": _leads(lead), "hindcast": hindcasts}
    if slugs is not None:
        for slug in slugs:
            check_panel_and_kind(catalogue.area(slug), panel, None)
        return _Asked(slugs, slugs, cells)
    # A leaf of a table that was withdrawn since is described by no release that is served.
    scored = scores.scored_areas(here.release_cache.engine, panel)
    known = sorted(filter(catalogue.knows, scored), key=lambda slug: catalogue.place(catalogue.area(slug)))
    # Sums of leaves would count twice in a mean over all.
    leaves = tuple(slug for slug in known if catalogue.area(slug).is_leaf())
    return _Asked(tuple(known), leaves, cells)


def _means(engine: Engine, asked: _Asked) -> tuple[list[Tally], list[Tally]]:
    """The means over everything asked for, by panel, and those by area and lead. Raises StoreError."""
    overall = scores.tallies(engine, areas=asked.together, **asked.cells)
    rows = scores.tallies(engine, areas=asked.areas, by=("area", "lead"), **asked.cells)
    order = {slug: place for place, slug in enumerate(asked.areas)}
    return overall, sorted(rows, key=lambda row: (order[str(row.area)], row.lead or 0))


def _figures(tally: Tally) -> dict[str, Any]:
    return bodies.rounded(Accuracy, tally, sWIS=tally.score, floor_sWIS=tally.floor)


def _row(tally: Tally, catalogue: Catalogue) -> dict[str, Any]:
    area = catalogue.area(str(tally.area))
    head = {"panel": tally.panel, "area": area.slug, "name": area.name, "kind": area.kind, "lead": tally.lead}
    return head | _figures(tally)


def _why_empty(engine: Engine, hindcasts: bool) -> str:
    kind = "hindcast" if hindcasts else "issued release"
    if scores.tallies(engine, hindcast=hindcasts):
        return f"No {kind} has a score for these areas and leads. Leave out area, lead and panel to see what is scored."
    if hindcasts:
        return (
            "No hindcast of months with a count is there. Make one; it is scored at once: encounters retrain "
            "--as-of 2024-06-30."
        )
    return (
        f"No {kind} has seen a later count yet. The first is scored by the retraining after the next official month:"
        " encounters ingest FILE, encounters retrain."
    )


def _with_replays(here: Context, asked: _Asked, form: Format, slugs: tuple[str, ...]) -> Answer:
    """The answer with what replays would have held; as CSV that alone. Raises StoreError."""
    rows, engine = list(replay_record(here, slugs)), here.release_cache.engine
    document = {}
    if form == "json":
        overall, by_area = _means(engine, asked)
        figures, issued = [_figures(one) for one in overall], [_row(one, here.catalogue) for one in by_area]
        document = _document(engine, asked, figures, issued) | {"replayed": rows}
    return tabled(form, document, tuple(ReplayedAccuracy.model_fields), rows)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row with a column for each cost."""
    return row | {f"{name}_{one['ratio']}": one[name] for one in row.get("decisions", ()) for name in _PRICED}


def _written(
    here: Context, asked: _Asked, means: tuple[list[Tally], list[Tally]], form: Format, *, priced: bool
) -> Answer:
    """The answer; with what decisions cost where they are `priced`. Raises StoreError, LevelsError."""
    engine, catalogue, (tallies, by_area) = here.release_cache.engine, here.catalogue, means
    overall, rows = [_figures(one) for one in tallies], [_row(one, catalogue) for one in by_area]
    if priced:
        prices = costs(engine, areas=asked.areas, together=asked.together, **asked.cells)
        for one, row in zip((*tallies, *by_area), (*overall, *rows), strict=True):
            costed = prices.get((one.panel, one.area, one.lead), ())
            row["decisions"] = [bodies.rounded(DecisionCost, cost) for cost in costed]
    columns = (*_COLUMNS, *_COST_COLUMNS) if priced else _COLUMNS
    return tabled(form, _document(engine, asked, overall, rows), columns, map(_flat, (*overall, *rows)))


def _document(
    engine: Engine, asked: _Asked, overall: list[dict[str, Any]], rows: list[dict[str, Any]]
) -> dict[str, Any]:
    hindcasts = asked.cells["hindcast"]
    return {
        "hindcasts": hindcasts,
        "note": None if rows else _why_empty(engine, hindcasts),
        "intervals": SCORED_COVERAGES,
        "overall": overall,
        "accuracy": rows,
    }


@offered(
    router,
    "/accuracy",
    formats=TABLES,
    summary="Accuracy of issued releases",
    model=AccuracyAnswer | AccuracyDecisionsAnswer | AccuracyReplayedAnswer,
    rows=as_csv(AreaAccuracy, _COLUMNS),
    each="area and lead, after one per panel over all, in which area and lead are empty",
    problems=declared(*PARAMETERS, "not-acceptable", "nothing-published", "store-unreachable", "too-busy", "internal"),
)
async def accuracy(
    request: Request,
    area: AreaParameter = None,
    lead: LeadParameter = None,
    panel: PanelParameter = None,
    hindcasts: HindcastsParameter = False,
    include: IncludeParameter = None,
) -> Answer:
    """Every release beside the counts that came out after it,
    by area and lead, with the score of a naive floor from the same counts.

    `sWIS` is the weighted interval score of the median and the intervals that `intervals` names, over the area's own
    mean change within a year; `ratio` compares it with the floor's: below 1 is better. `coverage_80` is the share of
    counts that 80 % intervals held. A revised count replaces the one before it. `overall` is over the areas that are
    asked for, or over all leaves.
    """
    form, here = query.format_of(request, TABLES), context(request)
    asked = await run_in_threadpool(_asked, request, area, lead, panel, hindcasts)
    if include == "replayed":
        slugs = asked.areas if area is not None else areas_with_a_release(here, panel)
        write, heavy = partial(_with_replays, here, asked, form, slugs), len(slugs) > MANY_COUNTED
    else:
        means = await run_in_threadpool(_means, here.release_cache.engine, asked)
        write = partial(_written, here, asked, means, form, priced=include is not None)
        heavy = include is not None and sum(one.n for one in means[1]) > _HEAVY
    return await (here.heavy.run(write) if heavy else run_in_threadpool(write))
