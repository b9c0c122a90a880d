"""Finishes the OpenAPI document: whole example answers, one shape for every problem. Declares no route."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from service import responses

__all__ = ["install"]


def install(app: FastAPI) -> None:
    """Let `app.openapi()` give the finished document."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        fresh = app.openapi_schema is None
        document = made()
        if fresh:
            _finish(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _finish(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["ProblemDocument"] = responses.ProblemDocument.model_json_schema()
    # FastAPI's own error bodies, which are never sent.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    # Put in here, because FastAPI leaves the nulls of examples out.
    for item in document["paths"].values():
        for operation in item.values():
            content = operation["responses"]["200"]["content"].get("application/json")
            if content is not None:
                name = content["schema"]["$ref"].rsplit("/", 1)[1]
                content["example"] = responses.example(getattr(responses, name))
