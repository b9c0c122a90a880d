"""A panel: areas with one unit and one hierarchy, as its declaration says. Reads declarations, and no counts.

Two declarations come with the package, with a catalogue of their areas; others are TOML files in a home (see
`counts.declarations`), whose areas are what their tables name.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from importlib import resources
from typing import Any

from forecast.core.areas import TOTAL, Area
from forecast.core.errors import AreaError
from forecast.core.months import Month

__all__ = ["Compared", "Panel", "bundled", "by_layout", "read_bundled"]

# Leaves from which every model beside the one that serves would take hours.
MANY = 200


@dataclass(frozen=True)
class Compared:
    """The `area` of a panel that other panels count too, and what it is there (`counted`): two panels with one such
    text are compared by those areas.
    """

    area: str
    counted: str


@dataclass(frozen=True, eq=False)
class Panel:
    """What a declaration says of a panel, and its areas by slug in the order in which they are shown.

    `unit`: plural noun of what is counted; `counted`: its counts, as a sentence names them; `target`: what they are
    called in a hub. `kinds`: kinds of areas from the widest sum to the leaves. `complete`: the areas are a fixed list,
    so that a sum lacking an open leaf is no sum. `layouts`: official layouts that are read into it; without one it
    takes tidy tables with a column per dimension. `newer`: which file has newer counts. `judged_on`: the group of
    leaves that coverage is judged by, empty for all of them. `headlines`: the areas whose misses are reported; `shown`:
    kinds and groups on the page, none for all. `evaluation`: how many past origins are scored before a release, and how
    many months apart. `levels`, `group_by`: how sums and groups of the leaves of a tidy table are made.
    `labels`: dimension -> label in lower case -> the one that it is counted under. `many_recipes`: what competes in
    the place of `recipes` where leaves are many.
    """

    id: str
    title: str
    unit: str
    kinds: tuple[str, ...]
    areas: Mapping[str, Area] = field(repr=False)
    counted: str = ""
    target: str = ""
    complete: bool = False
    layouts: tuple[str, ...] = ()
    newer: str = ""
    judged_on: str = ""
    headlines: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    compares: Compared | None = None
    months_until_stale: int = 3
    recipes: tuple[str, ...] = ("bank", "floor")
    many_recipes: tuple[str, ...] = ()
    evaluation: tuple[int, int] = (4, 3)
    dimensions: tuple[str, ...] = ()
    levels: tuple[tuple[str, ...], ...] = ()
    group_by: str = ""
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __str__(self) -> str:
        """Its id."""
        return self.id

    def area(self, slug: str) -> Area:
        """The area of a slug. Raises AreaError where the panel has none."""
        area = self.areas.get(slug)
        if area is None:
            raise AreaError(f"{self.id} has no area with the slug {slug!r}. Its slugs look like {self._examples}.")
        return area

    def called(self, name: str) -> Area:
        """The leaf of an official spelling: `El Paso, TX`, `El Paso Sector` or `EPT`. Raises AreaError for another."""
        leaf = self._by_name.get(name.strip().casefold())
        if leaf is None:
            kind, names = self.kinds[-1], ", ".join(area.name for area in self.areas.values() if area.is_leaf())
            raise AreaError(f"{name!r} is not a {kind} of {self.id}. The {kind}s are {names}.")
        return leaf

    @property
    def is_finer(self) -> bool:
        """Whether it is declared on an official layout, whose files are another panel's too."""
        return bool(self.dimensions and self.layouts)

    def recipes_for(self, leaves: int) -> tuple[str, ...]:
        """The recipes that compete for a panel of so many leaves."""
        return self.many_recipes if self.many_recipes and leaves > MANY else self.recipes

    def covers(self, slug: str) -> bool:
        """Whether a slug is of this panel, also one of a declared panel whose leaf no file in force names any more."""
        return slug in self.areas or (bool(self.dimensions) and f"{slug}.".startswith(f"{self.id}."))

    def group_of(self, slug: str) -> str:
        """The group of a leaf, `total` for a sum: they behave so differently that they are scored apart."""
        return self.area(slug).group

    def hierarchy(self, leaves: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Every area above or among some leaves -> the leaves it sums; the widest sums first, the leaves last.

        A leaf counts once in each area above it. Where the panel is `complete`, an area that lacks an open leaf is not
        there, since its sum would lie. Raises AreaError for an unknown slug.
        """
        members: dict[str, dict[str, None]] = {}
        for leaf in leaves:
            for slug in (leaf, *self._above(leaf)):
                members.setdefault(slug, {})[leaf] = None
        if self.complete:
            for absent in {area.slug for area in self._open_leaves}.difference(members):
                for slug in self._above(absent):
                    members.pop(slug, None)
        rank = {kind: place for place, kind in enumerate(self.kinds)}
        return {slug: tuple(members[slug]) for slug in sorted(members, key=lambda slug: rank[self.areas[slug].kind])}

    def ordered(self, slugs: Iterable[str]) -> list[Area]:
        """The areas of some slugs in the order in which they are shown. Raises AreaError."""
        return sorted((self.area(slug) for slug in slugs), key=lambda area: self._place[area.slug])

    def place_of(self, slug: str) -> int:
        """The place of an area among those that are shown, from 0."""
        return self._place[slug]

    def is_shown(self, area: Area) -> bool:
        """Whether the page shows an area."""
        return not self.shown or area.kind in self.shown or area.group in self.shown

    def joined(self, other: Panel) -> Panel:
        """The panel with the areas of both; their declaration is one."""
        if other is self or other.areas.keys() <= self.areas.keys():
            return self
        rank = {kind: place for place, kind in enumerate(self.kinds)}
        areas = sorted({**self.areas, **other.areas}.values(), key=lambda area: (rank[area.kind], area.name, area.slug))
        return replace(self, areas={area.slug: area for area in areas})

    def only(self, slugs: Iterable[str]) -> Panel:
        """The panel with the areas of some slugs alone."""
        kept = set(slugs)
        return replace(self, areas={slug: area for slug, area in self.areas.items() if slug in kept})

    def described(self) -> dict[str, Any]:
        """JSON values that `of_description` makes the panel of again."""
        apart = (
            "areas",
            "compares",
            "labels",
        )  # what a reader of files needs is no part of what a release says of itself
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in apart}
        areas = [
            {name: str(value) if isinstance(value, Month) else value for name, value in _fields(area).items()}
            for area in self.areas.values()
        ]
        return {**values, "compares": None if self.compares is None else asdict(self.compares), "areas": areas}

    @classmethod
    def of_description(cls, values: Mapping[str, Any]) -> Panel:
        """The inverse of `described`, also of what JSON made of it. Raises TypeError, KeyError or ValueError."""
        areas = {row["slug"]: _area(values["id"], row) for row in values["areas"]}
        plain: dict[str, Any] = {
            name: _tuples(value) for name, value in values.items() if name not in ("areas", "compares")
        }
        compares = Compared(**values["compares"]) if values.get("compares") else None
        return cls(**plain, compares=compares, areas=areas)

    @cached_property
    def _by_name(self) -> dict[str, Area]:
        leaves = [area for area in self.areas.values() if area.is_leaf()]
        return {alias.casefold(): area for area in leaves for alias in (area.name, area.series, *area.aliases)}

    @cached_property
    def _open_leaves(self) -> tuple[Area, ...]:
        return tuple(area for area in self.areas.values() if area.is_leaf() and area.closed is None)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {slug: place for place, slug in enumerate(self.areas)}

    @property
    def _examples(self) -> str:
        """A slug of each kind."""
        by_kind = {area.kind: area.slug for area in reversed(list(self.areas.values()))}
        return ", ".join(by_kind[kind] for kind in reversed(self.kinds) if kind in by_kind)

    def _above(self, slug: str) -> tuple[str, ...]:
        """Every area that a leaf counts in, once each."""
        ancestors: dict[str, None] = {}
        waiting = list(self.area(slug).parents)
        while waiting:
            parent = waiting.pop(0)
            if parent not in ancestors:
                ancestors[parent] = None
                waiting.extend(self.area(parent).parents)
        return tuple(ancestors)


def _area(panel: str, row: Mapping[str, Any]) -> Area:
    plain: dict[str, Any] = {name: _tuples(value) for name, value in row.items() if name != "closed"}
    return Area(**plain, panel=panel, closed=Month.parse(row["closed"]) if row.get("closed") else None)


def _tuples(value: Any) -> Any:
    """Lists as tuples, however deep."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _fields(area: Area) -> dict[str, Any]:
    """What an area holds that is not the panel's own, without what is empty."""
    names = ("slug", "name", "kind", "series", "parents", "aliases", "closed", "group", "also", "values")
    return {name: value for name in names if (value := getattr(area, name)) not in ((), None)}


@cache
def bundled() -> Mapping[str, Panel]:
    """The panels that come with the package, by id."""
    folder = resources.files("forecast.core") / "declared"
    names = ("usbp-sectors", "cbp-states")
    texts = {name: (folder / f"{name}.toml").read_text(encoding="utf-8") for name in names}
    return {
        name: read_bundled(text, (folder / f"{name}.csv").read_text(encoding="utf-8")) for name, text in texts.items()
    }


@cache
def by_layout(layout: str) -> Panel:
    """The bundled panel that an official layout is read into. Raises KeyError where none is."""
    return next(panel for panel in bundled().values() if layout in panel.layouts)


def read_bundled(declaration: str, catalogue: str) -> Panel:
    """A panel of its declaration (TOML) and its catalogue (CSV: slug, name, kind, group, series, parents, aliases,
    also, closed; several values separated by blanks or semicolons).
    """
    values = tomllib.loads(declaration)
    areas = [
        Area(
            slug=row["slug"],
            name=row["name"],
            kind=row["kind"],
            panel=values["id"],
            series=row["series"],
            parents=tuple(row["parents"].split()),
            aliases=_listed(row["aliases"]),
            closed=Month.parse(row["closed"]) if row["closed"] else None,
            group=row["group"] or TOTAL,
            also=_listed(row["also"]),
        )
        for row in csv.DictReader(io.StringIO(catalogue))
    ]
    evaluation, compares = values.pop("evaluation"), values.pop("compares")
    plain: dict[str, Any] = {name: _tuples(value) for name, value in values.items()}
    return Panel(
        **plain,
        evaluation=(evaluation["origins"], evaluation["step"]),
        compares=Compared(compares["area"], compares["as"]),
        areas={area.slug: area for area in areas},
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()


def in_order(panels: Iterable[str], known: Sequence[str] = ()) -> list[str]:
    """Ids of panels: those of `known` first, in that order, then the others by name."""
    first = {name: place for place, name in enumerate(known)}
    return sorted(panels, key=lambda name: (first.get(name, len(first)), name))
