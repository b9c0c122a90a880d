"""What runs and registered versions say of themselves in MLflow's pages, in Markdown. Knows no MLflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from forecast.models.catalog import Member
from forecast.models.fitting import Fit
from forecast.release.tracking.described import ALIAS, registered_name
from forecast.release.tracking.handover import Handover, cost, metrics

__all__ = ["NOTE", "of_family", "of_retraining", "of_version"]

# The tag that MLflow's pages show as a run's description.
NOTE = "mlflow.note.content"
_HEADS = {
    "sWIS": "sWIS",
    "logWIS": "logWIS",
    "MASE": "MASE",
    "coverage_50": "50 % held",
    "coverage_80": "80 % held",
    "coverage_95": "95 % held",
}


def of_retraining(training: Handover) -> str:
    """Which recipe serves and why, its figures beside those of what competed, and where everything is."""
    counts, recipe = training.run.counts, training.run.recipe
    scored = dict.fromkeys([recipe.name, *_names(training)])
    kept = ["leaderboard.json", "areas.json", "figures/forecasts.png", "recipe.toml", *training.documents]
    return "\n\n".join(
        [
            f"**{_text(training.panel)}**, counts through {counts.through}, as published by {counts.as_of}. "
            f"{of_version(training)}",
            _table({name: metrics(training.scores, name) for name in scored}),
            _challenges(training.verdict),
            f"Release `{training.release_id}`: `GET /v1/releases/{training.release_id}`, `encounters compare --against "
            f"{training.release_id}`. Registered as [{registered_name(training.panel)}]"
            f"(#/models/{registered_name(training.panel)}), alias `{ALIAS}` on what is served. "
            f"Artifacts: {', '.join(f'`{name}`' for name in kept)}.",
            f"Made again by `encounters retrain --panel {training.panel} --force` from the counts "
            f"`{counts.digest[:12]}`, recipe `{recipe.digest[:12]}`, code `{training.code_version}`.",
        ]
    )


def of_family(training: Handover, member: Member, fits: tuple[Fit, ...]) -> str:
    """What a member is, what part it has in the recipe, how it scored alone and what its fits took."""
    share = next((share for share in training.run.recipe.members if share.member == member), None)
    options = dict(member.options)
    part = f"weighs {share.weight:g} in `{training.run.recipe.name}`" if share else "is compared, and weighs nothing"
    spent = cost(fits)
    failed = [fit for fit in fits if fit.failure is not None]
    lines = [
        f"**{_text(member.label)}**: the family `{member.model}`"
        f"{f' with {_text(json.dumps(options))}' if options else ''}; it {part}.",
        _table({member.label: metrics(training.scores, member.label)}),
        f"{len(fits)} fits took {spent['fit_seconds']:.1f} s; the floor stands in for {len(failed)}"
        f"{f', for instance for {failed[0].area}: {_text(str(failed[0].failure))}' if failed else ''}. "
        "Figures per area are in `areas.json`, the fitted models of all areas in the logged model.",
    ]
    return "\n\n".join(lines)


def of_version(training: Handover) -> str:
    """The verdict in a sentence or two: what serves, what served before, and that the gates let it pass."""
    before, name = training.verdict.get("before"), _text(training.champion)
    change = f"`{name}` serves" + (
        "" if before in (None, training.champion) else f" in place of `{_text(str(before))}`"
    )
    held = (training.verdict.get("coverage") or {}).get("coverage_80_last_12_months")
    lately = f" Its 80 % intervals held {100 * held:.0f} % of the last 12 months." if held is not None else ""
    kind = "A hindcast: it is never served. " if training.hindcast else ""
    return f"{kind}{change}; it passed the gates of a release.{lately}"


def _names(training: Handover) -> list[str]:
    """The recipes that competed, by the verdict."""
    return [str(row["name"]) for row in training.verdict.get("challengers", ()) if "name" in row]


def _challenges(verdict: Mapping[str, Any]) -> str:
    rows = [
        f"| {_text(str(row['name']))} | {_ratio(row.get('rel_sWIS'))} | {_ratio(row.get('rel_logWIS'))} | "
        f"{_text(str(row['reason']))} |"
        for row in verdict.get("challengers", ())
    ]
    if not rows:
        return "Nothing competed with it."
    before = _text(str(verdict.get("before")))
    return "\n".join(
        [f"| challenger | sWIS over {before} | logWIS over {before} | verdict |", "|---|---|---|---|", *rows]
    )


def _ratio(row: Mapping[str, float | None] | None) -> str:
    if not row or row.get("ratio") is None:
        return "-"
    ends = "" if row.get("low") is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
    return f"{row['ratio']:.3f}{ends}"


def _table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """The means over the leaves, a row per model that was scored."""
    rows = [
        f"| {_text(name)} | " + " | ".join(f"{own[figure]:.3f}" for figure in _HEADS) + " |"
        for name, own in figures.items()
        if _HEADS.keys() <= own.keys()
    ]
    if not rows:
        return "No past origin could be scored."
    return "\n".join([f"| model | {' | '.join(_HEADS.values())} |", "|---" * (len(_HEADS) + 1) + "|", *rows])


def _text(text: str) -> str:
    """Text that Markdown takes for nothing else."""
    return "".join(f"\\{sign}" if sign in "\\`*|<>[]" else sign for sign in " ".join(text.split()))
