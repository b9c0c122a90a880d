"""Panels of one's own: a declaration of some lines of TOML, and the areas that its tables name. Reads no counts.

id = "demo"                                    # the first part of every slug
title = "Arrivals by office and nationality"
unit = "arrivals"                              # plural noun of what is counted
dimensions = ["office", "nationality"]         # columns that tell the leaves apart
levels = [[], ["office"], ["nationality"]]     # sums beside the leaves; [] is the total
source = "cbp-state"                           # an official layout that is read into it; without it, tidy tables
[labels.nationality]                           # the label of today, and what the same has been called
"Myanmar" = ["Burma"]
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from forecast.core.areas import TOTAL, Area
from forecast.core.errors import PanelError
from forecast.core.layouts import layouts
from forecast.core.panels import Panel, bundled

__all__ = ["declared", "slug_of", "with_leaves"]

_KEYS = ("id", "title", "unit", "dimensions", "levels", "months_until_stale", "group_by", "recipes", "source", "labels")
_NEEDED = ("id", "title", "unit", "dimensions", "levels")
_ID = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")
_COLUMN = re.compile("[A-Za-z][A-Za-z0-9_ ]{0,39}")
_LONGEST = 40  # characters of an id
_MOST_DIMENSIONS = 4
_TAKEN = ("month", "count", TOTAL, "leaf")  # columns and kinds with a meaning of their own
_WORDS = re.compile("[a-z0-9]+")
LEAF = "leaf"


def declared(text: str) -> Panel:
    """The panel of a declaration, without any area yet.

    Raises PanelError for what is no TOML, an unknown or missing key, a level that is no dimension, an id that is taken.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PanelError(f"The declaration is not valid TOML: {error}. Correct the line it names.") from None
    except RecursionError:
        raise PanelError("The declaration is nested too deeply. Write lists of plain names.") from None
    if unknown := sorted(set(values) - set(_KEYS)):
        raise PanelError(f"The declaration has an unknown key {unknown[0]!r}. The keys are {', '.join(_KEYS)}.")
    if missing := [key for key in _NEEDED if key not in values]:
        raise PanelError(f"The declaration lacks {missing[0]!r}. It needs {', '.join(_NEEDED)}.")
    identity = _text(values, "id")
    if not _ID.fullmatch(identity) or len(identity) > _LONGEST:
        raise PanelError(
            f"id: {identity!r} cannot begin a slug. Use at most {_LONGEST} lower-case letters, digits and single "
            "hyphens."
        )
    taken = {*bundled(), *(slug for panel in bundled().values() for slug in panel.areas)}
    if identity in taken:
        raise PanelError(f"id: {identity!r} is taken by another panel or area. Choose another.")
    dimensions = _names(values, "dimensions")
    for name in dimensions:
        if not _COLUMN.fullmatch(name) or name.lower() in _TAKEN:
            raise PanelError(f"dimensions: {name!r} cannot be a column beside month and count. Rename it.")
    if not 1 <= len(dimensions) <= _MOST_DIMENSIONS or len(set(map(str.lower, dimensions))) != len(dimensions):
        raise PanelError(f"dimensions: one to {_MOST_DIMENSIONS} different columns, not {list(dimensions)}.")
    levels = _levels(values, dimensions)
    group_by = _text(values, "group_by") if "group_by" in values else ""
    if group_by and group_by not in dimensions:
        raise PanelError(f"group_by: {group_by!r} is no dimension. The dimensions are {', '.join(dimensions)}.")
    recipes = _names(values, "recipes") if "recipes" in values else ()
    if twice := [name for name in recipes if recipes.count(name) > 1]:
        raise PanelError(f"recipes: {twice[0]!r} is named twice. Name each once.")
    title, unit, source = _text(values, "title"), _text(values, "unit"), _source(values, dimensions)
    return Panel(
        id=identity,
        title=title,
        unit=unit,
        kinds=tuple(dict.fromkeys([*("-".join(level) or TOTAL for level in levels), LEAF])),
        areas={},
        counted=f"the counts of {title}",
        target=f"monthly {unit}",
        layouts=source,
        newer=f"the current file ({layouts()[source[0]].title})" if source else "",
        headlines=(identity,) if () in levels else (),
        months_until_stale=_months(values),
        recipes=recipes or ("bank", "blend", "floor"),
        many_recipes=() if recipes else ("finer", "floor"),
        dimensions=dimensions,
        levels=levels,
        group_by=group_by,
        labels=_labels(values, dimensions),
    )


def with_leaves(panel: Panel, leaves: Sequence[tuple[str, ...]]) -> Panel:
    """A declared panel with the areas of some leaves, each with its values of the dimensions, and of their sums.

    Slugs: the panel's id, then the values, lower case, words joined by hyphens, parts by dots. Raises PanelError where
    a value has no letter or digit, and where two areas have one slug.
    """
    areas: dict[str, Area] = {}
    for level in (*panel.levels, panel.dimensions):
        for values in dict.fromkeys(_at(panel, leaf, level) for leaf in leaves):
            area = _area(panel, level, values)
            if (twin := areas.get(area.slug)) is not None:
                both = f"the {twin.kind} {twin.name!r} and the {area.kind} {area.name!r}"
                raise PanelError(f"{both} have one slug, {area.slug}. Rename one of the values.")
            areas[area.slug] = area
    rank = {kind: place for place, kind in enumerate(panel.kinds)}
    shown = sorted(areas.values(), key=lambda area: (rank[area.kind], area.name, area.slug))
    return replace(panel, areas={area.slug: area for area in shown})


