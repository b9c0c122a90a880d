"""The page at `/areas`: every area, by panel, kind and region, found by anything that it is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from forecast.core.areas import Area
from forecast.core.panels import Panel
from service.context import Context
from service.dashboard.frame import page

__all__ = ["grouped", "link", "listing"]

_BETWEEN = re.compile(r"[^\w]+")


def link(area: Area, up: str = "") -> str:
    """Where the page of an area lies."""
    return f"{up}areas/{quote(area.slug, safe='.-')}"


def listing(here: Context, areas: Sequence[Area], asked: str) -> bytes:
    """The whole page; of the areas whose names hold what was `asked`, or of all where that is empty."""
    words = _plain(asked)
    shown = [one for one in areas if words in _names(one)] if words else list(areas)
    near = bool(asked and not shown)
    groups = [
        (panel.title, grouped(panel, own))
        for panel in here.catalogue.panels.values()
        if (own := [one for one in (areas if near else shown) if one.panel == panel.id])
    ]
    return page("areas.html", asked=asked, near=near, panels=groups, names=_names, link=link)


def grouped(panel: Panel, areas: Iterable[Area]) -> list[tuple[str, list[Area]]]:
    """Areas under headings: sums by kind, leaves by the widest area that they are part of."""
    rank = {kind: place for place, kind in enumerate(panel.kinds)}
    groups: dict[str, list[Area]] = {}
    for one in areas:
        parents = [panel.areas[slug] for slug in one.parents if slug in panel.areas] if one.is_leaf() else []
        above = min(parents, key=lambda area: rank.get(area.kind, 0), default=None)
        kind = one.kind.replace("-", " and ").capitalize()
        groups.setdefault(kind if above is None else f"{kind}: {above.name}", []).append(one)
    return list(groups.items())


def _names(area: Area) -> str:
    """Everything that an area is called, to be looked through."""
    names = (area.slug, area.name, area.series, *area.aliases, *area.also)
    return " | ".join(dict.fromkeys(filter(None, map(_plain, names))))


def _plain(name: str) -> str:
    """Without case, accents and punctuation: `El Paso, TX` -> `el paso tx`."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(one))
    return _BETWEEN.sub(" ", bare).strip()
