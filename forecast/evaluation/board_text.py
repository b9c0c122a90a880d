"""Leaderboards as lines for a terminal. Computes no score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["lines", "shared"]

# Head -> the figure beneath it.
_COLUMNS = {
    "sWIS": "sWIS",
    "logWIS": "logWIS",
    "MASE": "MASE",
    "c50": "coverage_50",
    "c80": "coverage_80",
    "c95": "coverage_95",
}
_RELATIVE = ("rel_sWIS", "rel_logWIS")


def lines(board: Mapping[str, Any], own: str | None = None) -> list[str]:
    """A board as `Board.as_json` gives it, a line per model; the model `own` carries a star."""
    relative = board["against"] is not None
    heads = "".join(f"{head:>8}" for head in _COLUMNS) + (
        "".join(f"{head:>24}" for head in _RELATIVE) if relative else ""
    )
    versus = f", rel_ against {board['against']}; {shared(board)}" if relative else ""
    wide = max(28, *(len(row["model"]) + 1 for row in board["models"]))
    lines = [f"  {board['key']}{versus}", f"    {'model':<{wide}}{heads}"]
    for row in board["models"]:
        cells = "".join(f"{row[figure]:>8.3f}" for figure in _COLUMNS.values())
        if relative:
            cells += "".join(f"{_interval(row, figure):>24}" for figure in _RELATIVE)
        lines.append(f"  {'*' if row['model'] == own else ' '} {row['model']:<{wide}}{cells}")
    return lines


def shared(board: Mapping[str, Any]) -> str:
    """Which cells the figures of a board rest on, in words."""
    of = f" of {board['of']:,}" if board["of"] > board["cells"] else ""
    return f"{board['cells']:,}{of} cells, those that all its models have"


def _interval(row: Mapping[str, Any], figure: str) -> str:
    ratio, low, high = (row[name] for name in (figure, f"{figure}_low", f"{figure}_high"))
    if ratio is None or not math.isfinite(ratio):
        return "-"
    return f"{ratio:.3f} [few origins]" if low is None else f"{ratio:.3f} [{low:.3f}, {high:.3f}]"
