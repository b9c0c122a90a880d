"""The bank run over the series of one panel, or of one batch of it: smooth, weigh, calibrate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.core.tables import Floats
from forecast.models.bank.options import Options
from forecast.models.bank.panel import PanelArrays
from forecast.models.bank.shape import FARTHEST, shapes
from forecast.models.bank.short import known_steps, nearer_a_walk, widening
from forecast.models.bank.smoothers import smooth
from forecast.models.bank.spread import grown, low_level_factors, one_step_scales, standardise
from forecast.models.bank.weights import averaged, errors, weigh

__all__ = ["Future", "Judged", "calibrate", "forecast", "judge"]


@dataclass(frozen=True)
class Judged:
    """What the averaged smoothers say, and how far they missed, on the working scale.

    `median`: (series, horizon) after the last step; `missed`: (near, steps, series) errors of each near horizon, by the
    step they became known in; `squared_gain`, `level`: (steps, series) averaged; `trends`: (series, trends) the weight
    of each trend variant after the last step.
    """

    median: Floats
    missed: Floats
    squared_gain: Floats
    level: Floats
    trends: Floats


@dataclass(frozen=True)
class Future:
    """What the bank says of a panel after its last step, on the working scale.

    `median`, `scale`: (series, horizon); `shape`: (series, PROBABILITIES) of standardised errors; `gain`: (series,)
    averaged; `trends`: (series, trends) the weight of each trend variant; `surprises`: (steps, series) standardised
    errors of one step, 0 where there is none.
    """

    median: Floats
    scale: Floats
    shape: Floats
    gain: Floats
    trends: Floats
    surprises: Floats


def forecast(panel: PanelArrays, horizon: int, options: Options) -> Future:
    """Run, weigh and calibrate the bank on a panel; every number follows from its steps alone."""
    return calibrate(judge(panel, horizon, options), panel, options)


def judge(panel: PanelArrays, horizon: int, options: Options) -> Judged:
    """Run the smoothers and weigh them. Raises Unlearnt in a batch as long as its groups' records are not known."""
    smoothed = list(smooth(panel, options))
    weights = weigh(smoothed, panel, options)
    squared = np.asarray(
        sum((one.members.gain**2 * weight).sum(axis=2) for one, weight in zip(smoothed, weights, strict=True))
    )
    trends = np.stack(
        [
            np.asarray(
                sum(
                    weight[-1][:, one.members.trend == trend].sum(axis=1)
                    for one, weight in zip(smoothed, weights, strict=True)
                )
            )
            for trend in range(len(options.trends))
        ],
        axis=1,
    )
    # The shape is learnt from near months of every step, however few are asked for; far months are forecast from the
    # last step alone.
    missed = [errors(averaged(smoothed, weights, step), panel.values, step) for step in range(1, options.near + 1)]
    level = np.asarray(sum((one.level * weight).sum(axis=2) for one, weight in zip(smoothed, weights, strict=True)))
    last, counted = [one.at_last() for one in smoothed], [weight[-1:] for weight in weights]
    median = np.stack([averaged(last, counted, step)[0] for step in range(1, horizon + 1)], axis=1)
    return Judged(median, np.stack(missed), squared, level, trends)


def calibrate(judged: Judged, panel: PanelArrays, options: Options) -> Future:
    """Give what was judged its spread. Raises Unlearnt in a batch as long as its groups' spread is not known."""
    base, ratio = one_step_scales(judged.missed[0], panel, options)
    narrow = low_level_factors(judged.level, panel, options)
    near = grown(base, ratio, judged.squared_gain, options.near, options) * narrow[..., None]
    standardised = np.stack([standardise(miss, near, step) for step, miss in enumerate(judged.missed, start=1)], axis=2)
    early = np.arange(len(base))[:, None] < panel.began + options.warm_up
    surprises = np.where(early, 0.0, np.clip(np.nan_to_num(standardised[:, :, 0]), -FARTHEST, FARTHEST))
    known = known_steps(panel)
    moves = nearer_a_walk(judged.squared_gain[-1], known)
    scale = grown(base[-1], ratio[-1], moves, judged.median.shape[1], options) * narrow[-1][:, None]
    shape = shapes(standardised, panel, options) * widening(known)
    return Future(judged.median, scale, shape, np.sqrt(judged.squared_gain[-1]), judged.trends, surprises)
