"""Would the fourth version forecast better with another median after a break, or several banks side by side?
Origins of development and simulated breaks alone.

    .venv/bin/python experiments/fifth_look.py

A group's *change*: a month in which the mean standardised error of its leaves (each at most 12) is of a size of 3, or
of 6. After it the median leans on a simple model's, by half in that month, less later (half-life 6 months).

The rule, written first: taken for a gain of 1 % in a score on D1 and on D2, or for a goal of the breaks that it meets
where no score gets worse by .3 % on D1, D2, the states, and simulated rises and returns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from experiments import past as looks
from experiments import simulated_breaks
from experiments.past import HORIZON, LEVELS, SETS, Past, Said
from forecast.core.tables import Floats, Series
from forecast.models.bank.groups import group_means
from forecast.models.bank.options import Options, Pattern
from forecast.models.bank.panel import STANDARD_MONTH, panel_of
from forecast.models.bank.shape import PROBABILITIES
from forecast.models.bank.smoothers import Smoothed, Smoothers
from forecast.models.bank.spread import grown, standardise
from forecast.models.bank.weights import errors, weigh
from forecast.models.theta import Theta

OPTIONS = Options()
NEVER = 999.0
HALF_LIFE = 6.0  # months
# A level so far below its long-run mean, in logarithms, is low.
LOW = 0.5


@dataclass(frozen=True)
class Idea:
    """What is said in the bank's place: `quantiles` (origins, series, HORIZON, LEVELS) on the working scale.
    `real`: only at real origins, as a break changes nothing of what it is about.
    """

    name: str
    quantiles: Callable[[Past], Floats]
    real: bool = False


def bank(past: Past) -> Said:
    """The fourth version."""
    return past.said(OPTIONS)


def say(said: Callable[[Past], Said]) -> Callable[[Past], Floats]:
    """Quantiles of a median, a scale and a shape."""
    return lambda past: looks.working(past.start, *said(past), OPTIONS)


def months_since(past: Past, size: float) -> Floats:
    """(steps, series) months since the group's last change of this size; NEVER where there was none."""
    each = np.clip(np.nan_to_num(past.known.standardised[:, :, 0]), -12, 12)
    changed = np.abs(group_means(each, past.laid.groups)) >= size
    since, now = np.empty(changed.shape), np.full(changed.shape[1], NEVER)
    for step, row in enumerate(changed):
        now = np.where(row, 0.0, np.minimum(now + 1, NEVER))
        since[step] = now
    return since


def walk(past: Past) -> Floats:
    """(steps, series, HORIZON) the last month as it is."""
    return np.repeat(past.laid.values[:, :, None], HORIZON, axis=2)


def seasonal_walk(past: Past) -> Floats:
    """The same with the bank's season."""
    both = list(zip(past.known.smoothed, past.known.weights, strict=True))
    season = [np.asarray(sum(one.season(ahead) * own.sum(axis=2) for one, own in both)) for ahead in range(HORIZON + 1)]
    return (past.laid.values - season[0])[:, :, None] + np.stack(season[1:], axis=2)


@cache
def theta(past: Past) -> Floats:
    """(steps, series, HORIZON) Theta on logs at the origins, NaN elsewhere."""
    medians = np.full(past.known.median.shape, np.nan)
    for at in past.at:
        for place, one in enumerate(past.series):
            seen = len(one.values) - (len(past.laid.values) - at - 1)
            if seen < HORIZON or (past.kind and one.group != "southwest"):
                continue
            fitted = Theta().fit(Series(one.area, one.first, one.values[:seen].copy(), group=one.group))
            ahead = fitted.level + fitted.drift * np.arange(1, HORIZON + 1) + np.resize(fitted.indices, HORIZON)
            medians[at, place] = np.log(np.maximum(np.expm1(ahead), 0.0) * STANDARD_MONTH + OPTIONS.offset)
    return medians


def leaning(past: Past, simple: Callable[[Past], Floats], share: float, *, size: float | None) -> Floats:
    """(steps, series, HORIZON) medians: the bank's, and a simple model's after a change (`size` None: always)."""
    median, other = past.known.median, simple(past)
    since = np.zeros(median.shape[:2]) if size is None else months_since(past, size)
    weight = np.where(since >= NEVER, 0.0, share * 0.5 ** (since / HALF_LIFE))
    return median + weight[..., None] * (np.where(np.isnan(other), median, other) - median)


def median_of(simple: Callable[[Past], Floats], share: float, size: float | None) -> Callable[[Past], Said]:
    """A median that leans, with the bank's spread around it."""
    return lambda past: (past.column(leaning(past, simple, share, size=size)), *bank(past)[1:])


