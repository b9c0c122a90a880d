"""The tables that travel the road: Vintage, Series, Counts, Paths, Forecasts.
Numpy arrays with named axes, checked when made.

Every array is frozen. Counts are encounters per month; an unknown month is NaN, never zero. Reads no file and no clock.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.core.errors import LevelsError, TableError
from forecast.core.months import SEASON, Month, month_range
from forecast.core.panels import Panel
from forecast.core.provenance import Provenance, credit

__all__ = ["LEVELS", "Check", "Counts", "Floats", "Forecasts", "Ints", "Paths", "Series", "Vintage", "Words"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint32]

# The quantile levels that every release holds (the hubverse forecast hubs' 23).
LEVELS: tuple[float, ...] = (0.01, 0.025, *(round(0.05 * step, 2) for step in range(1, 20)), 0.975, 0.99)


def _freeze(array: NDArray[np.generic]) -> None:
    array.setflags(write=False)


@dataclass(frozen=True)
class Check:
    """A published total beside the sum of its leaves: `area` in `month`,
    both in encounters, and the tolerance that rounding explains.
    """

    area: str
    month: Month
    published: int
    summed: int
    tolerance: int

    @property
    def holds(self) -> bool:
        """Whether the two agree within the tolerance."""
        return abs(self.published - self.summed) <= self.tolerance


@dataclass(frozen=True)
class Vintage:
    """One official file as it was published.

    `values`: (months, areas), encounters per month, whole numbers >= 0; every month from `first` is covered, and an
    area of `areas` without a row in the file is zero there. `covers_panel` says that the file speaks for every leaf of
    the panel, so that a leaf it does not name is zero in its months. `totals`: published aggregates, slug -> (months,),
    -1 where not given. `precision`: 1 for exact figures, 10 for figures rounded to ten. `tabulated_by`: who summed the
    official file `source`, where the figures were carried over from a table of somebody else's; empty for an official
    file itself. `intake`: orders those of one day by when they were taken in; 0 where that is not recorded, which comes
    before all others. Raises TableError.
    """

    source: str
    panel: Panel
    published: date
    sha256: str
    file_name: str
    precision: int
    covers_panel: bool
    first: Month
    areas: tuple[str, ...]
    values: Ints
    totals: dict[str, Ints] = field(default_factory=dict)
    tabulated_by: str = ""
    intake: int = 0

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.areas):
            raise TableError(f"{self.file_name}: {self.values.shape} figures for {len(self.areas)} areas")
        if len(set(self.areas)) != len(self.areas) or list(self.areas) != sorted(self.areas):
            raise TableError(f"{self.file_name}: areas must be sorted and named once")
        if (self.values < 0).any():
            raise TableError(f"{self.file_name}: a count is negative")
        _freeze(self.values)
        for slug, total in self.totals.items():
            if total.shape != (len(self.values),):
                raise TableError(
                    f"{self.file_name}: the totals of {slug} have {total.shape} months, not {len(self.values)}"
                )
            _freeze(total)

    @property
    def credit(self) -> str:
        """Whose figures they are: the source, and who tabulated it where that was somebody else."""
        return credit(self.source, self.tabulated_by)

    @property
    def months(self) -> tuple[Month, ...]:
        """The months that the file covers."""
        return month_range(self.first, len(self.values))

    @property
    def last(self) -> Month:
        """The last month that the file covers."""
        return self.first + (len(self.values) - 1)

    def checks(self) -> tuple[Check, ...]:
        """Each published total beside the sum of its leaves.

        Rounding moves a leaf and the total by at most half the precision each; exact files must agree to the unit.
        """
        members = self.panel.hierarchy(self.areas)
        column = {slug: place for place, slug in enumerate(self.areas)}
        checks = []
        for slug, published in self.totals.items():
            leaves = [column[leaf] for leaf in members.get(slug, ())]
            if not leaves:
                continue
            tolerance = 0 if self.precision == 1 else self.precision * (len(leaves) + 1) // 2
            for step in np.flatnonzero(published >= 0):
                summed = int(self.values[step, leaves].sum())
                checks.append(Check(slug, self.first + int(step), int(published[step]), summed, tolerance))
        return tuple(checks)


@dataclass(frozen=True)
class Series:
    """One area's counts in a row of months: `values` (n,), encounters per month, NaN where unknown, the last one known.

    `season` is the number of steps after which the calendar repeats. `calendar` is False for panels that are not
    monthly:
    their steps have no length in days. `first` is then a bare index. Series of one `group` resemble each other.
    """

    area: str
    first: Month
    values: Floats
    season: int = SEASON
    calendar: bool = True
    group: str = "all"

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or len(self.values) == 0:
            raise TableError(
                f"{self.area}: a series needs one row of counts, not an array of shape {self.values.shape}"
            )
        _freeze(self.values)

    @property
    def origin(self) -> Month:
        """The last month of the series."""
        return self.first + (len(self.values) - 1)

    def days(self, horizon: int = 0) -> Floats:
        """Days per month: (n,), or (horizon,) for the months after
        the origin where `horizon` > 0. Ones without a calendar.
        """
        first, count = (self.origin.ordinal + 1, horizon) if horizon else (self.first.ordinal, len(self.values))
        if not self.calendar:
            return np.ones(count)
        days = np.arange(first, first + count + 1).astype("datetime64[M]").astype("datetime64[D]")
        return np.diff(days).astype(float)


@dataclass(frozen=True)
class Counts:
    """What was public of one panel on the day `as_of`.

    `values`: (months, leaves), encounters per month, NaN where no visible vintage covers the cell. `precision`: same
    shape, 1 exact, 10 rounded, 0 unknown. `vintages`: sha256 of the files that were public; `sources`: those whose
    figures are in force, in the order of their months. The last month is the last one that every open leaf is known in.
    Raises TableError.
    """

    panel: Panel
    as_of: date
    first: Month
    areas: tuple[str, ...]
    values: Floats
    precision: Ints
    vintages: tuple[str, ...] = ()
    sources: tuple[Provenance, ...] = ()

    def __post_init__(self) -> None:
        shape = (len(self.values), len(self.areas))
        if self.values.shape != shape or self.precision.shape != shape or 0 in shape:
            raise TableError(f"{self.panel}: counts of shape {self.values.shape} for {len(self.areas)} areas")
        if (self.values < 0).any():
            raise TableError(f"{self.panel}: a count is negative")
        _freeze(self.values)
        _freeze(self.precision)

    @property
    def months(self) -> tuple[Month, ...]:
        """The months of the rows."""
        return month_range(self.first, len(self.values))

    @property
    def through(self) -> Month:
        """The last observed month: the origin of a forecast from these counts."""
        return self.first + (len(self.values) - 1)

    @property
    def open_areas(self) -> tuple[str, ...]:
        """The leaves that are forecast: those with a known month, and not closed by the last one."""
        closed = {slug: self.panel.area(slug).closed for slug in self.areas}
        known = np.flatnonzero(~np.isnan(self.values).all(axis=0)).tolist()
        return tuple(
            slug
            for slug in (self.areas[place] for place in known)
            if (end := closed[slug]) is None or self.through < end
        )

    @property
    def digest(self) -> str:
        """sha256 over panel, months, areas, figures and precision: the same figures, the same digest."""
        head = json.dumps([self.panel.id, str(self.first), self.areas])
        body = np.nan_to_num(self.values, nan=-1).astype("<i8").tobytes() + self.precision.astype("<i8").tobytes()
        return hashlib.sha256(head.encode() + body).hexdigest()

    def until(self, origin: Month) -> Counts:
        """The same counts without the months after `origin`. Raises TableError where that leaves none."""
        keep = origin - self.first + 1
        if not 1 <= keep <= len(self.values):
            raise TableError(f"{self.panel} has counts from {self.first} to {self.through}; {origin} is not among them")
        return replace(self, values=self.values[:keep].copy(), precision=self.precision[:keep].copy())

    def series(self, slug: str) -> Series:
        """One leaf's counts from its first known month to the last month of the panel."""
        column = self.values[:, self.areas.index(slug)]
        known = np.flatnonzero(~np.isnan(column))
        if len(known) == 0:
            raise TableError(f"{slug} has no known month")
        return Series(slug, self.first + int(known[0]), column[known[0] :].copy(), group=self.panel.group_of(slug))

    def totals(self) -> dict[str, Floats]:
        """Every area of the hierarchy, leaves included -> (months,),
        the sum of its leaves, NaN where one is unknown.
        """
        column = {slug: place for place, slug in enumerate(self.areas)}
        return {
            slug: self.values[:, [column[leaf] for leaf in leaves]].sum(axis=1)
            for slug, leaves in self.panel.hierarchy(self.areas).items()
        }


