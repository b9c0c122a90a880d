"""How fast, how large and how accurate is what a user runs?
Prints the figures that the project claims, each measured now.

    .venv/bin/python experiments/bench.py [fits] [files] [retraining] [backtest] [service] [accuracy]     (default: all)

Times are of this machine; where two things are compared they run in turn, and the ratio is what counts. `files` needs a
folder of official files (--official FOLDER), `service` (which is bench_service.py, with its defaults) and `accuracy` a
published release (make train).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from experiments import bench_backtest, bench_retraining, bench_service, quick_home
from forecast.core.errors import EncountersError
from forecast.core.executor import Executor
from forecast.core.panels import bundled as bundled_panels
from forecast.core.tables import Counts
from forecast.counts.bundle import bundled
from forecast.release import read
from forecast.settings import Settings

PARTS = ("fits", "files", "retraining", "backtest", "service", "accuracy")


def fits(sectors: int | None = None) -> None:
    """Milliseconds per fit with simulation, and peak memory,
    of each family on the whole history of so many sectors, or of all 20: one worker each.
    """
    from datetime import date

    from forecast.models.fitting import fit_all
    from forecast.recipe.recipe import load as load_recipe
    from forecast.recipe.recipe import tasks as tasks_of

    recipe = load_recipe("bank")
    counts = bundled().as_of("usbp-sectors", date(2025, 1, 31))
    tasks = tasks_of(recipe, counts, origin=counts.through)
    print(
        f"\nFits: {sectors or 20} sectors, {len(counts.values)} months, {recipe.samples} paths of {recipe.horizon} "
        "months, one worker per family"
    )
    print(f"{'member':<24}{'median ms':>12}{'slowest ms':>12}{'peak MB':>10}{'failed':>8}")
    for member in recipe.fitted:
        own = fit_all([task for task in tasks if task.member == member][:sectors], executor=Executor(1, 120))
        spent = [1000 * fit.seconds for fit in own]
        failed = sum(fit.failure is not None for fit in own)
        peak = max(fit.peak_memory for fit in own) / 2**20
        print(f"{member.label:<24}{statistics.median(spent):>12.1f}{max(spent):>12.1f}{peak:>10.0f}{failed:>8}")
    outside(counts, recipe.horizon)


def outside(counts: Counts, horizon: int) -> None:
    """The same of two peers of another library, where it is installed (pip install statsforecast)."""
    try:
        from statsforecast.models import AutoARIMA, AutoETS
    except ImportError:
        print("statsforecast is not installed: its AutoETS and AutoARIMA are left out")
        return
    for peer in (AutoETS(season_length=12), AutoARIMA(season_length=12)):
        spent = []
        for slug in counts.open_areas[:4]:  # the first call compiles; AutoARIMA takes seconds each
            values = counts.series(slug).values.copy()
            peer.forecast(values, horizon, level=[80, 95])
            spent.append(1000 * _timed(lambda values=values, peer=peer: peer.forecast(values, horizon, level=[80, 95])))
        print(f"statsforecast {peer.alias:<10}{statistics.median(spent):>12.1f}{max(spent):>12.1f}{'':>10}{0:>8}")


def files(official: Path) -> None:
    """Seconds to read each official file, after imports: best of three."""
    from datetime import date

    from forecast.counts.sources.catalog import read as read_file

    print(f"\nReading official files in {official.name}/ (best of three)")
    for path in sorted(official.iterdir()):
        try:
            seconds = min(_timed(lambda path=path: read_file(path, date(2026, 1, 1))) for _ in range(3))
        except EncountersError as error:
            print(f"{path.name[:70]:<72}refused: {str(error)[:60]}")
            continue
        print(f"{path.name[:70]:<72}{seconds:>8.3f} s")


def accuracy() -> None:
    """The evaluation behind each panel's latest release."""
    from forecast.release.store import connect

    engine = connect(Settings().database)
    for panel in bundled_panels():
        release = read.latest(engine, panel)
        scores = release.manifest.scores
        print(f"\n{panel}: {release.id}; origins {', '.join(scores['origins'])}; pseudo-real-time on revised figures")
        for group, models in scores["figures"].items():
            names = list(next(iter(models.values())))
            print(f"{group:<24}" + "".join(f"{name:>13}" for name in names))
            for model, figures in sorted(models.items(), key=lambda pair: pair[1]["sWIS"]):
                print(f"  {model:<22}" + "".join(f"{figures[name]:>13.3f}" for name in names))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=PARTS, help="default: all")
    parser.add_argument(
        "--official", type=Path, metavar="FOLDER", help="official files, whose reading is timed (default: left out)"
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"two sectors, and the quick form of each part; {quick_home.HELP}"
    )
    asked = parser.parse_args()
    parts, quick = asked.parts or PARTS, ["--quick"] if asked.quick else []
    if "fits" in parts:
        fits(2 if asked.quick else None)
    if "files" in parts and asked.official:
        files(asked.official)
    if "retraining" in parts:
        print()
        bench_retraining.main(quick)
    if "backtest" in parts:
        print()
        bench_backtest.main(quick)
    try:
        if "service" in parts:
            bench_service.main(["--home", str(Settings().root), *quick])
        if "accuracy" in parts:
            if asked.quick:
                quick_home.enter()
            accuracy()
    except EncountersError as error:
        raise SystemExit(f"{error}") from error


if __name__ == "__main__":
    main()