def relearnt(share: float, size: float, *, once: bool = False, quick: bool = False) -> Callable[[Past], Said]:
    """The walk's share after a change, and a spread by such medians' own errors. `once`: where the level is low, an
    error in the month of a change counts as at most what was expected; `quick`: there, in calm months of the year
    after, the fast errors' half-life is one month.
    """

    def said(past: Past) -> Said:
        median = leaning(past, walk, share, size=size) if share else past.known.median
        missed = [errors(median[:, :, step - 1], past.laid.values, step) for step in range(1, OPTIONS.near + 1)]
        since = months_since(past, size)
        low = np.log(past.known.low) / OPTIONS.level_effect < -LOW
        base, ratio = looks.scales(
            np.abs(missed[0]), past.laid, OPTIONS, (since == 0) & low & once, (since <= HORIZON) & low & quick
        )
        scale = grown(base, ratio, past.known.squared, HORIZON, OPTIONS) * past.known.low[..., None]
        standardised = np.stack([standardise(miss, scale, step) for step, miss in enumerate(missed, start=1)], axis=2)
        return past.column(median), past.column(scale), looks.shapes_at(standardised, past.laid, past.at, OPTIONS)

    return said


def pooled(said: Callable[[Past], Said], share: float, size: float, half_life: float) -> Callable[[Past], Floats]:
    """After a change a mixture of the bank and another: what lies far out stays possible."""
    middles = (PROBABILITIES[1:] + PROBABILITIES[:-1]) / 2
    mass = np.diff(np.concatenate([[0.0], middles, [1.0]]))

    def quantiles(past: Past) -> Floats:
        result = looks.working(past.start, *bank(past), OPTIONS)
        mine, other = (looks.working(past.start, *one(past), OPTIONS, PROBABILITIES) for one in (bank, said))
        since = past.column(months_since(past, size))
        weight = np.where(since >= NEVER, 0.0, share * 0.5 ** (since / half_life))
        for origin, place in np.argwhere(weight > 0.001):
            if np.isnan(mine[origin, place]).any():
                continue
            weights = np.concatenate([mass * (1 - weight[origin, place]), mass * weight[origin, place]])
            for ahead in range(HORIZON):
                values = np.concatenate([mine[origin, place, ahead], other[origin, place, ahead]])
                order = values.argsort()
                upto = weights[order].cumsum() - weights[order] / 2
                result[origin, place, ahead] = np.interp(LEVELS, upto, values[order])
        return result

    return quantiles


# Banks beside the bank, and what is different of each.
BANKS: dict[str, dict[str, object]] = {
    "offset 5": {"offset": 5.0}, "offset 50": {"offset": 50.0},
    "memory 40": {"memory": 40.0}, "memory 400": {"memory": 400.0},
    "sharpness 12": {"member_sharpness": 12.0}, "sharpness 200": {"member_sharpness": 200.0},
    "own record 0": {"own_record": 0.0}, "own record 1": {"own_record": 1.0},
    "own pattern .7 years": {"patterns": (Pattern(True, 4.0), Pattern(False, 0.7), Pattern(False, 8.0))},
    "members by months 3, 6": {"member_horizons": (3, 6)}, "members by months 6, 12": {"member_horizons": (6, 12)},
    "pull 9": {"pull": 9.0},
}  # fmt: skip


@cache
def medians_of(past: Past, name: str) -> Floats:
    """(steps, series, HORIZON) medians of one of BANKS, on the bank's own working scale."""
    options = replace(OPTIONS, **BANKS[name])  # type: ignore[arg-type]
    median = looks.know(panel_of(past.series, options.offset), options).median
    return np.asarray(np.log(np.maximum(np.exp(median) - options.offset, 0.0) + OPTIONS.offset))


def own_spread(past: Past, median: Floats) -> Said:
    """Other medians, with a spread by their own errors."""
    both = list(zip(past.known.smoothed, past.known.weights, strict=True))
    level = np.asarray(sum((one.level * weight).sum(axis=2) for one, weight in both))
    known = looks.spread(
        median, past.known.squared, level, *(list(each) for each in zip(*both, strict=True)), past.laid, OPTIONS
    )
    return (
        past.column(median),
        past.column(known.scale(OPTIONS)),
        looks.shapes_at(known.standardised, past.laid, past.at, OPTIONS),
    )


def beside(*names: str) -> Callable[[Past], Said]:
    """The mean of the bank's median and of other banks'."""
    return lambda past: own_spread(
        past, np.mean([past.known.median, *(medians_of(past, name) for name in names)], axis=0)
    )


def by_distance(past: Past) -> Said:
    """Members weighted by errors about as far ahead as the month that they forecast."""
    median = past.known.median.copy()
    median[:, :, 2:6] = medians_of(past, "members by months 3, 6")[:, :, 2:6]
    median[:, :, 6:] = medians_of(past, "members by months 6, 12")[:, :, 6:]
    return own_spread(past, median)


