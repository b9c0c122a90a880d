"""Whole example answers for the OpenAPI document, as JSON and CSV, made of the examples of their members. Declares no
shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from forecast.release.shapes import csv_table

__all__ = ["answered", "as_csv", "example"]


def example(model: type[BaseModel]) -> dict[str, Any]:
    """A whole answer."""
    return {field.alias or name: _value(field.annotation, field.examples) for name, field in model.model_fields.items()}


def as_csv(shape: type[BaseModel], columns: Sequence[str] = ()) -> str:
    """A table of one row of a shape; `columns`: of it in that order, where not all are wanted."""
    values = example(shape)
    names = tuple(columns or values)
    cells = (" ".join(value) if isinstance(value, list) else value for value in map(values.get, names))
    return csv_table(names, [list(cells)]).decode()


def _value(kind: Any, examples: list[Any] | None) -> Any:
    if examples:
        return examples[0]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return inner[1].examples[0]
    if origin is list:
        return [_value(inner[0], None)]
    if origin is dict:
        return {_value(inner[0], None): _value(inner[1], None)}
    if origin is Literal:
        return inner[0]
    if origin is not None:  # a union: its first member is the one with a value
        return _value(inner[0], None)
    return example(kind)


def answered(model: Any, content: Mapping[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    """The 200 of a route in the OpenAPI document. `model`: of its JSON, or a union; `content`: other media types."""
    first = (get_args(model) or (model,))[0]
    return {200: {"description": (first.__doc__ or "").splitlines()[0], "content": dict(content or {})}}
