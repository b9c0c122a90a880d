"""Reads a release's joint draws, verified: leaves as stored, sums made of them. Loads numpy when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from forecast.core.errors import NoRelease, StoreError
from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.release.integrity import panel_of, path_rows, verified
from forecast.release.rows import unpack_paths
from forecast.release.store import reading

if TYPE_CHECKING:
    from forecast.core.tables import Paths, Words

__all__ = ["JointDraws", "joint_draws", "joint_paths", "made_of"]


@dataclass(frozen=True)
class JointDraws:
    """The joint draws of a release. `stored`: slug -> (months, draws) whole encounters per month, unsigned 32 bit;
    `sums`: every other area -> the stored ones that it is the sum of. Draw k of every area and month is one world.
    """

    release: str
    model: str
    origin: Month
    stored: Mapping[str, Words]
    sums: Mapping[str, tuple[str, ...]]

    @property
    def draws(self) -> int:
        """How many worlds there are: 2,000, or 500 in releases of before so many were kept."""
        return int(next(iter(self.stored.values())).shape[1])

    @property
    def nbytes(self) -> int:
        """The memory that they take, in bytes."""
        return sum(values.nbytes for values in self.stored.values())

    @property
    def areas(self) -> tuple[str, ...]:
        """Every area that has draws, sums first."""
        return (*self.sums, *self.stored)

    def paths(self, areas: Sequence[str] = ()) -> Paths:
        """The draws of some areas in the order asked for, or of all, sums first: (areas, months, draws).

        Sums are exact in every draw. Raises NoRelease where the release has no draws of an area.
        """
        import numpy as np

        from forecast.core.tables import Paths

        asked = tuple(areas) or self.areas
        values = np.zeros((len(asked), *next(iter(self.stored.values())).shape))
        for place, slug in enumerate(asked):
            if slug not in self.stored and slug not in self.sums:
                raise NoRelease(
                    f"There are no sample paths of {slug} in {self.release}. List the releases: encounters releases."
                )
            for part in self.sums.get(slug, (slug,)):
                values[place] += self.stored[part]
        return Paths(self.model, self.origin, asked, values)


def joint_draws(engine: Engine, release_id: str) -> JointDraws:
    """All joint draws of a release in one transaction, as they are remembered.

    Verified is the whole release: manifest, description, quantiles and draws against the checksum of its publication.
    Raises NoRelease for an unknown id and a release without draws, StoreError where the release is damaged.
    """
    with reading(engine) as connection:
        rows = path_rows(connection, release_id)
        manifest = verified(connection, release_id, rows)
        panel = panel_of(connection, manifest)
    sums = made_of(panel, [area for area, _, _ in rows])
    if not rows:
        raise NoRelease(
            f"{release_id} was published without joint draws, which chances and what-ifs are made of. Ask for its "
            "forecasts."
        )
    if len({samples for _, samples, _ in rows}) > 1:
        raise StoreError(f"{release_id} has not as many joint draws of each area. Publish it again.")
    stored = {
        area: unpack_paths(packed, samples=samples, place=f"{area} in {release_id}")
        for area, samples, packed in sorted(rows)
        if area not in sums
    }
    return JointDraws(release_id, manifest.recipe, manifest.origin, stored, sums)


def joint_paths(engine: Engine, release_id: str, areas: Sequence[str] = ()) -> Paths:
    """The joint draws of a release: (areas, months, draws), whole encounters per month >= 0. Draw k is one world.

    `areas`: in this order; none: all, sums first. Each sum is that of its leaves in every draw. The whole release is
    verified against its checksum, in one transaction. Raises NoRelease, StoreError.
    """
    return joint_draws(engine, release_id).paths(areas)


def made_of(panel: Panel, areas: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The sums of a panel -> the leaves among `areas` that each is the sum of, widest first."""
    leaves = [slug for slug in areas if panel.area(slug).is_leaf()]
    return {slug: parts for slug, parts in panel.hierarchy(leaves).items() if parts != (slug,)}
