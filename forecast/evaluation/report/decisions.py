"""What planning on a forecast costs, as a table. Computes no cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from forecast.core.scorecard import COST_RATIOS, level_for
from forecast.evaluation.decisions import in_words

__all__ = ["decisions_section"]


def decisions_section(rows: Sequence[Mapping[str, Any]], *, own: str) -> str:
    """The table of a board of decisions, with what it means; nothing where there is none. `own`: the recipe's name."""
    if not rows:
        return ""
    ratios = f"{', '.join(map(str, COST_RATIOS[:-1]))} or {COST_RATIOS[-1]}"
    said = (
        f"Who plans makes ready as many places as a quantile says: an idle place costs 1, a missing one {ratios}. "
        "Costs are those of the level that is right for it, over the area's own mean seasonal change, on the "
        f"{rows[0]['cells']:,} cells of leaves that all models have; smaller is better. Saved: what that costs less "
        "than planning on the median of the same forecast; brackets hold 90 % of a bootstrap over blocks of origins."
    )
    heads = "".join(
        f'<th scope="col">1:{ratio}, at {100 * level_for(ratio):.0f} %</th><th scope="col">saved</th>'
        for ratio in COST_RATIOS
    )
    body = "".join(
        f'<tr{" class=own" if row["model"] == own else ""}><th scope="row">{escape(row["model"])}</th>'
        + "".join(
            f"<td>{'-' if one['cost'] is None else format(one['cost'], '.3f')}</td><td>{in_words(dict(one))}</td>"
            for one in row["costs"]
        )
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<p>{escape(said)}</p><div class="scroll"><table>\n<thead><tr><th scope="col">model</th>{heads}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>"
    )
