"""Tells in lines what a vintage holds and what it changed: the answer of `encounters ingest`. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forecast.core.areas import area
from forecast.core.tables import Check
from forecast.counts.archive import Appended
from forecast.counts.comparison import Revision

__all__ = ["describe"]

_SHOWN = 5  # of a list; the rest is counted


def describe(appended: Appended) -> tuple[str, ...]:
    """One fact per line: file, source, panel, publication, months, areas, figures, total, revised cells, cross-check, doubts."""
    return tuple(_lines(appended))


def _lines(appended: Appended) -> Iterator[str]:
    vintage = appended.vintage
    if appended.already_there:
        stays = "nothing to do" if appended.offered is None else f"that day stays, and {appended.offered} is not taken"
        yield f"{vintage.file_name}: already in the archive, published {vintage.published}; {stays}"
        return
    rounded = "exact figures" if vintage.precision == 1 else f"figures rounded to {vintage.precision}"
    yield f"{vintage.file_name}: {vintage.source}, {rounded}"
    yield f"  panel       {vintage.panel}"
    yield f"  published   {vintage.published}"
    yield f"  months      {len(vintage.months)}, {vintage.first} to {vintage.last}; {len(appended.new_months)} with new counts"
    if vintage.areas:
        yield f"  areas       {len(vintage.areas)}{'' if vintage.covers_panel else '; the others keep what they had'}"
    else:
        yield "  areas       none; the file only checks totals"
    yield f"  rows        {vintage.values.size:,} (areas by months)"
    yield f"  total       {int(vintage.values.sum()):,} encounters"
    yield f"  revised     {_revised(appended.revised)}"
    yield f"  cross-check {_checked(appended.checks)}"
    for doubt in appended.doubts:
        yield f"  accepted    although {doubt}"


def _revised(revised: Sequence[Revision]) -> str:
    if not revised:
        return "0 cells"
    each = [f"{area(cell.area).name} {cell.month}: {cell.before:,} to {cell.after:,}" for cell in revised[:_SHOWN]]
    more = f"; and {len(revised) - _SHOWN} more" if len(revised) > _SHOWN else ""
    return f"{len(revised)} cell{'s' if len(revised) > 1 else ''}: {'; '.join(each)}{more}"


def _checked(checks: Sequence[Check]) -> str:
    if not checks:
        return "no published totals to compare"
    failed = [check for check in checks if not check.holds]
    line = f"{len(checks) - len(failed)} of {len(checks)} published totals agree with the sum of their areas, within rounding"
    each = [f"{area(check.area).name} {check.month}: published {check.published:,}, summed {check.summed:,}" for check in failed[:_SHOWN]]
    more = f"; and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
    return f"{line}. Not so {'; '.join(each)}{more}" if failed else line
