"""Decides which recipe serves, by a written rule, and says how far its intervals can be trusted now.
Knows no model and no store.

The rule. The champion stays unless a challenger is better by more than noise: on the cells of the record (all leaves,
twelve months ahead), the 90 % block-bootstrap intervals of its sWIS and of its logWIS over the champion's both lie
below 1, and its 80 % intervals held between 65 % and 92 % of the counts of the last twelve months. Of several such
challengers the one with the smallest product of the two ratios takes over. Every figure is kept with the release,
whatever the verdict.

The band of coverage. The recipe that serves is refused where its 80 % intervals held less than half of the last twelve
months' counts and those of the recipe `floor`, which always competes, held more by more than noise: on the counts of
the last 24 months, the 90 % block-bootstrap interval of its coverage over the floor's lies below 1. Where the floor
does no better, the world has changed and not the recipe: refusing would leave an older release served, which knows the
change even less; it is published, and its confidence is `low`. Intervals that hold too much are published too, as
`wide`: they mislead nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecast.core.errors import TableError
from forecast.core.months import SEASON, Month
from forecast.evaluation.significance import Relative, relative

__all__ = [
    "BAND",
    "LEADS",
    "Challenge",
    "CoverageVerdict",
    "Verdict",
    "choose",
    "confidence",
    "held",
    "lead_band",
    "recent_coverage",
]

# Shares of the last twelve months' counts that an 80 % interval may have held for its recipe to be promoted.
BAND = (0.65, 0.92)
# Below the first share a release says that confidence in its intervals is low, above the second that they are wide.
LOW, WIDE = 0.70, 0.92
# Below this share the intervals of the recipe that serves are compared with those of the floor.
HELD_TOO_LITTLE = 0.50
FLOOR = "floor"
# Months whose counts are compared: the fewest that hold two blocks of errors twelve months ahead.
COMPARED_MONTHS = 2 * SEASON
# Months of lead, first and last, that a reader plans by: this quarter, the next, and what a record of twelve months
# still reaches. Leads here are nominal, counts coming out two months after their month: what a release that is issued
# late says of itself is its own lead.
LEADS = ((0, 2), (3, 5), (6, 10))
# The columns of scores that the rule reads.
_READ = ["model", "area", "group", "origin", "target_month", "horizon", "sWIS", "logWIS", "coverage_80"]


def lead_band(lead: int) -> str:
    """The months of lead, first and last, among which a lead is: "0-2"; empty outside of all."""
    return next((f"{first}-{last}" for first, last in LEADS if first <= lead <= last), "")


@dataclass(frozen=True)
class Challenge:
    """One challenger against the champion. `reason` says in words why it was promoted or not."""

    name: str
    scaled: Relative
    logged: Relative
    coverage: float | None
    promoted: bool
    reason: str

    @property
    def product(self) -> float:
        """Of the two ratios: below 1 is better."""
        return self.scaled.ratio * self.logged.ratio


@dataclass(frozen=True)
class Verdict:
    """Which recipe serves: the champion so far (`before`),
    the `name` that serves now, and every challenge with its figures.
    """

    before: str
    name: str
    challenges: tuple[Challenge, ...]

    def figures(self) -> dict[str, Any]:
        """JSON values for the manifest and the tracking run."""
        return {
            "before": self.before,
            "champion": self.name,
            "challengers": [
                {
                    "name": one.name,
                    "promoted": one.promoted,
                    "reason": one.reason,
                    "coverage_80_last_12_months": None if one.coverage is None else round(one.coverage, 4),
                    **{
                        f"rel_{figure}": _written(rel) for figure, rel in (("sWIS", one.scaled), ("logWIS", one.logged))
                    },
                }
                for one in self.challenges
            ],
        }


def choose(record: pd.DataFrame, candidates: Sequence[str], *, judged_on: str, champion: str | None = None) -> Verdict:
    """Apply the rule to the scores of a record of past origins.
    `champion`: the recipe that serves; else the first candidate. `judged_on`: see `recent_coverage`.

    A champion that is no longer a candidate is replaced by the first one. Raises TableError where a candidate was not
    scored.
    """
    leaves = _leaves(record)
    if missing := [name for name in candidates if name not in set(leaves["model"])]:
        raise TableError(f"{missing[0]} has no scores, so no champion can be chosen. Evaluate it first.")
    before = champion if champion is not None and champion in candidates else candidates[0]
    challenges = tuple(_challenge(leaves, name, before, judged_on) for name in candidates if name != before)
    better = [one for one in challenges if one.promoted]
    return Verdict(before, min(better, key=lambda one: one.product).name if better else before, challenges)


def _challenge(leaves: pd.DataFrame, name: str, champion: str, judged_on: str) -> Challenge:
    scaled, logged = (relative(leaves, model=name, against=champion, figure=figure) for figure in ("sWIS", "logWIS"))
    coverage = recent_coverage(leaves[leaves["model"] == name], judged_on)
    if pd.isna(scaled.high) or pd.isna(logged.high):
        reason = f"{scaled.origins} origins are too few to tell it from {champion}"
    elif scaled.low > 1 or logged.low > 1:
        reason = f"clearly worse than {champion}"
    elif scaled.high >= 1 or logged.high >= 1:
        reason = f"not better than {champion} by more than noise"
    elif coverage is None or not BAND[0] <= coverage <= BAND[1]:
        reason = (
            f"its 80 % intervals held {'nothing known' if coverage is None else f'{coverage:.2f}'} of the last "
            "12 months"
        )
    else:
        return Challenge(
            name, scaled, logged, coverage, promoted=True, reason=f"better than {champion} by more than noise"
        )
    return Challenge(name, scaled, logged, coverage, promoted=False, reason=reason)


@dataclass(frozen=True)
class CoverageVerdict:
    """What the 80 % intervals of the recipe that serves (`name`) held lately, beside the floor's.
    Shares of counts; None where unknown.

    `compared`: its own coverage over the floor's; below 1 the floor held more. `refused`: by the written rule.
    """

    name: str
    coverage: float | None
    floor: float | None
    compared: Relative | None
    refused: bool

    def figures(self) -> dict[str, Any]:
        """JSON values for the manifest and the tracking run."""
        return {
            "refused": self.refused,
            "coverage_80_last_12_months": None if self.coverage is None else round(self.coverage, 4),
            "floor_coverage_80_last_12_months": None if self.floor is None else round(self.floor, 4),
            "over_floor_last_24_months": None if self.compared is None else _written(self.compared),
        }


def held(record: pd.DataFrame, name: str, *, judged_on: str) -> CoverageVerdict:
    """Apply the band of coverage to the recipe that serves.
    `record`: scores of it, and of the floor where that competed.
    """
    leaves = _leaves(record)
    own, floor = leaves[leaves["model"] == name], leaves[leaves["model"] == FLOOR]
    coverage, theirs = recent_coverage(own, judged_on), recent_coverage(floor, judged_on)
    if name == FLOOR or coverage is None or theirs is None:
        return CoverageVerdict(name, coverage, theirs, None, refused=False)
    both = _lately(pd.concat([own, floor]), judged_on, COMPARED_MONTHS)
    compared = relative(both, model=name, against=FLOOR, figure="coverage_80")
    return CoverageVerdict(name, coverage, theirs, compared, refused=coverage < HELD_TOO_LITTLE and compared.high < 1)


def _leaves(record: pd.DataFrame) -> pd.DataFrame:
    """The cells of leaves, with what is read of them here alone: a record may have a million cells."""
    return record.loc[record["group"] != "total", _READ]


def recent_coverage(cells: pd.DataFrame, judged_on: str, months: int = SEASON) -> float | None:
    """Share of the counts of the last `months` target months that the 80 % intervals held; None without a cell.

    Of the group `judged_on` where it has cells: elsewhere counts may be so small that rounding decides what an interval
    holds. Of all cells where it has none.
    """
    return None if cells.empty else float(_lately(cells, judged_on, months)["coverage_80"].mean())


def _lately(cells: pd.DataFrame, judged_on: str, months: int) -> pd.DataFrame:
    """The cells of the last `months` target months, of the group judged on where there are some; at least
    one cell.
    """
    judged = cells["group"] == judged_on
    measured = cells[judged] if judged.any() else cells
    last = Month.parse(str(measured["target_month"].max()))
    return measured[measured["target_month"].astype(str) > str(last + -months)]


def confidence(cells: pd.DataFrame, *, judged_on: str, contradicted: str = "") -> list[dict[str, Any]]:
    """How far one recipe's intervals can be trusted now, by lead:
    `normal`, or `low` or `wide` with what the last twelve months showed.

    `cells`: scores of the recipe at past origins, leaves only. `contradicted`: which newer counts of another panel show
    a world that the forecasts do not know, empty where none do; then nothing that was measured before says how far to
    trust them.
    """
    by_lead = []
    for first, last in LEADS:
        part = cells[cells["lead"].between(first, last)]
        coverage = recent_coverage(part, judged_on)
        if contradicted:
            label = f"low: newer counts ({contradicted}) contradict these forecasts"
        elif coverage is None:
            label = "unknown: no past forecast of this lead"
        else:
            word = "low" if coverage < LOW else "wide" if coverage > WIDE else "normal"
            label = word if word == "normal" else f"{word}: coverage of the last 12 months was {coverage:.2f}"
        by_lead.append(
            {"lead": f"{first}-{last}", "label": label, "coverage_80": None if coverage is None else round(coverage, 4)}
        )
    return by_lead


def _written(rel: Relative) -> dict[str, float | None]:
    return {
        name: None if pd.isna(value) else round(value, 4)
        for name, value in (("ratio", rel.ratio), ("low", rel.low), ("high", rel.high))
    }
