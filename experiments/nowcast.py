"""Would the states' counts of a month that the sector files lack improve the sectors' first months? Three ways to use
them, on development origins, then on the days on which it was so.

At an origin t of the sectors the state panel is taken to know t + 1. *Ratio*: a sector moves as its states do (El Paso
with New Mexico and Texas). *Region*: as the whole southwest does. Both with Student's t of the size of their own past
errors. *Conditioned*: the bank's joint draws, weighed by how near their southwest comes to what the states' change says
of it, which moves later months too. Southwest sectors, one month ahead and two to six:

    .venv/bin/python experiments/nowcast.py

Revised figures stand in for what was public, but for the last table: every day from which a published state file ran
ahead of the published sector files, with the counts that were public then.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from experiments.arguments import AS_OF
from forecast.core.errors import ArchiveError
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.panels import bundled as bundled_panels
from forecast.core.tables import LEVELS, Counts, Floats, Forecasts, Paths
from forecast.counts.archive import Archive
from forecast.counts.bundle import bundled
from forecast.evaluation.cache import FitCache, fits_of
from forecast.evaluation.scores import score
from forecast.models.bank.options import Options
from forecast.recipe.recipe import assemble, load, tasks
from forecast.settings import Settings

# The states of a sector; Yuma's strip of California is small, and all of New Mexico belongs to El Paso.
STATES = {
    "san-diego": ("ca",), "el-centro": ("ca",), "yuma": ("az",), "tucson": ("az",), "el-paso": ("nm", "tx"),
    "big-bend": ("tx",), "del-rio": ("tx",), "laredo": ("tx",), "rio-grande-valley": ("tx",),
}  # fmt: skip
MONTHS, FIRST, LAST = (1, 3, 4, 6, 7, 9, 12), Month.of(2021, 10), Month.of(2023, 12)
HORIZON, DEGREES = 6, 7
# Months of lead that the published state file may be ahead by, and the day by which later counts were public.
FARTHEST, PUBLIC = 12, date(2026, 11, 30)
# A draw is weighed by a normal curve of the change's past error, yet no narrower than leaves so many draws at work.
LEAST_DRAWS = 50


def main() -> None:
    """Print the tables."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("--quick", action="store_true", help="two origins, and no published day")
    asked = asking.parse_args()
    archive = bundled()
    sectors, states = (archive.as_of(panel, AS_OF) for panel in list(bundled_panels())[:2])
    origins = [FIRST + step for step in range(LAST - FIRST + 1) if (FIRST + step).number in MONTHS]
    origins = origins[:: 8 if asked.quick else 1]
    tables: list[Forecasts] = []
    for origin in origins:
        tables.extend(nowcasts(sectors.until(origin), states.until(origin + 1), HORIZON))
    tell(f"development, {len(origins)} origins, {origins[0]} to {origins[-1]}", score(forecasts=tables, truth=sectors))
    if asked.quick:
        return
    later = archive.as_of(next(iter(bundled_panels())), PUBLIC)
    for day in days_ahead(archive):
        known, ahead = (archive.as_of(panel, day) for panel in list(bundled_panels())[:2])
        lead = ahead.through - known.through
        scores = score(forecasts=nowcasts(known, ahead, min(lead, FARTHEST)), truth=later)
        tell(f"published by {day}: states {lead} months ahead of {known.through}", scores)


def days_ahead(archive: Archive) -> Iterator[date]:
    """The days of publication from which the states knew months that the sectors did not; a day on which neither
    learnt anything is left out.
    """
    panels = list(bundled_panels())[:2]
    before: tuple[str, ...] = ()
    for day in sorted({vintage.published for panel in panels for vintage in archive.vintages(panel)}):
        try:
            sectors, states = (archive.as_of(panel, day) for panel in panels)
        except ArchiveError:  # no file of one of the two was public yet
            continue
        if states.through > sectors.through and before != (before := (sectors.digest, states.digest)):
            yield day


