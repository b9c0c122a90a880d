"""Why do sums of sparse leaves lie too high, and what helps? Ideas beside each other, at development origins.

    .venv/bin/python experiments/finer_sums.py FOLDER

FOLDER holds official files, as for finer_panels.py. Of each panel: leaves as the bank has them with the rule for sparse
ones and without it; each level of sums forecast as a panel of its own; leaves scaled to a level's forecast draw by
draw, by ranks (a sum keeps its order and takes the level's quantiles), or by medians; upper tails of leaves shrunk
until the mean is at most so many times the median. Prints CRPS of counts / CRPS of log(10 + count) / share in the 80 %
interval / median over what came, by kind of area (every eighth leaf), twelve months ahead.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from experiments.finer_panels import DEVELOPMENT, HORIZON, ORIGINS, PANELS, counts_of, later, unrouted
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.scoring import crps_of_samples
from forecast.core.tables import Counts, Floats, Series
from forecast.models.fitting import Fit, FitTask, fit_all
from forecast.models.quiet import is_quiet
from forecast.recipe import reconciliation, routing, top_down
from forecast.recipe.recipe import load, tasks

RECIPE = replace(load("bank"), samples=200, draws=300, horizon=HORIZON, compared=())
EVERY = 8


@dataclass(frozen=True, eq=False)
class Past:
    """A panel at an origin: `whole` with what came later, `seen` without; `members`: area -> its leaves."""

    whole: Counts
    seen: Counts
    members: Mapping[str, Sequence[str]]

    @cache  # noqa: B019 a few of them live as long as the script
    def leaves(self, routed: bool) -> dict[str, Fit]:
        """The bank's fits of the leaves, with the rule for sparse ones or without."""
        counts = self.whole if routed else unrouted(self.whole)
        of_leaves = set(self.seen.open_areas)
        needed = [task for task in tasks(RECIPE, counts, origin=self.seen.through) if task.series.area in of_leaves]
        return {fit.area: fit for fit in fit_all(needed, executor=HERE)}

    @cache  # noqa: B019
    def level(self, kind: str) -> dict[str, Fit]:
        """The bank's fits of all sums of a kind, as a panel of its own."""
        totals = self.seen.totals()
        slugs = [slug for slug in self.members if self.seen.panel.area(slug).kind == kind]
        series = [Series(slug, self.seen.first, np.nan_to_num(totals[slug])) for slug in slugs if totals[slug].any()]
        sparse = routing.sparse(series)
        busy = tuple(one for one in series if one.area not in sparse and not is_quiet(one))
        (member,) = RECIPE.pooled
        needed = [
            FitTask(member, one, HORIZON, RECIPE.samples, RECIPE.seed, busy, sparse=one.area in sparse)
            for one in series
        ]
        return {fit.area: fit for fit in fit_all(needed, executor=HERE)}


def joint(fits: Mapping[str, Fit], past: Past) -> Floats:
    """(areas, HORIZON, draws) joint draws of fits, as a recipe makes them."""
    by_area = {area: surprises for area, fit in fits.items() if (surprises := fit.parameters.get("surprises"))}
    rng = np.random.default_rng([RECIPE.seed, past.seen.through.ordinal])
    samples = np.stack([fit.paths.T for fit in fits.values()])
    return reconciliation.joint_draws(samples, reconciliation.surprises(by_area, tuple(fits)), RECIPE.draws, rng)


def as_they_are(past: Past, *, routed: bool = True) -> Floats:
    """Draws of the leaves alone."""
    return joint(past.leaves(routed), past)


def scaled(past: Past, *, kind: str, how: str) -> Floats:
    """Draws of the leaves, each sum of a kind scaled to its own forecast."""
    fits = past.leaves(True) | past.level(kind)
    draws = joint(fits, past)
    place = {area: at for at, area in enumerate(fits)}
    for slug in past.level(kind):
        rows = [place[leaf] for leaf in past.members[slug]]
        own, aim = draws[rows].sum(axis=0), draws[place[slug]]
        if how == "ranks":
            aim = np.take_along_axis(np.sort(aim, axis=1), own.argsort(axis=1).argsort(axis=1), axis=1)
        elif how == "medians":
            middle, of_sum = (np.median(one, axis=1, keepdims=True) for one in (aim, own))
            aim = own * np.divide(middle, of_sum, out=np.ones_like(middle), where=of_sum > 0)
        draws[rows] = top_down.scaled(draws[rows], aim)
    return draws[: len(past.leaves(True))]


