"""The kinds of problems: their status, their title, and what a client does about them. Makes no answer."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """A kind of problem: HTTP `status`, `title`, and what a client does about it, whatever the occasion."""

    status: int
    title: str
    remedy: str


KINDS: dict[str, Kind] = {
    "not-found": Kind(404, "Nothing at this address", "See /docs for the addresses."),
    "unknown-area": Kind(404, "No such area", "See /v1/areas for the slugs."),
    "no-forecast": Kind(404, "No forecast for this area", "See /v1/areas?panel=… for the areas with a forecast."),
    "unknown-release": Kind(404, "No such release", "See /v1/releases for the ids."),
    "unknown-scenario": Kind(404, "No such scenario", "See /v1/scenarios for the ids."),
    "before-first-release": Kind(404, "Nothing was published by then", "See /v1/releases for the dates of issue."),
    "method-not-allowed": Kind(405, "This address answers other methods", "Use a method that `allowed` names."),
    "not-acceptable": Kind(406, "Not in that format", "Ask for a format that the detail names."),
    "unsupported-media-type": Kind(415, "The body is not in that format", "Send JSON: Content-Type: application/json."),
    "invalid-body": Kind(422, "The question cannot be answered", "Change the member that the detail names."),
    "unknown-parameter": Kind(422, "Unknown parameter", "Remove it, or use one of the known parameters."),
    "repeated-parameter": Kind(422, "Repeated parameter", "Give it once; several values are separated by commas."),
    "invalid-parameter": Kind(422, "A parameter's value cannot be used", "Change the value as the detail says."),
    "malformed-request": Kind(400, "Not a request that can be read", "Change the request as the detail says."),
    "unknown-host": Kind(
        400, "This host name is not served here", "Use a name that the operator serves (ENCOUNTERS_HOSTS)."
    ),
    "key-needed": Kind(401, "No key that works", "Send a key that the operator gave you: Authorization: Bearer KEY."),
    "head-too-slow": Kind(408, "The request came too slowly", "Try again over a better connection."),
    "body-too-long": Kind(413, "The body is too long", "Send a shorter one: with fewer events."),
    "address-too-long": Kind(
        414, "The address is too long", "Ask for fewer areas at once, or for all of a panel: ?panel=usbp-sectors."
    ),
    "too-many-requests": Kind(
        429,
        "Too many requests",
        "Wait as many seconds as Retry-After says. Answers 304 that are at hand are free: send If-None-Match.",
    ),
    "headers-too-long": Kind(431, "The headers are too long", "Send fewer and shorter headers."),
    "http-error": Kind(400, "The request cannot be answered", "Change the request as the detail says."),
    "internal": Kind(500, "The service failed", "Try again; if it stays, tell the operator the time and the address."),
    "stale": Kind(
        503,
        "The forecasts are stale",
        "Run `encounters ingest FILE` with the newest official file, then `encounters retrain`.",
    ),
    "nothing-published": Kind(
        503, "Nothing published yet", "Run `encounters retrain`; the service picks the release up by itself."
    ),
    "store-unreachable": Kind(
        503, "The release store cannot be read", "Try again shortly; the newest releases are still served."
    ),
    "too-busy": Kind(503, "Too much at once", "Try again after as many seconds as Retry-After says."),
    "stopping": Kind(
        503, "The service is about to stop", "Ask another process; this one still answers what it is asked."
    ),
    "too-slow": Kind(504, "The answer took too long", "Ask for less, or try again later."),
}