@dataclass(frozen=True)
class Paths:
    """Joint sample paths: `values` (areas, horizons, samples), encounters per month >= 0;
    sample k of every area is one world.

    `model` names who simulated them; horizon 1 is the month after `origin`. Raises TableError.
    """

    model: str
    origin: Month
    areas: tuple[str, ...]
    values: Floats

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or len(self.values) != len(self.areas):
            raise TableError(f"{self.model}: paths of shape {self.values.shape} for {len(self.areas)} areas")
        if not np.isfinite(self.values).all() or (self.values < 0).any():
            raise TableError(f"{self.model}: paths from {self.origin} hold values that are not finite or negative")
        _freeze(self.values)

    @property
    def horizon(self) -> int:
        """How many months ahead the paths reach."""
        return int(self.values.shape[1])

    def quantiles(self, levels: tuple[float, ...] = LEVELS) -> Forecasts:
        """Empirical quantiles and means of the paths (linear interpolation: Hyndman and Fan 1996, type 7)."""
        # Sorted first, which is quicker than what numpy does for many levels, and gives the same numbers.
        quantiles = np.moveaxis(np.quantile(np.sort(self.values, axis=2), levels, axis=2, overwrite_input=True), 0, 2)
        return Forecasts(self.model, self.origin, self.areas, quantiles, self.values.mean(axis=2), levels)


