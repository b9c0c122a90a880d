"""Ranks models by their stored scores, each against one of them,
with intervals that tell noise from skill. Fits and draws nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecast.core.errors import TableError
from forecast.evaluation.scores import details
from forecast.evaluation.significance import relative

__all__ = ["RELATIVE", "Board", "boards", "common"]

# The figures that are also given against the other model's.
RELATIVE = ("sWIS", "logWIS")
_CELL = ["area", "origin", "horizon"]


@dataclass(frozen=True)
class Board:
    """One part of the cells (`key`: a group, an era, a band of horizons): its models, best sWIS first.

    `rows`: columns `model`, `cells`, the figures of `scores.DETAILS`, and for each figure of RELATIVE `rel_F`,
    `rel_F_low`, `rel_F_high` against the model `against`; ends are NaN where the origins are too few. `origins`: how
    many; `block`: of how many the bootstrap's blocks are made. `cells`: how many cells all models have, which the
    figures rest on; `of`: how many at least one has.
    """

    key: str
    against: str
    origins: int
    block: int
    cells: int
    of: int
    rows: pd.DataFrame

    def as_json(self) -> dict[str, Any]:
        """JSON values, four decimals, None where a figure is unknown."""
        rows = [
            {
                name: value if isinstance(value, (str, int)) else None if pd.isna(value) else round(float(value), 4)
                for name, value in row.items()
            }
            for row in self.rows.to_dict("records")
        ]
        return {
            "key": self.key,
            "against": self.against,
            "origins": self.origins,
            "block": self.block,
            "cells": self.cells,
            "of": self.of,
            "models": rows,
        }


def boards(scores: pd.DataFrame, *, against: str, by: str = "group") -> Iterator[Board]:
    """A board over all leaves, and one for each value of `by`, in order of name;
    sums of leaves have a board only where `by` is `group`.

    Only cells that every model of a board has are ranked: a model that lacks an area is not praised for it. Sums are
    forecast by recipes alone; where `against` forecasts none, their board is against its own first model. Raises
    TableError where `against` was not scored.
    """
    if against not in set(scores["model"]):
        raise TableError(
            f"{against} has no scores to compare with. Compare with one of {', '.join(sorted(set(scores['model'])))}."
        )
    leaves = scores[scores["group"] != "total"]
    yield _board("all leaves", leaves, against)
    for key, part in (scores if by == "group" else leaves).groupby(
        by, sort=by != "band"
    ):  # as text, band 13- comes before 2-3
        yield _board(str(key), part, against)


def _board(key: str, part: pd.DataFrame, against: str) -> Board:
    shared = common(part)
    reference = against if against in set(shared["model"]) else str(shared["model"].iloc[0])
    rows = details(shared)
    by_figure = {
        figure: [relative(shared, model=str(name), against=reference, figure=figure) for name in rows["model"]]
        for figure in RELATIVE
    }
    for figure, ratios in by_figure.items():
        rows[f"rel_{figure}"] = [one.ratio for one in ratios]
        rows[f"rel_{figure}_low"] = [one.low for one in ratios]
        rows[f"rel_{figure}_high"] = [one.high for one in ratios]
    first = by_figure[RELATIVE[0]][0]
    return Board(key, reference, first.origins, first.block, first.cells, len(part.groupby(_CELL)), rows)


def common(part: pd.DataFrame) -> pd.DataFrame:
    """The rows of the cells (area x origin x horizon) that every model of some scores has.
    Raises TableError where there is none.
    """
    have = part.groupby(_CELL)["model"].transform("nunique")
    shared = have == part["model"].nunique()
    kept = part if shared.all() else part[shared]  # a record of thousands of series is not held twice
    if kept.empty:
        models = ", ".join(sorted(set(part["model"].astype(str))))
        raise TableError(f"There is no cell that all of {models} forecast. Compare fewer of them at a time.")
    return kept
