"""The page at `/docs`: the OpenAPI document for people, and every kind of problem. Works without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from service.dashboard.frame import page
from service.problem_kinds import KINDS

__all__ = ["docs"]


def docs(document: Mapping[str, Any]) -> bytes:
    """The whole page. `document`: the application's OpenAPI document."""
    operations = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tried = (None, _command(path, operation)) if method == "post" else (_example(path, operation), None)
            operations.append((method, path, {"parameters": (), **operation}, *tried))
    return page(
        "docs.html",
        info=document["info"],
        operations=operations,
        problems=KINDS,
        paragraphs=_paragraphs,
        coded=_coded,
        facts=_facts,
    )


def _paragraphs(text: str) -> Markup:
    """As Markdown has it: a paragraph ends with an empty line, not with a line."""
    parts = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    return Markup().join(Markup("<p>{}</p>").format(_coded(part)) for part in parts if part)


def _coded(text: str) -> Markup:
    """A line in which backticks mark code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S704 (escaped)


def _command(path: str, operation: Mapping[str, Any]) -> str:
    """A command that asks with the document's example of a body."""
    body = next(iter(operation["requestBody"]["content"]["application/json"]["examples"].values()))["value"]
    return f"""curl "$HOST{path}" -H "Content-Type: application/json" -d '{json.dumps(body, indent=1)}'"""


def _facts(parameter: Mapping[str, Any]) -> str:
    """What to know of a parameter, in a line."""
    schema = parameter["schema"]
    options = [value for variant in schema.get("anyOf", [schema]) for value in variant.get("enum", [])]
    facts = [parameter["description"]]
    if options and parameter["name"] != "unit":
        facts.append(f"One of {', '.join(map(str, options))}.")
    if schema.get("default") is not None:
        facts.append(f"Default: {schema['default']}.")
    return " ".join(facts)


def _example(path: str, operation: Mapping[str, Any]) -> str | None:
    """An address that can be clicked; None where it would need the id of a release or of a frozen scenario."""
    parameters = operation.get("parameters", [])
    required = {one["name"]: one["schema"]["examples"][0] for one in parameters if one["required"]}
    if required.keys() & {"release", "name"}:
        return None
    asked = {one["name"]: "el-paso" for one in parameters if one["name"] == "area"}
    asked |= {one["name"]: required[one["name"]] for one in parameters if one["required"] and one["in"] == "query"}
    for name, value in required.items():
        path = path.replace("{" + name + "}", str(value))
    return f"{path}?{urlencode(asked)}" if asked else path
