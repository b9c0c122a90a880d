"""What a service can be asked about: the panels, their areas, and everything that an area is called. Asks no store.

The bundled panels are always there; of each panel with a release the release's own description holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from forecast.core.area_names import AreaNames
from forecast.core.areas import Area
from forecast.core.panels import Panel, bundled
from forecast.release.read import Release

__all__ = ["Catalogue"]


class Catalogue:
    """The panels by id, bundled ones first, and the areas of all of them. Never changed: another one is made."""

    def __init__(self, releases: Iterable[Release] = ()) -> None:
        served = {release.manifest.panel: release for release in releases}
        described = {panel: release.panel for panel, release in served.items()}
        # The areas of a bundled panel are a catalogue of all that can come; a release has those that came.
        own = {name: panel for name, panel in sorted(described.items()) if name not in bundled()}
        self.panels: dict[str, Panel] = {**bundled(), **own}
        self.kinds: tuple[str, ...] = tuple(
            dict.fromkeys(kind for panel in self.panels.values() for kind in panel.kinds)
        )
        # Every area that is known, panel by panel: all of a panel whose areas are a fixed list, and what the newest
        # release of another has.
        self.known: tuple[Area, ...] = tuple(
            area
            for name, panel in self.panels.items()
            for area in panel.ordered(panel.areas if panel.complete else served[name].by_slug if name in served else ())
        )
        self._names = AreaNames(self.panels.values())
        self.named = lru_cache(maxsize=512)(self._names.named)
        self.slugs_of = lru_cache(maxsize=512)(self._names.slugs_of)
        self._place = {name: place for place, name in enumerate(self.panels)}

    def knows(self, slug: str) -> bool:
        """Whether an area has the slug."""
        return slug in self._names.areas

    def area(self, slug: str) -> Area:
        """The area of a slug. Raises AreaError where none has it."""
        return self._names.named(slug)

    def place(self, area: Area) -> tuple[int, int]:
        """Sorts areas in the order in which they are shown, panel by panel."""
        return self._place[area.panel], self.panels[area.panel].place_of(area.slug)

    def panel_place(self, name: str) -> int:
        """Sorts panels."""
        return self._place.get(name, len(self._place))
