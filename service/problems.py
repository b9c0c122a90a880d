"""Every error as RFC 9457 problem+json: what went wrong, and what to do. Knows no route.

A problem's `type` points at its paragraph on the page of documentation.
"""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from forecast.core.errors import EncountersError, NoRelease, PlanError, StoreError, one_line
from service.context import context
from service.heavy import TooBusy
from service.problem_kinds import KINDS
from service.request_bodies import BodyRefused

__all__ = [
    "MEDIA_TYPE",
    "PARAMETERS",
    "REQUEST_ID",
    "ROOT",
    "SECURITY_HEADERS",
    "Problem",
    "ProblemDocument",
    "declared",
    "did_you_mean",
    "examples",
    "install",
    "refusal",
]

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)

# Where a request's id stands in its scope.
REQUEST_ID = "encounters.request_id"
# Where its scope holds the path under which clients find the service; not in it where they find it at the root.
ROOT = "encounters.root"

# For every answer: figures and pages are read as what they are, never framed, and load nothing from elsewhere.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # Public figures: any page may use them, which CORS rules more finely.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


# Seconds after which a client tries again what another process has to bring about: about one retraining, or a restart
# of the database.
_RETRY_AFTER = "30"
# What passes sooner.
_SOON = {"too-busy": "2", "stopping": "5"}


class ProblemDocument(BaseModel):
    """An error (RFC 9457). Further members depend on the type."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Where the kind of problem is described.", examples=["/docs#unknown-parameter"])
    title: str = Field(examples=["Unknown parameter"])
    status: int = Field(examples=[422])
    detail: str = Field(
        description="This occasion.",
        examples=["'covarage' is not a parameter of /v1/forecasts. Did you mean coverage?"],
    )
    instance: str = Field(description="The path that was asked for.", examples=["/v1/forecasts"])
    remedy: str = Field(description="What to do.", examples=["Remove it, or use one of the known parameters."])
    request_id: str = Field(
        description="What to name to the operator; also in X-Request-Id.", examples=["3f9c2b71a0e4-0000002a"]
    )


class Problem(Exception):
    """An answer that is an error. `kind`: a key of KINDS; `detail`: this occasion in a sentence.

    `headers`: of the answer; `extra`: further members.
    """

    def __init__(self, kind: str, detail: str, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.headers, self.extra = kind, detail, headers, extra


# What others call the addresses that a probe asks.
_OTHER_PROBES = {
    f"/{name}" for name in ("health", "healthz", "healthcheck", "live", "liveness", "ping", "ready", "readiness")
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known words, or nothing where none is near. Starts with a space."""
    near = difflib.get_close_matches(word[:100], list(known), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""


# The problems of a parameter, which every route has.
PARAMETERS = ("unknown-parameter", "repeated-parameter", "invalid-parameter")


def declared(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route in the OpenAPI document: an entry per status, with the examples of its kinds."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for name in kinds:
        kind = KINDS[name]
        entry = by_status.setdefault(
            kind.status,
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "examples": {}}},
            },
        )
        entry["description"] = "; ".join(filter(None, [entry["description"], kind.title]))
        entry["content"][MEDIA_TYPE]["examples"][name] = {"$ref": f"#/components/examples/{name}"}
    return by_status


def examples() -> dict[str, Any]:
    """An example of every kind, for the OpenAPI document."""
    more = {"request_id": "3f9c2b71a0e4-0000002a"}
    return {
        name: {"summary": kind.title, "value": _document(name, kind.status, f"{kind.title}.", "/v1/forecasts", more)}
        for name, kind in KINDS.items()
    }


def install(app: FastAPI) -> None:
    """Give `app` a handler for every error that can reach it."""

    async def problem(request: Request, error: Exception) -> Response:
        known = error if isinstance(error, Problem) else _from_error(request, error)
        return refusal(request.scope, known.kind, known.detail, known.extra, headers=known.headers)

    async def unexpected(request: Request, error: Exception) -> Response:
        # The server logs the traceback; the client learns nothing of the inside.
        log.error("Request %s ended unexpectedly: %s", request.scope.get(REQUEST_ID, ""), type(error).__name__)
        return refusal(request.scope, "internal", "An unexpected error ended this request.")

    for kind in (Problem, EncountersError, SQLAlchemyError):
        app.add_exception_handler(kind, problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, unexpected)


