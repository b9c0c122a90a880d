"""Tells in lines what a vintage holds and what it changed: the answer of `encounters ingest`. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forecast.core.panels import Panel
from forecast.core.tables import Check
from forecast.counts.archive import Appended
from forecast.counts.comparison import Revision, uncompared
from forecast.counts.overlay import Gap, InForce

__all__ = ["describe", "holding", "missing"]

_SHOWN = 5  # of a list; the rest is counted


def describe(appended: Appended) -> tuple[str, ...]:
    """One fact per line: file, source, panel, publication, months,
    areas, figures, total, revised cells, cross-check, doubts.
    """
    return tuple(_lines(appended))


def _lines(appended: Appended) -> Iterator[str]:
    vintage = appended.vintage
    if appended.already_there:
        if appended.withdrawn:
            stays = "withdrawn, and not in force; to take it in again, repeat with --accept"
        elif appended.offered is None:
            stays = "nothing to do"
        else:
            correction = f"encounters vintages redate {vintage.sha256[:12]} {appended.offered}"
            stays = f"that day stays, and {appended.offered} is not taken; if it is the right one: {correction}"
        place = f"the archive, for {vintage.panel}" if vintage.panel.is_finer else "the archive"
        yield f"{vintage.file_name}: already in {place}, published {vintage.published}; {stays}"
        if not vintage.areas:
            yield f"  cross-check {_checked(appended)}"
        return
    rounded = "exact figures" if vintage.precision == 1 else f"figures rounded to {vintage.precision}"
    yield f"{vintage.file_name}: {vintage.credit}, {rounded}"
    yield f"  panel       {vintage.panel}"
    yield f"  published   {vintage.published}"
    yield (
        f"  months      {len(vintage.months)}, {vintage.first} to {vintage.last}; {len(appended.new_months)} with "
        "new counts"
    )
    if vintage.areas:
        yield f"  areas       {len(vintage.areas)}{'' if vintage.covers_panel else '; the others keep what they had'}"
    else:
        yield "  areas       none; the file only checks totals"
    yield f"  rows        {vintage.values.size:,} (areas by months)"
    yield f"  total       {int(vintage.values.sum()):,} {vintage.panel.unit}"
    yield f"  revised     {_revised(appended.revised, vintage.panel)}"
    if appended.in_force is not None and vintage.areas:
        yield f"  in force    {holding(appended.in_force)}"
    for gap in appended.gaps:
        yield f"  gap         {missing(gap, vintage.panel)}"
    if appended.checks or not appended.checked_by:
        yield f"  cross-check {_checked(appended)}"
    for file, checks in appended.checked_by.items():
        yield f"  cross-check {_agreeing(checks, f'totals of {file}', vintage.panel)}"
    for doubt in appended.doubts:
        yield f"  accepted    although {doubt}"


def holding(in_force: InForce) -> str:
    """How many of a vintage's cells hold, and where the others are from."""
    if in_force.cells == in_force.total:
        return f"{in_force.cells:,} of {in_force.total:,} cells"
    files = [f"{vintage.file_name} of {vintage.published}" for vintage in reversed(in_force.others)]
    more = f" and {len(files) - 2} more" if len(files) > 2 else ""
    return f"{in_force.cells:,} of {in_force.total:,} cells; the others stay as given by {', '.join(files[:2])}{more}"


def missing(gap: Gap, panel: Panel) -> str:
    """The months that no vintage covers between others, and what forecasting does with them."""
    months = str(gap.first) if gap.first == gap.last else f"{gap.first} to {gap.last}"
    areas = f"{len(gap.areas)} areas" if len(gap.areas) > 1 else panel.area(gap.areas[0]).name
    return f"{months}: no file covers {areas}; unknown, not zero, and bridged by the models"


def _revised(revised: Sequence[Revision], panel: Panel) -> str:
    if not revised:
        return "0 cells"
    each = [
        f"{panel.area(cell.area).name} {cell.month}: {cell.before:,} to {cell.after:,}" for cell in revised[:_SHOWN]
    ]
    more = f"; and {len(revised) - _SHOWN} more" if len(revised) > _SHOWN else ""
    return f"{len(revised)} cell{'s' if len(revised) > 1 else ''}: {'; '.join(each)}{more}"


def _checked(appended: Appended) -> str:
    if appended.vintage.areas:
        return (
            _agreeing(appended.checks, "published totals", appended.vintage.panel)
            if appended.checks
            else "no published totals to compare"
        )
    missing = uncompared(appended.vintage, appended.checks)
    without = f"{len(missing)} of {len(appended.vintage.months)} months had nothing to compare with"
    if missing:
        without += f", in {missing[0]} to {missing[-1]}: the archive has no counts of them"
    return (
        f"{without}. {_agreeing(appended.checks, 'published totals', appended.vintage.panel)}"
        if appended.checks
        else without
    )


def _agreeing(checks: Sequence[Check], totals: str, panel: Panel) -> str:
    failed = [check for check in checks if not check.holds]
    line = f"{len(checks) - len(failed)} of {len(checks)} {totals} agree with the sum of their areas, within rounding"
    each = [
        f"{panel.area(check.area).name} {check.month}: published {check.published:,}, summed {check.summed:,}"
        for check in failed[:_SHOWN]
    ]
    more = f"; and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
    return f"{line}. Not so {'; '.join(each)}{more}" if failed else line
