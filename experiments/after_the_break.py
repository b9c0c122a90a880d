"""How do the recipe and its peers do on the sector months after the break of 2025? A table by phase, southwest and
other areas.

Origins August 2024 to July 2026, targets December 2024 to August 2026: months that chose nothing. Whoever changes the
recipe looks at this after freezing it, and counts the look in RESULTS.md:

    .venv/bin/python experiments/after_the_break.py bank
"""

from __future__ import annotations

import argparse
from datetime import date

import pandas as pd

from experiments.arguments import replay
from experiments.record import Page
from forecast.core.errors import EncountersError
from forecast.core.months import Month

# Beside the floor, which is the random walk on logs.
PEERS = ("theta-log", "ets-log")
PHASES = (
    ("Aug 2024 - Jan 2025 (the break)", Month.of(2024, 8), Month.of(2025, 1)),
    ("Feb - Jul 2025", Month.of(2025, 2), Month.of(2025, 7)),
    ("Aug 2025 - Jul 2026", Month.of(2025, 8), Month.of(2026, 7)),
)
# The first month that had chosen nothing; the day by which the months up to August 2026 were public.
FIRST_TARGET = Month.of(2024, 12)
PUBLIC = date(2026, 11, 30)
# First origin and step of a quick run: one origin of each phase has counts to be scored by.
QUICK = (Month.of(2024, 10), 7)
FIGURES = ("sWIS", "logWIS", "coverage_80", "coverage_95", "MASE")


def main() -> None:
    """Replay every month, print a table of the phases and the groups."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("recipe", help="name or file of a recipe")
    asking.add_argument(
        "--quick", action="store_true", help="an origin of each phase, three months ahead: shows that it runs"
    )
    asked = asking.parse_args()
    asked.panel, asked.step, asked.horizon, asked.as_of = "usbp-sectors", 1, 12, PUBLIC
    asked.first, asked.last = PHASES[0][1], PHASES[-1][2]
    if asked.quick:
        asked.first, asked.step, asked.horizon = *QUICK, 3
    page = Page()
    try:
        made = replay(asked, recipes=[asked.recipe], models=PEERS)
        scores = made.scores[made.scores["target_month"] >= str(FIRST_TARGET)]
        page.tell(
            f"{asked.panel}: origins {asked.first} to {asked.last}, targets from {FIRST_TARGET} to "
            f"{made.study.counts.through}"
        )
        for name, own in parts(scores):
            page.tell(f"\n{name}, {len(own) // own['model'].nunique()} cells")
            page.tell(table(own, made.study.shown).to_string())
        page.keep("after-the-break", made)
    except EncountersError as error:
        raise SystemExit(f"{error}") from error


def parts(scores: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The southwest in each phase, the other areas in all of them and in each."""
    southwest, other = (scores[scores["group"] == group] for group in ("southwest", "other"))
    phases = [(f"southwest, origins {name}", _between(southwest, first, last)) for name, first, last in PHASES]
    phases.append(("other areas, all origins", other))
    return phases + [(f"other areas, origins {name}", _between(other, first, last)) for name, first, last in PHASES]


def table(scores: pd.DataFrame, models: tuple[str, ...]) -> pd.DataFrame:
    """Mean figures, a row per model."""
    return scores.groupby("model")[list(FIGURES)].mean().reindex(models).round(3)


def _between(scores: pd.DataFrame, first: Month, last: Month) -> pd.DataFrame:
    return scores[(scores["origin"] >= str(first)) & (scores["origin"] <= str(last))]


if __name__ == "__main__":
    main()
