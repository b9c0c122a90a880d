"""Answers in the shape `samples`: the joint draws of one release as a hub's table, packed as they are written."""

from __future__ import annotations

from collections.abc import Iterator

from forecast.release.shapes import Chosen, samples
from service import query
from service.answers import Answer
from service.context import Context
from service.packed import in_pieces
from service.query import ForecastQuery, Format

__all__ = ["sampled"]

# Rows in one answer: a panel of 27 areas, 18 months and 2,000 draws, some 65 MB of CSV.
_MOST = 1_000_000


async def sampled(
    here: Context, chosen: Chosen, question: ForecastQuery, form: Format, *, cache: str, keep: bool
) -> Answer:
    """The draws of some areas. Raises Problem for JSON, several releases, over _MOST rows; TooBusy, StoreError."""
    if form == "json":
        raise query.invalid(
            "shape", "samples are tables. Ask at the address that ends in .csv or .parquet, or by Accept."
        )
    releases = {release.id: release for release, _ in chosen}
    if len(releases) > 1:
        panels = " or ".join(sorted(f"panel={release.manifest.panel}" for release in releases.values()))
        raise query.invalid(
            "shape", f"a draw is one world of one release, and here are {len(releases)}. Ask for one: {panels}."
        )
    (release,) = releases.values()

    def pieces() -> Iterator[bytes]:
        draws = here.release_cache.joint_draws(release)
        rows = sum(len(forecast.months[: question.wanted.horizon]) for _, forecast in chosen) * draws.draws
        if rows > _MOST:
            raise query.invalid(
                "shape",
                f"{rows:,} rows are in question; at most {_MOST:,} are answered at once. Choose by area, kind or "
                "horizon: a draw has the same id in every answer.",
            )
        table = samples(release, draws, [forecast for _, forecast in chosen], horizon=question.wanted.horizon)
        return table.csv() if form == "csv" else iter([table.parquet()])

    return await in_pieces(here.heavy, pieces, query.MEDIA[form], heavy=True, cache=cache, keep=keep)
