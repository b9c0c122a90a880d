"""The report of a comparison: boards, areas, calibration, who led when, hedgehogs, provenance. Computes no score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.evaluation import decisions, leaderboard
from forecast.evaluation.comparison import Comparison
from forecast.evaluation.report.areas import areas
from forecast.evaluation.report.calibration import calibration
from forecast.evaluation.report.decisions import decisions_section
from forecast.evaluation.report.hedgehog import chosen_origins, hedgehogs
from forecast.evaluation.report.leads import leads
from forecast.evaluation.report.provenance import fit_times, provenance
from forecast.evaluation.report.svg import COLOURS

__all__ = ["report"]

_BY = ("group", "era", "band")


def report(
    kept: Comparison,
    *,
    commands: Sequence[str] = (),
    origins: Sequence[str] = (),
    ranked: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    decided: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """What `page.page` shows of a comparison: `panel`, `source`, `recipe`, `lead`, `boards` and `sections`.

    `commands`: those that write this report, after the one that made the comparison. `origins`: those of the hedgehog
    charts, as 2019-05; none: some of all. `ranked`: boards that are made already, by what they part the cells by;
    `decided`: that of decisions.
    """
    about, scores = kept.about, kept.scores
    made: dict[str, Sequence[Mapping[str, Any]]] = {
        by: (ranked or {}).get(by)
        or [board.as_json() for board in leaderboard.boards(scores, against=about.floor, by=by)]
        for by in _BY
    }
    first = made["group"][0]
    shown = _shown(first, about.recipe, about.floor)
    others = [row["model"] for row in first["models"] if row["model"] not in (about.recipe, about.floor)]
    if decided is None:
        decided = decisions.board(forecasts=kept.forecasts, truth=kept.counts)
    spined = (about.recipe, *(name for name in others if name in kept.outside or not kept.outside))[:2]
    boards = [*made["group"], *made["era"][1:], *made["band"][1:]]
    sections = {
        "By area": areas(scores, kept.counts.panel, own=about.recipe, against=about.floor, models=shown),
        "Calibration": calibration(
            scores, kept.forecasts, kept.counts, models=shown, judged_on=kept.counts.panel.judged_on
        ),
        "What decisions cost": decisions_section(decided, own=about.recipe),
        "Who led when": leads(scores, models=shown, against=about.floor, horizon=about.horizon),
        "What was said, and what came": hedgehogs(
            kept.forecasts, kept.counts, models=spined, origins=chosen_origins(about.origins, origins)
        ),
        "Times of fits": fit_times(kept),
        "Where it comes from": provenance(kept, commands=tuple(commands)),
    }
    return {
        "panel": about.panel,
        "source": kept.source,
        "recipe": about.recipe,
        "lead": _lead(first, about.floor),
        "boards": boards,
        "sections": {title: text for title, text in sections.items() if text},
    }


def _shown(board: Mapping[str, Any], own: str, floor: str) -> tuple[str, ...]:
    """As many models as colours tell apart: the recipe, then the best others, the floor among them."""
    ranked = [row["model"] for row in board["models"] if row["model"] not in (own, floor)]
    return (own, *ranked[: COLOURS - 2], *([floor] if floor != own else []))


def _lead(board: Mapping[str, Any], floor: str) -> str:
    """Who leads over all leaves, in a sentence."""
    best, cells = board["models"][0], f"{board['cells']:,}"
    of = f" of {board['of']:,}" if board["of"] > board["cells"] else ""
    text = f"On the {cells}{of} cells that all models have, {best['model']} leads: sWIS {best['sWIS']:.3f}"
    if best["model"] != floor and best["rel_sWIS"] is not None:
        text += f", {best['rel_sWIS']:.3f} times that of {floor}"
        if best["rel_sWIS_low"] is not None:
            text += f" [{best['rel_sWIS_low']:.3f}, {best['rel_sWIS_high']:.3f}]"
    if len(board["models"]) > 1:
        second = board["models"][1]
        text += f". Next: {second['model']}, {second['sWIS']:.3f}"
    return text + "."
