"""What did the bank know after each past month, and how does something else said in its place score? The arrays that
experiments of one run share; prints nothing.

One run of the bank over a whole panel says what it would have said after every month: what it knows at each past step
is what it would have known then (`tests/evaluation/test_bank_experiments.py` holds it to that), so that 98 origins cost
no more than one, and a variant that changes medians, scales or shapes costs a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments import simulated_breaks
from experiments.arguments import AS_OF
from forecast.core.months import Month
from forecast.core.panels import bundled as bundled_panels
from forecast.core.scoring import inside, round_to, seasonal_scale, weighted_interval_score
from forecast.core.tables import Counts, Floats, Ints, Series
from forecast.counts.bundle import bundled
from forecast.evaluation.cells import era_of
from forecast.evaluation.significance import relative
from forecast.models.bank.groups import group_means
from forecast.models.bank.options import Options
from forecast.models.bank.panel import STANDARD_MONTH, PanelArrays, panel_of
from forecast.models.bank.shape import PROBABILITIES, shapes
from forecast.models.bank.smoothers import Smoothed, smooth
from forecast.models.bank.spread import grown, low_level_factors, one_step_scales, standardise
from forecast.models.bank.weights import averaged, errors, weigh
from forecast.models.quiet import is_quiet

__all__ = [
    "FIRST", "HORIZON", "LAST", "LEVELS", "MONTHS", "SETS", "Known", "Past", "Said", "altered_pasts", "in_counts",
    "know", "known_of", "past_of", "real_pasts", "relative_to", "scales", "scored", "sets", "shapes_at",
    "southwest_by_era", "spread", "start_of", "working",
]  # fmt: skip

Flags = NDArray[np.bool_]
Said = tuple[Floats, Floats, Floats]  # median, scale (origins, series, HORIZON), shape (origins, series, PROBABILITIES)
HORIZON = 12
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
# Months of origins, as RESULTS.md names the sets of development.
SETS = {"D1": (1, 3, 7, 9), "D2": (4, 6, 12)}
MONTHS = (1, 3, 4, 6, 7, 9, 12)
FIRST, LAST = Month.of(2010, 1), Month.of(2023, 12)
STATES_FIRST, STATES_LAST = Month.of(2021, 10), Month.of(2025, 8)
SINCE = (1, 2, 3, 4, 6, 9, 12, 18)


@dataclass(frozen=True)
class Known:
    """After every step, on the working scale: `median` (steps, series, HORIZON); logarithms of the expected size of an
    error (`base`) and of the group's volatility above its slow level (`ratio`), the `squared` gain and what a low level
    makes of the spread (`low`), (steps, series); `standardised` errors (steps, series, near); `smoothed`, `weights`.
    """

    median: Floats
    base: Floats
    ratio: Floats
    squared: Floats
    low: Floats
    standardised: Floats
    smoothed: list[Smoothed]
    weights: list[Floats]

    def scale(self, options: Options) -> Floats:
        """(steps, series, HORIZON) what the bank multiplies its shape by."""
        return grown(self.base, self.ratio, self.squared, HORIZON, options) * self.low[..., None]


@dataclass(frozen=True, eq=False)
class Past:
    """A panel's months side by side with the `origins` that are looked at, by their step (`at`): `truth`, `days` and
    `precision` of the months after each, (origins, series, HORIZON); the `unit` of sWIS, the record and the `start` of
    what is shrunk beyond it (origins, series).
    """

    counts: Counts
    series: tuple[Series, ...]
    laid: PanelArrays
    origins: tuple[Month, ...]
    at: Ints
    truth: Floats
    days: Floats
    precision: Floats
    unit: Floats
    start: Floats
    known: Known
    shape: Floats
    kind: str = ""
    since: Ints | None = None

    @property
    def southwest(self) -> Flags:
        """(series,) whether each is of the southwest."""
        return np.array([one.group == "southwest" for one in self.series])

    def column(self, median: Floats) -> Floats:
        """(origins, series, ...) of what was known after each step."""
        return np.asarray(median[self.at])

    def said(self, options: Options) -> Said:
        """What the bank says at the origins, of the options that it was run with."""
        return self.column(self.known.median), self.column(self.known.scale(options)), self.shape


def know(laid: PanelArrays, options: Options) -> Known:
    """Run the bank over all steps."""
    smoothed = list(smooth(laid, options))
    weights = weigh(smoothed, laid, options)
    return known_of(smoothed, weights, laid, options)


def known_of(smoothed: list[Smoothed], weights: list[Floats], laid: PanelArrays, options: Options) -> Known:
    """The same of smoothers that have run, however they are weighted."""
    both = list(zip(smoothed, weights, strict=True))
    squared = np.asarray(sum((one.members.gain**2 * weight).sum(axis=2) for one, weight in both))
    level = np.asarray(sum((one.level * weight).sum(axis=2) for one, weight in both))
    median = np.stack([averaged(smoothed, weights, step) for step in range(1, HORIZON + 1)], axis=2)
    return spread(median, squared, level, smoothed, weights, laid, options)


def spread(
    median: Floats,
    squared: Floats,
    level: Floats,
    smoothed: list[Smoothed],
    weights: list[Floats],
    laid: PanelArrays,
    options: Options,
) -> Known:
    """What the bank would say of the errors of any medians."""
    missed = [errors(median[:, :, step - 1], laid.values, step) for step in range(1, options.near + 1)]
    base, ratio = one_step_scales(missed[0], laid, options)
    low = low_level_factors(level, laid, options)
    scale = grown(base, ratio, squared, options.near, options) * low[..., None]
    standardised = np.stack([standardise(miss, scale, step) for step, miss in enumerate(missed, start=1)], 2)
    return Known(median, base, ratio, squared, low, standardised, smoothed, weights)


def shapes_at(standardised: Floats, laid: PanelArrays, at: Sequence[int], options: Options) -> Floats:
    """(origins, series, PROBABILITIES) the bank's shapes after some steps."""
    return np.stack([shapes(standardised[: step + 1], laid, options) for step in at])