def whole_panel(past: Past) -> Said:
    """Weights by the record of all groups together, half and half with the group's own."""
    known = past.known
    everywhere = weigh(known.smoothed, replace(past.laid, groups=np.zeros_like(past.laid.groups)), OPTIONS)
    weights = [(own + other) / 2 for own, other in zip(known.weights, everywhere, strict=True)]
    known = looks.known_of(known.smoothed, weights, past.laid, OPTIONS)
    shape = looks.shapes_at(known.standardised, past.laid, past.at, OPTIONS)
    return past.column(known.median), past.column(known.scale(OPTIONS)), shape


@dataclass(frozen=True)
class _Standardised:
    """Members whose errors, as `weigh` works them out, are in units of what was expected when they were made."""

    of: Smoothed
    values: Floats
    expected: Floats

    @property
    def members(self) -> Smoothers:
        return self.of.members

    def ahead(self, horizon: int) -> Floats:
        own = self.of.ahead(horizon)
        later = self.values[horizon:, :, None]
        own[:-horizon] = np.where(
            np.isnan(later), own[:-horizon], later - (later - own[:-horizon]) / self.expected[:-horizon, :, None]
        )
        return own


def by_standardised(memory: float) -> Callable[[Past], Said]:
    """Members weighted by errors over the size that was expected: restless months count no more than calm ones."""

    def said(past: Past) -> Said:
        expected = np.exp(past.known.base + past.known.ratio)
        expected = np.where(np.isfinite(expected), expected, 1.0) / np.nanmedian(expected)
        members = [_Standardised(one, past.laid.values, expected) for one in past.known.smoothed]
        weights = weigh(members, past.laid, replace(OPTIONS, memory=memory))  # type: ignore[arg-type]
        known = looks.known_of(past.known.smoothed, weights, past.laid, OPTIONS)
        shape = looks.shapes_at(known.standardised, past.laid, past.at, OPTIONS)
        return past.column(known.median), past.column(known.scale(OPTIONS)), shape

    return said


def as_said_before(past: Past) -> Said:
    """A tenth of what was said of the same month a month ago."""
    median = past.known.median.copy()
    before = past.known.median[:-1, :, 1:]
    median[1:, :, :-1] += 0.1 * np.where(np.isnan(before), 0.0, before - median[1:, :, :-1])
    return past.column(median), *bank(past)[1:]


