"""How wide are the intervals before and after a break that is made up? Real sector series, cut and scaled, beside
random walk and Theta.

The southwest's counts through 2023 are scaled from a month on: down by nine tenths (within two months, as in 2025), the
same with the changes calmer afterwards, up threefold, and down for nine months and back. Several months before and
after it are forecast, and scored by the altered counts. No month after 2023 is used:

    .venv/bin/python experiments/simulated_breaks.py bank
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.arguments import AS_OF
from forecast.core.errors import EncountersError
from forecast.core.executor import HERE
from forecast.core.months import Month
from forecast.core.panels import bundled as bundled_panels
from forecast.core.tables import Counts
from forecast.counts import bundle
from forecast.counts.archive import Archive
from forecast.evaluation import study
from forecast.progress import Reporter
from forecast.settings import Settings

LAST = Month.of(2023, 12)
# The first month of each break, in calm and in restless years; each is followed for three years.
BREAKS = tuple(
    Month.of(*each) for each in ((2005, 6), (2008, 3), (2011, 1), (2013, 9), (2015, 4), (2018, 1), (2020, 9))
)
FOLLOWED = 36
# Origins, in months since the break's first month. From 1 on the new level is known.
SINCE = (-4, -2, 0, 1, 2, 3, 4, 6, 9, 12, 18)
KINDS = ("fall", "fall, calm after", "rise", "fall and return")
PEERS = ("theta-log",)
BAND = (0.70, 0.90)


def main() -> None:
    """Replay every break, print a table per kind and when coverage is right again."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("recipe", help="name or file of a recipe")
    asking.add_argument(
        "--quick", action="store_true", help="one break of each kind, three origins: shows that it runs"
    )
    asked = asking.parse_args()
    try:
        scores = replayed(asked.recipe, *((BREAKS[:1], SINCE[1:4]) if asked.quick else (BREAKS, SINCE)))
    except EncountersError as error:
        raise SystemExit(f"{error}") from error
    for kind, own in scores.groupby("kind", sort=False):
        print(
            f"\n{kind}: {own['break'].nunique()} breaks, southwest sectors, 12 months ahead, by months since the "
            "break; sWIS / logWIS / c80"
        )
        print(table(own).to_string())
        for model, part in own.groupby("model", sort=False):
            print(f"  80 % interval of {model}: {recovery(part.groupby('since')['coverage_80'].mean())}")


def replayed(recipe: str, breaks: Sequence[Month] = BREAKS, sinces: Sequence[int] = SINCE) -> pd.DataFrame:
    """The southwest's scores of every kind, break and origin, with `kind`, `break` and `since` beside the columns of
    `scores.score`.
    """
    settings = Settings()
    archive = Archive(settings.archive)
    bundle.seed(archive)
    real = archive.as_of(next(iter(bundled_panels())), AS_OF).until(LAST)
    parts = []
    with Reporter() as progress:
        for kind in KINDS:
            for start in breaks:
                end = min(start + FOLLOWED, LAST, key=lambda month: month.ordinal)
                counts = altered(real.until(end), kind, start)
                for since in sinces:
                    if end - (start + since) < 1:
                        continue
                    origin = start + since
                    made = study.begin(
                        counts, recipes=[recipe], models=PEERS, first=origin, last=origin, step=1, horizon=12
                    )
                    past = made.run(cache=settings.cache, executor=HERE)
                    scores = made.scores(past)
                    parts.append(
                        scores[scores["group"] == "southwest"].assign(kind=kind, since=since, **{"break": str(start)})
                    )
            progress.begin(f"{kind}: done", 0)
    return pd.concat(parts, ignore_index=True)


def altered(counts: Counts, kind: str, start: Month) -> Counts:
    """The same counts with a break in the southwest from `start` on, rounded to ten as the publisher does."""
    values, at = counts.values.copy(), start - counts.first
    inside = np.array([counts.panel.group_of(area) == "southwest" for area in counts.areas])
    if kind == "fall, calm after":  # changes against the year before are four tenths of what they were
        level = np.nanmean(values[at - 12 : at], axis=0) + 5
        values[at:] = np.maximum(level * np.exp(0.4 * (np.log(values[at:] + 5) - np.log(level))) - 5, 0)
    until = at + 9 if kind == "fall and return" else len(values)
    values[at:until, inside] *= 3.0 if kind == "rise" else 0.1
    if kind.startswith("fall") and kind != "fall and return":
        values[at, inside] *= 10**0.5  # half of the fall, on a log scale, in its first month
    return replace(counts, values=np.round(values / 10) * 10)


def table(scores: pd.DataFrame) -> pd.DataFrame:
    """A row per model, a column per months since the break."""
    means = scores.groupby(["model", "since"], sort=False)[["sWIS", "logWIS", "coverage_80"]].mean()
    text = means.apply(lambda row: f"{row['sWIS']:.3f}/{row['logWIS']:.3f}/{row['coverage_80']:.2f}", axis=1)
    return text.unstack("since")[sorted(scores["since"].unique())]


def recovery(coverage: pd.Series) -> str:
    """The first origin from 1 on whose coverage lies in BAND, in words."""
    inside = coverage[(coverage.index >= 1) & coverage.between(*BAND)]
    band = " to ".join(f"{100 * end:.0f}" for end in BAND)
    return (
        f"covers {band} % again {inside.index[0]} months after the break" if len(inside) else f"never covers {band} %"
    )


if __name__ == "__main__":
    main()
