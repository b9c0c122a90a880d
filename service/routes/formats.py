"""One resource in several formats: at an address each, or as Accept prefers; and the answer that is a table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.responses import Response

from forecast.release import shapes
from service import bodies
from service.answers import ALIAS, Answer
from service.examples import answered
from service.query import MEDIA, Format
from service.routes.parameters import RELEASE

__all__ = ["EVERY", "TABLES", "offered", "tabled"]

EVERY: tuple[Format, ...] = ("json", "csv", "parquet")
TABLES: tuple[Format, ...] = ("json", "csv")

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_NAMES: dict[Format, str] = {"json": "JSON", "csv": "CSV", "parquet": "Parquet"}
_FOR: dict[Format, str] = {
    "csv": "for `pandas.read_csv` and spreadsheets. Text that a spreadsheet would run as a formula gets an apostrophe.",
    "parquet": "for `pandas.read_parquet`: the columns of the CSV with their types, months as timestamps of their "
    "first day.",
}


def offered(
    router: APIRouter,
    path: str,
    *,
    formats: tuple[Format, ...],
    summary: str,
    model: Any,
    rows: str,
    each: str,
    problems: dict[int | str, dict[str, Any]],
) -> Callable[[Endpoint], Endpoint]:
    """Register an endpoint, which finds the format by `query.format_of`, under all its addresses.

    `model`: of the JSON; `rows`: an example of the CSV, which has one row for `each`.
    """
    address = f"v1{path}.parquet?area=el-paso".replace("{release}", RELEASE)
    content: dict[Format, dict[str, Any]] = {
        "csv": {"schema": {"type": "string"}, "example": rows},
        "parquet": {
            "schema": {"type": "string", "contentMediaType": MEDIA["parquet"]},
            "examples": {"file": {"summary": "A file", "externalValue": address}},
        },
    }
    others = {MEDIA[form]: content[form] for form in formats[1:]}
    accepts = " or ".join(f"{_NAMES[form]} with `Accept: {MEDIA[form]}`" for form in formats[1:])

    def register(endpoint: Endpoint) -> Endpoint:
        name, said = endpoint.__name__, inspect.getdoc(endpoint)
        router.add_api_route(
            path,
            endpoint,
            name=name,
            summary=summary,
            description=f"{said}\n\nJSON, {accepts}.",
            response_model=model,
            responses=answered(model, others) | problems,
        )
        for form in formats[1:]:
            router.add_api_route(
                f"{path}.{form}",
                endpoint,
                name=f"{name}_{form}",
                summary=f"{summary}, as {_NAMES[form]}",
                description=f"One row per {each}, {_FOR[form]}\n\n{said}",
                response_class=Response,
                responses={
                    200: {"description": f"One row per {each}.", "content": {MEDIA[form]: content[form]}},
                    **problems,
                },
            )
        return endpoint

    return register


def tabled(form: Format, document: Any, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Answer:
    """A `document` as JSON, or its `rows` as CSV, empty where one lacks a column; kept until the store changes."""
    if form == "csv":
        table = shapes.csv_table(columns, ([row.get(name) for name in columns] for row in rows))
        return Answer(table, MEDIA["csv"], cache=ALIAS, keep=True)
    return Answer(bodies.render(document), MEDIA["json"], cache=ALIAS, keep=True)
