"""Reads CBP's "Nationwide Encounters" by area of responsibility:
exact counts of every sector, a rolling window of four fiscal years.

Only the Border Patrol's rows count for sectors. Rows of field offices are another panel's; their labels must still make
sense.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from forecast.core.errors import AreaError
from forecast.core.panels import by_layout
from forecast.core.tables import Vintage
from forecast.counts.sources.cbp_csv import REGIONS, tally
from forecast.counts.sources.figures import assemble
from forecast.counts.sources.official_file import OfficialFile, label, shown

__all__ = ["BORDER_PATROL", "COLUMNS", "FIELD_OPERATIONS", "SOURCE", "read"]

_LAYOUT = "cbp-aor"
SOURCE = "CBP Nationwide Encounters by area of responsibility"
COLUMNS = (
    "fiscal_year", "grouping", "month", "component", "region", "area", "code",
    "demographic", "citizenship", "authority", "type", "count",
)  # fmt: skip
BORDER_PATROL = "u.s. border patrol"
FIELD_OPERATIONS = "office of field operations"

# The house's name of the sectors' regions where CBP's differs.
_SECTOR_REGIONS = {"southwest": "southwest", "northern": "northern", "other": "coastal"}


def read(file: OfficialFile, text: str, published: date | None) -> Vintage:
    """The file's vintage. Publication date: `published` or the file's name. Raises SourceError."""
    counted = tally(file, text, columns=COLUMNS, by=("component", "region", "area", "code"), buckets_of=_buckets)
    if not counted.figures:
        raise file.refused(
            "column Component", "rows of U.S. Border Patrol, but there are none", "Download the file again."
        )
    return assemble(
        file,
        source=SOURCE,
        panel=by_layout(_LAYOUT),
        precision=1,
        covers_panel=True,
        figures=counted.figures,
        totals={},
        covered=counted.covered,
        given=published,
    )


def _buckets(labels: Sequence[str]) -> tuple[str, ...]:
    component, region, place, code = labels
    if label(region) not in REGIONS:
        raise AreaError(f"a region such as Southwest Land Border, not {shown(region)}")
    if label(component) == FIELD_OPERATIONS:
        # `Preclearance` is the one office without the word.
        if not (label(place).endswith("field office") or label(place) == "preclearance"):
            raise AreaError(f"a field office, not {shown(place)}")
        return ()
    if label(component) != BORDER_PATROL:
        raise AreaError(f"the component U.S. Border Patrol or Office of Field Operations, not {shown(component)}")
    try:
        named, coded = by_layout(_LAYOUT).called(place), by_layout(_LAYOUT).called(code)
    except AreaError:
        raise AreaError(
            f"a Border Patrol sector such as El Paso Sector, EPT, not {shown(place)}, {shown(code)}"
        ) from None
    if named != coded:
        raise AreaError(f"one sector, but {shown(place)} is not {shown(code)}")
    if named.parents != (_SECTOR_REGIONS[REGIONS[label(region)]],):
        raise AreaError(f"the region of {named.name}, not {shown(region)}")
    return (named.slug,)
