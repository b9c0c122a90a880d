"""What does a published release say of one area? Draws its counts and its forecast as a fan, as in the README.

.venv/bin/python experiments/fan_chart.py el-paso --out experiments/figures/el-paso.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from experiments import quick_home
from experiments.arguments import quick_folder
from forecast.cli.outputs import checked_folder
from forecast.core.area_names import AreaNames
from forecast.core.errors import EncountersError
from forecast.core.panels import bundled
from forecast.core.tables import Forecasts, Series
from forecast.release import read
from forecast.release.charts import fan_chart
from forecast.release.store import connect
from forecast.settings import Settings


def main() -> None:
    """Draw the area of the newest release and save the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("area", help="slug of an area, for instance el-paso or state-tx")
    parser.add_argument("--out", type=Path, help="file to write, .png or .svg; without --quick it must be named")
    parser.add_argument("--years", type=int, default=5, help="years of counts before the origin (default: 5)")
    parser.add_argument("--quick", action="store_true", help=quick_home.HELP)
    asked = parser.parse_args()
    if asked.quick:
        asked.out = asked.out or quick_folder() / f"{asked.area}.png"
        quick_home.enter()
    elif asked.out is None:
        parser.error("the following arguments are required: --out, or --quick")
    if asked.out.suffix not in (".png", ".svg", ".pdf"):
        parser.error(f"{asked.out} is no .png, .svg or .pdf")
    checked_folder(asked.out.parent, settings=Settings())
    engine = connect(Settings().database)
    area = AreaNames(bundled().values()).named(asked.area)
    release = read.latest(engine, area.panel)
    own = release.by_slug[area.slug]
    counts = [row for row in read.observations(engine, [area.slug]) if row.month - release.manifest.origin <= 0]
    history = Series(area.slug, counts[0].month, np.array([row.count for row in counts], dtype=float))
    forecasts = Forecasts(
        "recipe",
        release.manifest.origin,
        (area.slug,),
        np.array([own.quantiles]),
        np.array([own.means]),
        release.levels,
    )
    past = (
        f" Issued {release.manifest.issued_at:%Y-%m-%d}."
        if release.lead(own.months[-1]) >= 0
        else " All its months were past when it was issued."
    )
    sources = release.manifest.sources
    whose = f" ({sources[-1].credit}, from {sources[-1].first} on)" if sources else ""
    caption = (
        f"Counts through {release.manifest.origin}{whose}; release {release.id}, recipe "
        f"{release.manifest.recipe}.{past}"
    )
    figure = fan_chart(
        history=history,
        forecasts=forecasts,
        title=area.name,
        unit=release.panel.unit,
        caption=caption,
        years=asked.years,
    )
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(asked.out)
    print(asked.out)


if __name__ == "__main__":
    try:
        main()
    except EncountersError as error:
        raise SystemExit(f"{error}") from None
