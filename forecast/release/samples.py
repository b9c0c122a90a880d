"""The joint draws of a release as a hub's `sample` output type. Reads no store."""

from __future__ import annotations

from collections.abc import Sequence

from forecast.release.joint import JointDraws
from forecast.release.read import AreaForecast, Release
from forecast.release.shapes import HUBVERSE, Table

__all__ = ["samples"]


def samples(release: Release, draws: JointDraws, areas: Sequence[AreaForecast], *, horizon: int | None = None) -> Table:
    """Model output of a forecast hub, a row per area, month and draw; one piece per area and month, with the columns of
    the quantiles, so that one hub takes both.

    `output_type_id` is the draw, from 1: it is one world through all areas and horizons, in every file of the release,
    so that an origin date is one compound modeling task (`compound_taskid_set`: origin_date). Source: hubverse, "Sample
    output type"; the ids of such a task are unique over the file.
    """
    origin, target, worlds = release.manifest.origin.last_day, release.panel.target, range(1, draws.draws + 1)
    return Table(
        HUBVERSE,
        (
            [origin, target, at + 1, forecast.slug, month.last_day, "sample", worlds, values]
            for forecast in areas
            for at, (month, values) in enumerate(
                zip(forecast.months[:horizon], _whole(draws, forecast.slug), strict=False)
            )
        ),
    )


def _whole(draws: JointDraws, slug: str) -> list[list[int]]:
    """Of each month the draws, which are whole numbers."""
    whole: list[list[int]] = draws.paths([slug]).values[0].astype(int).tolist()
    return whole
