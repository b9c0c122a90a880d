"""How often replays that are kept with the served releases would have held what came, by area. Knows no route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forecast.core.areas import Area
from forecast.core.months import SEASON
from forecast.release import read
from forecast.release.read import Observation, Release
from forecast.release.replays import Replayed, held, replayed
from service import bodies
from service.context import Context
from service.schemas.accuracy import ReplayedAccuracy

__all__ = ["areas_with_a_release", "replay_record"]

# Areas whose replays are in memory at once: some 35 kilobytes each.
_SLICE = 200


def areas_with_a_release(here: Context, panel: str | None) -> tuple[str, ...]:
    """The areas that the served releases forecast, of a panel or of all, in the order in which they are shown."""
    newest = here.release_cache.newest
    slugs = [one.slug for name, release in newest.items() if panel in (None, name) for one in release.areas]
    known = [here.catalogue.area(slug) for slug in slugs if here.catalogue.knows(slug)]
    return tuple(area.slug for area in sorted(known, key=here.catalogue.place))


def replay_record(here: Context, slugs: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A row per area that has replays, as `ReplayedAccuracy`. Raises StoreError."""
    newest = here.release_cache.newest
    for start in range(0, len(slugs), _SLICE):
        yield from _rows(here, newest, [here.catalogue.area(slug) for slug in slugs[start : start + _SLICE]])


def _rows(here: Context, newest: Mapping[str, Release], areas: Sequence[Area]) -> Iterator[dict[str, Any]]:
    engine = here.release_cache.engine
    served = {panel: newest[panel] for panel in {area.panel for area in areas} if panel in newest}
    replays: dict[str, list[Replayed]] = {}
    for one in replayed(engine, [release.id for release in served.values()], [area.slug for area in areas]):
        replays.setdefault(one.area, []).append(one)
    if not replays:
        return
    counts: dict[str, list[Observation]] = {}
    first = min(release.manifest.origin for release in served.values()) + -SEASON
    for count in read.observations(engine, list(replays), first=first):
        counts.setdefault(count.area, []).append(count)
    for area in areas:
        if area.slug in replays:
            release = served[area.panel]
            record = held(replays[area.slug], counts.get(area.slug, ()), through=release.manifest.origin)
            shares = {
                f"coverage_{per_cent}": round(inside / record.n, 4) if record.n else None
                for per_cent, inside in ((50, record.inside_50), (80, record.inside_80), (95, record.inside_95))
            }
            own = {"area": area.slug, "release": release.id, "replayed": True, "n": record.n}
            yield bodies.filled(ReplayedAccuracy, area, **own, **shares)
