"""Reads CBP's "Nationwide Encounters" by state:
exact counts of every state in every region, Border Patrol and field offices together.
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

__all__ = ["COLUMNS", "SOURCE", "read"]

_LAYOUT = "cbp-state"
SOURCE = "CBP Nationwide Encounters by state"
COLUMNS = ("fiscal_year", "grouping", "month", "region", "state", "demographic", "citizenship", "authority", "count")


def read(file: OfficialFile, text: str, published: date | None) -> Vintage:
    """The file's vintage: its areas are cells, state by region.
    Publication date: `published` or the file's name. Raises SourceError.
    """
    counted = tally(file, text, columns=COLUMNS, by=("region", "state"), buckets_of=_cell)
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


def _cell(labels: Sequence[str]) -> tuple[str, ...]:
    region, state = labels
    if label(region) not in REGIONS:
        raise AreaError(f"a region such as Southwest Land Border, not {shown(region)}")
    try:
        return (by_layout(_LAYOUT).called(f"{state.strip()} / {REGIONS[label(region)]}").slug,)
    except AreaError:
        raise AreaError(f"a state's postal code such as TX, not {shown(state)}") from None
