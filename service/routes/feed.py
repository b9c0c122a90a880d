"""`/v1/releases.atom`: releases as an Atom feed (RFC 4287), for those who want to hear of a new one."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree

from fastapi import APIRouter, Request, Response

from forecast.release import read
from forecast.release.read import ReleaseSummary
from service import bodies
from service.answers import ALIAS, Answer
from service.context import context
from service.problems import declared
from service.routes.parameters import PanelParameter

__all__ = ["router"]

router = APIRouter(tags=["releases"])

_MEDIA = "application/atom+xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"
# Entries of a feed: a year and a half of two panels.
_MOST = 36
_EXAMPLE = (
    f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="{_NAMESPACE}"><id>urn:encounters:releases</id>'
    "<title>Border encounters: releases</title><updated>2024-12-20T06:00:00Z</updated></feed>"
)


@router.get(
    "/releases.atom",
    name="releases_atom",
    summary="Releases as a feed",
    response_class=Response,
    responses={
        200: {
            "description": "An Atom feed, newest first.",
            "content": {_MEDIA: {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        **declared("unknown-parameter", "invalid-parameter", "internal", "store-unreachable"),
    },
)
def releases_atom(request: Request, panel: PanelParameter = None) -> Answer:
    """The newest releases that were issued, hindcasts left out, as an Atom feed: one entry each, with its id, how far
    its counts reach, and what to know first. Links are relative to the address of the feed.
    """
    here = context(request)
    issued = [one for one in read.releases(here.release_cache.engine, panel) if not one.manifest.hindcast][:_MOST]
    titles = {name: known.title for name, known in here.catalogue.panels.items()}
    return Answer(_feed(issued, titles, panel), _MEDIA, cache=ALIAS, keep=True)


def _feed(issued: list[ReleaseSummary], titles: dict[str, str], panel: str | None) -> bytes:
    """The document. A feed without an entry was last changed at the beginning of time."""
    feed = ElementTree.Element("feed", xmlns=_NAMESPACE)
    _text(feed, "id", f"urn:encounters:releases{f':{panel}' if panel else ''}")
    _text(feed, "title", f"Forecasts: {titles.get(panel or '', 'releases')}")
    latest = max((one.manifest.issued_at for one in issued), default=datetime.fromtimestamp(0, UTC))
    _text(feed, "updated", bodies.moment(latest))
    _text(ElementTree.SubElement(feed, "author"), "name", "encounter-forecast")
    ElementTree.SubElement(feed, "link", rel="self", href=f"releases.atom{f'?panel={quote(panel)}' if panel else ''}")
    ElementTree.SubElement(feed, "link", rel="alternate", href="releases")
    for one in issued:
        entry, manifest = ElementTree.SubElement(feed, "entry"), one.manifest
        _text(entry, "id", f"urn:encounters:release:{one.id}")
        _text(entry, "title", f"{titles.get(manifest.panel, manifest.panel)}: data through {manifest.origin}")
        _text(entry, "updated", bodies.moment(manifest.issued_at))
        ElementTree.SubElement(entry, "link", rel="alternate", href=f"releases/{one.id}")
        ElementTree.SubElement(entry, "link", rel="enclosure", type="text/csv", href=f"releases/{one.id}/forecasts.csv")
        _text(entry, "summary", " ".join([f"Release {one.id}.", *manifest.notes]))
    return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True))


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text
