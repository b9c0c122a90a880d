"""Which past does a comparison look at? The arguments that the comparing scripts share,
and the replay behind them; prints nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.core.errors import EncountersError
from forecast.core.months import Month
from forecast.core.panels import bundled
from forecast.counts import bundle
from forecast.counts.archive import Archive
from forecast.evaluation import study
from forecast.evaluation.backtest import Backtest
from forecast.evaluation.study import Study
from forecast.progress import Reporter
from forecast.settings import Settings

__all__ = ["AS_OF", "QUICK", "Replayed", "add_as_of", "add_out", "parser", "quick_folder", "replay", "replay_one"]

# The figures of RESULTS.md rest on what was public then; later counts are kept for tests of what was chosen by them.
AS_OF = date(2025, 12, 31)
FIGURES = Path(__file__).parent / "figures"
# First and last origin of a quick run: both panels have two years before them, and their months are counted.
QUICK = (Month.of(2022, 11), Month.of(2023, 11))


@dataclass(frozen=True)
class Replayed:
    """A study with what it gave."""

    study: Study
    past: Backtest
    scores: pd.DataFrame


def quick_folder(asked: Path = FIGURES) -> Path:
    """Where a quick run draws: into the home where nothing else was asked for, so that it takes no real figure's
    place.
    """
    return Settings().root / "quick" if asked == FIGURES else asked


class _Parser(argparse.ArgumentParser):
    """Asks for the origins, unless it is to be quick."""

    def parse_known_args(self, *given: Any, **more: Any) -> Any:
        """The arguments with the origins set."""
        asked, rest = super().parse_known_args(*given, **more)
        if asked.quick:
            asked.first, asked.last, asked.step, asked.horizon = *QUICK, 12, 3
            if "out" in asked:
                asked.out = quick_folder(asked.out)
        elif asked.first is None or asked.last is None:
            self.error("the following arguments are required: --first and --last, or --quick")
        return asked, rest


def parser(description: str | None) -> argparse.ArgumentParser:
    """Panel, first and last origin, step and horizon.
    There are no default origins: whoever looks at a past decides which one.
    """
    parser = _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panel", choices=list(bundled()), default=next(iter(bundled())), help="default: %(default)s")
    parser.add_argument("--first", type=Month.parse, metavar="YYYY-MM", help="first origin")
    parser.add_argument("--last", type=Month.parse, metavar="YYYY-MM", help="last origin")
    parser.add_argument(
        "--quick", action="store_true", help="two origins, three months ahead: shows that it runs, and no more"
    )
    parser.add_argument("--step", type=int, default=6, help="months between origins (default: %(default)s)")
    parser.add_argument("--horizon", type=int, default=12, help="months ahead (default: %(default)s)")
    add_as_of(parser)
    return parser


def add_out(parser: argparse.ArgumentParser) -> None:
    """The folder of figures; those of a quick run go into the home."""
    parser.add_argument("--out", type=Path, default=FIGURES, help="folder of figures (default: experiments/figures)")


def add_as_of(parser: argparse.ArgumentParser) -> None:
    """The day whose counts are replayed and scored by;
    by default that of RESULTS.md, so that its figures come out again.
    """
    parser.add_argument(
        "--as-of",
        type=date.fromisoformat,
        default=AS_OF,
        metavar="DATE",
        help="counts that were public by then (default: %(default)s)",
    )


def replay_one(description: str | None) -> tuple[argparse.Namespace, Replayed]:
    """What was asked of a script about one recipe, and its replay; a domain error ends the script with its line."""
    asking = parser(description)
    asking.add_argument("recipe", help="name or file of a recipe")
    asked = asking.parse_args()
    try:
        return asked, replay(asked, recipes=[asked.recipe])
    except EncountersError as error:
        raise SystemExit(f"{error}") from error


def replay(asked: argparse.Namespace, *, recipes: Sequence[str], models: Sequence[str] = ()) -> Replayed:
    """Replay recipes and members at the origins that were asked for,
    with the home's remembered fits and progress on stderr.
    """
    settings = Settings()
    archive = Archive(settings.archive)
    bundle.seed(archive)
    counts = archive.as_of(asked.panel, asked.as_of)
    begun = study.begin(
        counts,
        recipes=recipes,
        models=models,
        first=asked.first,
        last=asked.last,
        step=asked.step,
        horizon=asked.horizon,
    )
    with Reporter() as progress:
        progress.begin(f"{asked.panel}: {len(begun.origins)} origins", begun.fits)
        past = begun.run(cache=settings.cache, executor=settings.executor, on_fit=progress.advance)
    return Replayed(begun, past, begun.scores(past))