def shrunk(past: Past, *, most: float) -> Floats:
    """Draws of the leaves whose mean is at most `most` times the median, by smaller upper halves."""
    draws = as_they_are(past)
    middle = np.median(draws, axis=2, keepdims=True)
    for _ in range(4):  # the mean moves with what is shrunk
        upper = np.maximum(draws - middle, 0)
        over = np.maximum(draws.mean(axis=2, keepdims=True) - most * np.maximum(middle, 1), 0)
        share = np.divide(over, upper.mean(axis=2, keepdims=True), out=np.zeros_like(over), where=over > 0)
        draws = np.where(draws > middle, middle + upper * (1 - share), draws)
    return draws


def ideas(kinds: Sequence[str]) -> dict[str, Callable[[Past], Floats]]:
    """What is tried, by name."""
    plain: dict[str, Callable[[Past], Floats]] = {
        "leaves alone, sparse rule": as_they_are,
        "leaves alone, bank": partial(as_they_are, routed=False),
    }
    ways: dict[str, Callable[[Past], Floats]] = {
        f"scaled to {kind}, {how}": partial(scaled, kind=kind, how=how)
        for kind in kinds
        for how in ("draws", "ranks", "medians")
    }
    return plain | ways | {f"tails shrunk to {most}": partial(shrunk, most=most) for most in (1.2, 1.05)}


def scores(past: Past, draws: Floats) -> dict[str, list[tuple[float, ...]]]:
    """Kind of area -> for each area CRPS, CRPS of logs, share held, sum of medians, sum of what came."""
    place, totals = {leaf: at for at, leaf in enumerate(past.seen.open_areas)}, past.whole.totals()
    rows: dict[str, list[tuple[float, ...]]] = {}
    for slug, parts in past.members.items():
        kind = past.seen.panel.area(slug).kind
        if kind == "leaf" and place[slug] % EVERY:
            continue
        truth = later(totals[slug], past.whole, past.seen.through)
        own = draws[[place[leaf] for leaf in parts]].sum(axis=0)[: len(truth)]
        low, high = np.quantile(np.rint(own), (0.1, 0.9), axis=1)
        rows.setdefault(kind, []).append(
            (
                float(crps_of_samples(own, truth).mean()),
                float(crps_of_samples(np.log(10 + own), np.log(10 + truth)).mean()),
                float(((low <= truth) & (truth <= high)).mean()),
                float(np.median(own, axis=1).mean()),
                float(truth.mean()),
            )
        )
    return rows


def main() -> None:
    """Print a table a panel."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--panels", default=",".join(PANELS))
    parser.add_argument("--score", action="store_true", help="the idea that serves, at the origins that chose nothing")
    parser.add_argument("--quick", action="store_true", help="one origin, no level but the total")
    asked = parser.parse_args()
    for name in asked.panels.split(","):
        counts = counts_of(asked.folder, name)
        kinds = [kind for kind in counts.panel.kinds if kind != "leaf"][: 1 if asked.quick else None]
        tried = ideas(kinds)
        if asked.score:
            tried = {idea: tried[idea] for idea in ("leaves alone, sparse rule", f"scaled to {kinds[0]}, draws")}
        results: dict[str, dict[str, list[tuple[float, ...]]]] = {idea: {} for idea in tried}
        for text in (ORIGINS if asked.score else DEVELOPMENT)[name][: 1 if asked.quick else None]:
            seen = counts.until(Month.parse(text))
            past = Past(counts, seen, seen.panel.hierarchy(seen.open_areas))
            for idea, make in tried.items():
                for kind, rows in scores(past, make(past)).items():
                    results[idea].setdefault(kind, []).extend(rows)
        print(f"\n{name}: " + ", ".join([*kinds, "leaf", "all sums"]))
        for idea, of in results.items():
            parts = [*(of[kind] for kind in (*kinds, "leaf")), [row for kind in kinds for row in of[kind]]]
            print(f"{idea:<36}" + "".join(f"{_cell(rows):>30}" for rows in parts), flush=True)


def _cell(rows: Sequence[tuple[float, ...]]) -> str:
    crps, logs, held, median, came = np.array(rows).mean(axis=0)
    return f"{crps:.1f} / {logs:.3f} / {held:.2f} / {median / came:.2f}"


if __name__ == "__main__":
    main()
