"""Every area's figures for some models, as a table: the recipe's with its paired interval against the floor."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd

from forecast.core.panels import Panel
from forecast.evaluation.significance import relatives

__all__ = ["areas"]

_READ = ["model", "area", "origin", "horizon", "sWIS", "coverage_80"]


def areas(scores: pd.DataFrame, panel: Panel, *, own: str, against: str, models: Sequence[str]) -> str:
    """A row per area: cells, mean sWIS of each model on the cells that all of them have, and the ratio of `own` to
    `against` with its interval. A model that does not forecast an area has no figure there.
    """
    chosen = scores.loc[scores["model"].isin(list(models)), _READ]
    # All areas at once: to look for each in the whole table takes as long as they are many, times as many.
    have = chosen.groupby(["area", "origin", "horizon"])["model"].transform("nunique")
    chosen = chosen[have == chosen.groupby("area")["model"].transform("nunique")]
    means: dict[str, pd.Series[float]] = {
        str(area): of_area.droplevel("area")
        for area, of_area in chosen.groupby(["area", "model"])["sWIS"].mean().groupby("area")
    }
    cells = chosen.drop_duplicates(["area", "origin", "horizon"]).groupby("area").size()
    held = chosen[chosen["model"] == own].groupby("area")["coverage_80"].mean()
    pairs = relatives(chosen, model=own, against=against)
    rows = []
    for area in panel.ordered(means):
        of_area = means[area.slug]
        best = str(of_area.idxmin())
        figures = "".join(_cell(of_area.get(name), name == best) for name in models)
        pair = pairs.get(area.slug)
        ratio = (
            f"{pair.ratio:.3f}" + (f" [{pair.low:.3f}, {pair.high:.3f}]" if pair.low == pair.low else "")
            if pair
            else "-"
        )
        shown = f"{100 * held[area.slug]:.0f} %" if area.slug in held else "-"
        rows.append(
            f'<tr><th scope="row">{escape(area.name)}</th><td>{cells[area.slug]}</td>{figures}'
            f"<td>{ratio}</td><td>{shown}</td></tr>"
        )
    heads = "".join(
        f'<th scope="col">{escape(text)}</th>'
        for text in ("area", "cells", *models, f"{own} over {against}", f"80 % of {own} held")
    )
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _cell(value: float | None, best: bool) -> str:
    text = "-" if value is None or pd.isna(value) else f"{value:.3f}"
    return f"<td><strong>{text}</strong></td>" if best else f"<td>{text}</td>"
