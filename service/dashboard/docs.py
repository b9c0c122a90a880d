"""The page at `/docs`: the OpenAPI document for people, and every kind of problem. Works without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from service.dashboard.frame import page
from service.problem_kinds import KINDS

__all__ = ["docs"]


def docs(document: Mapping[str, Any]) -> bytes:
    """The whole page. `document`: the application's OpenAPI document."""
    info = document["info"]
    parts = [
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>",
        _paragraphs(info["description"]),
    ]
    parts.append(
        '<pre>curl "$HOST/v1/forecasts?area=el-paso"\n'
        'pandas.read_csv(f"{host}/v1/forecasts.csv?area=el-paso,southwest")</pre>'
    )
    parts.append("<h2>Addresses</h2>")
    parts += [
        _operation(path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    parts.append("<h2>Problems</h2>" + "".join(_problem(name) for name in KINDS))
    return page(info["title"], "".join(parts))


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_coded(line)}</p>" for line in text.splitlines() if line.strip())


def _coded(text: str) -> str:
    """HTML of a line in which backticks mark code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(_parameter(one) for one in operation.get("parameters", []))
    table = f'<div class="wide"><table><tbody>{rows}</tbody></table></div>' if rows else ""
    tried = _asked(path, operation) if method == "post" else _linked(path, operation)
    title = f"<h3>{method.upper()} <code>{escape(path)}</code></h3><p>{escape(operation['summary'])}.</p>"
    return f"{title}{_paragraphs(operation['description'])}{table}{tried}"


def _linked(path: str, operation: Mapping[str, Any]) -> str:
    address = _example(path, operation)
    return f'<p>Try: <a href="{escape(address.removeprefix("/"))}">{escape(address)}</a></p>' if address else ""


def _asked(path: str, operation: Mapping[str, Any]) -> str:
    """A command that asks with the document's example of a body."""
    body = next(iter(operation["requestBody"]["content"]["application/json"]["examples"].values()))["value"]
    text = json.dumps(body, indent=1)
    command = f"""curl "$HOST{path}" -H "Content-Type: application/json" -d '{text}'"""
    return f"<pre>{escape(command)}</pre>"


def _parameter(one: Mapping[str, Any]) -> str:
    schema = one["schema"]
    options = [value for variant in schema.get("anyOf", [schema]) for value in variant.get("enum", [])]
    facts = [one["description"]]
    if options and one["name"] != "unit":
        facts.append(f"One of {', '.join(map(str, options))}.")
    if schema.get("default") is not None:
        facts.append(f"Default: {schema['default']}.")
    return f"<tr><th><code>{escape(one['name'])}</code></th><td>{_coded(' '.join(facts))}</td></tr>"


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


def _problem(name: str) -> str:
    kind = KINDS[name]
    return f'<h3 id="{name}">{kind.status} {escape(kind.title)}</h3><p>{escape(kind.remedy)}</p>'