def nowcasts(sectors: Counts, states: Counts, horizon: int) -> Iterator[Forecasts]:
    """The southwest's leaves after the sectors' last month: by the bank, and with what the states know beyond it."""
    origin, lead = sectors.through, states.through - sectors.through
    southwest = tuple(area for area in sectors.open_areas if sectors.panel.group_of(area) == "southwest")
    paths = bank(sectors, horizon)
    places = [paths.areas.index(area) for area in southwest]
    draws = paths.values[places]
    yield Paths("bank", origin, southwest, draws).quantiles()
    own = np.stack([_logs(sectors, [area], states.first) for area in southwest])
    whole = _logs(sectors, southwest, states.first)
    region = _logs(states, [area for area in states.open_areas if area.endswith("-southwest")], states.first)
    mapped = np.stack(
        [_logs(states, [f"state-{one}-southwest" for one in STATES[area]], states.first) for area in southwest]
    )
    steps = range(1, min(lead, horizon) + 1)
    yield _table("ratio", origin, southwest, [_moved(own, mapped, step) for step in steps])
    yield _table("region", origin, southwest, [_moved(own, region[None], step) for step in steps])
    centre, errors = _change(whole[None], region[None], 1)
    weights = _weights(np.log(draws[:, 0].sum(axis=0) + Options.offset), float(centre[0]), float(np.std(errors)))
    chosen = np.sort(np.random.default_rng(origin.ordinal).choice(draws.shape[-1], draws.shape[-1], p=weights))
    yield Paths("conditioned", origin, southwest, draws[..., chosen]).quantiles()


def bank(counts: Counts, horizon: int) -> Paths:
    """The joint draws of the recipe that serves."""
    recipe, origin = load("bank"), counts.through
    needed = tasks(recipe, counts, origin=origin, horizon=max(horizon, 12), compared=False)
    fits = [fit for fit, _ in fits_of(needed, cache=FitCache(Settings().cache), executor=HERE)]
    whole = assemble(recipe, counts, fits, origin=origin).paths
    return Paths(whole.model, origin, whole.areas, whole.values[:, :horizon].astype(float))


def _logs(counts: Counts, areas: Sequence[str], first: Month) -> Floats:
    """(months,) log(15 + sum) from `first` on."""
    columns = [counts.areas.index(area) for area in areas]
    return np.asarray(np.log(np.nansum(counts.values[first - counts.first :, columns], axis=1) + Options.offset))


def _change(own: Floats, beside: Floats, step: int) -> tuple[Floats, Floats]:
    """Where `own` (areas, months) lies `step` months on if it moves as `beside` (areas or 1, months + lead) does, and
    (areas, months) by how much that was wrong so far.
    """
    now = own.shape[1]
    errors = (own[:, step:] - own[:, :-step]) - (beside[:, step:now] - beside[:, : now - step])
    return np.asarray(own[:, -1] + beside[:, now - 1 + step] - beside[:, now - 1]), errors


def _moved(own: Floats, beside: Floats, step: int) -> Floats:
    """(areas, LEVELS) counts: Student's t of the past errors' mean size around where `own` would move to."""
    centre, errors = _change(own, beside, step)
    unit = np.abs(stdtrit(DEGREES, np.linspace(0.0005, 0.9995, 1000))).mean()
    scale = np.abs(errors).mean(axis=1) / unit
    working = centre[:, None] + scale[:, None] * stdtrit(DEGREES, np.array(LEVELS))
    return np.asarray(np.maximum(np.exp(working) - Options.offset, 0.0))


def _weights(logs: Floats, centre: float, size: float) -> Floats:
    """Of each draw; they sum to one. The curve is widened until LEAST_DRAWS are at work."""
    while True:
        raw = np.exp(-0.5 * ((logs - centre) / size) ** 2 + 0.5 * (np.abs(logs - centre).min() / size) ** 2)
        weights = np.asarray(raw / raw.sum())
        if 1 / (weights**2).sum() >= LEAST_DRAWS:
            return weights
        size *= 1.25


def _table(name: str, origin: Month, areas: tuple[str, ...], quantiles: Sequence[Floats]) -> Forecasts:
    values = np.stack(quantiles, axis=1)
    return Forecasts(name, origin, areas, values, values[..., LEVELS.index(0.5)], LEVELS)


def tell(title: str, scores: pd.DataFrame) -> None:
    """Print the mean scores of each way, by band of horizons; a way that says nothing of a band is not in it."""
    print(f"\n{title}; southwest sectors")
    figures = ["sWIS", "logWIS", "MASE", "coverage_80", "coverage_95"]
    grouped = scores.groupby(["band", "model"], sort=False)
    print(grouped[figures].mean().assign(cells=grouped.size()).round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
