"""How good are forecasts of finer panels, whose leaves are mostly zero? Scores counts, by how sparse a leaf is.

    .venv/bin/python experiments/finer_panels.py FOLDER

FOLDER holds official files: OHSS's workbook "CBP Encounters - USBP" and CBP's files by state. At past origins, twelve
months ahead: the recipe `bank` as it serves (sparse leaves by their recent months), the same without that rule and
single models. Prints, by panel and by the share of zeros in a leaf's last 36 months, CRPS (counts) and the shares in
the 80 and the 95 % interval; then the sums. Of large panels an even choice of leaves is scored, all are learnt from.
The options were chosen at other origins (`--development`).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from forecast.core.executor import HERE, Executor
from forecast.core.months import Month
from forecast.core.panels import Panel
from forecast.core.scoring import crps_of_samples
from forecast.core.tables import Counts, Floats
from forecast.counts.archive import Archive
from forecast.counts.declared_panels import offered, read_declaration
from forecast.counts.sources.catalog import recognise
from forecast.evaluation.named import member
from forecast.models.fitting import FitTask, fit_all
from forecast.models.quiet import is_quiet
from forecast.recipe.recipe import Recipe, load, run

PANELS = {"usbp-regions-citizenship": "khsm*.xlsx", "cbp-states-detail": "*-state.csv", "usbp-family": "khsm*.xlsx"}
ORIGINS = {
    "usbp-regions-citizenship": ["2008-01", "2011-06", "2014-06", "2017-06", "2020-06", "2023-06"],
    "usbp-family": ["2016-06", "2018-12", "2020-06", "2021-12", "2023-06"],
    "cbp-states-detail": ["2022-12", "2023-12", "2024-11"],
}
DEVELOPMENT = {
    "usbp-regions-citizenship": ["2009-03", "2012-09", "2015-03", "2018-09", "2021-03", "2023-09"],
    "usbp-family": ["2017-03", "2019-09", "2022-03"],
    "cbp-states-detail": ["2022-09", "2023-09", "2024-09"],
}
SINGLE = ("recent-raw", "random_walk-log", "theta-log", "ets-log")
HORIZON, PATHS, DRAWS, SEED, SCORED = 12, 200, 300, 1, 250
CLASSES = (
    ("no or few zeros", 0.0, 0.1),
    ("a tenth to half", 0.1, 0.5),
    ("half to nine tenths", 0.5, 0.9),
    ("nine tenths and more", 0.9, 1.01),
)
Scores = Floats  # (areas, 3): mean CRPS, shares inside 80 and 95 %


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--panels", default=",".join(PANELS))
    parser.add_argument("--models", default=",".join(SINGLE), help="single models; default: %(default)s")
    parser.add_argument("--development", action="store_true", help="at the origins that the options were chosen at")
    parser.add_argument("--quick", action="store_true", help="one origin, without ets-log")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    names = [name for name in asked.models.split(",") if name and not (asked.quick and name == "ets-log")]
    for name in asked.panels.split(","):
        counts = counts_of(asked.folder, name)
        texts = (DEVELOPMENT if asked.development else ORIGINS)[name]
        origins = [Month.parse(text) for text in (texts[-1:] if asked.quick else texts)]
        zeros: list[Floats] = []
        leaves: dict[str, list[Scores]] = {}
        sums: dict[str, list[Scores]] = {}
        for origin in origins:
            seen = counts.until(origin)
            scored = seen.open_areas[:: max(len(seen.open_areas) // SCORED, 1)]
            scored = tuple(area for area in scored if not is_quiet(seen.series(area)))
            zeros.append(np.array([_zeros(seen.series(area).values) for area in scored]))
            for label, own in (("bank, as it serves", counts), ("bank alone", unrouted(counts))):
                of_leaves, of_sums = _recipe(own, origin, scored)
                leaves.setdefault(label, []).append(of_leaves)
                sums.setdefault(label, []).append(of_sums)
            for label in names:
                leaves.setdefault(label, []).append(_single(label, counts, origin, scored, asked.workers))
            print(f"  {name} {origin}: {len(scored)} of {len(seen.open_areas)} leaves scored", flush=True)
        _print_leaves(name, leaves, np.concatenate(zeros))
        _print_sums(sums)


def counts_of(folder: Path, name: str) -> Counts:
    """The panel's counts of the official files in a folder, as the archive has them."""
    panel: Panel = read_declaration(offered()[name])
    with tempfile.TemporaryDirectory() as place:
        archive = Archive(Path(place), panels={panel.id: panel})
        for day, path in enumerate(sorted(folder.glob(PANELS[name])), start=1):
            archive.append(recognise(path).finer(panel, date(2026, 2, day)), accept=True)
        return archive.as_of(panel.id, date(2026, 11, 1))