@dataclass(frozen=True)
class Forecasts:
    """Quantiles of counts from one origin by one model: `values` (areas,
    horizons, levels), encounters per month, nondecreasing in level.

    `mean`: (areas, horizons). Raises TableError, LevelsError.
    """

    model: str
    origin: Month
    areas: tuple[str, ...]
    values: Floats
    mean: Floats
    levels: tuple[float, ...] = LEVELS

    def __post_init__(self) -> None:
        if self.values.shape != (*self.mean.shape, len(self.levels)) or len(self.values) != len(self.areas):
            raise TableError(f"{self.model}: quantiles of shape {self.values.shape} for {len(self.areas)} areas")
        if list(self.levels) != sorted(set(self.levels)) or not all(0 < level < 1 for level in self.levels):
            raise LevelsError(f"{self.model}: levels must ascend inside (0, 1): {self.levels}")
        if not np.isfinite(self.values).all() or (self.values < 0).any() or (np.diff(self.values, axis=2) < 0).any():
            raise TableError(f"{self.model}: quantiles from {self.origin} are not finite, negative or crossing")
        _freeze(self.values)
        _freeze(self.mean)

    @property
    def horizon(self) -> int:
        """How many months ahead the forecasts reach."""
        return int(self.values.shape[1])

    @property
    def months(self) -> tuple[Month, ...]:
        """The target months."""
        return month_range(self.origin + 1, self.horizon)

    def at(self, level: float) -> Floats:
        """(areas, horizons) at one stored level. Raises LevelsError for another."""
        for place, stored in enumerate(self.levels):
            if abs(stored - level) < 1e-9:
                return self.values[:, :, place]
        raise LevelsError(f"Level {level} is not stored; the levels are {self.levels}")