def _easter(year: int) -> int:
    """The month of Easter (Butcher's algorithm, in the form of Meeus 1991)."""
    b, c = divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * (year % 19) + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    rest = (32 + 2 * e + 2 * i - h - k) % 7
    return (h + rest - 7 * ((year % 19 + 11 * h + 22 * rest) // 451) + 114) // 31


def calendar(past: Past) -> Said:
    """What Easter and weekends explained of the mean standardised error so far (a ridge) moves the median."""
    steps = len(past.laid.values)
    months = [past.counts.through + (step + 1 - steps) for step in range(steps + HORIZON)]
    weekends = [sum(date(m.year, m.number, day + 1).weekday() >= 5 for day in range(m.days)) / m.days for m in months]
    usual = {3: 0.25, 4: 0.75}
    easter = [float(_easter(m.year) == m.number) - usual.get(m.number, 0.0) for m in months]
    features = np.stack([np.array(easter) / 0.45, (np.array(weekends) - 2 / 7) / 0.02], axis=1)
    each = np.clip(past.known.standardised[:, :, 0], -4, 4)
    mean = np.nansum(each, axis=1) / np.where(np.isnan(each).all(axis=1), np.nan, (~np.isnan(each)).sum(axis=1))
    moved = []
    for at in past.at:
        seen = ~np.isnan(mean[: at + 1])
        own = features[: at + 1][seen]
        learnt = np.linalg.solve(own.T @ own + 100 * np.eye(2), own.T @ mean[: at + 1][seen])
        moved.append(features[at + 1 : at + 1 + HORIZON] @ learnt)
    median, scale, shape = bank(past)
    return median + np.stack(moved)[:, None, :] * scale[:, :, :1], scale, shape


def other_areas(past: Past) -> Said:
    """A quarter of Theta's median in the areas beyond the southwest."""
    median, scale, shape = bank(past)
    simple = past.column(theta(past))
    own = np.where(np.isnan(simple) | past.southwest[None, :, None], median, simple)
    return median + 0.25 * (own - median), scale, shape


IDEAS = (
    Idea("the fourth version", say(bank)),
    Idea("Theta's median by half, always", say(median_of(theta, 0.5, None))),
    Idea("Theta's, after a change of 3", say(median_of(theta, 0.5, 3))),
    Idea("Theta's, whole, after a change of 3", say(median_of(theta, 1.0, 3))),
    Idea("random walk's, after a change of 3", say(median_of(walk, 0.5, 3))),
    Idea("the same with the bank's season", say(median_of(seasonal_walk, 0.5, 3))),
    Idea("random walk's (3), spread by its errors", say(relearnt(0.5, 3))),
    Idea("the same (3); changes once, quick", say(relearnt(0.5, 3, once=True, quick=True))),
    Idea("a third of that in a mixture, half-life 12", pooled(relearnt(0.5, 3, once=True, quick=True), 0.33, 3, 12)),
    Idea("random walk's (6), spread by its errors", say(relearnt(0.5, 6))),
    Idea("the same (6); changes once, quick", say(relearnt(0.5, 6, once=True, quick=True))),
    Idea("changes of 6 once, quick, bank's median", say(relearnt(0.0, 6, once=True, quick=True))),
    Idea("banks with offsets 5 and 50 beside", say(beside("offset 5", "offset 50")), real=True),
    Idea("banks with memory 40 and 400 beside", say(beside("memory 40", "memory 400")), real=True),
    Idea("banks with own record 0 and 1 beside", say(beside("own record 0", "own record 1")), real=True),
    Idea("a bank with sharpness 12 beside", say(beside("sharpness 12")), real=True),
    Idea("a bank of members by months 3, 6 beside", say(beside("members by months 3, 6")), real=True),
    Idea("thirteen banks", say(beside(*BANKS)), real=True),
    Idea("members by errors as far ahead", say(by_distance), real=True),
    Idea("half the record of all groups", say(whole_panel), real=True),
    Idea("members by standardised errors", say(by_standardised(120.0))),
    Idea("the same with a memory of 36 months", say(by_standardised(36.0))),
    Idea("a tenth of what was said a month ago", say(as_said_before), real=True),
    Idea("Easter and weekends", say(calendar), real=True),
    Idea("Theta's median, a quarter, other areas", say(other_areas), real=True),
)  # fmt: skip


def main() -> None:
    """Print a row per idea."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument(
        "--quick", action="store_true", help="few origins, one break of each kind, five ideas, for a look"
    )
    asked = asking.parse_args()
    real = looks.real_pasts(OPTIONS, 16 if asked.quick else 1)
    altered = looks.altered_pasts(OPTIONS, simulated_breaks.BREAKS[: 1 if asked.quick else None])
    whole = None
    for idea in IDEAS[::5] if asked.quick else IDEAS:
        tables = scored(idea, real, altered)
        whole = whole or tables
        print(row(idea.name, tables, whole), flush=True)


def scored(idea: Idea, real: dict[str, Past], altered: Sequence[Past]) -> dict[str, pd.DataFrame]:
    """Set of origins -> the idea's cells."""
    of = {name: looks.scored(past, _counts(past, idea.quantiles(past)), "idea") for name, past in real.items()}
    tables = looks.sets(of["sectors"])
    tables |= {f"{name}, other": own[own["group"] == "other"] for name, own in tables.items()}
    tables["states"] = of["states"]
    if not idea.real:
        after = pd.concat([looks.scored(past, _counts(past, idea.quantiles(past)), "idea") for past in altered])
        after = after[after["group"] == "southwest"]
        for kind in simulated_breaks.KINDS:
            own = after[after["kind"] == kind]
            tables |= {f"{kind}, 1-6": own[own["since"] <= 6], f"{kind}, 7-18": own[own["since"] > 6]}
    return tables


def row(name: str, tables: dict[str, pd.DataFrame], whole: dict[str, pd.DataFrame]) -> str:
    """One line of the table, several lines long on a screen."""
    parts = []
    for key, own in tables.items():
        base = whole[key]
        if key in SETS and name != IDEAS[0].name:
            parts.append(f"{key} {looks.relative_to(base, own)}")
        else:
            ratio = " / ".join(f"{own[each].mean() / base[each].mean():.3f}" for each in ("sWIS", "logWIS"))
            parts.append(
                f"{key} {ratio}" + ("" if "other" in key else f" ({own['c80'].mean():.3f}{breaks(own, base)})")
            )
    eras = [looks.southwest_by_era(tables[key]) for key in SETS]
    return f"{name}\n    " + "; ".join(parts) + f"; southwest c80 {'; '.join(eras)}"


def breaks(own: pd.DataFrame, base: pd.DataFrame) -> str:
    """In how many breaks sWIS is better than the bank's, in words; nothing where there is none."""
    if "start" not in own:
        return ""
    better = own.groupby("start")["sWIS"].mean() < base.groupby("start")["sWIS"].mean()
    return f"; better in {better.sum()} of {len(better)}"


def _counts(past: Past, quantiles: Floats) -> Floats:
    return looks.in_counts(past, quantiles, OPTIONS)


if __name__ == "__main__":
    main()