def unrouted(counts: Counts) -> Counts:
    """The same counts of a panel that the rule for sparse series does not look at."""
    return replace(counts, panel=replace(counts.panel, dimensions=()))


def _zeros(values: Floats) -> float:
    last = values[-36:]
    return float((last[np.isfinite(last)] == 0).mean())


def _recipe(counts: Counts, origin: Month, scored: Sequence[str]) -> tuple[Scores, Scores]:
    """Scores of the scored leaves and of all sums."""
    recipe: Recipe = replace(load("bank"), samples=PATHS, draws=DRAWS, horizon=HORIZON, compared=())
    made = run(recipe, counts, origin=origin, executor=HERE)
    place = {area: at for at, area in enumerate(made.paths.areas)}
    totals = counts.totals()
    above = [slug for slug in made.paths.areas if not counts.panel.area(slug).is_leaf()]

    def scores(areas: Sequence[str]) -> Scores:
        return np.stack(
            [_score(made.paths.values[place[area]].T, later(totals[area], counts, origin)) for area in areas]
        )

    return scores(scored), scores(above)


def _single(label: str, counts: Counts, origin: Month, scored: Sequence[str], workers: int) -> Scores:
    """Scores of one model, fitted to each leaf alone."""
    seen = counts.until(origin)
    tasks = [FitTask(member(label), seen.series(area), HORIZON, PATHS, SEED) for area in scored]
    fits = fit_all(tasks, executor=Executor(workers, 60.0) if label == "ets-log" else HERE)
    place = {area: at for at, area in enumerate(counts.areas)}
    return np.stack([_score(fit.paths, later(counts.values[:, place[fit.area]], counts, origin)) for fit in fits])


def later(values: Floats, counts: Counts, origin: Month) -> Floats:
    """The counts of the months that were forecast, of a row of all months."""
    return values[origin - counts.first + 1 :][:HORIZON]


def _score(paths: Floats, truth: Floats) -> Floats:
    """(3,) CRPS of counts (Gneiting and Raftery 2007, eq. 21), and whether 80 and 95 % held; means over months."""
    paths = paths[:, : len(truth)]
    crps = crps_of_samples(paths.T, truth)
    low, lower, upper, high = np.quantile(np.rint(paths), [0.025, 0.1, 0.9, 0.975], axis=0)
    inside = [(lower <= truth) & (truth <= upper), (low <= truth) & (truth <= high)]
    return np.array([crps.mean(), *(held.mean() for held in inside)])


def _print_leaves(name: str, leaves: dict[str, list[Scores]], zeros: Floats) -> None:
    print(f"\n{name}: CRPS / c80 / c95, by the share of zeros in the last 36 months")
    inside = [(zeros >= low) & (zeros < high) for _, low, high in CLASSES]
    heads = [f"{head} ({int(own.sum())})" for (head, _, _), own in zip(CLASSES, inside, strict=True)]
    print(f"{'':<20}" + "".join(f"{head:>28}" for head in [*heads, f"all ({len(zeros)})"]))
    for label, parts in leaves.items():
        scores = np.concatenate(parts)
        cells = [scores[own] for own in (*inside, np.ones(len(zeros), bool))]
        print(f"{label:<20}" + "".join(f"{_cell(own):>28}" for own in cells))


def _print_sums(sums: dict[str, list[Scores]]) -> None:
    for label, parts in sums.items():
        print(f"sums, {label:<20}{_cell(np.concatenate(parts)):>28}")


def _cell(scores: Scores) -> str:
    if not len(scores):
        return "-"
    crps, c80, c95 = scores.mean(axis=0)
    return f"{crps:.3f} / {c80:.2f} / {c95:.2f}"


if __name__ == "__main__":
    main()