def _from_error(request: Request, error: Exception) -> Problem:
    if isinstance(error, NoRelease):
        return Problem("unknown-release", str(error))
    if isinstance(error, BodyRefused):
        return Problem(error.kind, str(error), None, **error.more)
    if isinstance(error, PlanError):
        return Problem("invalid-body", str(error), event=error.event, member=error.member)
    if isinstance(error, TooBusy):
        return Problem("too-busy", str(error))
    if isinstance(error, StoreError | SQLAlchemyError):
        # A driver's message may hold the database's address: it goes to the log only.
        reason = one_line(error)[:500]
        log.error("The release store cannot be read for request %s: %s", request.scope.get(REQUEST_ID, ""), reason)
        if not context(request).release_cache.newest:
            return Problem("nothing-published", "The release store is empty, or has not answered yet.")
        return Problem("store-unreachable", "The release store did not answer this request.")
    return Problem("invalid-parameter", str(error))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for this type only)
    errors = [{"parameter": str(entry["loc"][-1]), "reason": str(entry["msg"])} for entry in error.errors()]
    detail = "; ".join(f"{entry['parameter']}: {entry['reason']}" for entry in errors)
    return refusal(
        request.scope, "invalid-parameter", f"{detail}.", {"errors": errors, "parameter": errors[0]["parameter"]}
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this type only)
    path, root = request.scope["path"][:200], request.scope.get(ROOT, "")
    if error.status_code == 404:
        return refusal(request.scope, "not-found", f"There is nothing at {root + path!r}.{_instead(request, root)}", {})
    if error.status_code == 405:
        detail = f"{request.method} is not answered at {root + path!r}."
        allowed = _methods(request)
        return refusal(
            request.scope, "method-not-allowed", detail, {"allowed": allowed}, headers={"Allow": ", ".join(allowed)}
        )
    return refusal(
        request.scope, "http-error", str(error.detail), {}, status=error.status_code, headers=dict(error.headers or {})
    )


def _methods(request: Request) -> list[str]:
    """The methods that the address answers: GET and HEAD, and POST where it takes a question as a body."""
    known = request.app.openapi()["paths"].get(request.scope["path"], {"get": {}})
    return [*(["GET", "HEAD"] if "get" in known else []), *(["POST"] if "post" in known else [])]


def _instead(request: Request, root: str) -> str:
    """Where what was asked for may be: without a slash too many, or at an address written like it, after a space."""
    path = request.scope["path"]
    bare = "/" + path.strip("/")
    if path != bare and any(
        route.matches({**request.scope, "path": bare})[0] is Match.FULL for route in request.app.routes
    ):
        return f" A slash is too many: ask for {root}{bare[:200]}."
    if bare.casefold() in _OTHER_PROBES:
        return f" Did you mean {root}/livez or {root}/readyz?"
    return did_you_mean(root + path, (root + known for known in request.app.openapi()["paths"]))


def refusal(
    scope: Scope,
    kind: str,
    detail: str,
    extra: dict[str, Any] | None = None,
    *,
    status: int | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The answer to one request that is an error. `status`: instead of the kind's own.

    Of the scope, what is there of path, REQUEST_ID and ROOT is read: the request itself may never have been.
    """
    status = status or KINDS[kind].status
    extra = {"request_id": scope.get(REQUEST_ID, ""), **(extra or {})}
    document = _document(kind, status, detail, scope.get("path", ""), extra, root=scope.get(ROOT, ""))
    sent = {"Cache-Control": "no-store", **SECURITY_HEADERS, **(headers or {})}
    if status == 503:
        sent.setdefault("Retry-After", _SOON.get(kind, _RETRY_AFTER))
    return Response(json.dumps(document, ensure_ascii=False).encode(errors="replace"), status, sent, MEDIA_TYPE)


def _document(
    kind: str, status: int, detail: str, path: str, extra: dict[str, Any], *, root: str = ""
) -> dict[str, Any]:
    return {
        "type": f"{root}/docs#{kind}",
        "title": KINDS[kind].title,
        "status": status,
        "detail": detail,
        "instance": root + quote(path, safe="/"),
        "remedy": KINDS[kind].remedy.replace(" /", f" {root}/"),
        **extra,
    }
