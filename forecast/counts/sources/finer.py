"""Reads an official file into a panel that is declared on its layout: the file's own dimensions, finer than a sector or
a state. Knows no declaration's text.

Labels that drifted are one (`labels`), so that nothing is split or counted twice; a leaf without a row in a month that
the file covers is zero there, as in every official file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from forecast.core.declarations import slug_of, with_leaves
from forecast.core.errors import AreaError, PanelError
from forecast.core.layouts import layouts
from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.core.tables import Vintage
from forecast.counts.sources.cbp_csv import REGIONS, tally
from forecast.counts.sources.figures import Figures, assemble
from forecast.counts.sources.labels import today
from forecast.counts.sources.official_file import OfficialFile, label, shown
from forecast.counts.sources.ohss_usbp import sheet_figures
from forecast.counts.sources.workbook import Workbook

__all__ = ["SHEETS", "of_table", "of_workbook"]

# Dimensions -> the workbook's sheet that tells its figures by them, and what its columns are called there.
SHEETS: dict[frozenset[str], tuple[str, tuple[str, ...]]] = {
    frozenset(): ("Monthly Count", ()),
    frozenset({"region"}): ("Monthly Region", ("region",)),
    frozenset({"sector"}): ("Monthly Sector", ("sector",)),
    frozenset({"citizenship"}): ("Monthly Citizenship", ("citizenship",)),
    frozenset({"family"}): ("Monthly Family Status", ("family",)),
    frozenset({"region", "sector"}): ("Monthly Rgn and Sector", ("region", "sector")),
    frozenset({"region", "citizenship"}): ("Monthly Rgn and Citp", ("region", "citizenship")),
    frozenset({"region", "family"}): ("Monthly Rgn and Fam Status", ("region", "family")),
}
_COLUMN = {"family": "demographic"}  # columns of one meaning and several names
_LONGEST = 200  # characters of a label
_MOST_LEAVES = 20_000
_BETWEEN = "\x1f"  # no label has it

_Totals = Callable[[Panel], Figures]


def of_table(
    file: OfficialFile, text: str, columns: Sequence[str], panel: Panel, published: date | None = None
) -> Vintage:
    """The vintage of a CSV file of CBP; `columns`: its layout. Raises SourceError, naming the row."""
    dimensions = layouts()[panel.layouts[0]].named(panel.dimensions)
    leaf_of = _namer(panel, dimensions, panel.dimensions)
    counted = tally(
        file, text, columns=columns, by=dimensions, buckets_of=lambda labels: (leaf_of(labels),), most=_MOST_LEAVES
    )
    return _vintage(file, panel, counted.figures, lambda _: {}, precision=1, published=published)


def of_workbook(book: Workbook, panel: Panel, published: date | None = None) -> Vintage:
    """The vintage of OHSS's workbook, with the totals that it publishes of the panel's sums. Raises SourceError, also
    where it lacks the sheet.
    """
    layout = layouts()[panel.layouts[0]]
    own = dict(zip(panel.dimensions, layout.named(panel.dimensions), strict=True))

    def sheet_of(level: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        return SHEETS[frozenset(own[dimension] for dimension in level)]

    def told_by(level: Sequence[str]) -> Figures:
        sheet, columns = sheet_of(level)
        by = {column: dimension for dimension, column in own.items()}
        names = [layout.dimensions[column][0] for column in columns]
        return sheet_figures(book, sheet, names, _namer(panel, columns, [by[column] for column in columns]))

    def totals(grown: Panel) -> Figures:
        published: dict[str, Mapping[Month, int]] = {}
        for level in panel.levels:
            if book.has(sheet_of(level)[0]):
                for values, counts in told_by(level).items():
                    slug = slug_of(panel, values.split(_BETWEEN) if values else ())
                    if slug in grown.areas:  # a sum may be told of which every leaf rounds to zero
                        published[slug] = counts
        return published

    leaves = told_by(panel.dimensions)
    return _vintage(book.file, panel, leaves, totals, precision=10, published=published, stated=book.modified)


def _namer(panel: Panel, columns: Sequence[str], dimensions: Sequence[str]) -> Callable[[Sequence[object]], str]:
    """From the labels in `columns` to the leaf's values, in the order of the panel's dimensions, as one text.

    `dimensions`: what the panel calls the columns. The function raises AreaError for a label that is none.
    """
    place = {dimension: at for at, dimension in enumerate(dimensions)}
    order = [place[dimension] for dimension in panel.dimensions if dimension in place]
    own = [panel.labels.get(dimension, {}) for dimension in dimensions]

    def named(labels: Sequence[object]) -> str:
        values = []
        for text, column, table in zip(labels, columns, own, strict=True):
            plain = " ".join(str(text).split())
            if not plain or not plain.isprintable() or len(plain) > _LONGEST:
                raise AreaError(f"a label of {column}, not {shown(text)}")
            if column == "region" and label(plain) not in REGIONS:
                raise AreaError(f"a region such as Southwest Land Border, not {shown(text)}")
            values.append(today(plain, _COLUMN.get(column, column), table))
        return _BETWEEN.join(values[at] for at in order)

    return named


def _vintage(
    file: OfficialFile,
    panel: Panel,
    counts: Figures,
    totals: _Totals,
    *,
    precision: int,
    published: date | None,
    stated: date | None = None,
) -> Vintage:
    """`counts`: of each leaf, whose values are one text."""
    leaves = {text: tuple(text.split(_BETWEEN)) for text in counts}
    try:
        grown = with_leaves(panel, sorted(leaves.values()))
        figures = {slug_of(panel, values): counts[text] for text, values in leaves.items()}
        sums = totals(grown)
    except PanelError as error:
        raise file.refused(
            "labels", f"labels that make slugs, but {error}", f"Say in the declaration of {panel} which labels are one."
        ) from None
    return assemble(
        file,
        source=layouts()[panel.layouts[0]].title,
        panel=grown,
        precision=precision,
        covers_panel=True,
        figures=figures,
        totals=sums,
        covered={month for by_month in counts.values() for month in by_month},
        given=published,
        stated=stated,
    )
