"""`encounters compare --against`: what was published beside what would be published now, or beside another release."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import typer

from forecast.cli import parts
from forecast.core.errors import TableError
from forecast.progress import Reporter
from forecast.release import read
from forecast.settings import Settings

if TYPE_CHECKING:
    from forecast.core.panels import Panel
    from forecast.core.tables import Forecasts

__all__ = ["against"]


def against(release: str, *, other: str | None, recipe: str | None, settings: Settings, as_json: bool) -> None:
    """Print what moved between a release and `other`, or what its counts give now with its recipe or with `recipe`.
    Publishes nothing. Raises NoRelease, TableError, RecipeError.
    """
    from forecast.core.version import code_version
    from forecast.evaluation.differences import differences

    engine = parts.store(settings)
    before = read.load(engine, release)
    if other is not None:
        later = read.load(engine, other)
        if later.manifest.panel != before.manifest.panel:
            raise TableError(f"{release} and {other} are of two panels. Compare releases of one.")
        after, now = _forecasts(later), _provenance(later)
        panel = before.panel.joined(later.panel)
    else:
        name = recipe or before.manifest.recipe
        after, panel = _made_now(before, name, settings)
        now = {"code": code_version(), "recipe": name, "counts": before.manifest.data_digest, "through": after.origin}
    changes = differences(before=_forecasts(before), after=after, panel=panel)
    was = _provenance(before)
    same = {key: str(was[key]) == str(now[key]) for key in ("code", "recipe", "counts")}
    if as_json:
        sides = {
            side: {key: str(value) for key, value in provenance.items()}
            for side, provenance in (("before", was), ("after", now))
        }
        parts.emit({"release": release, "other": other, **sides, "same": same, **changes.as_json()})
        return
    typer.echo(f"\n{release} beside {other or 'what its counts give now'}")
    for key in same:
        typer.echo(f"  {key:<7} {'the same: ' if same[key] else ''}{_change(key, was, now, same[key])}")
    typer.echo("\n".join(changes.lines()))


def _provenance(release: read.Release) -> dict[str, Any]:
    made = release.manifest
    return {"code": made.code_version, "recipe": made.recipe, "counts": made.data_digest, "through": made.origin}


def _change(key: str, was: dict[str, Any], now: dict[str, Any], same: bool) -> str:
    def text(side: dict[str, Any]) -> str:
        return f"through {side['through']}, digest {side['counts'][:12]}" if key == "counts" else str(side[key])

    return text(was) if same else f"{text(was)} -> {text(now)}"


def _forecasts(release: read.Release) -> Forecasts:
    import numpy as np

    from forecast.core.tables import Forecasts

    values = np.array([area.quantiles for area in release.areas])
    means = np.array([area.means for area in release.areas])
    areas = tuple(area.slug for area in release.areas)
    return Forecasts(release.id, release.manifest.origin, areas, values, means, release.levels)


def _made_now(release: read.Release, recipe: str, settings: Settings) -> tuple[Forecasts, Panel]:
    """The forecasts that a recipe gives on the counts of a release, with the code of today."""
    from forecast.evaluation.comparison import counts_of
    from forecast.recipe.recipe import load, run

    made, panel = release.manifest, release.manifest.panel
    days: tuple[date, ...] = (made.as_of, parts.now().date())
    counts = counts_of(parts.known(settings), panel, digest=made.data_digest, through=str(made.origin), days=days)
    if counts is None:
        raise TableError(
            f"The counts behind {release.id} (digest {made.data_digest[:12]}) are not in this archive any more. "
            "Compare it with another release: --release ID."
        )
    chosen = load(recipe)
    with Reporter(settings.log) as progress:
        progress.begin(
            f"{panel}: fitting {chosen.name} through {made.origin}", len(chosen.pooled) * len(counts.open_areas)
        )
        again = run(
            chosen,
            counts,
            origin=made.origin,
            horizon=len(release.areas[0].months),
            compared=False,
            executor=settings.executor,
            on_fit=progress.advance,
        )
    return again.forecasts, counts.panel
