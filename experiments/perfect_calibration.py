"""What reliability error would chances of exceeding a threshold have that are right? The measure's floor, simulated.

The mean distance between chance and frequency is above zero even where every chance is right: months are few, and those
of one origin, of neighbouring origins and of neighbouring areas go wrong together. Here the chances are kept as they
were forecast and the counts are made up, so that each chance is right: an area's normal score at an origin and horizon
is the sum of its monthly innovations since, over the root of their number, and innovations of one month are correlated
between areas as the one-month forecasts' normal scores have been.

    .venv/bin/python experiments/perfect_calibration.py bank --first 2010-01 --last 2023-09 --step 1
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from experiments.arguments import replay_one
from experiments.record import Page
from forecast.core.months import Month
from forecast.core.tables import Floats
from forecast.evaluation.chances import BINS, chances, summary

DRAWS = 500
# A normal score is no farther out than the outermost stored levels can tell.
END = 2.6


def main() -> None:
    """Replay, and print for each group and lead the error that was, and those of right chances."""
    _, made = replay_one(__doc__)
    recipe = made.study.recipes[0].name
    rows = chances(forecasts=made.past.forecasts, truth=made.study.counts)
    rows = rows[(rows["lead_band"] != "") & (rows["model"] == recipe)].reset_index(drop=True)
    page = Page()
    page.tell(f"{made.study.counts.panel}: {len(made.study.origins)} origins, {DRAWS} made-up pasts in which every "
              "chance is right")  # fmt: skip
    table = summary(rows, ("group", "lead_band")).set_index(["group", "lead_band"])[["reliability_error", "cells"]]
    errors = right_errors(rows, correlation(made.scores[made.scores["model"] == recipe]))
    table["right: mean"] = errors.mean(axis=1)
    table["right: 5 %"], table["right: 95 %"] = errors.quantile(0.05, axis=1), errors.quantile(0.95, axis=1)
    table["share of right ones above"] = errors.gt(table["reliability_error"], axis=0).mean(axis=1)
    page.tell(table.round(3).to_string())
    page.keep("perfect_calibration", made)


def correlation(scores: pd.DataFrame) -> pd.DataFrame:
    """(areas, areas) of the normal scores of one-month forecasts, a missing one taken for the middle."""
    nearest = scores[scores["horizon"] == 1].pivot_table(index="origin", columns="area", values="pit")
    normal = pd.DataFrame(np.clip(ndtri(nearest), -END, END), nearest.index, nearest.columns).fillna(0.0)
    return normal.corr()


def right_errors(rows: pd.DataFrame, alike: pd.DataFrame, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """(group and lead, draws) reliability errors of the chances in `rows` on made-up counts by which they are right.

    `alike`: correlation of the innovations of one month between areas. Groups, leads and stretches of probability as in
    `evaluation.chances.summary`.
    """
    rng = np.random.default_rng(seed)
    cells, names = _cells(rows)
    chance = rows["probability"].to_numpy(float)
    border = -ndtri(np.clip(chance, 1e-12, 1 - 1e-12))
    area = alike.index.get_indexer(pd.Index(rows["area"]))
    origin = np.array([Month.parse(text).ordinal for text in rows["origin"]])
    horizon = rows["horizon"].to_numpy(int)
    first = int(origin.min())
    months = int((origin + horizon).max()) - first + 1
    values, vectors = np.linalg.eigh(alike.to_numpy())
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    size = len(names) * BINS
    expected, group_size = np.bincount(cells, chance, size), np.bincount(cells // BINS, minlength=len(names))
    errors: list[Floats] = []
    for _ in range(draws):
        upto = (rng.standard_normal((months, len(alike))) @ root.T).cumsum(axis=0)
        score = (upto[origin - first + horizon, area] - upto[origin - first, area]) / np.sqrt(horizon)
        came = np.bincount(cells, score > border, size)
        errors.append(np.abs(came - expected).reshape(-1, BINS).sum(axis=1) / group_size)
    return pd.DataFrame(np.array(errors).T, index=names)


def _cells(rows: pd.DataFrame) -> tuple[np.ndarray, pd.MultiIndex]:
    """The number of each row's group, lead and stretch of probability, and the names of the groups and leads."""
    keys = pd.MultiIndex.from_frame(rows[["group", "lead_band"]])
    names = keys.unique()
    stretch = np.minimum((rows["probability"].to_numpy(float) * BINS).astype(int), BINS - 1)
    return names.get_indexer(keys) * BINS + stretch, names


if __name__ == "__main__":
    main()
