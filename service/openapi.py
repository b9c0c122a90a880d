"""Finishes the OpenAPI document: whole examples, one shape for problems, what admission refuses. Declares no route."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI

from service.catalogue import Catalogue
from service.examples import example
from service.problems import ProblemDocument, declared, examples
from service.schemas.parts import Shape
from service.schemas.questions import CapacityBody, FrozenScenarioBody, ScenarioBody

__all__ = ["install"]

# What may be the answer to any request: admission before the routes says so.
_ANYWHERE = (
    *("malformed-request", "unknown-host", "key-needed", "head-too-slow", "body-too-long", "address-too-long"),
    *("too-many-requests", "headers-too-long", "too-busy", "too-slow"),
)
# Said by no operation: nothing is there to say it.
_NEVER_DECLARED = {"not-found", "method-not-allowed", "http-error"}
_KEYS = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, where the operator asks for one."},
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": "The same in a header of its own.",
    },
}


def install(app: FastAPI, catalogue: Callable[[], Catalogue]) -> None:
    """Let `app.openapi()` give the finished document, which lists the panels and kinds of areas that are there."""
    made, listed = app.openapi, Catalogue()

    def openapi() -> dict[str, Any]:
        nonlocal listed
        if (now := catalogue()) is not listed and (list(now.panels), now.kinds) != (list(listed.panels), listed.kinds):
            app.openapi_schema = None
        listed = now
        fresh = app.openapi_schema is None
        document = made()
        if fresh:
            _finish(document)
            _list(document, {"panel": list(listed.panels), "kind": list(listed.kinds)})
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _list(document: dict[str, Any], choices: Mapping[str, Sequence[str]]) -> None:
    """What a panel and a kind may be, in every parameter of that name."""
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in choices:
                text = next(one for one in parameter["schema"]["anyOf"] if one.get("type") == "string")
                text["enum"] = list(choices[parameter["name"]])


def _finish(document: dict[str, Any]) -> None:
    components = document["components"]["schemas"]
    components["ProblemDocument"] = ProblemDocument.model_json_schema()
    for model in (ScenarioBody, FrozenScenarioBody, CapacityBody):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}", by_alias=True)
        components |= {**schema.pop("$defs", {}), model.__name__: schema}
    # FastAPI's own error bodies, which are never sent.
    components.pop("HTTPValidationError", None)
    components.pop("ValidationError", None)
    document["components"]["securitySchemes"] = _KEYS
    document["components"]["examples"] = {name: one for name, one in examples().items() if name not in _NEVER_DECLARED}
    document["security"] = [{}, {"bearer": []}, {"header": []}]
    shared = {str(status): entry for status, entry in declared(*_ANYWHERE).items()}
    document["components"]["responses"] = {f"Refused{status}": entry for status, entry in shared.items()}
    known = Shape.known()
    for operation in _operations(document):
        for status in shared:
            operation["responses"].setdefault(status, {"$ref": f"#/components/responses/Refused{status}"})
        content = operation["responses"]["200"]["content"].get("application/json")
        if content is not None:  # examples are put in here, because FastAPI leaves their nulls out
            kinds = content["schema"].get("anyOf", [content["schema"]])
            names = [kind["$ref"].rsplit("/", 1)[1] for kind in kinds]
            content["examples"] = {name: {"value": example(known[name])} for name in names}


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for item in document["paths"].values() for operation in item.values()]
