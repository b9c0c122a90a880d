"""Whether a stored release keeps the laws of joint draws: its quantiles beside its draws. Changes nothing."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Engine

from forecast.core.errors import NoRelease
from forecast.core.tables import Forecasts
from forecast.planning import laws
from forecast.release.joint import joint_draws
from forecast.release.read import Release, load

__all__ = ["breaches", "forecasts_of"]


def forecasts_of(release: Release) -> Forecasts:
    """The published quantiles of a release as one table, areas by slug. Raises TableError where they cross."""
    return Forecasts(
        release.manifest.recipe,
        release.manifest.origin,
        tuple(area.slug for area in release.areas),
        np.array([area.quantiles for area in release.areas]),
        np.array([area.means for area in release.areas]),
        release.levels,
    )


def breaches(engine: Engine, release_id: str) -> list[str]:
    """What a release breaks of `planning.laws.of_release`, one line a breach. Raises NoRelease, StoreError."""
    release = load(engine, release_id)
    forecasts = forecasts_of(release)
    try:
        draws = joint_draws(engine, release_id)
    except NoRelease:  # it was published without any: quantiles that do not cross are all that it promises
        return []
    paths = draws.paths(forecasts.areas)
    leaves = [area.slug for area in release.areas if release.panel.area(area.slug).is_leaf()]
    return laws.of_release(
        paths, forecasts, release.panel.hierarchy(leaves), behind=release.manifest.scores.get("draws")
    )
