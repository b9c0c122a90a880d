"""What decisions cost that rested on issued releases, by the counts that came out later: of each scored cell the
cost of planning on the right level and on the median, from the quantiles as they were issued. Loads no numpy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, select

from forecast.core.errors import LevelsError
from forecast.core.scorecard import COST_RATIOS, level_for
from forecast.release import schema
from forecast.release.issued_scores import newest
from forecast.release.rows import numbers
from forecast.release.store import reading

__all__ = ["Cost", "Group", "costs"]

# Panel, and area and lead; the last two None for all together.
Group = tuple[str, str | None, int | None]
_SCORES, _RELEASES, _SAID = schema.accuracy, schema.release, schema.release_quantiles


@dataclass(frozen=True, slots=True)
class Cost:
    """Means over scored cells, each over its area's scale: a missing place costs `ratio` idle ones.

    `cost`: of planning on `level`, which is right for the ratio; `median_cost`: of planning on the median.
    """

    ratio: int
    level: float
    cost: float
    median_cost: float

    @property
    def saved(self) -> float | None:
        """The share that the level costs less than the median; None where the median cost nothing."""
        return 1 - self.cost / self.median_cost if self.median_cost else None


def costs(
    engine: Engine,
    *,
    areas: Iterable[str],
    together: Collection[str],
    panel: str | None = None,
    leads: Iterable[int] | None = None,
    hindcast: bool = False,
) -> Mapping[Group, tuple[Cost, ...]]:
    """The costs of the same cells as `issued_scores.tallies` has: by panel, area and lead of `areas`, and by panel over
    `together`. Raises StoreError, LevelsError where a release lacks a level.
    """
    wanted, whole = set(areas), set(together)
    columns = (
        *(_RELEASES.c.panel, _SCORES.c.release, _SCORES.c.area, _SCORES.c.lead, _SCORES.c.observed),
        *(_SCORES.c.precision, _SCORES.c.median, _SCORES.c.scale, _SAID.c.quantiles),
    )
    query = newest(select(*columns), panel=panel, areas=wanted | whole, leads=leads, hindcast=hindcast).where(
        *(_SAID.c[name] == _SCORES.c[name] for name in ("release", "area", "target_month"))
    )
    sums: dict[Group, list[float]] = defaultdict(lambda: [0.0] * (1 + 2 * len(COST_RATIOS)))
    places: dict[str, tuple[int, tuple[int, ...]]] = {}
    with reading(engine) as connection:
        heads = {row.id: row.levels for row in connection.execute(select(_RELEASES.c.id, _RELEASES.c.levels))}
        for row in connection.execute(query):
            if row.release not in places:
                places[row.release] = _places(row.release, heads[row.release])
            size, at = places[row.release]
            said = numbers(row.quantiles, expected=size, place=f"{row.area} in {row.release}")
            priced = _priced(said, at, row.median, row.observed, row.precision, row.scale)
            keys: list[Group] = [(row.panel, row.area, row.lead)] if row.area in wanted else []
            for key in [*keys, *([(row.panel, None, None)] if row.area in whole else [])]:
                sums[key] = [total + value for total, value in zip(sums[key], (1, *priced), strict=True)]
    return {
        key: tuple(
            Cost(ratio, level_for(ratio), total[1 + 2 * place] / total[0], total[2 + 2 * place] / total[0])
            for place, ratio in enumerate(COST_RATIOS)
        )
        for key, total in sums.items()
    }


def _priced(
    said: tuple[float, ...], at: tuple[int, ...], median: float, observed: int, precision: int, scale: float
) -> list[float]:
    """By ratio the cost of the right level, rounded as the count is, and of the median."""
    return [
        (max(ready - observed, 0) + ratio * max(observed - ready, 0)) / scale
        for ratio, place in zip(COST_RATIOS, at, strict=True)
        for ready in (round(said[place] / precision) * precision, median)
    ]


def _places(release: str, text: str) -> tuple[int, tuple[int, ...]]:
    """How many levels a release has, and where those of the ratios stand."""
    levels = [round(level, 4) for level in numbers(text, place=f"{release}, its levels,")]
    try:
        return len(levels), tuple(levels.index(round(level_for(ratio), 4)) for ratio in COST_RATIOS)
    except ValueError:
        wanted = ", ".join(f"{level_for(ratio):g}" for ratio in COST_RATIOS)
        raise LevelsError(
            f"{release} does not store all of the levels {wanted}, by which decisions are priced."
        ) from None