def scales(sizes: Floats, laid: PanelArrays, options: Options, once: Flags, quick: Flags) -> tuple[Floats, Floats]:
    """`spread.one_step_scales` of sizes of errors, with two exceptions, (steps, series) each: errors that count as at
    most what was expected (`once`), and months after which the fast errors' half-life is one, where calm (`quick`).
    """
    base, ratio = np.empty(sizes.shape), np.empty(sizes.shape)
    total, weight = np.zeros((2, sizes.shape[1])), np.zeros((2, sizes.shape[1]))
    expected = np.full(sizes.shape[1], np.inf)
    slow, fast = (0.5 ** (1 / half_life) for half_life in (options.slow, options.fast))
    for step, size in enumerate(sizes):
        known = ~np.isnan(size)
        most = np.where(once[step], 1.0, options.surprise) * np.where(
            (weight[0] > 6) & (expected > 0.02), expected, np.inf
        )
        relative_size = np.where(known & np.isfinite(expected), size / np.maximum(expected, 1e-9), np.nan)
        calm = np.nan_to_num(group_means(relative_size[None], laid.groups)[0], nan=9.0) < 1
        keep = np.stack([np.full(len(size), slow), np.where(quick[step] & calm, 0.5, fast)])
        total = np.where(known, keep * total + np.where(known, np.minimum(size, most), 0.0), total)
        weight = np.where(known, keep * weight + 1, weight)
        mean = np.where(weight > 0, np.maximum(total / np.maximum(weight, 1e-12), 1e-4), np.nan)
        shared = group_means(np.stack([np.log(mean[0]), mean[1] / mean[0]]), laid.groups)
        own = np.where(np.isnan(mean[0]), shared[0], np.log(mean[0]))
        base[step] = shared[0] + options.own_scale * (own - shared[0])
        ratio[step] = np.nan_to_num(np.log(shared[1]))
        expected = np.nan_to_num(np.exp(base[step] + ratio[step]), nan=np.inf)
    return base, ratio


def past_of(
    counts: Counts, origins: Sequence[Month], options: Options, *, kind: str = "", since: Sequence[int] = ()
) -> Past:
    """Run the bank over a panel and lay out what `origins` need."""
    series = tuple(one for one in (counts.series(area) for area in counts.open_areas) if not is_quiet(one))
    laid = panel_of(series, options.offset)
    values = np.full(laid.values.shape, np.nan)
    for place, one in enumerate(series):
        values[len(values) - len(one.values) :, place] = one.values
    first = counts.through + (1 - len(values))
    rows = counts.precision[-len(values) :, [counts.areas.index(one.area) for one in series]]
    at = np.array([origin - first for origin in origins])
    ahead = at[:, None] + np.arange(1, HORIZON + 1)
    inside_ = ahead < len(values)
    within = np.minimum(ahead, len(values) - 1)
    truth = np.where(inside_[..., None], values[within], np.nan).transpose(0, 2, 1)
    precision = np.maximum(rows, 1).astype(float)[within].transpose(0, 2, 1)
    days = np.array([(first + step).days for step in range(len(values) + HORIZON)]) / STANDARD_MONTH
    unit = np.array([[seasonal_scale(column[~np.isnan(column)]) for column in values[: step + 1].T] for step in at])
    start = np.array([[start_of(column, options) for column in laid.values[: step + 1].T] for step in at])
    known = know(laid, options)
    shape = shapes_at(known.standardised, laid, at, options)
    return Past(
        counts, series, laid, tuple(origins), at, truth, days[ahead][:, None, :], precision, unit, start, known, shape,
        kind, np.array(since) if len(since) else None,
    )  # fmt: skip


