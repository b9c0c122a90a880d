"""Reads CBP's "Southwest Land Border Encounters", which name no sector:
the Border Patrol's southwest total, a cross-check.

The vintage has no leaves, so it changes no count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from forecast.core.errors import AreaError
from forecast.core.panels import by_layout
from forecast.core.tables import Vintage
from forecast.counts.sources.cbp_aor import BORDER_PATROL, FIELD_OPERATIONS
from forecast.counts.sources.cbp_csv import tally
from forecast.counts.sources.figures import assemble
from forecast.counts.sources.official_file import OfficialFile, label, shown

__all__ = ["COLUMNS", "SOURCE", "read"]

_LAYOUT = "cbp-southwest"
SOURCE = "CBP Southwest Land Border Encounters"
COLUMNS = ("fiscal_year", "grouping", "month", "component", "demographic", "citizenship", "authority", "type", "count")


def read(file: OfficialFile, text: str, published: date | None) -> Vintage:
    """The file's vintage: no areas, totals of `southwest`.
    Publication date: `published` or the file's name. Raises SourceError.
    """
    counted = tally(file, text, columns=COLUMNS, by=("component",), buckets_of=_bucket)
    return assemble(
        file,
        source=SOURCE,
        panel=by_layout(_LAYOUT),
        precision=1,
        covers_panel=False,
        figures={},
        totals={"southwest": counted.filled("southwest")},
        covered=counted.covered,
        given=published,
    )


def _bucket(labels: Sequence[str]) -> tuple[str, ...]:
    component = label(labels[0])
    if component not in (BORDER_PATROL, FIELD_OPERATIONS):
        raise AreaError(f"the component U.S. Border Patrol or Office of Field Operations, not {shown(labels[0])}")
    return ("southwest",) if component == BORDER_PATROL else ()