def _area(panel: Panel, level: tuple[str, ...], values: tuple[str, ...]) -> Area:
    leaf = level == panel.dimensions
    above = [one for one in panel.levels if set(one) < set(level)]
    # Of the sums above it those that lie next: a sum that stands above another of them is reached through that one.
    parents = [one for one in above if not any(set(one) < set(other) for other in above)]
    of = dict(zip(level, values, strict=True))
    slug = slug_of(panel, values)
    name = " / ".join(values) if values else panel.title
    return Area(
        slug=slug,
        name=name,
        kind=LEAF if leaf else "-".join(level) or TOTAL,
        panel=panel.id,
        series=name if values else "Total",
        parents=tuple(slug_of(panel, tuple(of[dimension] for dimension in one)) for one in parents),
        group=_group(panel, of) if leaf else TOTAL,
        values=values if leaf else (),
    )


def _at(panel: Panel, leaf: tuple[str, ...], level: tuple[str, ...]) -> tuple[str, ...]:
    of = dict(zip(panel.dimensions, leaf, strict=True))
    return tuple(of[dimension] for dimension in level)


def _group(panel: Panel, of: Mapping[str, str]) -> str:
    """The group of a leaf: its value of the dimension to group by; the hyphen keeps it apart from `total`."""
    return f"{panel.group_by}-{_part(of[panel.group_by])}" if panel.group_by else "all"


def slug_of(panel: Panel, values: Sequence[str]) -> str:
    """The slug of a declared panel's area with these values. Raises PanelError where one has no letter or digit."""
    return ".".join([panel.id, *map(_part, values)])


def _part(value: str) -> str:
    """`São Paulo (north)` -> `sao-paulo-north`. Raises PanelError where nothing is left."""
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    words = _WORDS.findall(plain)
    if not words:
        raise PanelError(f"{value!r} has no letter or digit that a slug could be made of. Rename it.")
    return "-".join(words)


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values[key]
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 200:
        raise PanelError(f"{key}: a short line of text in quotes, not {value!r:.60}.")
    return value.strip()


def _names(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = values[key]
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one.strip() for one in value):
        raise PanelError(f'{key}: a list of names in quotes such as ["office"], not {value!r:.60}.')
    return tuple(one.strip() for one in value)


def _levels(values: Mapping[str, Any], dimensions: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    given = values["levels"]
    if not isinstance(given, list) or not all(isinstance(level, list) for level in given):
        raise PanelError(f'levels: a list of lists of dimensions such as [[], ["office"]], not {given!r:.60}.')
    levels: list[tuple[str, ...]] = []
    for level in given:
        if stray := [name for name in level if name not in dimensions]:
            raise PanelError(f"levels: {stray[0]!r} is no dimension. The dimensions are {', '.join(dimensions)}.")
        ordered = tuple(name for name in dimensions if name in level)
        if len(level) != len(ordered):
            raise PanelError(f"levels: {level} names a dimension twice.")
        if ordered == dimensions:
            raise PanelError(f"levels: {level} is every dimension, which makes the leaves and no sum. Leave it out.")
        if ordered in levels:
            raise PanelError(f"levels: {level} is given twice.")
        levels.append(ordered)
    return tuple(sorted(levels, key=len))


def _months(values: Mapping[str, Any]) -> int:
    months = values.get("months_until_stale", 3)
    if not isinstance(months, int) or isinstance(months, bool) or not 1 <= months <= 60:
        raise PanelError(f"months_until_stale: whole months from 1 to 60, not {months!r:.60}.")
    return months


def _source(values: Mapping[str, Any], dimensions: tuple[str, ...]) -> tuple[str, ...]:
    """The official layout that is read into the panel, none for tidy tables."""
    if "source" not in values or (source := _text(values, "source")) == "tidy":
        return ()
    layout = layouts().get(source)
    if layout is None:
        raise PanelError(
            f"source: no official layout is called {source!r}. Use one of {', '.join(layouts())}, or leave source out "
            "for tidy tables."
        )
    layout.named(dimensions)
    return (source,)


def _labels(values: Mapping[str, Any], dimensions: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Dimension -> label in lower case -> the label that it is counted under."""
    tables = values.get("labels", {})
    if not isinstance(tables, dict):
        raise PanelError("labels: tables such as [labels.nationality], one for a dimension.")
    labels: dict[str, dict[str, str]] = {}
    for dimension, table in tables.items():
        if dimension not in dimensions:
            raise PanelError(f"labels: {dimension!r} is no dimension. The dimensions are {', '.join(dimensions)}.")
        own = labels.setdefault(dimension, {})
        if not isinstance(table, dict):
            raise PanelError(f'labels: [labels.{dimension}] holds lines such as "Myanmar" = ["Burma"].')
        for shown in table:
            for name in (shown, *_names(table, shown)):
                plain = " ".join(name.split()).casefold()
                if own.setdefault(plain, shown) != shown:
                    raise PanelError(f"labels: {name!r} is both {own[plain]!r} and {shown!r}. Leave it under one.")
    return labels