def start_of(seen: Floats, options: Options) -> float:
    """From where on a quantile is shrunk, as in `spread.shrink_upper_tail`."""
    steps = np.exp(seen[~np.isnan(seen)])
    record = steps.max()
    room = min(0.5 * record, options.small) if steps.mean() - options.offset >= options.busy else options.small
    return float(np.log(record + room))


def working(
    start: Floats, median: Floats, scale: Floats, shape: Floats, options: Options, levels: Sequence[float] = LEVELS
) -> Floats:
    """(origins, series, HORIZON, levels) quantiles on the working scale, shrunk beyond `start` (origins, series)."""
    wanted = np.apply_along_axis(lambda own: np.interp(levels, PROBABILITIES, own), 2, shape)
    own = median[..., None] + scale[..., None] * wanted[:, :, None, :]
    begins = np.maximum(start[:, :, None], median)[..., None]
    shrunk = begins - options.beyond * np.expm1(-np.maximum(own - begins, 0.0) / options.beyond)
    return np.where(own > begins, shrunk, own)


def in_counts(past: Past, own: Floats, options: Options) -> Floats:
    """The same as counts, rounded as they are published."""
    rates = np.maximum(np.exp(np.minimum(own, 40.0)) - options.offset, 0.0)
    return np.asarray(round_to(rates * past.days[..., None], past.precision[..., None]))


def scored(past: Past, quantiles: Floats, model: str) -> pd.DataFrame:
    """The cells of a variant with the columns that `significance.relative` asks for, and coverage."""
    swis = weighted_interval_score(quantiles, LEVELS, past.truth) / past.unit[..., None]
    logwis = weighted_interval_score(np.log1p(quantiles), LEVELS, np.log1p(past.truth))
    origin, area, horizon = np.nonzero(~np.isnan(past.truth))
    names, groups = (np.array([getattr(one, name) for one in past.series]) for name in ("area", "group"))
    table = pd.DataFrame(
        {
            "model": model,
            "area": names[area],
            "group": groups[area],
            "origin": np.array([str(each) for each in past.origins])[origin],
            "era": np.array([era_of(each) for each in past.origins])[origin],
            "horizon": horizon + 1,
            "sWIS": swis[origin, area, horizon],
            "logWIS": logwis[origin, area, horizon],
            "c80": inside(quantiles, LEVELS, past.truth, 80)[origin, area, horizon],
            "c95": inside(quantiles, LEVELS, past.truth, 95)[origin, area, horizon],
        }
    )
    if past.since is not None:
        table["since"] = past.since[origin]
        table["kind"], table["start"] = past.kind, str(past.origins[0] + -int(past.since[0]))
    return table


def sets(scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The sectors' cells by set of origins."""
    number = scores["origin"].str[-2:].astype(int)
    return {name: scores[number.isin(own)] for name, own in SETS.items()}


def southwest_by_era(scores: pd.DataFrame) -> str:
    """The 80 % interval's coverage of the southwest, era by era."""
    return " ".join(f"{each:.3f}" for each in scores[scores["group"] == "southwest"].groupby("era")["c80"].mean())


def relative_to(base: pd.DataFrame, own: pd.DataFrame) -> str:
    """Both scores over those of the `base`, with their paired intervals."""
    both = pd.concat([own.assign(model="own"), base.assign(model="base")])
    told = [relative(both, model="own", against="base", figure=figure) for figure in ("sWIS", "logWIS")]
    return " / ".join(f"{one.ratio:.4f} [{one.low:.4f}, {one.high:.4f}]" for one in told)


def real_pasts(options: Options, every: int = 1) -> dict[str, Past]:
    """Of the sectors' two sets together, and of the states."""
    sectors, states = (bundled().as_of(panel, AS_OF) for panel in list(bundled_panels())[:2])
    months = [FIRST + step for step in range(LAST - FIRST + 1)]
    origins = [month for month in months if month.number in MONTHS][::every]
    later = [STATES_FIRST + step for step in range(STATES_LAST - STATES_FIRST + 1)][::every]
    return {"sectors": past_of(sectors, origins, options), "states": past_of(states, later, options)}


def altered_pasts(options: Options, breaks: Sequence[Month] = simulated_breaks.BREAKS) -> list[Past]:
    """Of each simulated break."""
    real = bundled().as_of(next(iter(bundled_panels())), AS_OF).until(simulated_breaks.LAST)
    made = []
    for kind in simulated_breaks.KINDS:
        for start in breaks:
            end = min(start + simulated_breaks.FOLLOWED, simulated_breaks.LAST, key=lambda month: month.ordinal)
            counts = simulated_breaks.altered(real.until(end), kind, start)
            sinces = [since for since in SINCE if end - (start + since) >= 1]
            made.append(past_of(counts, [start + since for since in sinces], options, kind=kind, since=sinces))
    return made
