"""For Schemathesis (SCHEMATHESIS_HOOKS): words that the service knows,
and what every refusal has to be beside what the document says.
"""

from __future__ import annotations

import json
import re

import schemathesis

from service.routes.parameters import IDENTITY, RELEASE, SLUGS
from service.schemas.questions import CAPACITY_EXAMPLE, SCENARIO_EXAMPLE, CapacityBody, ScenarioBody

__all__ = ["map_body", "map_query", "refusals_say_what_to_do"]

# What was frozen for it.
FROZEN = "A-2026-11-27"
# What was published for it, and what stands in for words drawn by chance, by where they may stand: nearly all would be
# refused.
KNOWN = {
    "area": (SLUGS["pattern"], ("el-paso", "nation,southwest", "tucson", "state-tx,el-paso", "blaine")),
    "release": (IDENTITY["pattern"], (RELEASE,)),
    "model": ("[A-Za-z0-9][A-Za-z0-9 ._=-]{0,99}", ("ets-log", "recipe")),
    "as_of": (r"\d{4}-\d{2}-\d{2}", ("2025-01-21", "2030-01-01")),
    "horizon": ("[1-9][0-9]*", ("1", "2", "3")),
    "threshold": (r"[0-9., ]+", ("0", "1500", "100,1000.5")),
    "change": (r"[-+0-9., ]+", ("25", "-50,-25,25,50")),
}

# What a request may be refused for whose parameters are each of their schema: what no schema can say, because it
# depends on the release or on another parameter; and a path that ends with the end of a line.
BEYOND_SCHEMAS = {
    "not-found",
    "invalid-parameter",
    "invalid-body",
    "unknown-area",
    "unknown-release",
    "unknown-scenario",
    "no-forecast",
    "before-first-release",
}


@schemathesis.hook
def map_query(ctx, query):
    """Three quarters of the words that fit their schema become words that are known;
    what does not fit stays, to be refused.
    """
    for name, (pattern, known) in KNOWN.items():
        word = str((query or {}).get(name, ""))
        if re.fullmatch(pattern, word) and len(word) % 4:
            query[name] = known[len(word) % len(known)]
    return query


@schemathesis.hook
def map_body(ctx, body):
    """Three quarters of the questions that fit their schema become one about what was published, with their own seed;
    what does not fit stays, to be refused.
    """
    if isinstance(body, dict) and set(body) == {"name"}:
        return {"name": FROZEN} if len(str(body["name"])) % 4 else body
    for model, example in ((ScenarioBody, SCENARIO_EXAMPLE), (CapacityBody, CAPACITY_EXAMPLE)):
        text = json.dumps(body, default=str)
        try:
            model.model_validate_json(text, strict=True)
        except ValueError:
            continue
        if len(text) % 4:
            return {**example, "seed": len(text)}
    return body


@schemathesis.check
def refusals_say_what_to_do(ctx, response, case):
    """Every refusal is a problem with a remedy;
    one of a request that its schema allows is one that no schema could have told.
    """
    if response.status_code >= 400:
        problem = response.json()
        assert problem["remedy"], problem
        assert problem["detail"], problem
        assert problem["request_id"] == response.headers["x-request-id"][0]
        if case.meta is not None and case.meta.generation.mode.is_positive:
            assert problem["type"].removeprefix("/docs#") in BEYOND_SCHEMAS, problem
